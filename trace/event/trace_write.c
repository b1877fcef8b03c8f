// SPDX-License-Identifier: MIT
/*
 * trace_write.c - write the events that no tracer owns: markers and stacks.
 *
 * Owns the table that maps a context to flags.
 *
 * Context: trace_marker_write(): task; all others: probe, not traceable.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/stacktrace.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

#define MARKER_MAX 1024 /* bytes of text in one event */

static_assert(MARKER_MAX + TRACE_PLACE_MAX <= TRACE_LINE_MAX, "a line");

const u32 trace_context_flags[CTX_TRANSITION] = {
	[CTX_NMI] = TRACE_FLAG_NMI << 16,
	[CTX_IRQ] = TRACE_FLAG_HARDIRQ << 16,
};

static ssize_t write_piece(struct trace_array *tr, const char *text, size_t len)
{
	struct print_entry *entry;
	bool newline = text[len - 1] != '\n';

	entry = ring_buffer_lock_reserve(
		&tr->buffer, sizeof(*entry) + len + newline + 1, NULL);
	if (!entry)
		return -EBADF;
	trace_fill(entry, TRACE_PRINT);
	entry->ip = (unsigned long)trace_marker_write;
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
		write_piece(tr, text, strlen(text));
}

ssize_t trace_marker_write(struct trace_array *tr, const char *text, size_t len)
{
	size_t done = 0;
	ssize_t n;

	if (!len || !trace_option(tr, TRACE_OPT_markers))
		return -EINVAL;
	if (!trace_is_on(tr))
		return -EBADF;
	while (done < len) {
		n = write_piece(tr, text + done,
				min(len - done, (size_t)MARKER_MAX));
		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}

/* Return: the index of address from, or 0 if the stack does not have it. */
static unsigned int find_entry(const unsigned long *addrs, unsigned int n,
			       unsigned long from)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (addrs[i] == from)
			return i;
	}
	return 0;
}

void trace_stack(struct trace_array *tr, unsigned long from)
{
	unsigned long addrs[TRACE_STACK_MAX];
	unsigned int n = stack_trace_save(addrs, TRACE_STACK_MAX, 1);
	unsigned int first = find_entry(addrs, n, from);
	struct stack_entry *entry;
	size_t bytes;

	n -= first;
	bytes = n * sizeof(addrs[0]);
	entry = ring_buffer_lock_reserve(&tr->buffer, sizeof(*entry) + bytes,
					 NULL);
	if (!entry)
		return;
	trace_fill(entry, TRACE_STACK);
	entry->size = n;
	entry->unused = 0;
	memcpy(entry->caller, addrs + first, bytes);
	ring_buffer_unlock_commit(&tr->buffer);
}
