/* SPDX-License-Identifier: MIT */
/*
 * Stack switches: the stack of a task that is switched out, and a call that a
 * trap can abandon. (switch_to() itself is declared in kernel/sched.h, with its
 * task_struct.)
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/* The frame that switch_to() leaves at the old task's saved stack pointer. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, bx, bp;
	unsigned long ip; /* into the caller of switch_to() */
};

/*
 * Prepare a new stack for switch_to(). The first switch to it enters
 * entry(prev) without a caller (return address 0, rbp 0); prev is the task that
 * was switched out.
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
 * Run fn(arg) so that a trap can abandon it: *resume_sp is set to the stack
 * pointer with which execution may continue at trap_catch_resume.
 * Return: 0 if fn returned, 1 if it was abandoned. For traps.c.
 */
int trap_catch_call(void (*fn)(void *arg), void *arg, unsigned long *resume_sp);
extern const char trap_catch_resume[];
