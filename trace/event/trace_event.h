/* SPDX-License-Identifier: MIT */
/*
 * trace_event.h - the registry of events: the meaning of each record in a ring.
 *
 * An event is declared once, as a struct trace_event. Its format file, its
 * directory in events/, its text and the check of a record's size all come from
 * that declaration. The kernel's own events are entries of a table:
 *
 *	TABLE_ENTRY(trace_events, 20, my_event);
 *
 * An event created at run time is registered and gets an id.
 *
 * E1  An id has at most one event, and so has a pair of system and name.
 * E2  trace_event_of() returns an event only for a record that is at least as
 *     long as the event's size, and each field lies within that size. So no
 *     reader of a record reads past its end.
 * E3  The result of a lookup stays valid until its task next sleeps: an event
 *     is freed only after it is unregistered and synchronize_tasks() has
 *     returned.
 * E4  An id is reused only after every other id was tried. So a record that
 *     outlives its event is read as unknown, not as another event.
 *
 * Lookups: any context with E3. Registration: task, may sleep.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "trace/event/trace_entries.h"
#include <asm/barrier.h>

struct trace_event_file;
struct trace_iterator;
struct trace_seq;
struct tracepoint;

/*
 * The ids of trace_entries.h are below TRACE_EVENT_DYNAMIC. An event that is
 * registered at run time gets an id from TRACE_EVENT_DYNAMIC to
 * TRACE_EVENT_ID_MAX.
 */
#define TRACE_EVENT_DYNAMIC 64
#define TRACE_EVENT_ID_MAX  0xffff
#define TRACE_EVENT_SLOTS   1024 /* events at a time; a power of two */
#define TRACE_EVENT_NAME    64	 /* bytes of a name, its NUL included */

/* How a filter or a histogram reads a field. */
enum trace_field_kind {
	TRACE_FIELD_NUMBER,   /* of 1, 2, 4 or 8 bytes */
	TRACE_FIELD_STRING,   /* characters up to a NUL or the end */
	TRACE_FIELD_DATA_LOC, /* u32: length << 16 | offset of a string */
	TRACE_FIELD_CPUMASK,  /* u32: length << 16 | offset of a mask */
	TRACE_FIELD_OPAQUE,   /* any other array */
};

struct trace_field {
	const char *type;  /* of an element, as in C; NULL ends a list */
	const char *name;  /* without brackets */
	const char *array; /* "[16]", "[]", or "" */
	u32 offset;	   /* bytes from the start of the record */
	u32 size;	   /* bytes; 0: up to the end of the record */
	bool is_signed;	   /* the element's type */
	enum trace_field_kind kind;
};

#define TRACE_SIGNED(type) ((type)-1 < (type)1)
#define TRACE_CHARS(type)  __builtin_types_compatible_p(type, char)
/* Evaluates to 0; a compile error if the condition is false. */
#define TRACE_FIELD_CHECK(cond)                              \
	(0 * sizeof(struct {                                 \
		 static_assert(cond, "the type of a field"); \
		 char unused;                                \
	 }))
#define TRACE_AT(record, member) ((record *)0)->member

/* A field: @type_ @member of a record of the C type @record. */
#define TRACE_FIELD_OF(record, type_, member)                                \
	{                                                                    \
		.type = #type_, .name = #member, .array = "",                \
		.offset = offsetof(record, member),                          \
		.size = sizeof(type_) +                                      \
			TRACE_FIELD_CHECK(                                   \
				sizeof(type_) ==                             \
					sizeof(TRACE_AT(record, member)) &&  \
				TRACE_SIGNED(type_) ==                       \
					TRACE_SIGNED(typeof(TRACE_AT(        \
						record, member)))),          \
		.is_signed = TRACE_SIGNED(type_), .kind = TRACE_FIELD_NUMBER \
	}

