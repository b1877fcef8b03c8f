/* SPDX-License-Identifier: MIT */
/*
 * trace_event.h - the registry of events: what each record in a ring means.
 *
 * An event is declared once, as a struct trace_event. Its format file, its
 * directory in events/, its text and the check of a record's size are made from
 * that. An event of the kernel itself puts its declaration into a table:
 *
 *	TABLE_ENTRY(trace_events, 20, my_event);
 *
 * An event that is made at run time is registered and gets an id.
 *
 * E1  An id has at most one owner, and so has a pair of system and name.
 * E2  trace_event_of() gives an event only for a record that is at least as
 *     long as the event says, and each field lies within that size. So no
 *     reader of a record looks beyond its end.
 * E3  What a lookup returned stays valid until its task next sleeps: an event
 *     is freed only after it was unregistered and synchronize_tasks() returned.
 * E4  An id is given out again only after all others were. So a record that
 *     outlives its event is read as unknown, and not as another event.
 *
 * Lookups: any context with E3. Registration: task, may sleep.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "trace/event/trace_entries.h"
#include <asm/barrier.h>

struct trace_iterator;
struct trace_seq;

/*
 * Ids: those of trace_entries.h are below TRACE_EVENT_DYNAMIC; an event that is
 * registered at run time gets one from there on, up to TRACE_EVENT_ID_MAX.
 */
#define TRACE_EVENT_DYNAMIC 64
#define TRACE_EVENT_ID_MAX  0xffff
#define TRACE_EVENT_SLOTS   512 /* events at a time; a power of two */
#define TRACE_EVENT_NAME    64	/* bytes of a name, its NUL included */

