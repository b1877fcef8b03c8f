/* SPDX-License-Identifier: MIT */
/*
 * The per-CPU context words: in which context this CPU runs.
 *
 * trace_context holds exactly one CTX_ bit. The entry stubs of entry.asm set
 * it before they call anything traceable and restore it before they return;
 * exceptions (#BP, #PF, ...) keep the context they interrupted. preempt_count
 * counts the reasons not to switch tasks. Interrupts need not change it,
 * because no switch happens outside task context.
 *
 * The count is a part of context_word, which is the head of an event as it
 * would be written now, in the layout of struct trace_entry. So a tracer writes
 * the head by one store:
 *
 *	bits 0-15	0: the event's type is added
 *	bits 16-23	CONTEXT_NEED_RESCHED, CONTEXT_HARDIRQ, CONTEXT_NMI; not
 *			whether interrupts are off, which RFLAGS knows
 *	bits 24-31	preempt_count
 *	bits 32-62	pid of current
 *	bit 63		need_resched once more: the sign of a result tells it
 *
 * CW1 Only the word's own CPU writes it, each time by one instruction with an
 *    operand of 64 bits, which changes one field alone. So an interrupt or NMI
 *    comes before or after it, and no lock prefix is needed; and a load of the
 *    whole word never waits for a narrower store. Narrow loads are free.
 * CW2 Of the flags of the context only that of trace_context is set: in an NMI
 *    inside an interrupt, CONTEXT_NMI. entry.asm changes both words.
 * CW3 Another CPU asks for a switch by resched_request and an interrupt, whose
 *    handler sets need_resched (resched_cpu(), kernel/sched.c).
 * CW4 The count stays below 256: a carry would go into the pid. A level is a
 *    lock held or a section of a tracer, in one of three contexts. No code
 *    takes locks in a loop, so the depth of calls bounds the count, and a stack
 *    has room for a few dozen. Each switch and each tick check it (sched.c).
 *
 * Each access, but for the functions that name their context, is one
 * instruction and can be used in every context. preempt_enable() makes a call,
 * too, if a switch is due.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

/*
 * Bits, so that the recursion guard can keep one word for all contexts. Smaller
 * means more urgent.
 */
#define CTX_NMI	       1U
#define CTX_IRQ	       2U
#define CTX_SOFT       4U /* reserved */
#define CTX_TASK       8U
#define CTX_TRANSITION 16U /* see trace/core/recursion.h */

#define CONTEXT_NEED_RESCHED (1UL << 18)
#define CONTEXT_HARDIRQ	     (1UL << 19)
#define CONTEXT_NMI	     (1UL << 22)
#define CONTEXT_COUNT_BYTE   3
#define CONTEXT_LEVEL	     (1UL << 24)
#define CONTEXT_PID_SHIFT    32
#define CONTEXT_PID	     (0x7fffffffUL << CONTEXT_PID_SHIFT)
#define CONTEXT_SIGN	     63
#define CONTEXT_RESCHED	     (1UL << CONTEXT_SIGN | CONTEXT_NEED_RESCHED)

DECLARE_PER_CPU(u32, trace_context);
DECLARE_PER_CPU(u64, context_word);
DECLARE_PER_CPU(u32, resched_request);

/*
 * Up-call into the scheduler: the count has just gone down and need_resched is
 * set. The caller may still have preemption or interrupts off or be outside
 * task context; the call then does nothing (what ends that tests again).
 */
void preempt_schedule(void);

/*
 * Exactly one of the three holds. An exception is in the context that it
 * interrupted.
 */
static __always_inline bool in_nmi(void)
{
	return this_cpu_read(trace_context) == CTX_NMI;
}

static __always_inline bool in_irq(void)
{
	return this_cpu_read(trace_context) == CTX_IRQ;
}

static __always_inline bool in_task(void)
{
	return this_cpu_read(trace_context) == CTX_TASK;
}

/* Of this CPU; also the level of nesting that an event records. */
static __always_inline u32 preempt_count(void)
{
	return this_cpu_read_byte(((u8 *)&context_word)[CONTEXT_COUNT_BYTE]);
}

/* Back to an earlier count. Context: preemption off, or the count is right. */
static __always_inline void preempt_count_restore(u32 count)
{
	u64 levels = (u64)preempt_count() - count;

	this_cpu_sub(context_word, levels * CONTEXT_LEVEL);
}

static __always_inline bool need_resched(void)
{
	bool due;

	__asm__ volatile("cmpq $0, %%gs:%1" : "=@ccs"(due) : "m"(context_word));
	return due;
}

static __always_inline void set_need_resched(void)
{
	this_cpu_or(context_word, CONTEXT_RESCHED);
}

static __always_inline void clear_need_resched(void)
{
	this_cpu_and(context_word, ~CONTEXT_RESCHED);
}

/*
 * This CPU runs @task from now on. Context: interrupts off; an NMI between the
 * stores records the pid of one task where `current` is the other.
 */
static __always_inline void set_current_task(struct task_struct *task, u32 pid)
{
	u64 now = this_cpu_read(context_word);

	this_cpu_write(current_task, task);
	this_cpu_xor(context_word,
		     (now ^ (u64)pid << CONTEXT_PID_SHIFT) & CONTEXT_PID);
}

/*
 * The barrier keeps accesses of the section inside it. No CPU instruction is
 * needed: only this CPU reads the count.
 */
static __always_inline void preempt_disable_notrace(void)
{
	this_cpu_add(context_word, CONTEXT_LEVEL);
	barrier();
}

/*
 * For callers that schedule themselves, or that may not: the switch then
 * happens at the next interrupt.
 */
static __always_inline void preempt_enable_no_resched(void)
{
	barrier();
	this_cpu_sub(context_word, CONTEXT_LEVEL);
}

static __always_inline void preempt_enable_notrace(void)
{
	bool resched;

	barrier();
	/*
	 * An interrupt behind this instruction finds the new count, and
	 * switches by itself if that is 0.
	 */
	__asm__ volatile("subq %2, %%gs:%1"
			 : "=@ccs"(resched), "+m"(context_word)
			 : "i"(CONTEXT_LEVEL)
			 : "memory");
	if (unlikely(resched))
		preempt_schedule();
}

#define preempt_disable() preempt_disable_notrace()
#define preempt_enable()  preempt_enable_notrace()
