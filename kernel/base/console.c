// SPDX-License-Identifier: MIT
/*
 * The console lock and the way to the serial line.
 *
 * Owns the serial line's output, and whether it stands at the start of a line.
 *
 * Invariants:
 * I1 Whoever writes to the line has interrupts off and is console_owner; a CPU
 *    that finds itself the owner already has interrupted its own writing.
 * I2 After console_seize() nobody but the CPU that called it writes, unless the
 *    owner did not end its piece in time.
 * I3 A piece goes to the line whole, or not at all: what the port does not take
 *    of it waits in rest[], and the next piece is refused until that has gone.
 *    So a line that stands still (a terminal that pauses) loses nothing here;
 *    who is refused waits, or keeps the piece, or counts it as lost.
 *
 * Context and locks: console_owner is the innermost lock of all; not a
 * spinlock_t, because an NMI must be able to find out that it cannot have it.
 */
#include "arch/x86_64/dev/uart16550.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/console.h"
#include "kernel/base/printk.h"
#include "kernel/console_input.h"
#include "kernel/lib/string.h"
#include "kernel/lock.h"
#include "kernel/sched.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/tsc.h>

#define STANDSTILL_NS 1000000 /* how long a task sleeps, then looks again */
/* To end a piece takes 100 ms; and the host may run the CPU late. */
#define PIECE_NS 1000000000ULL

#define FOR_GOOD 0x80000000U

static u32 console_owner; /* [A] CPU + 1, FOR_GOOD if seized; 0 when free */
static bool wanted;	  /* [A] to be seized: only given back any more */
static bool mid_line;	  /* [owner] the last byte was no newline */
static console_tap_t tap; /* [owner] */

/*
 * I3. One word says how much of it is left, at its end: whatever a CPU that
 * seizes the line has interrupted, it finds a piece of rest[].
 */
static char rest[CONSOLE_CHUNK]; /* [owner] */
static size_t unsent;		 /* [owner], read by anybody */

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
		seen = READ_ONCE(console_owner);
		if (seen == (self | FOR_GOOD))
			return true;
		if (seen == self || READ_ONCE(wanted))
			break;
		if (!seen && try_cmpxchg(&console_owner, &seen, self))
			return true;
		if (in_nmi())
			break;
		cpu_relax();
	}
	local_irq_restore(*flags);
	return false;
}

void console_unlock(unsigned long flags)
{
	u32 self = smp_processor_id() + 1;

	try_cmpxchg(&console_owner, &self, 0); /* not if it is seized: I2 */
	local_irq_restore(flags);
}

static bool seize(u32 self)
{
	u32 seen = 0;

	return try_cmpxchg(&console_owner, &seen, self | FOR_GOOD) ||
	       (seen & ~FOR_GOOD) == self;
}

/* The owner ends its piece first; if it cannot, nobody waits for ever. */
void console_seize(void)
{
	u32 self = smp_processor_id() + 1;

	xchg(&wanted, true);
	spin_until(seize(self), PIECE_NS);
	xchg(&console_owner, self | FOR_GOOD);
	tap = NULL;
}

bool console_unsent(void)
{
	return READ_ONCE(unsent);
}

bool console_stands_still(void)
{
	return console_unsent() && !uart_takes_bytes();
}

bool console_send_rest(void)
{
	size_t n = unsent;

	if (likely(!n))
		return true;
	n -= uart_write(rest + sizeof(rest) - n, n);
	WRITE_ONCE(unsent, n);
	return !n;
}

bool console_emit(const char *buf, size_t len)
{
	size_t sent;

	if (!len || (unlikely(tap) && tap(buf, len)))
		return true;
	if (!console_send_rest())
		return false;
	sent = uart_write(buf, len);
	memcpy(rest + sizeof(rest) - (len - sent), buf + sent, len - sent);
	WRITE_ONCE(unsent, len - sent);
	mid_line = buf[len - 1] != '\n';
	return true;
}

bool console_fresh_line(void)
{
	return !mid_line || console_emit("\n", 1);
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

/* False: there is no use in going on, for ^C was typed. */
static bool wait_while_still(void)
{
	while (console_stands_still()) {
		if (console_break())
			return false;
		sleep_ns(STANDSTILL_NS);
	}
	return true;
}

void console_write(const char *buf, size_t len)
{
	unsigned long flags;
	size_t n;

	might_sleep();
	while (len && wait_while_still()) {
		n = chunk_of(buf, len);
		if (!console_lock(&flags))
			return; /* a panic owns the line */
		if (!console_emit(buf, n))
			n = 0;
		console_unlock(flags);
		buf += n;
		len -= n;
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
