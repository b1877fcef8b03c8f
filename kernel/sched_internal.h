/* SPDX-License-Identifier: MIT */
/*
 * The run queue, shared by sched.c, kthread.c and quiesce.c.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/sched.h"

struct run_queue {
	spinlock_t lock;
	struct list_head queue;	   /* [lock] tasks that wait for the CPU */
	unsigned int nr_queued;	   /* [lock] */
	unsigned int nr_pullable;  /* [lock] of these, not pinned */
	struct task_struct *curr;  /* [lock] written, with IRQs off read */
	struct task_struct *idle;  /* [I] */
	bool leaving;		   /* [lock] prev moves to another CPU */
	bool quiesce_wake;	   /* [lock] finish_switch() wakes waiters */
	u32 quiesce_marks;	   /* [lock] of waits for this CPU */
	unsigned long nr_switches; /* [lock] */
};

DECLARE_PER_CPU(struct run_queue, run_queue);

/*
 * [C] set while the CPU halts in its idle task. Together with trace_context
 * == CTX_TASK it says: idle, outside any interrupt.
 */
DECLARE_PER_CPU(bool, idle_quiet);

/* Lock the queue that @task belongs to. The caller holds no queue's lock. */
struct run_queue *task_rq_lock(struct task_struct *task, unsigned long *flags);

/* Make a CPU schedule soon. Context: any, preemption off. */
void resched_cpu(unsigned int cpu);

/* Initialise the queue of one CPU; @idle is or will be its idle task. */
void run_queue_init(unsigned int cpu, struct task_struct *idle);

/* The last step of a switch, on the stack of the task that continues. */
void finish_switch(struct task_struct *prev);

/* The endless loop of a CPU's idle task. Preempt count 1. */
void idle_loop(void) __noreturn;
