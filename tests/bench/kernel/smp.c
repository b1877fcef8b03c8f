// SPDX-License-Identifier: MIT
/*
 * smp.c - rows smp.*: what a traced call costs when other CPUs make it too,
 * and what a batch costs with more CPUs to synchronise.
 *
 * One thread per CPU calls the target at the same time as the others, in
 * stretches of BENCH_CALLS with interrupts off, and an untraced function in
 * stretches between them. The cost of a call is the median stretch over the
 * median untraced one: what the host takes away, or gives to a neighbour, it
 * takes from both, so that what is left is what CPUs cost each other.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/bench/kernel/bench.h"
#include <asm/atomic.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#define MAX_CPUS  8
#define STRETCHES 200

struct caller {
	struct task_struct *task;
	u64 traced[STRETCHES];
	u64 untraced[STRETCHES];
};

static struct caller callers[MAX_CPUS];
static unsigned int waiting;

static int call_target(void *data)
{
	struct caller *caller = data;
	unsigned long flags;

	fetch_add(&waiting, -1U);
	while (READ_ONCE(waiting))
		cpu_relax();
	for (int i = 0; i < STRETCHES; i++) {
		local_irq_save(flags);
		caller->traced[i] =
			bench_ticks(BENCH_CALL_LOOP("bench_target"));
		caller->untraced[i] =
			bench_ticks(BENCH_CALL_LOOP("bench_untraced"));
		local_irq_restore(flags);
		cond_resched();
	}
	return 0;
}

/* Thousandths of an untraced call, mean of `count` CPUs; 0 if it failed. */
static u64 measure(unsigned int count)
{
	u64 sum = 0;

	WRITE_ONCE(waiting, count);
	for (unsigned int i = 0; i < count; i++) {
		struct task_struct *task =
			kthread_create(call_target, &callers[i], "bench/%u", i);

		if (IS_ERR(task)) {
			bench_ok("kthread_create", PTR_ERR(task));
			return 0;
		}
		callers[i].task = task;
		bench_ok("kthread_bind", kthread_bind(task, i));
	}
	for (unsigned int i = 0; i < count; i++)
		wake_up_process(callers[i].task);
	for (unsigned int i = 0; i < count; i++) {
		kthread_join(callers[i].task);
		sum += bench_median(callers[i].traced, STRETCHES) * 1000 /
		       bench_median(callers[i].untraced, STRETCHES);
	}
	return sum / count;
}

static void measure_ratio(const char *name)
{
	unsigned int cpus = min_t(unsigned int, num_online_cpus(), MAX_CPUS);
	u64 ratios[BENCH_SAMPLES];
	char row[40];

	/* Taken in turn, so that a faster hour of the host moves both. */
	for (int i = 0; i < BENCH_SAMPLES; i++) {
		u64 alone = measure(1);

		ratios[i] = alone ? measure(cpus) * 100 / alone : 0;
	}
	snprintf(row, sizeof(row), "smp.%s.%u", name, cpus);
	bench_row(row, bench_median(ratios, BENCH_SAMPLES), "ratio");
}

/* The function tracer on everything: wall time per site, and rounds. */
static void measure_batch(void)
{
	u64 rounds;
	char row[40];

	snprintf(row, sizeof(row), "smp.enable_all.%u", num_online_cpus());
	bench_row(row, bench_wall_per_site(), "us");
	rounds = sync_core_rounds();
	bench_echo("function", "current_tracer");
	rounds = sync_core_rounds() - rounds;
	bench_echo("nop", "current_tracer");
	snprintf(row, sizeof(row), "smp.rounds.%u", num_online_cpus());
	bench_row(row, rounds * 100, "rounds");
}

void bench_smp(void)
{
	static struct ftrace_ops ops;

	measure_batch();
	if (num_online_cpus() == 1)
		return;
	bench_attach(&ops, (unsigned long)bench_target, 0);
	measure_ratio("ops1");
	bench_detach(&ops);
	bench_echo("local", "trace_clock");
	bench_echo("bench_target", "set_ftrace_filter");
	bench_echo("function", "current_tracer");
	measure_ratio("function_ring");
	bench_echo("nop", "current_tracer");
}
