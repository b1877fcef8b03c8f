/* SPDX-License-Identifier: MIT */
/*
 * trace_record.h - write the head of every event in a few instructions.
 *
 * Context: probe, preemption off by exactly one level of the tracer's own.
 */
#pragma once

#include "kernel/sched.h"
#include "trace/ring/ring_fast.h"
#include "trace/trace.h"
#include <asm/context.h>
#include <asm/irqflags.h>

/* This CPU's ring of trace_top(): one load instead of three. */
DECLARE_PER_CPU(struct ring_buffer_per_cpu *, trace_top_ring);

/*
 * trace_fill() - write the trace_entry that an event begins with
 * @type: the event's id
 *
 * An event's place in the ring is aligned to four bytes.
 */
static __always_inline void trace_fill(void *ent, u32 type)
{
	typedef u64 head_word __aligned(4);
	u64 head = this_cpu_read(context_word) & ~BIT(CONTEXT_SIGN);

	head -= (local_save_flags() & X86_EFLAGS_IF) << 7; /* irqs are on */
	*(head_word *)ent = head + type + (TRACE_FLAG_IRQS_OFF << 16) -
			    CONTEXT_LEVEL; /* our own */
}

/* The layout of context_word is that of a trace_entry, type 0. */
static_assert(offsetof(struct trace_entry, flags) == 2 &&
		      offsetof(struct trace_entry, pid) ==
			      CONTEXT_PID_SHIFT / 8 &&
		      sizeof(struct trace_entry) == sizeof(u64),
	      "trace_entry");
static_assert(offsetof(struct trace_entry, preempt_count) ==
			      CONTEXT_COUNT_BYTE &&
		      CONTEXT_LEVEL == 1 << 8 * CONTEXT_COUNT_BYTE,
	      "preempt_count");
static_assert(TRACE_FLAG_IRQS_OFF << 16 == X86_EFLAGS_IF << 7, "IF");
static_assert(TRACE_FLAG_NEED_RESCHED << 16 == CONTEXT_NEED_RESCHED, "resched");
static_assert(TRACE_FLAG_HARDIRQ << 16 == CONTEXT_HARDIRQ, "irq");
static_assert(TRACE_FLAG_NMI << 16 == CONTEXT_NMI, "nmi");
