// SPDX-License-Identifier: MIT
/*
 * The console lock and the way to the serial line.
 *
 * Owns the serial line's output, and whether it stands at the start of a line.
 *
 * Invariants:
 * I1 Whoever writes to the line has interrupts off and is console_owner; a CPU
 *    that finds itself the owner already has interrupted its own writing.
 * I2 After console_seize() nobody but the CPU that called it writes.
 *
 * Context and locks: console_owner is the innermost lock of all; not a
 * spinlock_t, because an NMI must be able to find out that it cannot have it.
 */
#include "kernel/console.h"
#include "arch/x86_64/uart16550.h"
#include "kernel/cmdline.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>

#define CONSOLE_CHUNK 1024 /* as long as interrupts are off at a time */

static u32 console_owner; /* [A] CPU + 1, 0 when free */
static bool seized;	  /* [A] by the panicking CPU, for good */
static bool mid_line;	  /* [owner] the last byte was no newline */
static console_tap_t tap; /* [owner] */

int console_init(void)
{
	uart_init();
	console_loglevel = cmdline_u64("loglevel", console_loglevel);
	return 0;
}

bool console_lock(unsigned long *flags)
{
	u32 self, seen;

	local_irq_save(*flags);
	self = smp_processor_id() + 1;
	for (;;) {
		seen = 0;
		if (try_cmpxchg(&console_owner, &seen, self))
			return true;
		if (READ_ONCE(seized) && seen == self)
			return true;
		if (seen == self || in_nmi() || READ_ONCE(seized))
			break;
		cpu_relax();
	}
	local_irq_restore(*flags);
	return false;
}

void console_unlock(unsigned long flags)
{
	u32 self = smp_processor_id() + 1;

	if (!READ_ONCE(seized)) /* it may be from here on: I2 */
		try_cmpxchg(&console_owner, &self, 0);
	local_irq_restore(flags);
}

void console_seize(void)
{
	WRITE_ONCE(seized, true);
	xchg(&console_owner, smp_processor_id() + 1);
	tap = NULL;
}

void console_emit(const char *buf, size_t len)
{
	if (!len || (unlikely(tap) && tap(buf, len)))
		return;
	uart_write(buf, len);
	mid_line = buf[len - 1] != '\n';
}

void console_fresh_line(void)
{
	if (mid_line)
		console_emit("\n", 1);
}

/* How much of the text to write in one piece: whole lines if possible. */
static size_t chunk_of(const char *buf, size_t len)
{
	size_t n;

	if (len <= CONSOLE_CHUNK)
		return len;
	for (n = CONSOLE_CHUNK; n > 0; n--)
		if (buf[n - 1] == '\n')
			return n;
	return CONSOLE_CHUNK;
}

void console_write(const char *buf, size_t len)
{
	unsigned long flags;
	size_t n;

	for (; len; buf += n, len -= n) {
		n = chunk_of(buf, len);
		if (!console_lock(&flags))
			return; /* a panic owns the line */
		console_emit(buf, n);
		console_unlock(flags);
	}
}

void console_set_tap(console_tap_t fn)
{
	unsigned long flags;

	if (!console_lock(&flags))
		return;
	tap = fn;
	console_unlock(flags);
}
