/* SPDX-License-Identifier: MIT */
/*
 * event_write.h - how the probe of an event writes its record.
 *
 * A probe has two forms of the same code. The fast one, for a record of
 * constant size in the usual case, calls nothing. If it cannot, it leaves to
 * the other one:
 *
 *	if (!event_begin_fast(&w, file, sizeof(*entry)))
 *		slow(data, args), return;
 *	entry = w.entry;			entry = event_begin(file, len,
 *							&scratch);
 *	entry->field = ...;			entry->field = ...;
 *	event_commit_fast(&w);			event_commit(file, entry, len,
 *							&scratch);
 *
 * A record goes straight into the ring, unless its file has a filter: then it
 * is filled in in the caller's scratch, and copied once the filter has accepted
 * it. So a record that is rejected never was in the ring.
 *
 * Context: probe, NMI included, preemption off by exactly the one level of the
 * tracepoint. Nothing here is traceable.
 */
#pragma once

#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/trace_record.h"

/* The longest text in a record, its NUL included; a longer one is cut. */
#define EVENT_STRING_MAX 64

/* A record in the ring. It lives in registers: nothing takes its address. */
struct event_write {
	void *entry;
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast fast;
};

/*
 * event_begin_fast() - begin a record
 * @len: its bytes, with the trace_entry; a constant
 * Return: true, the trace_entry is filled in; false, and nothing has happened:
 * call event_begin().
 */
static __always_inline bool
event_begin_fast(struct event_write *w, struct trace_event_file *file, u32 len)
{
	struct trace_array *tr = file->tr;

	if (len < RB_FAST_MIN || len > 4 * RB_TYPE_DATA_MAX ||
	    unlikely(!READ_ONCE(tr->on)))
		return false;
	w->rb = tr->buffer.cpu[smp_processor_id()];
	if (unlikely(!ring_buffer_reserve_fast(w->rb, ALIGN_UP(len, 4),
					       &w->fast)))
		return false;
	w->entry = w->fast.payload;
	trace_fill(w->entry, file->id);
	return true;
}

/* Of all rare things, has the file nothing but a filter? */
static __always_inline bool event_only_filtered(u32 flags)
{
	return (flags & EVENT_FILE_SLOW) == EVENT_FILE_FILTERED;
}

/* Is the event there for its triggers alone? */
static __always_inline bool event_only_triggered(u32 flags)
{
	return (flags & EVENT_FILE_SLOW) ==
	       (EVENT_FILE_TRIGGERS | EVENT_FILE_SOFT_DISABLED);
}

/* Does the file's filter keep this record, which lies outside the ring? */
static __always_inline bool event_accepts(const struct trace_event_file *file,
					  void *record, u32 len)
{
	const struct event_filter *filter = READ_ONCE(file->filter);

	if (unlikely(!filter))
		return true;
	if (unlikely(filter->reads_entry))
		trace_fill(record, file->id);
	return filter->match(filter, record, len);
}

static __always_inline void event_commit_fast(const struct event_write *w)
{
	ring_buffer_commit_fast(w->rb, &w->fast);
}

/*
 * event_begin() - begin a record of any size
 * @scratch: room for it
 * Return: the record: in the ring, its trace_entry filled in; or @scratch; or
 * NULL: it is not wanted, or there is no room in the ring, which is counted.
 */
void *event_begin(struct trace_event_file *file, u32 len, void *scratch);
void event_commit(struct trace_event_file *file, void *entry, u32 len,
		  void *scratch);
/* Copy a record that was accepted, in @scratch, into the ring. */
void event_put(struct trace_event_file *file, u32 len, void *scratch);

/*
 * event_triggered() - the event of a file that only triggers use has happened
 * @trigger: by event_triggers_want()
 * @record: complete but for its trace_entry
 */
void event_triggered(struct trace_event_file *file,
		     struct event_trigger *trigger, void *record, u32 len);

/* ---- texts behind the fixed fields --------------------------------------- */

/* Bytes of a text in a record, its NUL included. */
u32 event_string_size(const char *text);

/*
 * event_string_put() - copy a text to the offset *@at of a record, and advance
 * *@at behind it. Return: the value of its field.
 */
u32 event_string_put(void *entry, u32 *at, const char *text);
