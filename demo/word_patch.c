// SPDX-License-Identifier: MIT
/*
 * word_patch.c - patch: patches a function and shows its bytes between the
 * steps of the batch; with step it stops there until Enter.
 *
 * While it stops, the batch is in progress: the other CPUs run, and those that
 * call the function meet an INT3 each time.
 *
 * Owns the rows of the last patch. Between two steps no file may be written, as
 * preemption is off, so the rows pass on when the batch is done; only those of
 * a stop are shown at once, if the user looks at them.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "demo/demo.h"
#include "demo/words.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

static unsigned long site;
static bool stops; /* wait for Enter after each step */
static bool shown; /* each row goes to the terminal at once */
static u8 bytes_before[MCOUNT_INSN_SIZE];
static char row_text[4096]; /* of 13 steps: site, and INT3s */
static struct trace_seq rows;
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

static void add_row(const char *row)
{
	if (shown)
		printk_plain("%s", row);
	else
		trace_seq_printf(&rows, "%s\n", row);
}

/* The site as it is now. */
static void add_site(const char *label)
{
	struct trace_seq row;
	char text[160];

	trace_seq_init(&row, text, sizeof(text));
	describe_site(&row, label, site, (const u8 *)site, bytes_before);
	add_row(text);
}

/* The CPUs that met an INT3 since the batch began, as "cpu1 12, cpu3 8". */
static void add_trapped(void)
{
	const char *before = "                 INT3s met so far: ";
	struct trace_seq row;
	unsigned int cpu;
	char text[200];

	trace_seq_init(&row, text, sizeof(text));
	for_each_online_cpu(cpu) {
		unsigned long met = hits(cpu) - hits_before[cpu];

		if (!met)
			continue;
		trace_seq_printf(&row, "%scpu%u %lu", before, cpu, met);
		before = ", ";
	}
	if (row.len)
		add_row(text);
}

/* Before each step and after the last: show what the one before has done. */
static void observe(enum poke_step next)
{
	unsigned int cpu;

	if (step_done == POKE_END) {
		memcpy(bytes_before, (const u8 *)site, MCOUNT_INSN_SIZE);
		for_each_online_cpu(cpu)
			hits_before[cpu] = hits(cpu);
	}
	add_site(step_done == POKE_END ? "before" : poke_step_name(step_done));
	add_trapped();
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
	trace_seq_init(&rows, row_text, sizeof(row_text));
	poke_observe(observe);
	if (!ret)
		ret = register_ftrace_function(&ops);
	poke_observe(NULL);
	if (!ret)
		ret = unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	return ret;
}

/* Pass the rows on, one by one. Return: as stage_put(). */
static int put_rows(struct stage *stage)
{
	char *row, *rest = row_text;
	int ret = 0;

	while (!ret && (row = strsep(&rest, "\n")) && *row)
		ret = stage_printf(stage, "%s\n", row);
	return ret;
}

static int patch_run(struct stage *stage)
{
	bool loaded = stage->argc > 1 && !strcmp(stage->argv[1], "demo_step");
	unsigned long ip;
	int ret = 0;

	stops = stage->argc == 3 && !strcmp(stage->argv[2], "step");
	shown = stops && !stage->next && !stage->target;
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
	if (ret) {
		shell_error("patch", stage->argv[1], ret);
		return ret;
	}
	ret = put_rows(stage);
	if (!ret)
		ret = stage_printf(stage, "and taken out again:\n");
	return ret ? ret : word_show_site(stage, ip);
}

SHELL_COMMAND(patch, .usage = "patch FUNC [step]", .run = patch_run,
	      .help = "patch FUNC, show its bytes after each step");
