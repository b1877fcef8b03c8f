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

/* By trace_context; shifted to trace_entry.flags in the first u32. */
extern const u32 trace_context_flags[CTX_TRANSITION];

/*
 * trace_fill() - write the trace_entry that an event begins with
 * @type: the event's id
 */
static __always_inline void trace_fill(void *ent, u32 type)
{
	u32 *words = ent;
	u32 head = type - (1U << 24); /* preempt count without our level */

	static_assert(offsetof(struct trace_entry, flags) == 2 &&
			      offsetof(struct trace_entry, preempt_count) == 3,
		      "shifts below");
	head += preempt_count() << 24;
	head |= this_cpu_read(need_resched) << 18;
	head |= trace_context_flags[this_cpu_read_index(trace_context)];
	head |= (~(u32)local_save_flags() & X86_EFLAGS_IF) << 7;
	words[0] = head;
	words[1] = current->pid;
}

static_assert(TRACE_FLAG_IRQS_OFF << 16 == X86_EFLAGS_IF << 7, "IF");
static_assert(TRACE_FLAG_NEED_RESCHED << 16 == 1 << 18, "need_resched");
