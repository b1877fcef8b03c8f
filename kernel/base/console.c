// SPDX-License-Identifier: MIT
/*
 * The console lock, and the path of output to the console drivers.
 *
 * Owns the serial line's output, and whether it is at the start of a line.
 *
 * Invariants:
 * CO1 A CPU that writes to the line has interrupts off and is console_owner. A
 *    CPU that already is the owner has interrupted its own writing.
 * CO2 After console_seize() only the CPU that called it writes, unless the
 *    previous owner does not finish its piece in time.
 * CO3 A piece goes to the line whole, or not at all. The bytes that the port
 *    does not accept wait in rest[], and the next piece is refused until they
 *    are sent. So a stalled line (a terminal that pauses) loses nothing here:
 *    a refused caller waits, keeps the piece, or counts it as lost.
 *
 * Context and locks: console_owner is the innermost lock of all. It is not a
 * spinlock_t, because an NMI handler must be able to see that it cannot get it.
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

/* A piece takes 100 ms to finish, and the host may run the CPU late. */
#define PIECE_NS 1000000000ULL

#define FOR_GOOD 0x80000000U

static u32 console_owner; /* [A] CPU + 1, FOR_GOOD if seized; 0 when free */
static bool wanted;	  /* [A] being seized: no new owner may take it */
static bool mid_line;	  /* [owner] the last byte was not a newline */
static console_tap_t tap; /* [owner] */

/*
 * CO3. The unsent bytes lie at the end of rest[], and one word holds their
 * number. So a CPU that seizes the line finds them valid, whatever code it has
 * interrupted.
 */
static char rest[CONSOLE_CHUNK]; /* [owner] */
static size_t unsent;		 /* [owner], any CPU may read it */

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

int console_loglevel = 7;

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

	try_cmpxchg(&console_owner, &self, 0); /* fails once seized: CO2 */
	local_irq_restore(flags);
}

static bool seize(u32 self)
{
	u32 seen = 0;

	return try_cmpxchg(&console_owner, &seen, self | FOR_GOOD) ||
	       (seen & ~FOR_GOOD) == self;
}

/* The owner may finish its piece first; the wait for it is bounded. */
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
