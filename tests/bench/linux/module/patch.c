// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * patch.c - rows patch.*: what it costs to change sites
 *
 * Owns: the list of sites that user space names (the module cannot read the
 * kernel's own list) and the count of synchronisation rounds: a kprobe on
 * do_sync_core(), which each CPU runs to serialise; here there is one CPU.
 */
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "nop5bench.h"

#define MAX_SITES 65536
#define REPEATS	  3
#define EXCHANGE  1000

static unsigned long *sites;
static unsigned int nr_sites;
static unsigned long rounds;

int bench_add_site(unsigned long ip)
{
	if (!sites)
		sites = vmalloc(MAX_SITES * sizeof(*sites));
	if (!sites || nr_sites == MAX_SITES)
		return -ENOMEM;
	sites[nr_sites++] = ip;
	return 0;
}

static notrace int count_round(struct kprobe *p, struct pt_regs *regs)
{
	rounds++;
	return 0;
}

struct cost {
	u64 enable;
	u64 disable;
};

/*
 * Registers and unregisters one empty ops on the first n sites; the least of
 * REPEATS. The two are paired, so the least of each is taken by itself.
 */
static int measure_batch(unsigned long *ips, unsigned int n, struct cost *cost)
{
	struct ftrace_ops *op = kzalloc(sizeof(*op), GFP_KERNEL);
	u64 start;
	int i, err;

	if (!op)
		return -ENOMEM;
	*cost = (struct cost){ U64_MAX, U64_MAX };
	op->func = bench_callback;
	err = ftrace_set_filter_ips(op, ips, n, 0, 0);
	for (i = 0; !err && i < REPEATS; i++) {
		start = bench_busy_ticks();
		err = register_ftrace_function(op);
		cost->enable = min(cost->enable, bench_busy_ticks() - start);
		if (err)
			break;
		start = bench_busy_ticks();
		err = unregister_ftrace_function(op);
		cost->disable = min(cost->disable, bench_busy_ticks() - start);
	}
	ftrace_free_filter(op);
	kfree(op);
	return err;
}

/* Rounds of one enabling of n sites: those with n less those with one. */
static int count_rounds(unsigned int n, unsigned long *count)
{
	struct kprobe round_probe = {
		.symbol_name = "do_sync_core",
		.pre_handler = count_round,
	};
	struct cost cost;
	int err;

	err = register_kprobe(&round_probe);
	if (err)
		return err;
	rounds = 0;
	err = measure_batch(sites, n, &cost);
	*count = rounds;
	unregister_kprobe(&round_probe);
	return err;
}

static void measure_size(unsigned int n)
{
	unsigned long all = 0, one = 0;
	struct cost cost;
	char row[40];
	int err;

	err = measure_batch(sites, n, &cost);
	if (!err)
		err = count_rounds(n, &all);
	if (!err)
		err = count_rounds(1, &one);
	if (!err && !one)
		err = -ENODATA; /* the probe was never hit */
	if (err) {
		bench_fail("measure_size", err);
		return;
	}
	snprintf(row, sizeof(row), "patch.per_site.%u", n);
	bench_row(row, div_u64(cost.enable * 100, n), "insn");
	/*
	 * Making the trampoline patches too, and is the same for every n.
	 * Enabling and disabling, REPEATS times each, 3 rounds for one site.
	 */
	snprintf(row, sizeof(row), "patch.rounds.%u", n);
	bench_row(row, (all - one) * 100 / (2 * REPEATS) + 300, "rounds");
}

/*
 * One direct target in place of another on many functions. Not on the first
 * ones: the function that has the probe is among them.
 */
static int exchange(struct ftrace_ops *op, struct kprobe *probe)
{
	unsigned long first = (unsigned long)bench_return;
	unsigned long second = (unsigned long)bench_direct_call;
	u64 start;
	int err =
		ftrace_set_filter_ips(op, sites + nr_sites / 2, EXCHANGE, 0, 0);

	if (!err)
		err = register_ftrace_direct_multi(op, first);
	if (err)
		return err;
	rounds = 0;
	start = bench_busy_ticks();
	err = modify_ftrace_direct_multi(op, second);
	if (err)
		return err;
	if (!probe)
		bench_row("patch.exchange.per_site",
			  div_u64((bench_busy_ticks() - start) * 100, EXCHANGE),
			  "insn");
	else
		bench_row("patch.exchange.rounds", rounds * 100, "rounds");
	return unregister_ftrace_direct_multi(op, second);
}

/* Once without the probe, which costs, and once with it. */
void bench_exchange(void)
{
	static struct ftrace_ops plain, probed;
	struct kprobe probe = {
		.symbol_name = "do_sync_core",
		.pre_handler = count_round,
	};
	int err = exchange(&plain, NULL);

	if (!err)
		err = register_kprobe(&probe);
	if (!err) {
		err = exchange(&probed, &probe);
		unregister_kprobe(&probe);
	}
	if (err)
		bench_fail("exchange", err);
}

void bench_rounds(void)
{
	static const unsigned int sizes[] = {
		1, 10, 100, 256, 1000, 5000, 10000
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i] > nr_sites)
			bench_fail("too few sites", nr_sites);
		else
			measure_size(sizes[i]);
	}
	measure_size(nr_sites);
}

void bench_one(void)
{
	unsigned long ip = (unsigned long)bench_target;
	struct cost cost;
	int err;

	err = measure_batch(&ip, 1, &cost);
	if (err)
		bench_fail("one", err);
	bench_row("patch.enable_one", cost.enable * 100, "insn");
	bench_row("patch.disable_one", cost.disable * 100, "insn");
}

/* Ten more ops on ten other functions; user space sees the memory shrink. */
void bench_trampolines(bool regs)
{
	struct ftrace_ops *op = kcalloc(10, sizeof(*op), GFP_KERNEL);
	int i, err = op ? 0 : -ENOMEM;

	for (i = 0; !err && i < 10; i++) {
		op[i].func = bench_callback;
		op[i].flags = regs ? FTRACE_OPS_FL_SAVE_REGS : 0;
		err = ftrace_set_filter_ip(&op[i], bench_others[i], 0, 0);
		if (!err)
			err = register_ftrace_function(&op[i]);
	}
	if (err)
		bench_fail("trampolines", err);
}
