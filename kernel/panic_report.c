// SPDX-License-Identifier: MIT
/*
 * panic_report.c - a backtrace of every CPU when the kernel panics.
 *
 * Owns the backtraces of the other CPUs from when they were stopped.
 *
 * Context: any. panic_stop_cpu() runs in NMIs and is not traceable.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include <asm/pt_regs.h>
#include <asm/smp.h>
#include <asm/upcalls.h>

#define STOPPED_DEPTH 32

/* The backtrace of a stopped CPU. */
struct stopped_cpu {
	unsigned int n;
	unsigned long trace[STOPPED_DEPTH];
	bool valid; /* set last */
};

static DEFINE_PER_CPU(struct stopped_cpu, stopped_cpu);
notrace void panic_stop_cpu(struct pt_regs *regs)
{
	struct stopped_cpu *stopped = this_cpu_ptr(&stopped_cpu);

	stopped->n =
		stack_trace_save_regs(regs, stopped->trace, STOPPED_DEPTH, 0);
	smp_store_release(&stopped->valid, true);
}

static void show_stopped_cpu(unsigned int cpu)
{
	struct stopped_cpu *stopped = &per_cpu(stopped_cpu, cpu);
	struct task_struct *task = sched_cpu_task(cpu);

	if (!smp_load_acquire(&stopped->valid)) {
		pr_emerg("CPU %u did not stop", cpu);
		return;
	}
	pr_emerg("CPU %u was running %s (pid %d):", cpu, task->comm, task->pid);
	stack_trace_print(stopped->trace, stopped->n);
}

static noinline void show_this_cpu(struct pt_regs *regs)
{
	unsigned long trace[STOPPED_DEPTH];
	unsigned int n;

	pr_emerg("CPU %u, %s (pid %d), context %u, preempt count %u:",
		 smp_processor_id(), current->comm, current->pid,
		 this_cpu_read(trace_context), preempt_count());
	if (regs) {
		show_regs(regs);
		n = stack_trace_save_regs(regs, trace, ARRAY_SIZE(trace), 0);
	} else {
		n = stack_trace_save(trace, ARRAY_SIZE(trace), 3);
	}
	stack_trace_print(trace, n);
}

static void report_panic(struct pt_regs *regs)
{
	unsigned int cpu;

	show_this_cpu(regs);
	smp_stop_others();
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			show_stopped_cpu(cpu);
}

static const struct panic_report all_cpus = {
	.panicked = report_panic,
	.warned = dump_stack,
};
TABLE_ENTRY(panic_reports, 10, all_cpus);
