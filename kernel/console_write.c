// SPDX-License-Identifier: MIT
/*
 * console_write.c - writes of tasks to the console, which may wait for it.
 *
 * Owns nothing.
 *
 * Context: task, may sleep. Locks: console_owner, for one piece at a time.
 */
#include "kernel/console_write.h"

#include "kernel/base/console.h"
#include "kernel/base/spinlock.h"
#include "kernel/console_input.h"
#include "kernel/sched.h"

#define STANDSTILL_NS 1000000 /* a task's sleep between two checks */

/* The length of the next piece: whole lines if possible. */
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

/* Return: false if a ^C was typed, so that the rest is dropped. */
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
