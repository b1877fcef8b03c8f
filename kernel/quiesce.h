/* SPDX-License-Identifier: MIT */
/*
 * Grace periods: waiting until no task or CPU can still be inside code or data
 * that was taken out of use.
 *
 * synchronize_tasks() waits for tasks: a user of what it protects may be
 * preempted, as in the code of a trampoline. synchronize_cpus() waits for
 * sections with preemption off, and is faster. Each is quiesce_begin() followed
 * by quiesce_end(); a caller that has work to do between the two calls these.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/*
 * synchronize_tasks() - wait for every task and CPU to leave what it was in
 *
 * Returns when every task that was running or runnable at the call has since
 * switched voluntarily (schedule(), cond_resched(), anything that sleeps) or
 * ended, and every CPU has since scheduled or been idle outside any interrupt.
 * A preemption is not a voluntary switch. The caller can then free what it
 * unpublished before the call.
 *
 * A task (or an idle CPU in an interrupt) that holds up the wait is reported
 * with a backtrace every QUIESCE_REPORT_NS; the wait continues.
 *
 * Context: task, may sleep. The caller must not hold anything that a task needs
 * to reach its next voluntary switch. Before the scheduler runs it returns at
 * once, because one CPU runs one task then.
 */
void synchronize_tasks(void);

/*
 * synchronize_cpus() - wait for every section with preemption off to end
 *
 * Returns when every such section that had begun at the call has ended, on
 * every CPU; handlers of interrupts and NMIs are such sections. A section that
 * begins later sees what the caller did before the call, and is not waited for.
 * The section of schedule() around its own switch is an exception.
 *
 * Cost: one interrupt and one pass of the scheduler on each CPU that runs a
 * task, and the time of the longest section. A halted CPU and the caller's own
 * are only checked; with one CPU it does not sleep. Reports as above.
 *
 * Context: task, may sleep, preemption on. Before the scheduler runs it
 * returns at once.
 */
void synchronize_cpus(void);

#define QUIESCE_REPORT_NS 1000000000ULL

/* The kinds of wait: see synchronize_tasks() and synchronize_cpus(). */
enum quiesce_kind { QUIESCE_TASKS, QUIESCE_CPUS };

/* The number of concurrent waits; a further one sleeps until one ends. */
#define QUIESCE_MARKS 8

/* One wait. */
struct quiesce_wait {
	enum quiesce_kind kind;
	u32 mark;	    /* its bit on tasks and CPUs; 0: nothing to do */
	unsigned int tasks; /* number of tasks that were marked */
	unsigned int cpus;  /* number of CPUs that were marked */
	u64 since;	    /* its begin, by ktime_ns() */
};

/*
 * quiesce_begin() - mark the tasks and CPUs; quiesce_end() must follow
 * quiesce_passed() - have all of them passed?
 * quiesce_end() - wait until they have
 *
 * Another wait neither ends nor lengthens this one.
 * Context: task, may sleep, preemption on; passed: any.
 */
void quiesce_begin(struct quiesce_wait *w, enum quiesce_kind kind);
bool quiesce_passed(const struct quiesce_wait *w);
void quiesce_end(struct quiesce_wait *w);

/* Since boot; for tests and statistics. */
struct quiesce_stats {
	unsigned long calls;
	unsigned long task_waits; /* tasks that were marked */
	unsigned long cpu_waits;  /* CPUs that were marked */
	unsigned long reports;	  /* reports of a task or CPU */
	u64 longest_ns;
};

void quiesce_stats(struct quiesce_stats *stats);

/*
 * Calls from the scheduler and the idle loop.
 *
 * quiesce_switch(): called in schedule(), the run queue locked; returns whether
 * the caller must call quiesce_wake() after it has released the lock.
 * quiesce_pass(): counts as a voluntary switch of the current task.
 * quiesce_idle(): this CPU is about to halt, interrupts off.
 */
struct run_queue;
bool quiesce_switch(struct run_queue *rq, struct task_struct *prev,
		    bool voluntary);
void quiesce_wake(void);
void quiesce_pass(void);
void quiesce_idle(void);
