/* SPDX-License-Identifier: MIT */
/*
 * Waiting until nobody can still be inside code or data taken out of use.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/*
 * synchronize_tasks() - wait for every task and CPU to leave what it was in
 *
 * Returns when every task that at the call was running or runnable has since
 * switched voluntarily (schedule(), cond_resched(), anything that sleeps) or
 * ended, and every CPU has since scheduled or been idle outside any interrupt.
 * A preemption is not a voluntary switch. What the caller unpublished before
 * the call can then be freed.
 *
 * A task (or an idle CPU, in an interrupt) that holds the wait for more than
 * QUIESCE_REPORT_NS is reported with a backtrace once per that time; the wait
 * goes on.
 *
 * Context: task, may sleep, not while holding something that a task needs to
 * reach its next voluntary switch. Concurrent callers queue up.
 */
void synchronize_tasks(void);

#define QUIESCE_REPORT_NS 1000000000ULL

/* Since boot; for tests and statistics. */
struct quiesce_stats {
	unsigned long calls;
	unsigned long task_waits; /* tasks that had to be waited for */
	unsigned long cpu_waits;  /* CPUs likewise */
	unsigned long reports;	  /* tasks and CPUs named as holding it */
	u64 longest_ns;
};

void quiesce_stats(struct quiesce_stats *stats);

/*
 * Calls from the scheduler and the idle loop.
 *
 * quiesce_switch(): in schedule(), the run queue locked; returns whether
 * quiesce_wake() is to be called once the lock is released.
 * quiesce_pass(): the current task does as if it had switched voluntarily.
 * quiesce_idle(): this CPU is about to halt, interrupts off.
 */
struct run_queue;
bool quiesce_switch(struct run_queue *rq, struct task_struct *prev,
		    bool voluntary);
void quiesce_wake(void);
void quiesce_pass(void);
void quiesce_idle(void);
