/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/context.h>: the context words are plain per-CPU variables,
 * and a test sets trace_context to play an interrupt or NMI. Nothing sets
 * context_word but its count.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

#define CTX_NMI	       1U
#define CTX_IRQ	       2U
#define CTX_SOFT       4U
#define CTX_TASK       8U
#define CTX_TRANSITION 16U

#define CONTEXT_NEED_RESCHED (1UL << 18)
#define CONTEXT_HARDIRQ	     (1UL << 19)
#define CONTEXT_NMI	     (1UL << 22)
#define CONTEXT_COUNT_BYTE   3
#define CONTEXT_LEVEL	     (1UL << 24)
#define CONTEXT_PID_SHIFT    32
#define CONTEXT_SIGN	     63

DECLARE_PER_CPU(u32, trace_context);
DECLARE_PER_CPU(u64, context_word);

#define in_nmi()  (this_cpu_read(trace_context) == CTX_NMI)
#define in_irq()  (this_cpu_read(trace_context) == CTX_IRQ)
#define in_task() (this_cpu_read(trace_context) == CTX_TASK)

#define preempt_count() ((u8)(this_cpu_read(context_word) >> 24))

#define preempt_disable()	    this_cpu_add(context_word, CONTEXT_LEVEL)
#define preempt_enable()	    this_cpu_sub(context_word, CONTEXT_LEVEL)
#define preempt_disable_notrace()   preempt_disable()
#define preempt_enable_notrace()    preempt_enable()
#define preempt_enable_no_resched() preempt_enable()
