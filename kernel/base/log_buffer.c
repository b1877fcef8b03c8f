// SPDX-License-Identifier: MIT
/*
 * The last lines of the log, for dmesg.
 *
 * Invariants:
 * LB1 The buffer holds the last bytes that log_buffer_add() was given; a
 *     position is the number of bytes before it since boot, and never repeats.
 * LB2 Only the owner of the console lock reads or writes the buffer.
 */
#include "kernel/base/console.h"
#include "kernel/base/log_buffer.h"
#include "kernel/lib/string.h"

static char buffer[LOG_BUFFER_SIZE]; /* [console] */
static u64 end;			     /* [console] position of the next byte */

void log_buffer_add(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buffer[(end + i) % LOG_BUFFER_SIZE] = text[i];
	end += len;
}

/* The first line that is there as a whole, at @pos or behind. */
static u64 first_line(u64 pos)
{
	if (end <= LOG_BUFFER_SIZE || pos > end - LOG_BUFFER_SIZE)
		return pos;
	pos = end - LOG_BUFFER_SIZE;
	while (pos < end && buffer[pos++ % LOG_BUFFER_SIZE] != '\n')
		;
	return pos;
}

size_t log_buffer_read(u64 *pos, char *buf, size_t size)
{
	unsigned long flags;
	size_t n = 0;

	if (!console_lock(&flags))
		return 0;
	*pos = first_line(*pos);
	while (n < size && *pos < end)
		buf[n++] = buffer[(*pos)++ % LOG_BUFFER_SIZE];
	console_unlock(flags);
	return n;
}
