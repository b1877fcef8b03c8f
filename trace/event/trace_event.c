// SPDX-License-Identifier: MIT
/*
 * trace_event.c - the registry of events, and the files that describe the bytes
 * of a ring to stock tools: the format files, events/header_page,
 * events/header_event.
 *
 * Owns the slots. An event is in slot id % TRACE_EVENT_SLOTS, so a lookup is
 * one load and one comparison. A new id differs from all recent ids of its slot
 * (E4). Invariants E1 to E4: trace_event.h.
 *
 * Context: task. Locks: events_lock, a leaf; lookups take none.
 */
#include "trace/event/trace_event.h"

#include "kernel/base/panic.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/mutex.h"
#include "trace/ring/ring_buffer.h"

DEFINE_TABLE(struct trace_event, trace_events);
DEFINE_TABLE(struct trace_event, tracepoint_events);

static_assert(TRACE_EVENT_DYNAMIC <= TRACE_EVENT_SLOTS, "E1: one slot each");
static_assert((TRACE_EVENT_ID_MAX + 1) % TRACE_EVENT_SLOTS == 0, "slots");

const struct trace_event *trace_event_slot[TRACE_EVENT_SLOTS];

static DEFINE_MUTEX(events_lock);
static u32 next_id = TRACE_EVENT_DYNAMIC; /* next candidate [events_lock] */

const struct trace_field trace_common_fields[] = {
	TRACE_FIELD(trace_entry, unsigned short, type),
	TRACE_FIELD(trace_entry, unsigned char, flags),
	TRACE_FIELD(trace_entry, unsigned char, preempt_count),
	TRACE_FIELD(trace_entry, int, pid),
	TRACE_FIELDS_END,
};

/* ---- lookups ------------------------------------------------------------- */

const struct trace_event *trace_event_next(u32 *slot)
{
	const struct trace_event *event = NULL;

	while (!event && *slot < TRACE_EVENT_SLOTS)
		event = READ_ONCE(trace_event_slot[(*slot)++]);
	return event;
}

const struct trace_event *trace_event_by_name(const char *system,
					      const char *name)
{
	const struct trace_event *event;
	u32 slot = 0;

	while ((event = trace_event_next(&slot)))
		if (!strcmp(event->system, system) &&
		    !strcmp(event->name, name))
			break;
	return event;
}

/* ---- registration -------------------------------------------------------- */

/* @also: one more character that is allowed, or NUL. */
static bool name_possible(const char *name, char also)
{
	size_t i;

	for (i = 0;
	     isalnum(name[i]) || name[i] == '_' || (name[i] && name[i] == also);
	     i++)
		;
	return i && i < TRACE_EVENT_NAME && !name[i];
}

static bool field_possible(const struct trace_event *event,
			   const struct trace_field *field)
{
	return field->offset >= sizeof(struct trace_entry) &&
	       field->offset <= event->size &&
	       field->size <= event->size - field->offset; /* E2 */
}

static bool event_possible(const struct trace_event *event)
{
	const struct trace_field *field;

	if (!name_possible(event->system, '-') ||
	    !name_possible(event->name, '\0'))
		return false;
	if (event->size < sizeof(struct trace_entry) ||
	    event->size > RB_PAYLOAD_MAX)
		return false;
	for (field = event->fields; field->type; field++)
		if (!field_possible(event, field))
			return false;
	return true;
}

/* [events_lock held] */
static int publish(const struct trace_event *event)
{
	const struct trace_event **slot =
		&trace_event_slot[event->id % TRACE_EVENT_SLOTS];

	if (!event_possible(event))
		return -EINVAL;
	if (*slot || trace_event_by_name(event->system, event->name))
		return -EEXIST; /* E1 */
	/* Fill in before publishing; pairs with trace_event_find(). */
	smp_store_release(slot, event);
	return 0;
}

static __noreturn void refused(const struct trace_event *event, int err)
{
	panic("E1: event %s:%s, id %u: %d", event->system, event->name,
	      event->id, err);
}

void trace_events_init(void)
{
	const struct trace_event *const *at;
	int err;

	mutex_lock(&events_lock);
	for_each_entry(at, trace_events)
	{
		err = (*at)->id < TRACE_EVENT_DYNAMIC ? publish(*at) : -EINVAL;
		if (err)
			refused(*at, err);
	}
	mutex_unlock(&events_lock);
	for_each_entry(at, tracepoint_events)
	{
		err = trace_event_register((struct trace_event *)*at);
		if (err)
			refused(*at, err);
	}
}

/*
 * Return: the next id in turn whose slot is free (E4), or 0. [events_lock held]
 */
