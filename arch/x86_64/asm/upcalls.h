/* SPDX-License-Identifier: MIT */
/*
 * Up-calls of arch/x86_64 into the layers above it: what entry stubs,
 * interrupts and CPU bring-up call there. Each says who implements it.
 * preempt_schedule() is in <asm/context.h>, beside its callers.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;
struct task_struct;

/*
 * kernel/sched: switch tasks if need_resched is still set. Called by the exit
 * of an interrupt that came in task context with preempt_count 0.
 * Context: task (already restored), interrupts off; returns with them off.
 */
void preempt_schedule_irq(void);

/*
 * kernel/timer: the tick of this CPU, on CPU 0 from apic_init() on and on the
 * others from before secondary_main().
 * Context: irq.
 * Return: nanoseconds from now until the next tick is wanted.
 */
u64 timer_tick(struct pt_regs *regs);

/*
 * kernel/sched: make the idle task of a CPU about to be started.
 * Context: task, before the CPU runs.
 * Return: 0 with *idle and *stack_top (16-byte aligned) set; -ENOMEM. No other
 * code is returned.
 */
int secondary_prepare(unsigned int cpu, struct task_struct **idle,
		      void **stack_top);

/*
 * kernel/sched: the rest of a secondary CPU's life: its idle loop, on the
 * idle task's stack. The CPU is online, current is set.
 * Context: task, interrupts off; turns them on.
 */
void secondary_main(void) __noreturn;

/*
 * kernel/panic: another CPU panics (smp_stop_others()): report where this one
 * is. Must return; the caller then halts this CPU for good.
 * Context: nmi.
 */
void panic_stop_cpu(struct pt_regs *regs);

/* kernel/smp: other CPUs have queued functions for this one. Context: irq. */
void smp_call_function_interrupt(void);
