// SPDX-License-Identifier: MIT
/*
 * trace_stack.c - write a stack as an event.
 *
 * Owns nothing.
 *
 * Context: probe, not traceable.
 */
#include "kernel/lib/string.h"
#include "kernel/stacktrace.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

static void write_stack(struct trace_array *tr, const unsigned long *addrs,
			unsigned int n)
{
	size_t bytes = n * sizeof(addrs[0]);
	struct stack_entry *entry;

	entry = ring_buffer_lock_reserve(&tr->buffer, sizeof(*entry) + bytes,
					 NULL);
	if (!entry)
		return;
	trace_fill(entry, TRACE_STACK);
	entry->size = n;
	entry->unused = 0;
	memcpy(entry->caller, addrs, bytes);
	ring_buffer_unlock_commit(&tr->buffer);
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

	write_stack(tr, addrs + first, n - first);
}

void trace_stack_behind(struct trace_array *tr, unsigned long from,
			unsigned long to)
{
	unsigned long addrs[TRACE_STACK_MAX];
	unsigned int n = stack_trace_save(addrs, TRACE_STACK_MAX, 1);
	unsigned int i, first = 0;

	for (i = 0; i < n && !first; i++)
		if (addrs[i] >= from && addrs[i] < to)
			first = i + 1;
	write_stack(tr, addrs + first, n - first);
}
