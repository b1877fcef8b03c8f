/* SPDX-License-Identifier: MIT */
/*
 * recursion.h - a callback that traces itself must not run for ever.
 *
 * One bit per context (task, irq, nmi) in the word of the task whose stack
 * this is, so that an interrupt's events are not lost because a task's were
 * being written. Being preempted while a bit is set costs other tasks nothing:
 * they have words of their own. Where the own bit is taken, the transition bit
 * is tried once: an interrupt may be traced in the moment before its context
 * is known.
 *
 * Three groups, so that a callback may use the guard while the others are on:
 * the core's own (also done by generated trampolines, in the same bits), that
 * of the callbacks, and the graph's, around the callbacks of its users.
 *
 * Callable from anywhere; nothing here is traceable.
 */
#pragma once

#include "kernel/sched.h"
#include <asm/barrier.h>
#include <asm/context.h>

#define FTRACE_GUARD_CORE     0
#define FTRACE_GUARD_CALLBACK 8
#define FTRACE_GUARD_GRAPH    16

/* Return: the bit taken, to be given to ftrace_guard_leave(); 0 recursion. */
static __always_inline u32 ftrace_guard_enter(unsigned int group)
{
	u32 *word = &current->trace_recursion;
	u32 bit = this_cpu_read(trace_context) << group;

	if (unlikely(*word & bit)) {
		bit = CTX_TRANSITION << group;
		if (*word & bit)
			return 0;
	}
	/*
	 * An interrupt between load and store puts the word back as it was
	 * before it ends, so this needs no atomic operation.
	 */
	*word |= bit;
	barrier();
	return bit;
}

static __always_inline void ftrace_guard_leave(u32 bit)
{
	barrier();
	current->trace_recursion &= ~bit;
}

/* For callbacks, with Linux's names. Return: a bit >= 0, or -1: give up. */
static __always_inline int
ftrace_test_recursion_trylock(unsigned long ip, unsigned long parent_ip)
{
	u32 bit = ftrace_guard_enter(FTRACE_GUARD_CALLBACK);

	(void)ip;
	(void)parent_ip;
	return bit ? (int)bit : -1;
}

static __always_inline void ftrace_test_recursion_unlock(int bit)
{
	ftrace_guard_leave(bit);
}
