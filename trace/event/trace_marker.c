// SPDX-License-Identifier: MIT
/*
 * trace_marker.c - write what a user writes to trace_marker, with its triggers.
 *
 * Owns nothing.
 *
 * Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

#define MARKER_MAX 1024 /* bytes of text in one event */
#define MARKER_IP  ((unsigned long)trace_marker_write)

static_assert(MARKER_MAX + TRACE_PLACE_MAX <= TRACE_LINE_MAX, "a line");

/* The marker's event in this trace, if it has triggers; else NULL. */
static struct trace_event_file *triggered_file(struct trace_array *tr)
{
	struct trace_event_file *file =
		tr->event_files[TRACE_PRINT % TRACE_EVENT_SLOTS];

	return file && READ_ONCE(file->flags) & EVENT_FILE_TRIGGERS ? file :
								      NULL;
}

/* The text has been recorded: triggers see it as it was written. */
static void run_triggers(struct trace_event_file *file,
			 struct print_entry *entry, const char *text,
			 size_t len)
{
	u32 after;

	memcpy(entry->buf, text, len);
	entry->buf[len] = '\0';
	entry->ip = MARKER_IP;
	preempt_disable_notrace();
	trace_fill(entry, TRACE_PRINT);
	after = event_triggers_act(file, smp_load_acquire(&file->triggers),
				   entry, sizeof(*entry) + len + 1, true);
	event_triggers_act_after(file, after);
	preempt_enable_notrace();
}

/* A piece of a marker. Return: as trace_write_text(); -ENOMEM. */
static ssize_t write_marker(struct trace_array *tr, const char *text,
			    size_t len)
{
	struct trace_event_file *file = triggered_file(tr);
	struct print_entry *entry;
	ssize_t n;

	if (likely(!file))
		return trace_write_text(tr, MARKER_IP, text, len);
	entry = kmalloc(sizeof(*entry) + len + 1);
	if (!entry)
		return -ENOMEM;
	n = trace_write_text(tr, MARKER_IP, text, len);
	if (n > 0)
		run_triggers(file, entry, text, len);
	kfree(entry);
	return n;
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
		n = write_marker(tr, text + done,
				 min(len - done, (size_t)MARKER_MAX));
		if (n < 0)
			return done ? (ssize_t)done : n;
		done += n;
	}
	return done;
}