/* How a filter or a histogram reads a field. */
enum trace_field_kind {
	TRACE_FIELD_NUMBER,   /* of 1, 2, 4 or 8 bytes */
	TRACE_FIELD_STRING,   /* characters, to a NUL or to the end */
	TRACE_FIELD_DATA_LOC, /* u32: length << 16 | offset of a string */
	TRACE_FIELD_OPAQUE,   /* an array of anything else */
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

#define TRACE_SIGNED(type)  ((type)-1 < (type)1)
#define TRACE_CHARS(type)   __builtin_types_compatible_p(type, char)
#define TRACE_AT(s, member) ((struct s *)0)->member
/* 0; the compiler refuses it unless the condition holds. */
#define TRACE_FIELD_CHECK(cond)                              \
	(0 * sizeof(struct {                                 \
		 static_assert(cond, "the type of a field"); \
		 char unused;                                \
	 }))

/* struct @s has @type_ @member. */
#define TRACE_FIELD(s, type_, member)                                          \
	{                                                                      \
		.type = #type_, .name = #member, .array = "",                  \
		.offset = offsetof(struct s, member),                          \
		.size = sizeof(type_) +                                        \
			TRACE_FIELD_CHECK(                                     \
				sizeof(type_) ==                               \
					sizeof(TRACE_AT(s, member)) &&         \
				TRACE_SIGNED(type_) ==                         \
					TRACE_SIGNED(                          \
						typeof(TRACE_AT(s, member)))), \
		.is_signed = TRACE_SIGNED(type_), .kind = TRACE_FIELD_NUMBER   \
	}

/* struct @s has @type_ @member[@n], @n a number in digits; */
#define TRACE_FIELD_ARRAY(s, type_, member, n)                          \
	{                                                               \
		.type = #type_, .name = #member, .array = "[" #n "]",   \
		.offset = offsetof(struct s, member),                   \
		.size = sizeof(type_) * (n) +                           \
			TRACE_FIELD_CHECK(sizeof(type_) * (n) ==        \
					  sizeof(TRACE_AT(s, member))), \
		.is_signed = TRACE_SIGNED(type_),                       \
		.kind = TRACE_CHARS(type_) ? TRACE_FIELD_STRING :       \
					     TRACE_FIELD_OPAQUE         \
	}

/* @type_ @member[] up to the end of the record; */
#define TRACE_FIELD_REST(s, type_, member)                                   \
	{                                                                    \
		.type = #type_, .name = #member, .array = "[]",              \
		.offset = offsetof(struct s, member) +                       \
			  TRACE_FIELD_CHECK(sizeof(type_) ==                 \
					    sizeof(TRACE_AT(s, member)[0])), \
		.is_signed = TRACE_SIGNED(type_),                            \
		.kind = TRACE_CHARS(type_) ? TRACE_FIELD_STRING :            \
					     TRACE_FIELD_OPAQUE              \
	}

/* u32 @member, which says where a string is behind the fixed fields. */
#define TRACE_FIELD_STRING_AT(s, member)                                      \
	{                                                                     \
		.type = "__data_loc char[]", .name = #member, .array = "",    \
		.offset = offsetof(struct s, member),                         \
		.size = sizeof(u32) +                                         \
			TRACE_FIELD_CHECK(sizeof(u32) ==                      \
					  sizeof(TRACE_AT(s, member))),       \
		.is_signed = TRACE_SIGNED(char), .kind = TRACE_FIELD_DATA_LOC \
	}

#define TRACE_FIELDS_END     \
	{                    \
		.type = NULL \
	}

struct trace_event {
	const char *system, *name; /* letters, digits and '_' */
	u16 id;
	u64 serial; /* of the registration; 0: of the table */
	u32 size;   /* bytes that every record has, the trace_entry included */
	const struct trace_field *fields; /* behind the trace_entry */
	const char *print_fmt;		  /* of the format file */
	/* Text of the record at iter->data, no newline. Does not sleep. */
	void (*put)(struct trace_iterator *iter, struct trace_seq *s);
};

DECLARE_TABLE(struct trace_event, trace_events);

/*
 * trace_events_init() - take in the events of the table
 * A declaration that would be refused at run time is a panic here.
 * Context: boot, before the first event is read.
 */
void trace_events_init(void);

/*
 * trace_event_register() - from now on records of this event are known
 * @event: all but its id and serial is filled in; stays where it is meanwhile
 * Return: 0: its records begin with event->id, and no other registration has or
 * had event->serial; -EINVAL a name, a size or a field that cannot be; -EEXIST
 * the system has an event of this name; -ENOSPC there are TRACE_EVENT_SLOTS
 * events. No other code.
 */
int trace_event_register(struct trace_event *event);

/*
 * trace_event_unregister() - records of it that are left are unknown
 * No record of it is written any more. It may be freed, or registered again,
 * after synchronize_tasks() (E3): one wait serves many.
 */
void trace_event_unregister(struct trace_event *event);

/* By slot, which is an id modulo their number; NULL: none. */
extern const struct trace_event *trace_event_slot[TRACE_EVENT_SLOTS];

/* The owner of an id, NULL if it has none. */
static __always_inline const struct trace_event *trace_event_find(u16 id)
{
	/* Pairs with the release in publish(), trace_event.c. */
	const struct trace_event *event =
		READ_ONCE(trace_event_slot[id % TRACE_EVENT_SLOTS]);

	return likely(event && event->id == id) ? event : NULL;
}

/*
 * The event of a record of @len bytes, of which two are readable at least;
 * NULL: nobody owns its id, or it is shorter than its event says (E2).
 */
static __always_inline const struct trace_event *
trace_event_of(const void *record, u32 len)
{
	const struct trace_entry *ent = record;
	const struct trace_event *event = trace_event_find(ent->type);

	return likely(event && len >= event->size) ? event : NULL;
}

/* NULL: the system has no event of that name, or there is no such system. */
const struct trace_event *trace_event_by_name(const char *system,
					      const char *name);

/*
 * All events, in the order of slots: the first from slot *@slot on, which
 * becomes the slot behind it. Start with 0. NULL: there are no more.
 */
const struct trace_event *trace_event_next(u32 *slot);

/* The text of events/SYSTEM/NAME/format, of header_page and header_event. */
void trace_event_format_show(const struct trace_event *event,
			     struct trace_seq *s);
void trace_header_page_show(struct trace_seq *s);
void trace_header_event_show(struct trace_seq *s);
