// SPDX-License-Identifier: MIT
/*
 * The exchange of direct targets on the host: in one step, by a stub, and the
 * choice between the two.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define OPS FTRACE_COUNT_OPS
#define A   (direct_target[0])
#define B   (direct_target[1])

static struct ftrace_ops direct;

static void fresh(size_t sites)
{
	ftrace_hits_reset();
	host_sites_count(sites);
	direct = (struct ftrace_ops){ 0 };
}

/* What the sites call before each session of an exchange. */
static unsigned long seen[4];
static size_t nr_seen;
static void note_site(void)
{
	seen[nr_seen++] = arch_ftrace_read(host_site(1));
	CHECK_EQ(ftrace_rec_users(ftrace_rec(1)) > 0, true);
}

/* An ops that is alone on three sites goes from A to B. */
static void exchange_alone(enum ftrace_exchange_way way)
{
	fresh(3);
	CHECK_EQ(ftrace_filter(&direct, "fn*"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	nr_seen = 0;
	host_arch.on_apply = note_site;
	ftrace_exchange_way = way;
	CHECK_EQ(modify_ftrace_direct(&direct, B), 0);
	ftrace_exchange_way = FTRACE_BY_SITE;
	host_arch.on_apply = NULL;
}

UNIT(ftrace_exchange, in_one_step)
{
	exchange_alone(FTRACE_BY_SITE);
	CHECK_EQ(nr_seen, 1);
	CHECK_EQ(seen[0], A);
	CHECK_EQ(arch_ftrace_read(host_site(1)), B);
	CHECK(host_arch.waits > 0);
	CHECK_EQ(direct.direct_call, B);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	ftrace_no_leaks();
}

/* Two batches, the list function in between, never a NOP. */
UNIT(ftrace_exchange, by_stub)
{
	exchange_alone(FTRACE_BY_STUB);
	CHECK_EQ(nr_seen, 2);
	CHECK_EQ(seen[0], A);
	CHECK_EQ(seen[1], arch_ftrace_static_caller(false));
	CHECK_EQ(arch_ftrace_read(host_site(1)), B);
	CHECK_EQ(ftrace_rec_users(ftrace_rec(1)), 1);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	ftrace_no_leaks();
}

/* ---- chains that leave no room for others beside them ---- */

#define CROWD  9
#define SHARED 7 /* the sites from here on are the direct caller's alone */

static struct ftrace_hash *crowd;
static struct ftrace_ops neighbour = OPS(0);

/* With the chains of the sites there is room for @more trampolines. */
static void crowd_begin(size_t more)
{
	size_t i;

	fresh(CROWD);
	crowd = ftrace_direct_hash_new(CROWD);
	for (i = 0; i < CROWD; i++)
		CHECK_EQ(
			ftrace_direct_hash_add(crowd, host_site(i), A + 16 * i),
			0);
	CHECK_EQ(ftrace_filter(&neighbour, "* !fn7 !fn8"), 0);
	CHECK_EQ(register_ftrace_function(&neighbour), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, crowd), 0);
	host_arch.tramps_max = host_arch.tramps + more;
}

/* All targets move; what site 1 calls until then goes to seen[]. */
static void crowd_move(void)
{
	size_t i;

	for (i = 0; i < CROWD; i++)
		crowd->direct[i] += 8;
	nr_seen = host_arch.patches = 0;
	host_arch.on_apply = note_site;
	CHECK_EQ(update_ftrace_direct_mod(&direct, crowd, true), 0);
	host_arch.on_apply = NULL;
	for (i = 0; i < CROWD; i++)
		CHECK_EQ(ftrace_find_rec_direct(host_site(i)),
			 crowd->direct[i]);
	for (; i-- > SHARED;)
		CHECK_EQ(arch_ftrace_read(host_site(i)), crowd->direct[i]);
}

/* Return: sites that have a chain. */
static size_t crowd_chains(void)
{
	size_t i, n = 0;

	for (i = 0; i < CROWD; i++)
		n += host_tramp_live(arch_ftrace_read(host_site(i)));
	return n;
}

static void crowd_end(void)
{
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, crowd), 0);
	ftrace_hash_free(crowd);
	CHECK_EQ(unregister_ftrace_function(&neighbour), 0);
	ftrace_free_filter(&neighbour);
	ftrace_no_leaks();
}

UNIT(ftrace_exchange, one_step_where_chains_fit_beside_chains)
{
	crowd_begin(SHARED);
	crowd_move();
	CHECK_EQ(nr_seen, 1);
	CHECK_EQ(host_arch.patches, CROWD);
	CHECK_EQ(crowd_chains(), SHARED);
	crowd_end();
}

/* To the list; records; to new chains: two batches. */
UNIT(ftrace_exchange, by_stub_where_they_do_not)
{
	crowd_begin(SHARED - 1);
	crowd_move();
	CHECK_EQ(nr_seen, 2);
	CHECK_EQ(seen[1], arch_ftrace_static_caller(false));
	CHECK_EQ(host_arch.patches, 2 * CROWD);
	CHECK_EQ(crowd_chains(), SHARED);
	crowd_end();
}

/*
 * What the choice is for: in one step a site is left to the list, until the
 * chains before are freed; then one more batch gives it its chain.
 */
UNIT(ftrace_exchange, one_step_without_room_loses_a_chain_for_a_while)
{
	crowd_begin(SHARED - 1);
	ftrace_exchange_way = FTRACE_ONE_STEP;
	crowd_move();
	ftrace_exchange_way = FTRACE_BY_SITE;
	CHECK_EQ(nr_seen, 2);
	CHECK_EQ(host_arch.patches, CROWD + 1);
	CHECK_EQ(crowd_chains(), SHARED);
	crowd_end();
}

/* A site that the list serves already has no chain to lose. */
UNIT(ftrace_exchange, one_step_where_the_list_serves)
{
	crowd_begin(0);
	host_arch.tramps_max = 0;
	crowd_move();
	CHECK_EQ(nr_seen, 2);
	CHECK_EQ(crowd_chains(), 0);
	crowd_move();
	CHECK_EQ(nr_seen, 1);
	CHECK_EQ(host_arch.patches, CROWD - SHARED);
	crowd_end();
}
