// SPDX-License-Identifier: MIT
/*
 * demo.c - plays the acts. Their serial log is short enough for slides.
 *
 * Context: the thread "init", after all boot steps.
 */
#include "demo/demo.h"

#include "kernel/base/memmap.h"
#include "kernel/base/page.h"
#include "kernel/base/printk.h"
#include "kernel/console_input.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/mode.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"
#include "trace/shell/shell.h"
#include <asm/layout.h>

/* The figures on which the acts depend. */
static void show_machine(void)
{
	printk_plain("    CPUs    %u online", num_online_cpus());
	printk_plain("    text    %p-%p, %zu call sites", (void *)_text,
		     (void *)_etext, ftrace_rec_count());
	printk_plain("    pool    %p-%p, for trampolines",
		     (void *)__exec_pool_start, (void *)__exec_pool_end);
	printk_plain("    memory  %zu of %zu pages free", page_free_count(),
		     page_total_count());
	printk_plain(
		"    Linux   in figures below: Debian's 6.1, counted in the "
		"same emulator");
}

static int act_machine(void)
{
	show_machine();
	demo_result("act=machine cpus=%u sites=%zu", num_online_cpus(),
		    ftrace_rec_count());
	return 0;
}

DEMO_ACT(10, machine, "the machine", act_machine);

/* The line for scripts; see README.md. */
void demo_result(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printk_plain("RESULT %s", text);
}

int demo_type(const char *line)
{
	printk_plain("nop5# %s", line);
	return shell_run_line(line);
}

const char *on_all_cpus(void)
{
	static char text[24];

	if (num_online_cpus() == 1)
		return "on the only CPU";
	snprintf(text, sizeof(text), "on %u CPUs", num_online_cpus());
	return text;
}

/* An act that finds a wrong number returns an errno, and the run fails. */
static int play_act(const struct demo_act *act)
{
	int ret;

	printk_plain("%s", "");
	printk_plain("=== %s ===", act->title);
	step_wait("begins the act");
	ret = act->play();
	if (ret)
		pr_err("demo: \"%s\" went wrong: %pe", act->title,
		       ERR_PTR(ret));
	return ret;
}

static int demo_run(void)
{
	const struct demo_act *const *act;
	int ret;

	if (step_by_step())
		console_input_init();
	for_each_entry(act, demo_acts)
	{
		ret = play_act(*act);
		if (ret)
			return ret;
	}
	printk_plain("%s", "");
	return 0;
}

DEFINE_TABLE(struct demo_act, demo_acts);
KERNEL_MODE(demo, demo_run, "live patching, act by act");
