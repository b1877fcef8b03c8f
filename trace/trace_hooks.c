// SPDX-License-Identifier: MIT
/*
 * trace_hooks.c - what the scheduler and the unwinder ask the tracer.
 *
 * One place that passes each up-call of kernel/trace_hooks.h and
 * kernel/unwind_hooks.h on to those who are interested.
 */
#include "kernel/trace_hooks.h"
#include "kernel/unwind_hooks.h"
#include "trace/ftrace.h"

void trace_task_created(struct task_struct *task)
{
	(void)task;
}

void trace_task_ended(struct task_struct *task)
{
	(void)task;
}

void trace_task_switch(struct task_struct *prev, struct task_struct *next,
		       bool preempted)
{
	(void)prev;
	(void)preempted;
	ftrace_pid_switch(next);
}

unsigned long ftrace_graph_ret_addr(struct task_struct *task, int *idx,
				    unsigned long addr, unsigned long *retp)
{
	(void)task;
	(void)idx;
	(void)retp;
	return addr;
}
