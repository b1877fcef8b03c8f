// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * smp.c - rows smp.*: what a traced call costs when other CPUs make it too
 *
 * One thread per CPU calls the target at the same time as the others, in
 * stretches of BENCH_CALLS with interrupts off, and an untraced function in
 * stretches between them. The cost of a call is the median stretch over the
 * median untraced one: what the host takes away, or gives to a neighbour, it
 * takes from both, so that what is left is what CPUs cost each other.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sort.h>

#include "nop5bench.h"

#define MAX_CPUS  8
#define STRETCHES 200

struct caller {
	struct task_struct *task;
	u64 traced[STRETCHES];
	u64 untraced[STRETCHES];
};

static struct caller callers[MAX_CPUS];
static atomic_t waiting;
static DECLARE_COMPLETION(done);

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int call_target(void *data)
{
	struct caller *caller = data;
	unsigned long flags;
	int i;

	atomic_dec(&waiting);
	while (atomic_read(&waiting))
		cpu_relax();
	for (i = 0; i < STRETCHES; i++) {
		local_irq_save(flags);
		caller->traced[i] =
			bench_ticks(BENCH_CALL_LOOP("bench_target"));
		caller->untraced[i] =
			bench_ticks(BENCH_CALL_LOOP("bench_untraced"));
		local_irq_restore(flags);
		cond_resched();
	}
	complete(&done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static u64 median(u64 *ticks)
{
	sort(ticks, STRETCHES, sizeof(u64), compare, NULL);
	return ticks[STRETCHES / 2];
}

/* Thousandths of an untraced call, mean of `count` CPUs; 0 if it failed. */
static u64 measure(int count)
{
	u64 sum = 0;
	int i;

	atomic_set(&waiting, count);
	for (i = 0; i < count; i++) {
		callers[i].task =
			kthread_create(call_target, &callers[i], "bench/%d", i);
		if (IS_ERR(callers[i].task)) {
			bench_fail("kthread", PTR_ERR(callers[i].task));
			return 0;
		}
		kthread_bind(callers[i].task, i);
	}
	for (i = 0; i < count; i++)
		wake_up_process(callers[i].task);
	/* A thread stopped before it ran would never run. */
	for (i = 0; i < count; i++)
		wait_for_completion(&done);
	for (i = 0; i < count; i++) {
		kthread_stop(callers[i].task);
		sum += div64_u64(median(callers[i].traced) * 1000,
				 median(callers[i].untraced));
	}
	return sum / count;
}

void bench_smp(const char *name)
{
	int cpus = min_t(int, num_online_cpus(), MAX_CPUS);
	u64 ratios[BENCH_SAMPLES];
	char row[40];
	int i;

	/* Taken in turn, so that a faster hour of the host moves both. */
	for (i = 0; i < BENCH_SAMPLES; i++) {
		u64 alone = measure(1);

		ratios[i] = alone ? div64_u64(measure(cpus) * 100, alone) : 0;
	}
	sort(ratios, BENCH_SAMPLES, sizeof(u64), compare, NULL);
	snprintf(row, sizeof(row), "smp.%s.%d", name, cpus);
	bench_row(row, ratios[BENCH_SAMPLES / 2], "ratio");
}
