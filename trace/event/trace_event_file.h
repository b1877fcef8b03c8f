/* SPDX-License-Identifier: MIT */
/*
 * trace_event_file.h - the switch and the filter of one event in one trace.
 *
 * Each trace has a struct trace_event_file for each event that has a switch
 * (trace_event.reg is not NULL). The other events, the group ftrace, have none,
 * and trace_event_file_find() returns NULL for them. One of them, print, has a
 * file for its triggers alone.
 *
 * What a control file calls, all between begin and end:
 *
 *	event_session_begin();
 *	for (slot = 0; (file = trace_event_file_next(tr, &slot)); )
 *		if (...file->event->system...)
 *			err = trace_event_enable_disable(file, true);
 *	old = trace_event_set_filter(file, filter);
 *	event_session_end();
 *	if (old)
 *		old->free(old);
 *
 * One such session costs one batch of patches and one wait, whatever the number
 * of events.
 *
 * EF1  After event_session_end() the probe of an event that was enabled is
 *     called at every call of its tracepoint; the probe of one that was
 *     disabled is not, and no CPU is inside.
 * EF2  After event_session_end() no CPU uses a filter that was replaced.
 * EF3  An event's probe is attached exactly while EVENT_FILE_ENABLED is set.
 * EF4  An event that only soft users hold is not recorded, nor by a probe that
 *     is inside when the last of them goes. So EVENT_FILE_SOFT_DISABLED stays
 *     set when the probe is detached; the next ordinary user clears it.
 *
 * Lock legend: [I] immutable; [L] trace_lock, held from begin to end; [A]
 * written by one store under trace_lock, read in any context.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "trace/event/trace_event.h"
#include <asm/barrier.h>

struct trace_array;

/* trace_event_file.flags */
#define EVENT_FILE_ENABLED	 0x01U	/* the probe is attached */
#define EVENT_FILE_SOFT_MODE	 0x02U	/* a soft user holds the event */
#define EVENT_FILE_SOFT_DISABLED 0x04U	/* not to be recorded, if attached */
#define EVENT_FILE_FILTERED	 0x08U	/* ->filter is not NULL */
#define EVENT_FILE_PIDS		 0x10U	/* the trace has lists of pids */
#define EVENT_FILE_TRIGGERS	 0x20U	/* ->triggers is not empty */
#define EVENT_FILE_PRINTK	 0x40U	/* each record is printed, too */
#define EVENT_FILE_STACK	 0x80U	/* option stacktrace */
#define EVENT_FILE_WAS_ENABLED	 0x100U /* of probes: there may be records */

/* With one of these a probe calls trace_event_wanted() or the filter. */
#define EVENT_FILE_SLOW                                                     \
	(EVENT_FILE_SOFT_DISABLED | EVENT_FILE_FILTERED | EVENT_FILE_PIDS | \
	 EVENT_FILE_TRIGGERS | EVENT_FILE_PRINTK | EVENT_FILE_STACK)

static_assert(__builtin_popcount(EVENT_FILE_SLOW | EVENT_FILE_ENABLED |
				 EVENT_FILE_SOFT_MODE |
				 EVENT_FILE_WAS_ENABLED) == 9,
	      "a bit of its own for each");

/*
 * A filter as a probe sees it. Its owner embeds this head in its own struct.
 */
struct event_filter {
	/*
	 * Is this record to be kept? It lies in a buffer outside the ring, and
	 * is complete, but for its trace_entry if ->reads_entry is false.
	 * @len: its bytes, at least the event's size
	 * Context: probe, NMI included, preemption off. Not traceable.
	 */
	bool (*match)(const struct event_filter *filter, const void *record,
		      u32 len);
	/* Called when the filter is in use no more. Context: task. */
	void (*free)(struct event_filter *filter);
	bool reads_entry; /* the filter reads a common_ field */
};

struct trace_event_file {
	struct trace_event *event; /* [I] */
	struct trace_array *tr;	   /* [I] */
	u16 id;			   /* [I] of the event */
	u16 other_pid;	 /* [L] offset of a second task's pid; 0: none */
	u32 flags;	 /* [A] EVENT_FILE_ bits */
	u32 soft_users;	 /* [L] */
	u32 caller_size; /* [I] bytes */
	/* [I] The function that calls the probes of its tracepoint; 0: none. */
	unsigned long caller;
	struct event_filter *filter;	/* [A] */
	struct event_trigger *triggers; /* [A] event_trigger.h */
	/* [A] of an event made of probes: the next enabled file of it */
	struct trace_event_file *next_probed;
};

