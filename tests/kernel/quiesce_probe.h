/* SPDX-License-Identifier: MIT */
/*
 * The cast of the tests of kernel/quiesce.c: a thread that waits and one
 * inside a trampoline.
 *
 * A "trampoline" here is a stretch of code in which a flag is set. What the
 * waiter frees after the wait is another flag: a task inside that sees it has
 * been freed under its feet.
 */
#pragma once

#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"

#define QUIESCE_WAIT_MS	 20000
#define QUIESCE_SHORT_NS (6 * TICK_NS) /* for a wrong return to show */

struct waiter {
	struct task_struct *task;
	bool called, returned;
	void (*synchronize)(void);
};

/* Starts a thread on that CPU which calls synchronize(). */
bool waiter_start(struct waiter *w, void (*synchronize)(void),
		  unsigned int cpu);
/* It is asleep in the call, and stays so for a while. */
bool waiter_keeps_waiting(struct waiter *w);
/* The call returns; ends the thread. */
void waiter_end(struct waiter *w);

/* The wrong synchronize(): returns at once. */
void do_not_wait(void);

/* Does every CPU but ours run its idle task only? */
bool all_others_sleep(void);

enum leave_how { BY_COND_RESCHED, BY_YIELD, BY_SLEEP, BY_EXIT };

struct visitor {
	struct task_struct *task;
	bool inside; /* the trampoline */
	bool leave;  /* told to leave it */
	bool hold;   /* once outside, does not switch until this is clear */
	bool stop;
	bool freed;   /* the trampoline has been freed */
	bool trodden; /* seen while inside: the error */
	enum leave_how how;
};

/* Starts it on that CPU; it is inside when this returns. */
bool visitor_start(struct visitor *v, unsigned int cpu);
void visitor_end(struct visitor *v);

static inline unsigned int last_cpu(void)
{
	return num_online_cpus() - 1;
}

/*
 * From a step hook: this task is preempted, as by a timer interrupt but at this
 * very instruction, until *go_on; *stopped says that it is.
 */
void stand_preempted(bool *stopped, const bool *go_on);
