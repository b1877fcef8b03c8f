// SPDX-License-Identifier: MIT
/*
 * trace_write.c - write lines of text into a trace.
 *
 * Owns nothing. trace_marker.c writes what a user writes.
 *
 * Context: probe, not traceable.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

ssize_t trace_write_text(struct trace_array *tr, unsigned long ip,
			 const char *text, size_t len)
{
	struct print_entry *entry;
	bool newline = text[len - 1] != '\n';

	entry = ring_buffer_lock_reserve(
		&tr->buffer, sizeof(*entry) + len + newline + 1, NULL);
	if (!entry)
		return -EBADF;
	trace_fill(entry, TRACE_PRINT);
	entry->ip = ip;
	memcpy(entry->buf, text, len);
	if (newline)
		entry->buf[len] = '\n';
	entry->buf[len + newline] = '\0';
	ring_buffer_unlock_commit(&tr->buffer);
	return len;
}

void trace_puts(struct trace_array *tr, const char *text)
{
	if (trace_is_on(tr))
		trace_write_text(tr, (unsigned long)trace_puts, text,
				 strlen(text));
}
