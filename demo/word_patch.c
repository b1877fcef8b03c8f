// SPDX-License-Identifier: MIT
/*
 * word_patch.c - patch: patches a function and shows its bytes between the
 * steps of the batch; with step it stops there until Enter.
 *
 * While it stops, the batch is in progress: the other CPUs run, and those that
 * call the function meet an INT3 each time.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "demo/demo.h"
#include "demo/words.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

static unsigned long site;
static bool stops; /* wait for Enter after each step */
static unsigned long hits_before[NR_CPUS];
static enum poke_step step_done; /* the step between two observations */

static notrace void nothing(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static unsigned long hits(unsigned int cpu)
{
	const struct poke_hits *h = &per_cpu(poke_hits, cpu);
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(h->live); i++)
		sum += READ_ONCE(h->live[i]) + READ_ONCE(h->late[i]);
	return sum;
}

/* The CPUs that met an INT3 since the batch began, as "cpu1 12, cpu3 8". */
static void show_trapped(void)
{
	unsigned int cpu;
	char line[160];
	size_t n = 0;

	for_each_online_cpu(cpu) {
		unsigned long met = hits(cpu) - hits_before[cpu];

		if (met)
			n += scnprintf(line + n, sizeof(line) - n,
				       "%scpu%u %lu", n ? ", " : "", cpu, met);
	}
	if (n)
		printk_plain("                 INT3s met so far: %s", line);
}

/* Before each step and after the last: show what the one before has done. */
static void observe(enum poke_step next)
{
	unsigned int cpu;

	if (step_done == POKE_END)
		for_each_online_cpu(cpu)
			hits_before[cpu] = hits(cpu);
	show_site(step_done == POKE_END ? "before" : poke_step_name(step_done),
		  site, (const u8 *)site);
	if (step_done != POKE_END)
		show_trapped();
	if (stops && next != POKE_END)
		stops = step_wait_line("the next step");
	step_done = next;
}

/* Register and unregister an ops on the function. Return: 0 or an errno. */
static int patch(unsigned long ip)
{
	static struct ftrace_ops ops = { .func = nothing };
	int ret = ftrace_set_filter_ip(&ops, ip, 0, 1);

	site = ip;
	step_done = POKE_END;
	poke_observe(observe);
	if (!ret)
		ret = register_ftrace_function(&ops);
	poke_observe(NULL);
	if (!ret)
		ret = unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	return ret;
}

static int patch_run(struct stage *stage)
{
	bool loaded = stage->argc > 1 && !strcmp(stage->argv[1], "demo_step");
	unsigned long ip;
	int ret = 0;

	stops = stage->argc == 3 && !strcmp(stage->argv[2], "step");
	if (stage->argc != 2 && !stops)
		return word_usage(stage);
	ip = word_site("patch", stage->argv[1]);
	if (!ip)
		return -ENOENT;
	if (loaded)
		ret = load_start();
	if (!ret) {
		if (loaded)
			load_open();
		ret = patch(ip);
		if (loaded)
			load_close();
	}
	if (loaded)
		load_stop();
	if (ret)
		shell_error("patch", stage->argv[1], ret);
	return ret ? ret :
	       stage_printf(stage, "and taken out again:\n") ?
		     -EPIPE :
		     word_show_site(stage, ip);
}

SHELL_COMMAND(patch, .usage = "patch FUNC [step]", .run = patch_run,
	      .help = "patch FUNC, show its bytes after each step");
