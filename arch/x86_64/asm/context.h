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
 * Each access is one instruction and can be used in every context.
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

DECLARE_PER_CPU(u32, preempt_count);
DECLARE_PER_CPU(u32, trace_context);
DECLARE_PER_CPU(u32, need_resched);

/*
 * Up-call into the scheduler: preemption has just become possible and
 * need_resched is set. The caller may have interrupts off or be outside task
 * context; the call then does nothing (the interrupt's exit tests again).
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
#define preempt_count() this_cpu_read(preempt_count)

/*
 * The barrier keeps accesses of the section inside it. No CPU instruction is
 * needed: only this CPU reads the count.
 */
static __always_inline void preempt_disable_notrace(void)
{
	this_cpu_inc(preempt_count);
	barrier();
}

/*
 * For callers that schedule themselves, or that may not: the switch then
 * happens at the next interrupt.
 */
static __always_inline void preempt_enable_no_resched(void)
{
	barrier();
	this_cpu_dec(preempt_count);
}

static __always_inline void preempt_enable_notrace(void)
{
	bool zero, resched;

	barrier();
	__asm__ volatile("decl %%gs:%1"
			 : "=@ccz"(zero), "+m"(preempt_count)
			 :
			 : "memory");
	/*
	 * An interrupt between the two instructions finds the count 0 and
	 * switches by itself. After a migration the second one reads the new
	 * CPU's flag, which costs at most one needless call.
	 */
	if (likely(!zero))
		return;
	__asm__ volatile("cmpb $0, %%gs:%1"
			 : "=@ccnz"(resched)
			 : "m"(need_resched));
	if (unlikely(resched))
		preempt_schedule();
}

#define preempt_disable() preempt_disable_notrace()
#define preempt_enable()  preempt_enable_notrace()
