// SPDX-License-Identifier: MIT
/*
 * The checks Linux makes of its tracer at boot, redone from their description:
 * exact counts of several ops with overlapping filters, filters edited while
 * in force, recursion, registers, one owner for the ip; and everything traced
 * at once.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include "trace/graph/fgraph.h"

static struct count_ops probe1 = COUNT_OPS();
static struct count_ops probe2 = COUNT_OPS();
static struct count_ops probe3 = COUNT_OPS();

static void reset(struct count_ops *count)
{
	*count = (struct count_ops)COUNT_OPS();
}

static void expect_hits(u64 a, u64 b, u64 c)
{
	EXPECT_EQ(count_hits(&probe1), a);
	EXPECT_EQ(count_hits(&probe2), b);
	EXPECT_EQ(count_hits(&probe3), c);
}

/* probe1 -> f0, probe2 -> f1, probe3 -> both, a dynamic one -> everything. */
static void exact_counts(void)
{
	struct count_ops *dyn = kzalloc(sizeof(*dyn));

	ASSERT(dyn);
	reset(dyn);
	ftrace_target[0]();
	expect_hits(1, 0, 1);
	ftrace_target[1]();
	expect_hits(1, 1, 2);
	EXPECT_EQ(register_ftrace_function(&dyn->ops), 0);
	EXPECT(dyn->ops.flags & FTRACE_OPS_FL_DYNAMIC);
	ftrace_target[0]();
	expect_hits(2, 1, 3);
	ftrace_target[1]();
	expect_hits(2, 2, 4);
	EXPECT_EQ(ftrace_set_filter(&probe3.ops, "!ftrace_target_000", 18, 0),
		  0);
	ftrace_target[0]();
	expect_hits(3, 2, 4);
	ftrace_target[1]();
	expect_hits(3, 3, 5);
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT(count_hits(dyn) >= 4);
	EXPECT_EQ(unregister_ftrace_function(&dyn->ops), 0);
	kfree(dyn);
}

KTEST(ftrace, counts_with_overlapping_filters)
{
	reset(&probe1);
	reset(&probe2);
	reset(&probe3);
	EXPECT_EQ(filter_targets(&probe1.ops, 0, 1), 0);
	EXPECT_EQ(filter_targets(&probe2.ops, 1, 1), 0);
	EXPECT_EQ(filter_targets(&probe3.ops, 0, 2), 0);
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	EXPECT_EQ(register_ftrace_function(&probe2.ops), 0);
	EXPECT_EQ(register_ftrace_function(&probe3.ops), 0);
	exact_counts();
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	EXPECT_EQ(unregister_ftrace_function(&probe2.ops), 0);
	EXPECT_EQ(unregister_ftrace_function(&probe3.ops), 0);
	ftrace_target[0]();
	ftrace_target[1]();
	expect_hits(3, 3, 5);
	EXPECT_EQ(ftrace_check(), 0);
	ftrace_free_filter(&probe1.ops);
	ftrace_free_filter(&probe2.ops);
	ftrace_free_filter(&probe3.ops);
}

/* Nothing but the one function: others call nobody. */
KTEST(ftrace, filter_of_one_function)
{
	reset(&probe1);
	EXPECT_EQ(filter_text(&probe1.ops, "*arget_042"), 0);
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	msleep(20);
	EXPECT_EQ(count_hits(&probe1), 0);
	ftrace_target[42]();
	EXPECT_EQ(count_hits(&probe1), 1);
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	ftrace_free_filter(&probe1.ops);
}

/* All functions of the kernel, while it works. */
KTEST(ftrace, everything_at_once)
{
	reset(&probe1);
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	EXPECT(probe1.ops.nr_sites > 100);
	msleep(50);
	EXPECT(count_hits(&probe1) > 50);
	EXPECT_EQ(ftrace_check(), 0);
	reset(&probe2);
	EXPECT_EQ(register_ftrace_function(&probe2.ops), 0);
	msleep(20);
	EXPECT(count_hits(&probe2) > 0);
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	EXPECT_EQ(unregister_ftrace_function(&probe2.ops), 0);
	EXPECT_EQ(ftrace_check(), 0);
}

/* ---- recursion ---- */

