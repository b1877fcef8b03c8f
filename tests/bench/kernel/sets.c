// SPDX-License-Identifier: MIT
/*
 * sets.c - rows that need many different sets of consumers: each ops on its
 * own random half of a hundred thousand functions, and a direct target of its
 * own for each of more functions than there are ids.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/core/ftrace_internal.h"

#define HALVES	   17 /* the last one finds no ids left */
#define FEW	   10 /* ops that make few sets beside the sites */
#define OWN	   70000
#define CHAIN	   100
#define HALF_SITES (BENCH_SITES / 2)

static struct ftrace_ops half[HALVES];
static u64 cost[HALVES]; /* of registering each */
static size_t made[HALVES];

static u64 next_random(void)
{
	static u64 state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Shuffled, the first half of the copy is what the ops gets. */
static int random_half(struct ftrace_ops *ops, unsigned long *copy)
{
	*ops = (struct ftrace_ops){ .func = bench_callback };
	for (size_t i = 0; i < HALF_SITES; i++) {
		size_t k = i + next_random() % (BENCH_SITES - i);
		unsigned long ip = copy[k];

		copy[k] = copy[i];
		copy[i] = ip;
	}
	return ftrace_set_filter_ips(ops, copy, HALF_SITES, 0, 0);
}

static int register_half(unsigned int n)
{
	struct ftrace_set_stats before, after;
	u64 start = bench_busy();
	int err;

	ftrace_set_stats(&before);
	err = register_ftrace_function(&half[n]);
	cost[n] = bench_busy() - start;
	ftrace_set_stats(&after);
	made[n] = after.sets - before.sets;
	return err;
}

static void show_halves(void)
{
	u64 worst = 0, above = 0;
	size_t sets = 0;

	for (size_t i = 1; i < FEW; i++)
		worst = max(worst, cost[i]);
	for (size_t i = FEW; i < HALVES - 1; i++) {
		above += cost[i] - cost[0];
		sets += made[i];
	}
	bench_row("patch.halves.1", cost[0] * 100 / HALF_SITES, "insn");
	bench_row("patch.halves.10", worst * 100 / cost[0], "ratio");
	bench_row("patch.halves.per_new_set", above * 100 / sets, "insn");
	bench_row("patch.halves.refused", cost[HALVES - 1] * 100 / HALF_SITES,
		  "insn");
}

/* Sites that call the list function. */
static size_t listed(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ftrace_rec_count(); i++) {
		const struct dyn_ftrace *rec = ftrace_rec(i);

		n += set_of(rec->wanted)->kind == FTRACE_SET_LIST;
	}
	return n;
}

/* Once only six ops are left, their 63 sets all find room for a chain. */
static void halves_leave(void)
{
	for (unsigned int n = HALVES - 1; n--;) {
		bench_ok("unregister", unregister_ftrace_function(&half[n]));
		if (n == 6)
			bench_row("patch.halves.listed", listed() * 100,
				  "sites");
	}
	for (unsigned int n = 0; n < HALVES; n++)
		bench_ok("free filter", ftrace_free_filter(&half[n]));
}

static void measure_halves(const unsigned long *sites)
{
	unsigned long *copy = kmalloc(BENCH_SITES * sizeof(*copy));

	if (!bench_ok("copy", copy ? 0 : -ENOMEM))
		return;
	memcpy(copy, sites, BENCH_SITES * sizeof(*copy));
	for (unsigned int n = 0; n < HALVES; n++) {
		int err;

		bench_ok("filter", random_half(&half[n], copy));
		err = register_half(n);
		if (n < HALVES - 1)
			bench_ok("register", err);
		else
			bench_ok("the last one is refused",
				 err == -ENOSPC ? 0 : -EINVAL);
	}
	kfree(copy);
	show_halves();
	halves_leave();
}

/* Any address of code will do as a target that is never called. */
static void measure_own_refused(const unsigned long *sites)
{
	struct ftrace_hash *targets = ftrace_direct_hash_new(OWN);
	static struct ftrace_ops ops;
	u64 start;
	int err;

	if (!bench_ok("targets", targets ? 0 : -ENOMEM))
		return;
	for (size_t i = 0; i < OWN; i++)
		bench_ok("target",
			 ftrace_direct_hash_add(targets, sites[i],
						sites[BENCH_SITES - 1 - i]));
	start = bench_busy();
	err = update_ftrace_direct_add(&ops, targets);
	bench_row("patch.own.refused", (bench_busy() - start) * 100 / OWN,
		  "insn");
	bench_ok("so many are refused", err == -ENOSPC ? 0 : -EINVAL);
	ftrace_hash_free(targets);
}

/* One more ops on one site that has a hundred. */
static void measure_chain(const unsigned long *sites)
{
	static struct ftrace_ops ops[CHAIN + 1];
	u64 start;

	for (size_t i = 0; i < CHAIN; i++)
		bench_attach(&ops[i], sites[0], 0);
	ops[CHAIN] = (struct ftrace_ops){ .func = bench_callback };
	bench_ok("filter", ftrace_set_filter_ip(&ops[CHAIN], sites[0], 0, 0));
	start = bench_busy();
	bench_ok("register", register_ftrace_function(&ops[CHAIN]));
	bench_row("patch.chain_100", (bench_busy() - start) * 100, "insn");
	for (size_t i = CHAIN + 1; i--;)
		bench_detach(&ops[i]);
}

void bench_sets(const unsigned long *sites)
{
	measure_chain(sites);
	measure_own_refused(sites);
	measure_halves(sites);
}
