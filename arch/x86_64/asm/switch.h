/* SPDX-License-Identifier: MIT */
/*
 * Stacks changed on purpose: what a task's stack looks like while another
 * one runs, and a call that can be left by force. (switch_to() itself is
 * declared in kernel/sched.h, with its task_struct.)
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/* What switch_to() leaves at the saved stack pointer of the old task. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, bx, bp;
	unsigned long ip; /* into the caller of switch_to() */
};

/*
 * Make a new stack that switch_to() can continue: it will enter entry(prev)
 * as if called from nowhere (return address 0, rbp 0), where prev is the task
 * switched away from.
 * stack_top: one past the end, 16-byte aligned.
 * Return: the stack pointer to be saved in the new task.
 */
static __always_inline unsigned long
switch_stack_prepare(void *stack_top, void (*entry)(struct task_struct *prev))
{
	unsigned long *top = stack_top;
	struct switch_frame *frame;

	*--top = 0; /* entry()'s return address */
	frame = (struct switch_frame *)top - 1;
	*frame = (struct switch_frame){ .ip = (unsigned long)entry };
	return (unsigned long)frame;
}

/*
 * Run fn(arg) so that it can be left by force: *resume_sp is set to a stack
 * pointer with which execution may continue at trap_catch_resume.
 * Return: 0 if fn returned, 1 if it was left. For traps.c.
 */
int trap_catch_call(void (*fn)(void *arg), void *arg, unsigned long *resume_sp);
extern const char trap_catch_resume[];
