/* SPDX-License-Identifier: MIT */
/*
 * Changing stacks: what a sleeping task's stack looks like.
 */
#pragma once

#include "kernel/lib/types.h"

/* What switch_stack() leaves at the saved stack pointer. */
struct switch_frame {
	unsigned long r15, r14, r13, r12, bx, bp;
	unsigned long ip; /* into the caller of switch_stack() */
};

/*
 * Save the callee-saved registers and the stack pointer to *save_sp, continue
 * where load_sp was saved. Returns when somebody switches back.
 * Context: task, interrupts off, per-CPU words (current_task) already those
 * of the new task. Not traceable.
 */
void switch_stack(unsigned long *save_sp, unsigned long load_sp);

/*
 * Make a new stack that switch_stack() can continue: it will enter
 * entry() as if called from nowhere (return address 0, rbp 0).
 * stack_top: one past the end, 16-byte aligned.
 * Return: the value for load_sp.
 */
static __always_inline unsigned long switch_stack_prepare(void *stack_top,
							  void (*entry)(void))
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
int trap_catch_call(void (*fn)(void *arg), void *arg,
		    unsigned long *resume_sp);
extern const char trap_catch_resume[];
