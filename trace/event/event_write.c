// SPDX-License-Identifier: MIT
/*
 * event_write.c - the record of an event in the cases that are rare or long:
 * with a filter, with a text, in a full page, in an interrupted writer.
 *
 * Owns nothing.
 *
 * Context: probe; see event_write.h.
 */
#include "trace/event/event_write.h"

#include "kernel/lib/string.h"
#include "trace/event/event_trigger.h"
#include "trace/trace_internal.h"

static void *reserve(struct trace_event_file *file, u32 len)
{
	struct trace_entry *ent;

	ent = ring_buffer_lock_reserve(&file->tr->buffer, len, NULL);
	if (!ent)
		return NULL;
	trace_fill(ent, file->id);
	ent->preempt_count--; /* the level of the reservation */
	return ent;
}

void *event_begin(struct trace_event_file *file, u32 len, void *scratch)
{
	u32 flags = READ_ONCE(file->flags);
	struct trace_array *tr = file->tr;

	if (flags & EVENT_FILE_TRIGGERS)
		return scratch; /* they may want it, recorded or not */
	if (!READ_ONCE(tr->on))
		return NULL;
	if (flags & EVENT_FILE_SLOW && !trace_event_wanted(file))
		return NULL;
	return flags & (EVENT_FILE_FILTERED | EVENT_FILE_PIDS |
			EVENT_FILE_PRINTK | EVENT_FILE_STACK) ?
		       scratch :
		       reserve(file, len);
}

static bool accepted(struct trace_event_file *file, void *record, u32 len)
{
	if (READ_ONCE(file->flags) & EVENT_FILE_PIDS &&
	    !event_pids_accept(file, record))
		return false;
	return event_accepts(file, record, len);
}

static void *copy(struct trace_event_file *file, u32 len, const void *scratch)
{
	struct trace_entry *ent = reserve(file, len);

	if (ent)
		memcpy(ent + 1, (const struct trace_entry *)scratch + 1,
		       len - sizeof(*ent));
	return ent;
}

void event_put(struct trace_event_file *file, u32 len, void *scratch)
{
	struct trace_array *tr = file->tr;

	if (READ_ONCE(tr->on) && copy(file, len, scratch))
		ring_buffer_unlock_commit(&tr->buffer);
}

/* Triggers see the whole record; then it is recorded if it is wanted. */
static void commit_scratch(struct trace_event_file *file, u32 len,
			   void *scratch)
{
	u32 after = 0, flags = READ_ONCE(file->flags);

	if (flags & (EVENT_FILE_TRIGGERS | EVENT_FILE_PRINTK))
		trace_fill(scratch, file->id);
	if (flags & EVENT_FILE_TRIGGERS)
		after = event_triggers_act(file,
					   smp_load_acquire(&file->triggers),
					   scratch, len, true);
	if (READ_ONCE(file->tr->on) && trace_event_wanted(file) &&
	    accepted(file, scratch, len) && copy(file, len, scratch)) {
		ring_buffer_unlock_commit(&file->tr->buffer);
		if (flags & EVENT_FILE_PRINTK)
			event_printk(file, scratch, len);
		if (flags & EVENT_FILE_STACK)
			trace_stack_behind(file->tr, file->caller,
					   file->caller + file->caller_size);
	}
	if (after)
		event_triggers_act_after(file, after);
}

void event_commit(struct trace_event_file *file, void *entry, u32 len,
		  void *scratch)
{
	if (entry == scratch)
		commit_scratch(file, len, scratch);
	else
		ring_buffer_unlock_commit(&file->tr->buffer);
}

void event_triggered(struct trace_event_file *file,
		     struct event_trigger *trigger, void *record, u32 len)
{
	u32 after = event_triggers_act(file, trigger, record, len, false);

	/* A trigger may have enabled the event itself. */
	if (unlikely(!(READ_ONCE(file->flags) & EVENT_FILE_SOFT_DISABLED)))
		event_put(file, len, record);
	if (after)
		event_triggers_act_after(file, after);
}

u32 event_string_size(const char *text)
{
	return strnlen(text, EVENT_STRING_MAX - 1) + 1;
}

u32 event_string_put(void *entry, u32 *at, const char *text)
{
	u32 size = event_string_size(text), offset = *at;
	char *to = (char *)entry + offset;

	memcpy(to, text, size - 1);
	to[size - 1] = '\0';
	*at += size;
	return size << 16 | offset;
}