static int recursions;

static void notrace callback_recursing(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	/* In case the guard does not hold. */
	if (recursions++ > 10)
		return;
	ftrace_target[0]();
}

static void notrace callback_guarding_itself(unsigned long ip,
					     unsigned long parent_ip,
					     struct ftrace_ops *ops,
					     struct ftrace_regs *fregs)
{
	int bit;

	if (recursions++)
		return;
	bit = ftrace_test_recursion_trylock(ip, parent_ip);
	if (bit < 0)
		return;
	ftrace_target[0]();
	ftrace_test_recursion_unlock(bit);
}

static void recursion_with(struct ftrace_ops *ops)
{
	recursions = 0;
	EXPECT_EQ(filter_targets(ops, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(ops), 0);
	ftrace_target[0]();
	EXPECT_EQ(recursions, 2);
	EXPECT_EQ(current->trace_recursion, 0);
	/* The same in a chain or by the list. */
	reset(&probe1);
	EXPECT_EQ(filter_targets(&probe1.ops, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	recursions = 0;
	ftrace_target[0]();
	EXPECT_EQ(recursions, 2);
	EXPECT(count_hits(&probe1) >= 2);
	EXPECT_EQ(current->trace_recursion, 0);
	EXPECT_EQ(unregister_ftrace_function(ops), 0);
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	ftrace_free_filter(ops);
	ftrace_free_filter(&probe1.ops);
}

KTEST(ftrace, recursion_is_stopped_by_the_core)
{
	static struct ftrace_ops ops = { .func = callback_recursing };

	ops.flags = FTRACE_OPS_FL_RECURSION;
	recursion_with(&ops);
	ops.flags = FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_SAVE_REGS;
	recursion_with(&ops);
}

KTEST(ftrace, recursion_is_stopped_by_the_callback)
{
	static struct ftrace_ops ops = { .func = callback_guarding_itself };

	recursion_with(&ops);
}

/* ---- registers ---- */

static int regs_seen, regs_missing;

static void notrace callback_regs(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	if (ftrace_get_regs(fregs))
		regs_seen++;
	else
		regs_missing++;
}

static void regs_with(unsigned long flags, int expect)
{
	static struct ftrace_ops ops = { .func = callback_regs };

	regs_seen = regs_missing = 0;
	ops.flags = flags;
	EXPECT_EQ(filter_targets(&ops, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	ftrace_target[0]();
	EXPECT_EQ(regs_seen, expect);
	EXPECT_EQ(regs_missing, !expect);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
}

KTEST(ftrace, regs_for_who_asks)
{
	regs_with(0, 0);
	regs_with(FTRACE_OPS_FL_SAVE_REGS, 1);
	regs_with(FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED, 1);
}

/* ---- the ip ---- */

static int redirected;

static noinline void elsewhere(void)
{
	redirected++;
}

static void notrace callback_redirect(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)elsewhere);
}

static void redirect_with(unsigned long flags)
{
	static struct ftrace_ops ops = { .func = callback_redirect };
	static struct ftrace_ops second = { .func = callback_redirect };

	redirected = 0;
	ops.flags = second.flags = FTRACE_OPS_FL_IPMODIFY | flags;
	EXPECT_EQ(register_ftrace_function(&ops), -EINVAL);
	EXPECT_EQ(filter_targets(&ops, 0, 1), 0);
	EXPECT_EQ(filter_targets(&second, 0, 3), 0);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	EXPECT_EQ(register_ftrace_function(&second), -EBUSY);
	EXPECT_EQ(ftrace_check(), 0);
	ftrace_target[0]();
	ftrace_target[1]();
	EXPECT_EQ(redirected, 1);
	reset(&probe1);
	EXPECT_EQ(filter_targets(&probe1.ops, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	ftrace_target[0]();
	EXPECT_EQ(redirected, 2);
	EXPECT_EQ(count_hits(&probe1), 1);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_target[0]();
	EXPECT_EQ(redirected, 2);
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	ftrace_free_filter(&ops);
	ftrace_free_filter(&second);
	ftrace_free_filter(&probe1.ops);
}

KTEST(ftrace, ipmodify_redirects_and_is_alone)
{
	redirect_with(0);
	redirect_with(FTRACE_OPS_FL_SAVE_REGS);
}

/* ---- what a callback sees behind one that changes the frame ---- */

static unsigned long told_ip, told_parent;

static void notrace callback_told(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	told_ip = ip;
	told_parent = parent_ip;
}

/* Called by the second of two subscribers: from which site and caller. */
static noinline void told_as_if_alone(struct ftrace_ops *second)
{
	unsigned long here = (unsigned long)told_as_if_alone;

	EXPECT_EQ(filter_targets(second, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(second), 0);
	told_ip = told_parent = 0;
	ftrace_target[0]();
	EXPECT_EQ(told_ip, target_ip(0));
	EXPECT(told_parent > here && told_parent < here + 512);
	EXPECT_EQ(unregister_ftrace_function(second), 0);
	ftrace_free_filter(second);
}

static void behind_a_redirection(unsigned long flags)
{
	struct ftrace_ops first = { .func = callback_redirect };
	struct ftrace_ops second = { .func = callback_told, .flags = flags };

	first.flags = FTRACE_OPS_FL_IPMODIFY | flags;
	EXPECT_EQ(filter_targets(&first, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&first), 0);
	told_as_if_alone(&second);
	second.flags = FTRACE_OPS_FL_RECURSION;
	told_as_if_alone(&second);
	EXPECT_EQ(unregister_ftrace_function(&first), 0);
	ftrace_free_filter(&first);
}

KTEST(ftrace, told_the_same_behind_a_redirection)
{
	behind_a_redirection(0);
	behind_a_redirection(FTRACE_OPS_FL_SAVE_REGS);
}

/* Tasks keep their shadow stacks. */
KTEST_FLAGS(ftrace, told_the_same_behind_a_hooked_return, KTEST_LEAKS, 0)
{
	struct ftrace_ops first = { .flags = FTRACE_OPS_FL_RECURSION };
	struct ftrace_ops second = { .func = callback_told };
	struct fgraph_ops graph = { .ops = &first };

	EXPECT_EQ(filter_targets(&first, 0, 1), 0);
	EXPECT_EQ(register_ftrace_graph(&graph), 0);
	told_as_if_alone(&second);
	second.flags = FTRACE_OPS_FL_SAVE_REGS;
	told_as_if_alone(&second);
	EXPECT_EQ(unregister_ftrace_graph(&graph), 0);
	ftrace_free_filter(&first);
}

/* ---- what is said about a site ---- */

static char line[300];

static void describe_target_0(void)
{
	struct trace_seq s;

	trace_seq_init(&s, line, sizeof(line));
	ftrace_describe_rec(ftrace_rec_find(target_ip(0)), &s);
	EXPECT(!s.overflow);
}

KTEST(ftrace, site_in_words)
{
	reset(&probe1);
	reset(&probe2);
	EXPECT_EQ(filter_targets(&probe1.ops, 0, 1), 0);
	EXPECT_EQ(filter_targets(&probe2.ops, 0, 1), 0);
	probe2.ops.flags = FTRACE_OPS_FL_SAVE_REGS;
	EXPECT_EQ(register_ftrace_function(&probe1.ops), 0);
	describe_target_0();
	EXPECT(str_has_prefix(line, "ftrace_target_000 (1)  "));
	EXPECT(strstr(line, " ->count_callback+0x0/"));
	if (ftrace_use_trampolines)
		EXPECT(strstr(line, "\ttramp: ftrace_trampoline+0x0/"));
	EXPECT_EQ(register_ftrace_function(&probe2.ops), 0);
	describe_target_0();
	EXPECT(str_has_prefix(line, "ftrace_target_000 (2) R"));
	if (ftrace_use_trampolines && ftrace_use_chains)
		EXPECT(strstr(line, "\ttramp: ftrace_chain+0x0/"));
	else
		EXPECT(strstr(line, " ->ftrace_ops_list_regs_func+0x0/"));
	EXPECT_EQ(unregister_ftrace_function(&probe1.ops), 0);
	EXPECT_EQ(unregister_ftrace_function(&probe2.ops), 0);
	ftrace_free_filter(&probe1.ops);
	ftrace_free_filter(&probe2.ops);
}
