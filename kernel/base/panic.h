/* SPDX-License-Identifier: MIT */
/*
 * Panic, assertions, and the exit from the emulator.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct pt_regs;

/* The value written to isa-debug-exit; QEMU's status is 2 * code + 1. */
enum exit_code {
	EXIT_CODE_OK = 0x10,	  /* status 33: the asked work is done */
	EXIT_CODE_FAILED = 0x11,  /* status 35: a test failed */
	EXIT_CODE_PANIC = 0x12,	  /* status 37 */
	EXIT_CODE_REFUSED = 0x13, /* status 39: the command line is refused */
};

/*
 * machine_exit() - leave QEMU with a status, or Bochs, or halt.
 * Context: any. Waits until the console's last byte is sent.
 */
__noreturn void machine_exit(enum exit_code code);

/*
 * panic() - print the message, this CPU's backtrace, then that of every other
 * CPU (stopped by NMI, with a bounded wait), and exit with EXIT_CODE_PANIC.
 * A panic inside a panic prints only its message and exits at once.
 * Context: any.
 */
__printf(1, 2) __noreturn __cold void panic(const char *fmt, ...);

/* panic() that prints @regs first. For exception handlers. */
__printf(2, 3) __noreturn __cold
	void panic_regs(struct pt_regs *regs, const char *fmt, ...);

/*
 * Up-calls: what a panic and a warning print besides the message. Layers that
 * know tasks and stacks register in the table panic_reports.
 */
struct panic_report {
	/*
	 * Prints this CPU's registers (@regs may be NULL) and stack, then stops
	 * all other CPUs in bounded time and prints their stacks. Context: any,
	 * interrupts off.
	 */
	void (*panicked)(struct pt_regs *regs);
	/* Prints this CPU's stack. Context: any. */
	void (*warned)(void);
};

DECLARE_TABLE(struct panic_report, panic_reports);

/* How many WARN_ON()s have fired since boot; a test fails when it grows. */
unsigned long warn_count(void);

__noreturn __cold void bug_at(const char *file, int line, const char *what);
__cold void warn_at(const char *file, int line, const char *what);

#define BUG_ON(cond)                                       \
	do {                                               \
		if (unlikely(cond))                        \
			bug_at(__FILE__, __LINE__, #cond); \
	} while (0)

/* The empty asm prevents a tail call, so the caller is in the backtrace. */
#define warn_here(what)                            \
	do {                                       \
		warn_at(__FILE__, __LINE__, what); \
		__asm__ volatile("");              \
	} while (0)

/* Prints a backtrace and continues. Its value is that of the condition. */
#define WARN_ON(cond)                       \
	({                                  \
		bool warn_cond_ = !!(cond); \
		if (unlikely(warn_cond_))   \
			warn_here(#cond);   \
		unlikely(warn_cond_);       \
	})

/* A WARN_ON() that prints at most once per place. */
#define WARN_ON_ONCE(cond)                                 \
	({                                                 \
		static bool warn_done_;                    \
		bool once_cond_ = !!(cond);                \
		if (unlikely(once_cond_) && !warn_done_) { \
			warn_done_ = true;                 \
			warn_here(#cond);                  \
		}                                          \
		unlikely(once_cond_);                      \
	})
