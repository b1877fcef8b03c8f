// SPDX-License-Identifier: MIT
/*
 * trace/core/ftrace_chain.c: sets that find no room for a chain, and room that
 * returns.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define OPS FTRACE_COUNT_OPS

static struct ftrace_ops ann = OPS(0), bob = OPS(1), cid = OPS(2);

static bool listed(size_t site)
{
	return arch_ftrace_read(host_site(site)) ==
	       arch_ftrace_static_caller(false);
}

static bool chained(size_t site)
{
	return host_tramp_live(arch_ftrace_read(host_site(site)));
}

static size_t waiting(void)
{
	struct ftrace_set_stats stats;

	ftrace_set_stats(&stats);
	return stats.waiting;
}

static void call_all(void)
{
	size_t i;

	ftrace_hits_reset();
	for (i = 0; i < 4; i++)
		host_call(i);
	CHECK_EQ(ftrace_check(), 0);
}

/*
 * Sites 0 and 1 have Ann and Bob, which share a chain; 2 and 3 have Ann and
 * Cid, whose chain found no room.
 */
static void one_waits(void)
{
	host_sites_count(4);
	CHECK_EQ(ftrace_filter(&bob, "fn0 fn1"), 0);
	CHECK_EQ(ftrace_filter(&cid, "fn2 fn3"), 0);
	CHECK_EQ(register_ftrace_function(&ann), 0);
	CHECK_EQ(register_ftrace_function(&bob), 0);
	host_arch.tramps_max = host_arch.tramps + 1; /* Cid's own */
	CHECK_EQ(register_ftrace_function(&cid), 0);
	CHECK(chained(0) && listed(2) && listed(3));
	CHECK_EQ(waiting(), 1);
}

static void all_leave(void)
{
	CHECK_EQ(unregister_ftrace_function(&ann), 0);
	CHECK_EQ(unregister_ftrace_function(&cid), 0);
	CHECK_EQ(waiting(), 0);
	ftrace_free_filter(&bob);
	ftrace_free_filter(&cid);
	ftrace_no_leaks();
}

UNIT(ftrace_chain, room_that_returns_is_used_C2)
{
	one_waits();
	call_all();
	CHECK_EQ(ftrace_hits[2], 2);
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK_EQ(waiting(), 0);
	CHECK(chained(2) && chained(3));
	call_all();
	CHECK_EQ(ftrace_hits[0], 4);
	CHECK_EQ(ftrace_hits[2], 2);
	all_leave();
}

/* Whatever fails, the sites stay with the list, and the next room is used. */
UNIT(ftrace_chain, an_upgrade_that_fails_changes_nothing)
{
	unsigned int n;
	bool failed = true;

	for (n = 1; failed; n++) {
		one_waits();
		host_arch.tramps_max = host_arch.tramps + 2;
		mutex_lock(&ftrace_lock);
		fail_nth(n);
		ftrace_chains_upgrade();
		failed = fail_end();
		mutex_unlock(&ftrace_lock);
		CHECK_EQ(waiting(), failed);
		CHECK(failed ? listed(2) : chained(2));
		call_all();
		CHECK_EQ(ftrace_hits[2], 2);
		CHECK_EQ(unregister_ftrace_function(&bob), 0);
		CHECK(chained(2));
		call_all();
		all_leave();
	}
	CHECK(n > 3); /* description, chain; so small a plan needs none */
}

UNIT(ftrace_chain, an_upgrade_that_is_refused_changes_nothing)
{
	one_waits();
	host_arch.tramps_max = host_arch.tramps + 2;
	host_arch.prepare_error = -ENOMEM;
	mutex_lock(&ftrace_lock);
	ftrace_chains_upgrade();
	mutex_unlock(&ftrace_lock);
	host_arch.prepare_error = 0;
	CHECK_EQ(waiting(), 1);
	CHECK(listed(2));
	call_all();
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK(chained(2));
	all_leave();
}

/* While tracing is switched off the bytes are NOPs, and stay so. */
UNIT(ftrace_chain, room_that_returns_while_disabled)
{
	one_waits();
	CHECK_EQ(ftrace_set_enabled(false), 0);
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK_EQ(waiting(), 0);
	CHECK_EQ(arch_ftrace_read(host_site(2)), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(ftrace_set_enabled(true), 0);
	CHECK(chained(2));
	call_all();
	all_leave();
}

/* A set that leaves while it waits waits no more. */
UNIT(ftrace_chain, who_leaves_does_not_wait_C1)
{
	one_waits();
	CHECK_EQ(unregister_ftrace_function(&cid), 0);
	CHECK_EQ(waiting(), 0);
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK_EQ(unregister_ftrace_function(&ann), 0);
	ftrace_free_filter(&bob);
	ftrace_free_filter(&cid);
	ftrace_no_leaks();
}
