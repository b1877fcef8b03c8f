// SPDX-License-Identifier: MIT
/*
 * Sites that move from one ops to another: which of the two a call reaches, and
 * which of the two is registered afterwards.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static struct ftrace_ops from, to;

static void fresh(void)
{
	ftrace_hits_reset();
	host_sites_count(8);
	from = (struct ftrace_ops)FTRACE_COUNT_OPS(0);
	to = (struct ftrace_ops)FTRACE_COUNT_OPS(1);
	CHECK_EQ(ftrace_filter(&from, "fn1\nfn2"), 0);
	CHECK_EQ(register_ftrace_function(&from), 0);
}

static int move_site(size_t i)
{
	unsigned long ip = host_site(i);

	return ftrace_move_ips(&from, &to, &ip, 1);
}

static bool enabled(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ENABLED;
}

static void calls_reach(size_t i, unsigned int first, unsigned int second)
{
	ftrace_hits_reset();
	host_call(i);
	CHECK_EQ(ftrace_hits[0], first);
	CHECK_EQ(ftrace_hits[1], second);
}

UNIT(ftrace_move, the_first_and_the_last_site_register_Y2)
{
	fresh();
	calls_reach(1, 1, 0);
	CHECK(!enabled(&to));
	CHECK_EQ(move_site(1), 0);
	CHECK(enabled(&to) && enabled(&from));
	calls_reach(1, 0, 1);
	calls_reach(2, 1, 0);
	CHECK_EQ(move_site(2), 0);
	CHECK(enabled(&to));
	CHECK(!enabled(&from));
	calls_reach(2, 0, 1);
	CHECK_EQ(unregister_ftrace_function(&from), -EBUSY);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&to), 0);
	ftrace_free_filter(&from);
	ftrace_free_filter(&to);
	ftrace_no_leaks();
}

/* In the middle of the move a site still calls the one before. */
static unsigned int before[2];

static void look_between(void)
{
	host_call(1);
	before[0] += ftrace_hits[0];
	before[1] += ftrace_hits[1];
}

UNIT(ftrace_move, a_call_reaches_one_of_the_two_Y1)
{
	fresh();
	before[0] = before[1] = 0;
	ftrace_hits_reset();
	host_arch.on_apply = look_between;
	CHECK_EQ(move_site(1), 0);
	host_arch.on_apply = NULL;
	CHECK_EQ(before[0] + before[1], 1);
	CHECK_EQ(host_arch.batches > 0, true);
	CHECK_EQ(move_site(1), -EINVAL); /* it is no site of @from any more */
	CHECK_EQ(unregister_ftrace_function(&from), 0);
	CHECK_EQ(unregister_ftrace_function(&to), 0);
	ftrace_free_filter(&from);
	ftrace_free_filter(&to);
	ftrace_no_leaks();
}