static u16 take_id(void)
{
	unsigned int tries;
	u32 id;

	/* Two turns: one turn skips the slots below TRACE_EVENT_DYNAMIC. */
	for (tries = 0; tries < 2 * TRACE_EVENT_SLOTS; tries++) {
		id = next_id;
		next_id = id == TRACE_EVENT_ID_MAX ? TRACE_EVENT_DYNAMIC :
						     id + 1;
		if (!trace_event_slot[id % TRACE_EVENT_SLOTS])
			return id;
	}
	return 0;
}

static bool is_char_array(const struct trace_field *field)
{
	return field->kind == TRACE_FIELD_STRING && field->size;
}

static bool has_char_arrays(const struct trace_field *field)
{
	while (field->type && !is_char_array(field))
		field++;
	return field->type;
}

void trace_event_end_arrays(const struct trace_event *event, void *record)
{
	const struct trace_field *field = event->fields;

	for (; field->type; field++)
		if (is_char_array(field))
			((char *)record)[field->offset + field->size - 1] = 0;
}

int trace_event_register(struct trace_event *event)
{
	static u64 serial; /* [events_lock] */
	int err = -ENOSPC;

	if (event->list_fields)
		event->fields = event->list_fields();
	event->has_char_arrays = has_char_arrays(event->fields);
	mutex_lock(&events_lock);
	event->id = take_id();
	event->serial = ++serial;
	if (event->id)
		err = publish(event);
	mutex_unlock(&events_lock);
	return err;
}

void trace_event_unregister(struct trace_event *event)
{
	mutex_lock(&events_lock);
	BUG_ON(trace_event_find(event->id) != event);
	WRITE_ONCE(trace_event_slot[event->id % TRACE_EVENT_SLOTS], NULL);
	mutex_unlock(&events_lock);
}

/* ---- descriptions -------------------------------------------------------- */

/* bool is a macro of C, so the compiler's name of it may have been recorded. */
static const char *type_name(const char *type)
{
	return strcmp(type, "_Bool") ? type : "bool";
}

static void show_fields(const struct trace_field *field, const char *prefix,
			struct trace_seq *s)
{
	for (; field->type; field++)
		trace_seq_printf(s,
				 "\tfield:%s %s%s%s;\toffset:%u;\tsize:%u;"
				 "\tsigned:%d;\n",
				 type_name(field->type), prefix, field->name,
				 field->array, field->offset, field->size,
				 field->is_signed);
}

/*
 * The text of an expression of C. Neighbouring literals become one, because not
 * every reader joins them.
 */
static void show_print_fmt(const char *fmt, struct trace_seq *s)
{
	bool quoted = false;

	for (; *fmt; fmt++) {
		if (quoted && *fmt == '\\' && fmt[1])
			trace_seq_putc(s, *fmt++);
		else if (*fmt == '"')
			quoted = !quoted;
		if (*fmt == '"' && !quoted && fmt[1] == ' ' && fmt[2] == '"') {
			fmt += 2;
			quoted = true;
			continue;
		}
		trace_seq_putc(s, *fmt);
	}
}

void trace_event_format_show(const struct trace_event *event,
			     struct trace_seq *s)
{
	trace_seq_printf(s, "name: %s\nID: %u\nformat:\n", event->name,
			 event->id);
	show_fields(trace_common_fields, "common_", s);
	trace_seq_putc(s, '\n');
	show_fields(event->fields, "", s);
	trace_seq_puts(s, "\nprint fmt: ");
	show_print_fmt(event->print_fmt, s);
	trace_seq_putc(s, '\n');
}

void trace_header_page_show(struct trace_seq *s)
{
	/*
	 * "overwrite" names the flags in the commit word: it shares its byte.
	 */
	trace_seq_printf(s,
			 "\tfield: u64 timestamp;\toffset:0;\tsize:8;"
			 "\tsigned:0;\n"
			 "\tfield: local_t commit;\toffset:8;\tsize:8;"
			 "\tsigned:1;\n"
			 "\tfield: int overwrite;\toffset:8;\tsize:1;"
			 "\tsigned:1;\n"
			 "\tfield: char data;\toffset:%u;\tsize:%u;"
			 "\tsigned:1;\n",
			 RB_HEADER_SIZE, RB_DATA_SIZE);
}

void trace_header_event_show(struct trace_seq *s)
{
	trace_seq_printf(s,
			 "# compressed entry header\n"
			 "\ttype_len    :    %u bits\n"
			 "\ttime_delta  :   %u bits\n"
			 "\tarray       :   32 bits\n\n"
			 "\tpadding     : type == %u\n"
			 "\ttime_extend : type == %u\n"
			 "\ttime_stamp : type == %u\n"
			 "\tdata max type_len  == %u\n",
			 RB_TYPE_BITS, RB_DELTA_BITS, RB_TYPE_PADDING,
			 RB_TYPE_EXTEND, RB_TYPE_STAMP, RB_TYPE_DATA_MAX);
}
