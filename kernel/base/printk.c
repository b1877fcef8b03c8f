// SPDX-License-Identifier: MIT
/*
 * Log lines: formatting, time stamps, and lines from contexts that cannot take
 * the console lock.
 *
 * Owns one ring of kept lines per CPU.
 *
 * How: printk() formats a line on the caller's stack, then writes it under the
 * console lock. If the lock is not available (in an NMI, or in a fault inside
 * the writing itself), or the console refuses the line since the terminal
 * pauses, the finished line is kept in this CPU's ring. The holder of the lock
 * writes the kept lines of all CPUs before it releases the lock, and the next
 * tick writes lines kept after that. printk() never sleeps, so a line may be
 * printed with locks held, or in a tracer's callback. Lines that find the ring
 * full are counted as lost.
 *
 * Invariants:
 * PR1 A line is written in one piece under the lock, so lines never mix.
 * PR2 Only its own CPU takes a slot of a ring, but an NMI on that CPU may
 *    interrupt it and take one too: so the head moves by compare-and-exchange,
 *    and a slot is read only once it is READY. Only the lock's owner frees a
 *    slot, and only when the console has accepted its line.
 *
 * Context and locks: any context; console_owner (console.c).
 */
#include "kernel/base/clock.h"
#include "kernel/base/console.h"
#include "kernel/base/log_buffer.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/smp.h>

#define KEPT_LINES   16
#define FINISH_TRIES 50 /* a try lasts as long as the wait for one byte */

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_READY };

struct kept_line {
	u32 state; /* enum slot_state */
	u32 len;
	char text[PRINTK_LINE_MAX];
};

struct kept_ring {
	u32 head; /* [C] next slot to take */
	u32 tail; /* [console lock] next slot to write out */
	u32 lost; /* [C] */
	u32 told; /* [console lock] the part of lost already reported */
	struct kept_line line[KEPT_LINES];
};

static DEFINE_PER_CPU(struct kept_ring, kept_ring);

/* PR2. Context: interrupts off or NMI, so that the CPU stays the same. */
static void keep_line(const char *text, u32 len)
{
	struct kept_ring *ring = this_cpu_ptr(&kept_ring);
	struct kept_line *line;
	u32 head = READ_ONCE(ring->head);

	do {
		line = &ring->line[head % KEPT_LINES];
		if (smp_load_acquire(&line->state) != SLOT_FREE) {
			ring->lost++;
			return;
		}
	} while (!try_cmpxchg(&ring->head, &head, head + 1));
	line->state = SLOT_FILLING;
	memcpy(line->text, text, len);
	line->len = len;
	smp_store_release(&line->state, SLOT_READY);
}

/*
 * Return: false if the console refuses the line. Context of this and of the
 * next three functions: console lock held.
 */
static bool emit_line(const char *text, u32 len)
{
	if (!console_fresh_line() || !console_emit(text, len))
		return false;
	log_buffer_add(text, len);
	return true;
}

static bool tell_lost(struct kept_ring *ring)
{
	u32 lost = READ_ONCE(ring->lost);
	char text[48];

	if (!emit_line(text, scnprintf(text, sizeof(text),
				       "printk: %u lines were lost\n",
				       lost - ring->told)))
		return false;
	ring->told = lost;
	return true;
}

static bool write_kept(struct kept_ring *ring)
{
	struct kept_line *line = &ring->line[ring->tail % KEPT_LINES];

	while (smp_load_acquire(&line->state) == SLOT_READY) {
		if (!emit_line(line->text, line->len))
			return false;
		smp_store_release(&line->state, SLOT_FREE);
		line = &ring->line[++ring->tail % KEPT_LINES];
	}
	return likely(READ_ONCE(ring->lost) == ring->told) || tell_lost(ring);
}

/* Return: true if the console has accepted all kept lines. */
static bool write_all_kept(void)
{
	unsigned int cpu;

	if (!console_send_rest())
		return false;
	for_each_online_cpu(cpu)
		if (!write_kept(&per_cpu(kept_ring, cpu)))
			return false;
	return true;
}

void printk_flush(void)
{
	struct kept_ring *ring = this_cpu_ptr(&kept_ring);
	unsigned long flags;

	if (likely(READ_ONCE(ring->head) == READ_ONCE(ring->tail)) &&
	    !console_unsent())
		return;
	if (console_stands_still() || !console_lock(&flags))
		return;
	write_all_kept();
	console_unlock(flags);
}

void printk_finish(void)
{
	unsigned long flags;
	bool done = false;
	int i;

	for (i = 0; i < FINISH_TRIES && !done; i++) {
		if (!console_lock(&flags))
			return;
		done = write_all_kept() && console_send_rest();
		console_unlock(flags);
	}
}

unsigned long printk_lost(void)
{
	unsigned long lost = 0;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		lost += READ_ONCE(per_cpu(kept_ring, cpu).lost);
	return lost;
}

/* Writes or keeps one line, its newline included; PR1. */
static void write_line(const char *text, u32 len)
{
	unsigned long flags;

	if (!console_lock(&flags)) {
		local_irq_save(flags);
		keep_line(text, len);
		local_irq_restore(flags);
		return;
	}
	/* Kept lines are older than this one, so they go first. */
	if (write_all_kept() && emit_line(text, len))
		write_all_kept();
	else
		keep_line(text, len);
	console_unlock(flags);
}

/* Writes the line's time stamp. Return: its length. */
static int stamp(char *buf, size_t size)
{
	u64 us = ktime_ns() / 1000;

	return scnprintf(buf, size, "[%5llu.%06llu] ", us / 1000000,
			 us % 1000000);
}

/* Writes a line without its newline, as text or in machine mode. */
static void write_log_line(char line[PRINTK_LINE_MAX], size_t n)
{
	char object[PRINTK_LINE_MAX];

	if (machine_log()) {
		write_line(object,
			   machine_log_line(object, sizeof(object), line, n));
		return;
	}
	line[n] = '\n';
	write_line(line, n + 1);
}

/* Splits the text into lines and writes each. */
static void write_lines(const char *text, bool stamped)
{
	char line[PRINTK_LINE_MAX];
	size_t n, used;

	do {
		used = stamped ? stamp(line, sizeof(line)) : 0;
		n = strcspn(text, "\n");
		n = min(n, sizeof(line) - used - 1);
		memcpy(line + used, text, n);
		write_log_line(line, used + n);
		text += strcspn(text, "\n");
	} while (*text++ && *text);
}

void vprintk(const char *fmt, va_list ap)
{
	char text[PRINTK_LINE_MAX];
	int level = 6;

	if (fmt[0] == KERN_INFO[0] && fmt[1]) {
		level = fmt[1] - '0';
		fmt += 2;
	}
	if (level >= READ_ONCE(console_loglevel))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	write_lines(text, true);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void vprintk_plain(const char *fmt, va_list ap)
{
	char text[PRINTK_LINE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	write_lines(text, false);
}

void vprintk_raw(const char *fmt, va_list ap)
{
	char line[PRINTK_LINE_MAX];
	size_t n = vscnprintf(line, sizeof(line) - 1, fmt, ap);

	line[n] = '\n';
	write_line(line, n + 1);
}

void printk_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk_plain(fmt, ap);
	va_end(ap);
}
