// SPDX-License-Identifier: MIT
/*
 * The console lock and the way to whatever shows the text.
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
#include "kernel/base/cmdline.h"
#include "kernel/base/console.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/tsc.h>

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

DEFINE_TABLE(struct console_driver, console_drivers);

static size_t write_line(const char *buf, size_t len)
{
	return console_drivers_first[0]->write(buf, len);
}

static void write_copies(const char *buf, size_t len)
{
	size_t i;

	for (i = 1; i < table_size(console_drivers); i++)
		console_drivers_first[i]->write(buf, len);
}

void console_emergency(const char *buf, size_t len)
{
	write_line(buf, len);
	write_copies(buf, len);
}

void console_flush(void)
{
	const struct console_driver *const *at;

	for_each_entry(at, console_drivers)
	{
		if ((*at)->flush)
			(*at)->flush();
	}
}

CMDLINE_NUMBER(loglevel, 0, 8, "print lines of a level below N; 8: all");

int console_init(void)
{
	const struct console_driver *const *at;

	for_each_entry(at, console_drivers)(*at)->init();
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
	return console_unsent() && !console_drivers_first[0]->takes_bytes();
}

bool console_send_rest(void)
{
	size_t n = unsent;

	if (likely(!n))
		return true;
	n -= write_line(rest + sizeof(rest) - n, n);
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
	sent = write_line(buf, len);
	memcpy(rest + sizeof(rest) - (len - sent), buf + sent, len - sent);
	WRITE_ONCE(unsent, len - sent);
	write_copies(buf, len);
	mid_line = buf[len - 1] != '\n';
	return true;
}

bool console_fresh_line(void)
{
	return !mid_line || console_emit("\n", 1);
}

void console_set_tap(console_tap_t fn)
{
	unsigned long flags;

	if (!console_lock(&flags))
		return;
	tap = fn;
	console_unlock(flags);
}
