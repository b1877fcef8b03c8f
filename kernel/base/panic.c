// SPDX-License-Identifier: MIT
/*
 * Panic, WARN_ON, BUG_ON, and the exit from the emulator.
 *
 * Owns the panic state: which CPU has panicked, and the count of warnings.
 *
 * Invariants:
 * PA1 Only one CPU panics. A second one halts, and is stopped like all other
 *    CPUs. A panic inside a panic prints one line without any lock and exits;
 *    a panic inside that one exits without its message.
 * PA2 Every wait is bounded, so a panic always ends in machine_exit().
 *
 * Context: any.
 */
#include "kernel/base/console.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/smp.h>

#define QEMU_EXIT_PORT	0xf4
#define BOCHS_EXIT_PORT 0x8900

DEFINE_TABLE(struct panic_report, panic_reports);

static u32 panic_cpu; /* [A] CPU + 1 */
static atomic_t warnings;

void machine_exit(enum exit_code code)
{
	const char *bochs = "Shutdown";

	/* QEMU's isa-debug-exit makes its status of the value so. */
	machine_event("{\"e\":\"exit\",\"status\":%u}", code << 1 | 1);
	console_flush();
	outl(QEMU_EXIT_PORT, code);
	while (*bochs)
		outb(BOCHS_EXIT_PORT, *bochs++);
	halt_forever();
}

/* PA1 */
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

/* PA1. Returns only once: on the first CPU that panics. */
static void panic_enter(const char *fmt, va_list ap)
{
	u32 self = smp_processor_id() + 1, seen = 0;

	if (try_cmpxchg(&panic_cpu, &seen, self)) {
		console_seize();
		return;
	}
	if (seen != self)
		halt_forever(); /* this CPU still answers the stop NMI */
	panic_again(fmt, ap);
}

static noinline void __noreturn panic_common(struct pt_regs *regs,
					     const char *fmt, va_list ap)
{
	const struct panic_report *const *at;
	char text[PRINTK_LINE_MAX];

	arch_irq_disable();
	panic_enter(fmt, ap);
	console_loglevel = 8;
	vsnprintf(text, sizeof(text), fmt, ap);
	pr_emerg("kernel panic: %s", text);
	for_each_entry(at, panic_reports)(*at)->panicked(regs);
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
	const struct panic_report *const *at;

	atomic_inc(&warnings);
	pr_warn("WARNING at %s:%d: %s", file, line, what);
	for_each_entry(at, panic_reports)(*at)->warned();
}

unsigned long warn_count(void)
{
	return atomic_read(&warnings);
}
