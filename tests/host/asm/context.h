/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/context.h>: the context words are plain per-CPU variables,
 * and a test sets trace_context to play an interrupt or NMI.
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

DECLARE_PER_CPU(u32, preempt_count);
DECLARE_PER_CPU(u32, trace_context);
DECLARE_PER_CPU(u32, need_resched);

#define in_nmi()  (this_cpu_read(trace_context) == CTX_NMI)
#define in_irq()  (this_cpu_read(trace_context) == CTX_IRQ)
#define in_task() (this_cpu_read(trace_context) == CTX_TASK)

#define preempt_count() this_cpu_read(preempt_count)

#define preempt_disable()	    this_cpu_inc(preempt_count)
#define preempt_enable()	    this_cpu_dec(preempt_count)
#define preempt_disable_notrace()   this_cpu_inc(preempt_count)
#define preempt_enable_notrace()    this_cpu_dec(preempt_count)
#define preempt_enable_no_resched() this_cpu_dec(preempt_count)