/* A text of a filter that no event of its system has accepted. */
struct event_refusal {
	struct event_refusal *next;
	u64 system; /* the id of its name */
	struct event_filter *text;
};

/*
 * Prints a complete record of a file with EVENT_FILE_PRINTK: set by the word
 * tp_printk, see trace_printk.c. NULL without it. [I] after boot. Context:
 * probe.
 */
extern void (*event_printk)(const struct trace_event_file *file,
			    const void *record, u32 len);

/* ---- sessions: task, may sleep ------------------------------------------- */

/* Take trace_lock. */
void event_session_begin(void);
/* Make all changes of the session take effect (EF1, EF2); release the lock. */
void event_session_end(void);
/* Something else was taken away: the session's end waits for probes. */
void event_session_wait(void);

/*
 * The file of this event in this trace. Return: NULL: the event has no switch,
 * or is not registered. [trace_lock held]
 */
struct trace_event_file *trace_event_file_find(struct trace_array *tr,
					       const struct trace_event *event);

/*
 * Iterate over the files of a trace, in the order of trace_event_next(). Start
 * with *@slot = 0. Return: NULL when there are no more. [trace_lock held]
 */
struct trace_event_file *trace_event_file_next(struct trace_array *tr,
					       u32 *slot);

/*
 * The same, with the files of events that have triggers and no switch: they are
 * never EVENT_FILE_ENABLED by an ordinary user. [trace_lock held]
 */
struct trace_event_file *
trace_event_file_find_any(struct trace_array *tr,
			  const struct trace_event *event);
struct trace_event_file *trace_event_file_next_any(struct trace_array *tr,
						   u32 *slot);

/*
 * trace_event_enable_disable() - what a write of 1 or 0 to the file enable does
 * The first event enabled in a trace grows the trace's buffer to its full size.
 * Return: 0, also if it is so already; -ENOMEM, and this file is as before. No
 * other code is returned. Disabling cannot fail. [trace_lock held]
 */
int trace_event_enable_disable(struct trace_event_file *file, bool enable);

/*
 * trace_event_soft_mode() - take or drop a soft use, as a trigger does
 * While it has a soft user, an event is attached even if it is disabled.
 * EVENT_FILE_SOFT_DISABLED then says that it is not recorded.
 * Return: as trace_event_enable_disable(). [trace_lock held]
 */
int trace_event_soft_mode(struct trace_event_file *file, bool use);

/*
 * Set or clear bits of ->flags: EVENT_FILE_SOFT_DISABLED of a file in soft
 * mode, or EVENT_FILE_PIDS. Context: any; effective at once for new events.
 */
void trace_event_file_set(struct trace_event_file *file, u32 bits, bool on);

/* Is the event recorded: the 1 of its file enable? [trace_lock held] */
static inline bool trace_event_enabled(const struct trace_event_file *file)
{
	u32 flags = READ_ONCE(file->flags);

	return flags & EVENT_FILE_ENABLED &&
	       !(flags & EVENT_FILE_SOFT_DISABLED);
}

/*
 * trace_event_set_filter() - replace the filter; NULL: none
 * Return: the old filter or NULL; to be freed after event_session_end().
 * [trace_lock held]
 */
struct event_filter *trace_event_set_filter(struct trace_event_file *file,
					    struct event_filter *filter);

/* ---- events that come and go: task, may sleep ---------------------------- */

/*
 * trace_event_add() - register an event that has a switch, and give each trace
 * a file for it
 * Return: as trace_event_register(); -ENOMEM.
 */
int trace_event_add(struct trace_event *event);
/* Disable it in every trace, free its files and filters, and unregister it. */
void trace_event_remove(struct trace_event *event);

/*
 * What else has soft uses of files adds itself to this table. drop: give up
 * those of @file, which is about to be freed. [trace_lock held]
 */
struct event_file_user {
	void (*drop)(struct trace_event_file *file);
};
DECLARE_TABLE(struct event_file_user, event_file_users);

/* ---- for probes ---------------------------------------------------------- */

/*
 * trace_event_wanted() - is this event recorded in its trace now?
 * A probe asks before it assigns anything, if ->flags has a bit of
 * EVENT_FILE_SLOW. Context: probe, preemption off.
 */
bool trace_event_wanted(const struct trace_event_file *file);
