// SPDX-License-Identifier: MIT
/*
 * act_consumers.c - shows what a site calls with 0, 1, 2, 1 and 0 consumers.
 */
#include "demo/demo.h"
#include "demo/figures.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/core/ftrace.h"

/* Two callbacks, each with a count of its own. */
static u64 seen_by_ann, seen_by_bob;

static notrace void ann(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	seen_by_ann++;
}

static notrace void bob(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	seen_by_bob++;
}

static struct ftrace_ops ann_ops = { .func = ann };
static struct ftrace_ops bob_ops = { .func = bob };

/* Prints the site's bytes, and its line of enabled_functions without tabs. */
static void show_state(unsigned long ip)
{
	struct dyn_ftrace *rec = ftrace_rec_find(ip);
	char line[512], *part, *rest = line;
	char label[16] = "0 consumers";
	struct trace_seq seq;

	label[0] = '0' + ftrace_rec_users(rec);
	if (ftrace_rec_users(rec) == 1)
		label[10] = '\0';
	show_site(label, ip, (u8 *)ip);
	if (!ftrace_rec_users(rec))
		return;
	trace_seq_init(&seq, line, sizeof(line));
	ftrace_describe_rec(rec, &seq);
	while ((part = strsep(&rest, "\t\n")))
		if (*strim(part))
			printk_plain("        %s", strim(part));
}

struct scene {
	struct ftrace_ops *enters, *leaves;
	u64 ann, bob; /* how many of the next calls each one sees: 0 or 1 */
};

/*
 * One consumer comes or leaves, then one call is made. Return: 0; -EIO if the
 * wrong ones saw it; or an errno.
 */
static int play(const struct scene *scene, unsigned long ip)
{
	u64 ann_before, bob_before;
	int ret = 0;

	if (scene->enters)
		ret = register_ftrace_function(scene->enters);
	if (!ret && scene->leaves)
		ret = unregister_ftrace_function(scene->leaves);
	if (ret)
		return ret;
	show_state(ip);
	ann_before = seen_by_ann;
	bob_before = seen_by_bob;
	demo_step();
	if (seen_by_ann - ann_before != scene->ann ||
	    seen_by_bob - bob_before != scene->bob)
		return -EIO;
	return 0;
}

static int act_consumers(void)
{
	static const struct scene scenes[] = {
		{ NULL, NULL, 0, 0 },	  { &ann_ops, NULL, 1, 0 },
		{ &bob_ops, NULL, 1, 1 }, { NULL, &ann_ops, 0, 1 },
		{ NULL, &bob_ops, 0, 0 },
	};
	unsigned long ip = ftrace_location((unsigned long)demo_step);
	unsigned int i;
	int ret = ftrace_set_filter_ip(&ann_ops, ip, 0, 1);

	if (!ret)
		ret = ftrace_set_filter_ip(&bob_ops, ip, 0, 1);
	printk_plain("  Ann and Bob are two callbacks that want to know of "
		     "demo_step(). Each pays for itself only.");
	printk_plain(
		"  One is called by its own trampoline, two by a chain made "
		"for this pair: %d instructions",
		OURS_CALL_OPS2);
	printk_plain("  for a call; Linux walks its list of all callbacks: %d. "
		     "(M: once had a callback)",
		     LINUX_CALL_OPS2);
	for (i = 0; i < ARRAY_SIZE(scenes) && !ret; i++)
		ret = play(&scenes[i], ip);
	demo_result("act=consumers ann=%llu bob=%llu", seen_by_ann,
		    seen_by_bob);
	return ret;
}

DEMO_ACT(30, consumers, "one site with 0, 1, 2, 1, 0 consumers", act_consumers);
