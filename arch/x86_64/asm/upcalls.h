/* SPDX-License-Identifier: MIT */
/*
 * Up-calls of arch/x86_64 into the layers above it. Entry stubs, interrupt
 * handlers and CPU bring-up call them. Each comment names the implementer.
 * preempt_schedule() is in <asm/context.h>, beside its callers.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;
struct task_struct;

/*
 * kernel/sched: switch tasks if need_resched is still set. The exit path of an
 * interrupt calls it if the interrupt came in task context with preempt_count
 * 0.
 * Context: task (already restored), interrupts off; returns with them off.
 */
void preempt_schedule_irq(void);

/*
 * kernel/timer: handle the tick of this CPU. Ticks start at apic_init() on
 * CPU 0 and before secondary_main() on the others.
 * Context: irq.
 * Return: nanoseconds from now until the next tick is wanted.
 */
u64 timer_tick(struct pt_regs *regs);

/*
 * kernel/sched: create the idle task of a CPU that is about to be started.
 * Context: task, before the CPU runs.
 * Return: 0 with *idle and *stack_top (16-byte aligned) set; -ENOMEM. No other
 * code is returned.
 */
int secondary_prepare(unsigned int cpu, struct task_struct **idle,
		      void **stack_top);

/*
 * kernel/sched: run the idle loop of a secondary CPU for good, on the idle
 * task's stack. The CPU is online and current is set.
 * Context: task, interrupts off; turns them on.
 */
void secondary_main(void) __noreturn;

/*
 * kernel/panic: report where this CPU is, because another CPU panics
 * (smp_stop_others()). Must return; the caller then halts this CPU for good.
 * Context: nmi.
 */
void panic_stop_cpu(struct pt_regs *regs);

/* kernel/smp: run the functions that other CPUs have queued. Context: irq. */
void smp_call_function_interrupt(void);
