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
#include "kernel/lib/errno.h"
#include "kernel/mode.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"
#include <asm/layout.h>

static void show_machine(void)
{
	printk_plain("    CPUs    %u online", num_online_cpus());
	printk_plain("    text    %p-%p, %zu call sites", (void *)_text,
		     (void *)_etext, ftrace_rec_count());
	printk_plain("    pool    %p-%p, for trampolines",
		     (void *)__exec_pool_start, (void *)__exec_pool_end);
	printk_plain("    memory  %zu of %zu pages free", page_free_count(),
		     page_total_count());
}

static int act_machine(void)
{
	show_machine();
	return 0;
}

static const struct {
	const char *title;
	int (*play)(void);
} acts[] = {
	{ "the machine", act_machine },
	{ "a function is patched while all CPUs run through it", act_patch },
	{ "one site with 0, 1, 2, 1, 0 consumers", act_consumers },
	{ "a direct caller is exchanged without a missed call", act_direct },
	{ "an errand, drawn by function_graph", act_graph },
};

static int demo_run(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		printk_plain("%s", "");
		printk_plain("=== %s ===", acts[i].title);
		ret = acts[i].play();
		if (ret) {
			pr_err("demo: \"%s\" went wrong: %pe", acts[i].title,
			       ERR_PTR(ret));
			return ret;
		}
	}
	printk_plain("%s", "");
	return 0;
}

KERNEL_MODE(demo, demo_run, "live patching, act by act");
