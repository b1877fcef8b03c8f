/* SPDX-License-Identifier: MIT */
/*
 * recursion.h - the guard that keeps a callback from tracing itself.
 *
 * The current task has a word with one bit per context (task, irq, nmi). So the
 * events of an interrupt are not lost while the task writes one. A task that is
 * preempted with a bit set does not affect other tasks, which have words of
 * their own. If the bit of the context is taken, the guard tries the transition
 * bit once, because an interrupt may be traced before its context is set.
 *
 * The bits are in four groups, so that a callback may use the guard inside the
 * others: the core's own (generated trampolines use the same bits), that of the
 * callbacks, the graph's, around the callbacks of its users, and that of the
 * triggers.
 *
 * Callable from anywhere; nothing here is traceable.
 */
#pragma once

#include "kernel/sched.h"
#include <asm/barrier.h>
#include <asm/context.h>
#include <asm/percpu.h>

#define FTRACE_GUARD_CORE     0
#define FTRACE_GUARD_CALLBACK 8
#define FTRACE_GUARD_GRAPH    16
#define FTRACE_GUARD_TRIGGER  24

/* Return: the bit taken, for ftrace_guard_leave(); 0 on recursion. */
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
	 * An interrupt between load and store restores the word before it
	 * ends, so this needs no atomic operation.
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

/*
 * The same without the transition bit, for what happens only once the context
 * is set: inside itself it is always refused.
 */
static __always_inline u32 ftrace_guard_enter_once(unsigned int group)
{
	u32 *word = &current->trace_recursion;
	u32 bit = this_cpu_read(trace_context) << group;

	if (unlikely(*word & bit))
		return 0;
	*word |= bit;
	barrier();
	return bit;
}

/* For callbacks, with Linux's names. Return: a bit >= 0; -1 on recursion. */
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

/*
 * For callbacks without a guard: the bit of an untraced task. While a CPU runs
 * such a task, a callback also asks whether it runs in an interrupt handler.
 */
#define FTRACE_TASK_UNTRACED BIT(31)
/*
 * Why callbacks look twice while this CPU runs its task: bits, 0 for most. The
 * task is untraced; some ops with a list of pids ignores it.
 */
#define FTRACE_ASIDE_UNTRACED 1U
#define FTRACE_ASIDE_PID      2U
DECLARE_PER_CPU(u8, ftrace_aside);

static_assert(CTX_TRANSITION << FTRACE_GUARD_TRIGGER < FTRACE_TASK_UNTRACED);

/*
 * Let no callback with a guard, and none of the two tracers of functions, see
 * the current task, or end this. For a task that serves readers of a trace:
 * what it does must not fill the trace. Its interrupts are seen as before.
 * Context: task, in a function that is not traceable and has no traceable
 * caller.
 */
static __always_inline void ftrace_task_untraced(bool untraced)
{
	u32 bits = CTX_TASK | CTX_TRANSITION;

	bits = bits << FTRACE_GUARD_CORE | bits << FTRACE_GUARD_CALLBACK |
	       bits << FTRACE_GUARD_GRAPH | FTRACE_TASK_UNTRACED;
	barrier();
	if (untraced)
		current->trace_recursion |= bits;
	else
		current->trace_recursion &= ~bits;
	/* A switch between the two stores does the second one itself. */
	if (untraced)
		this_cpu_or(ftrace_aside, FTRACE_ASIDE_UNTRACED);
	else
		this_cpu_and(ftrace_aside, (u8)~FTRACE_ASIDE_UNTRACED);
	barrier();
}
