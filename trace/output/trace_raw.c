// SPDX-License-Identifier: MIT
/*
 * trace_raw.c - read a trace by whole pages, in the form stock tools read.
 *
 * Context: task, may sleep. Locks: trace_lock to open and close; reader_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"

void trace_use(struct trace_array *tr)
{
	mutex_lock(&trace_lock);
	tr->readers++;
	mutex_unlock(&trace_lock);
}

void trace_unuse(struct trace_array *tr)
{
	mutex_lock(&trace_lock);
	tr->readers--;
	mutex_unlock(&trace_lock);
}

static ssize_t read_raw(struct ring_buffer_per_cpu *rb,
			struct ring_buffer_page *page, bool full)
{
	u32 size = rb ? ring_buffer_read_page(rb, page, full) : 0;
	u64 stored = page->commit & RB_MISSED_STORED ? sizeof(u64) : 0;

	if (!size)
		return -EAGAIN;
	/* Zero the rest of the page, so that no other data leaks. */
	if (size + stored < RB_DATA_SIZE)
		memset(page->data + size + stored, 0,
		       RB_DATA_SIZE - size - stored);
	return RB_PAGE_SIZE;
}

ssize_t trace_read_raw(struct trace_array *tr, unsigned int cpu,
		       struct ring_buffer_page *page, bool full)
{
	return read_raw(READ_ONCE(tr->buffer.cpu[cpu]), page, full);
}

ssize_t trace_snapshot_read_raw(struct trace_array *tr, unsigned int cpu,
				struct ring_buffer_page *page)
{
	return read_raw(READ_ONCE(tr->snapshot.cpu[cpu]), page, false);
}

bool trace_raw_full(struct trace_array *tr, unsigned int cpu)
{
	struct ring_buffer_per_cpu *rb = READ_ONCE(tr->buffer.cpu[cpu]);
	u32 percent = READ_ONCE(tr->buffer_percent);

	if (!rb || !percent)
		return trace_readable_raw(tr, cpu);
	return ring_buffer_pages_unread(rb) * 100 >=
	       (u64)percent * READ_ONCE(rb->data.nr_slots);
}

bool trace_readable_raw(struct trace_array *tr, unsigned int cpu)
{
	struct ring_buffer_per_cpu *rb = tr->buffer.cpu[cpu];

	return rb && !ring_buffer_empty(rb);
}