/* A field that is a pointer: @type_ has its '*'. */
#define TRACE_POINTER_OF(record, type_, member)                               \
	{                                                                     \
		.type = #type_, .name = #member, .array = "",                 \
		.offset = offsetof(record, member),                           \
		.size = sizeof(void *) +                                      \
			TRACE_FIELD_CHECK(sizeof(TRACE_AT(record, member)) == \
					  sizeof(void *)),                    \
		.kind = TRACE_FIELD_NUMBER                                    \
	}

/* A field: @type_ @member[@n]; @n is a number in digits. */
#define TRACE_ARRAY_OF(record, type_, member, n)                             \
	{                                                                    \
		.type = #type_, .name = #member, .array = "[" #n "]",        \
		.offset = offsetof(record, member),                          \
		.size = sizeof(type_) * (n) +                                \
			TRACE_FIELD_CHECK(sizeof(type_) * (n) ==             \
					  sizeof(TRACE_AT(record, member))), \
		.is_signed = TRACE_SIGNED(type_),                            \
		.kind = TRACE_CHARS(type_) ? TRACE_FIELD_STRING :            \
					     TRACE_FIELD_OPAQUE              \
	}

/* A field: @type_ @member[], up to the end of the record. */
#define TRACE_REST_OF(record, type_, member)                            \
	{                                                               \
		.type = #type_, .name = #member, .array = "[]",         \
		.offset = offsetof(record, member) +                    \
			  TRACE_FIELD_CHECK(                            \
				  sizeof(type_) ==                      \
				  sizeof(TRACE_AT(record, member)[0])), \
		.is_signed = TRACE_SIGNED(type_),                       \
		.kind = TRACE_CHARS(type_) ? TRACE_FIELD_STRING :       \
					     TRACE_FIELD_OPAQUE         \
	}

/* A field: u32 @member, the place of a string after the fixed fields. */
#define TRACE_STRING_OF(record, member)                                       \
	{                                                                     \
		.type = "__data_loc char[]", .name = #member, .array = "",    \
		.offset = offsetof(record, member),                           \
		.size = sizeof(u32) +                                         \
			TRACE_FIELD_CHECK(sizeof(u32) ==                      \
					  sizeof(TRACE_AT(record, member))),  \
		.is_signed = TRACE_SIGNED(char), .kind = TRACE_FIELD_DATA_LOC \
	}

/* A field: u32 @member, the place of a mask of CPUs after the fixed fields. */
#define TRACE_CPUMASK_OF(record, member)                                      \
	{                                                                     \
		.type = "__data_loc cpumask_t", .name = #member, .array = "", \
		.offset = offsetof(record, member),                           \
		.size = sizeof(u32) +                                         \
			TRACE_FIELD_CHECK(sizeof(u32) ==                      \
					  sizeof(TRACE_AT(record, member))),  \
		.kind = TRACE_FIELD_CPUMASK                                   \
	}

/* The same, of struct @s. */
#define TRACE_FIELD(s, type_, member) TRACE_FIELD_OF(struct s, type_, member)
#define TRACE_FIELD_ARRAY(s, type_, member, n) \
	TRACE_ARRAY_OF(struct s, type_, member, n)
#define TRACE_FIELD_REST(s, type_, member) \
	TRACE_REST_OF(struct s, type_, member)
#define TRACE_FIELD_STRING_AT(s, member)  TRACE_STRING_OF(struct s, member)
#define TRACE_FIELD_CPUMASK_AT(s, member) TRACE_CPUMASK_OF(struct s, member)

#define TRACE_FIELDS_END     \
	{                    \
		.type = NULL \
	}

