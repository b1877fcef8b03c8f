// SPDX-License-Identifier: MIT
/*
 * Panic, WARN_ON, BUG_ON, and the way out of the emulator.
 *
 * Owns the fact that the kernel has panicked, and what the other CPUs were
 * doing when it did.
 *
 * Invariants:
 * I1 One CPU panics: a second one halts, and is stopped like all the others. A
 *    panic within a panic prints one line without any lock and leaves; one
 *    within that does not even try.
 * I2 Every wait is bounded, so a panic always ends in machine_exit().
 *
 * Context: any. panic_stop_cpu() runs in NMIs and is not traceable.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/console.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/clock.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

#define QEMU_EXIT_PORT	0xf4
#define BOCHS_EXIT_PORT 0x8900
#define STOPPED_DEPTH	32

/* What a stopped CPU was doing. */
struct stopped_cpu {
	unsigned int n;
	unsigned long trace[STOPPED_DEPTH];
	bool valid; /* set last */
};

static DEFINE_PER_CPU(struct stopped_cpu, stopped_cpu);
static u32 panic_cpu; /* [A] CPU + 1 */
static atomic_t warnings;

void machine_exit(enum exit_code code)
{
	const char *bochs = "Shutdown";

	console_flush();
	outl(QEMU_EXIT_PORT, code);
	while (*bochs)
		outb(BOCHS_EXIT_PORT, *bochs++);
	halt_forever();
}

/* I1 */
static void __noreturn panic_again(const char *fmt, va_list ap)
{
	static const char again[] = "\npanic inside a panic: ";
	static bool tried;
	char text[PRINTK_LINE_MAX];

	if (!tried) {
		tried = true;
		console_emergency(again, sizeof(again) - 1);
		console_emergency(text,
				  vscnprintf(text, sizeof(text), fmt, ap));
	}
	console_emergency("\n", 1);
	machine_exit(EXIT_CODE_PANIC);
}

/* I1. Returns once, on the first CPU that comes here. */
static void panic_enter(const char *fmt, va_list ap)
{
	u32 self = smp_processor_id() + 1, seen = 0;

	if (try_cmpxchg(&panic_cpu, &seen, self)) {
		console_seize();
		return;
	}
	if (seen != self)
		halt_forever(); /* the NMI that stops us is still answered */
	panic_again(fmt, ap);
}

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

static void show_this_cpu(struct pt_regs *regs)
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
		n = stack_trace_save(trace, ARRAY_SIZE(trace), 2);
	}
	stack_trace_print(trace, n);
}

static noinline void __noreturn panic_common(struct pt_regs *regs,
					     const char *fmt, va_list ap)
{
	char text[PRINTK_LINE_MAX];
	unsigned int cpu;

	local_irq_disable();
	panic_enter(fmt, ap);
	console_loglevel = 8;
	vsnprintf(text, sizeof(text), fmt, ap);
	pr_emerg("kernel panic: %s", text);
	show_this_cpu(regs);
	smp_stop_others();
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			show_stopped_cpu(cpu);
	pr_emerg("end of kernel panic: %s", text);
	printk_finish();
	machine_exit(EXIT_CODE_PANIC);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(NULL, fmt, ap);
}

void panic_regs(struct pt_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(regs, fmt, ap);
}

void bug_at(const char *file, int line, const char *what)
{
	panic("BUG at %s:%d: %s", file, line, what);
}

void warn_at(const char *file, int line, const char *what)
{
	atomic_inc(&warnings);
	pr_warn("WARNING at %s:%d: %s", file, line, what);
	dump_stack();
	barrier(); /* no tail call: the count of frames is right */
}

unsigned long warn_count(void)
{
	return atomic_read(&warnings);
}
