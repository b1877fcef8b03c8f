/* SPDX-License-Identifier: MIT */
/*
 * Up-calls from the scheduler to the tracer. Direct calls, made always, so
 * they must be short when nobody is interested.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/* Before the task first runs. Context: task (boot for the idle tasks). */
void trace_task_created(struct task_struct *task);

/*
 * The task has ended and will never run again; give back what hangs on it.
 * Context: task, may sleep.
 */
void trace_task_ended(struct task_struct *task);

/*
 * This CPU is about to switch. Context: interrupts off, run queue locked: no
 * lock may be taken and nothing woken. @preempted: @prev did not ask for it.
 */
void trace_task_switch(struct task_struct *prev, struct task_struct *next,
		       bool preempted);