struct trace_event {
	/* Letters, digits and '_'; of a system also '-', as on Linux. */
	const char *system, *name;
	u16 id;
	u64 serial; /* number of the registration; 0: in the table */
	u32 size;   /* least bytes of a record, trace_entry included */
	const struct trace_field *fields; /* after the trace_entry */
	const char *print_fmt;		  /* in the format file */
	/* Print the record at iter->data, without a newline. Does not sleep. */
	void (*put)(struct trace_iterator *iter, struct trace_seq *s);
	/*
	 * The event's switch in one trace: see trace_event_file.h. NULL: it has
	 * none, because a tracer or a marker writes it (the group ftrace).
	 * reg: begin to record into @file's trace. Return: 0; -ENOMEM.
	 * unreg: the opposite; cannot fail. [trace_lock held]
	 */
	int (*reg)(struct trace_event_file *file);
	void (*unreg)(struct trace_event_file *file);
	bool has_triggers; /* without a switch: its writer runs triggers */
	/* Events with a tracepoint: event_define.h. */
	struct tracepoint *tp;
	void *probe;
	/* Returns what ->fields is to be; called when it is registered. */
	const struct trace_field *(*list_fields)(void);
	bool has_char_arrays; /* of ->fields; filled in by the same */
};

DECLARE_TABLE(struct trace_event, trace_events);
/* Events that get their ids at boot. They are not const. */
DECLARE_TABLE(struct trace_event, tracepoint_events);

/* The fields of a trace_entry: every record has them as common_NAME. */
extern const struct trace_field trace_common_fields[];

/*
 * trace_events_init() - register the events of the table
 * Panics on a declaration that trace_event_register() refuses.
 * Context: boot, before the first event is read.
 */
void trace_events_init(void);

/*
 * trace_event_register() - register an event and give it an id
 * @event: filled in, except its id and serial; not moved while registered
 * Return: 0, and its records begin with event->id, and no other registration
 * ever has event->serial; -EINVAL a name, a size or a field is not valid;
 * -EEXIST the system has an event of this name; -ENOSPC there are
 * TRACE_EVENT_SLOTS events. No other code is returned.
 */
int trace_event_register(struct trace_event *event);

/*
 * trace_event_unregister() - unregister an event
 * The caller writes no record of it any more; records still in a ring become
 * unknown. The event may be freed, or registered again, after
 * synchronize_tasks() (E3). One wait serves many events.
 */
void trace_event_unregister(struct trace_event *event);

/* The event in each slot (id % TRACE_EVENT_SLOTS), or NULL. */
extern const struct trace_event *trace_event_slot[TRACE_EVENT_SLOTS];

/* The event with this id, or NULL. */
static __always_inline const struct trace_event *trace_event_find(u16 id)
{
	/* Pairs with the release in publish(), trace_event.c. */
	const struct trace_event *event =
		READ_ONCE(trace_event_slot[id % TRACE_EVENT_SLOTS]);

	return likely(event && event->id == id) ? event : NULL;
}

/*
 * The event of a record of @len bytes; at least two bytes are readable. NULL:
 * no event has its id, or the record is shorter than its event's size (E2).
 */
static __always_inline const struct trace_event *
trace_event_of(const void *record, u32 len)
{
	const struct trace_entry *ent = record;
	const struct trace_event *event = trace_event_find(ent->type);

	return likely(event && len >= event->size) ? event : NULL;
}

/*
 * Make the last byte of each array of characters a NUL: in a damaged record it
 * need not be. @record: a copy that is only printed.
 */
void trace_event_end_arrays(const struct trace_event *event, void *record);

/* Return: NULL if there is no such system, or it has no event of that name. */
const struct trace_event *trace_event_by_name(const char *system,
					      const char *name);

/*
 * Iterate over all events in slot order. Return: the first event at or after
 * slot *@slot, and *@slot becomes the slot after it; NULL when there are no
 * more. Start with *@slot = 0.
 */
const struct trace_event *trace_event_next(u32 *slot);

/* The text of events/SYSTEM/NAME/format, of header_page and header_event. */
void trace_event_format_show(const struct trace_event *event,
			     struct trace_seq *s);
void trace_header_page_show(struct trace_seq *s);
void trace_header_event_show(struct trace_seq *s);
