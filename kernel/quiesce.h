/* SPDX-License-Identifier: MIT */
/*
 * Waiting until nobody can still be inside code or data taken out of use.
 *
 * synchronize_tasks() waits for tasks: what it protects may be preempted, as
 * the code of a trampoline is. synchronize_cpus() waits for sections with
 * preemption off, and is the quicker one. Both are one wait from its begin to
 * its end; who has something to do meanwhile calls these two.
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
 * reach its next voluntary switch. Before the scheduler runs it returns at
 * once: then one CPU runs one task.
 */
void synchronize_tasks(void);

/*
 * synchronize_cpus() - wait for every section with preemption off to end
 *
 * Returns when every such section that had begun at the call has ended, on
 * every CPU; handlers of interrupts and NMIs are such sections. One that
 * begins later finds what the caller did before the call, and is not waited
 * for. Exception: what schedule() itself does around its switch.
 *
 * Cost: one interrupt and one pass of the scheduler on each CPU that runs a
 * task, and as long as the longest section. A CPU that halts and the caller's
 * own cost a look; with one CPU it does not sleep. Reports as above.
 *
 * Context: task, may sleep, preemption on. Before the scheduler runs it
 * returns at once.
 */
void synchronize_cpus(void);

#define QUIESCE_REPORT_NS 1000000000ULL

/* What a wait is for: see synchronize_tasks() and synchronize_cpus(). */
enum quiesce_kind { QUIESCE_TASKS, QUIESCE_CPUS };

/* So many waits can be under way at once; a further one queues up. */
#define QUIESCE_MARKS 8

/* One wait. */
struct quiesce_wait {
	enum quiesce_kind kind;
	u32 mark;	    /* its bit on tasks and CPUs; 0: nothing to do */
	unsigned int tasks; /* so many had to be waited for */
	unsigned int cpus;  /* likewise */
	u64 since;	    /* ktime_ns() */
};

/*
 * quiesce_begin() - mark what is to be waited for; quiesce_end() must follow
 * quiesce_passed() - has all of it passed?
 * quiesce_end() - wait until it has
 *
 * A wait is neither ended nor lengthened by another one.
 * Context: task, may sleep, preemption on; passed: any.
 */
void quiesce_begin(struct quiesce_wait *w, enum quiesce_kind kind);
bool quiesce_passed(const struct quiesce_wait *w);
void quiesce_end(struct quiesce_wait *w);

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
