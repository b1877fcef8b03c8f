/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files probe_event*.c.
 *
 * Lock legend: [D] probe_events_mutex; [L] trace_lock, too, for a write; [I]
 * immutable while the event exists; [A] written by one store, read in
 * probes or without a lock.
 * Lock order: probe_events_mutex > trace_lock > kprobe_mutex.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/mutex.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_event_file.h"
#include "trace/probes/fprobe.h"
#include "trace/probes/kprobe.h"
#include "trace/probes/kretprobe.h"
#include "trace/probes/probe_event.h"

struct tracepoint;

/* The head of each record; the return's has the second word, too. */
struct probe_head {
	struct trace_entry ent;
	unsigned long ip; /* of a return: the function */
	unsigned long ret_ip;
};
static_assert(offsetof(struct probe_head, ret_ip) == 16, "as on Linux");

struct probe_event {
	struct trace_event event;	/* first */
	struct list_head link;		/* [D] in probe_events */
	struct list_head probes;	/* [D][L] in order of definition */
	struct trace_event_file *files; /* [A] those that are enabled */
	bool dying;			/* [L] it is being removed */
	bool texts;			/* [I] probe_has_texts() */
	/* [I] the first definition; it stays when its probe goes */
	struct probe_def *form;
	char *print_fmt;	    /* [I] */
	struct trace_field *fields; /* [I] */
	char (*arrays)[8];	    /* [I] "[4]" of each field */
};

struct probe {
	struct probe_event *of;	 /* [I] */
	struct list_head link;	 /* [D][L] in of->probes */
	struct list_head listed; /* [D] in probes_listed */
	struct probe_def *def;	 /* [I] */
	u64 hits;		 /* [A] */
	unsigned long missed;	 /* [A] of earlier registrations */
	struct tracepoint *tp;	 /* [I] of PROBE_POINT; or NULL */
	struct fprobe *hook;	 /* [I] what is at the site; or NULL */
	union {
		struct kprobe kp;    /* PROBE_ENTRY */
		struct kretprobe rp; /* PROBE_RETURN */
		struct fprobe fp;    /* PROBE_FENTRY, PROBE_FEXIT */
	};
};

extern struct mutex probe_events_mutex;
extern struct list_head probe_events; /* [D] */
/* The probes of all events, in the order of their definition. */
extern struct list_head probes_listed; /* [D] */

static inline struct probe_event *
probe_event_of(const struct trace_event *event)
{
	return container_of(event, struct probe_event, event);
}

#define for_each_probe_event(pe)                                           \
	for (pe = list_entry(probe_events.next, struct probe_event, link); \
	     &pe->link != &probe_events;                                   \
	     pe = list_entry(pe->link.next, struct probe_event, link))

static inline unsigned int probe_family_of(enum probe_kind kind)
{
	return kind >= PROBE_FENTRY ? PROBE_FAMILY_FPROBE : PROBE_FAMILY_KPROBE;
}

static inline unsigned int probe_event_family(const struct probe_event *pe)
{
	return probe_family_of(pe->form->kind);
}

/* ---- probe_event_remove.c ------------------------------------------------ */

/* A line that begins with '-' or '!'. [D] Return: as probe_event_line(). */
int probe_event_remove(struct probe_line *line, unsigned int families);
void probe_event_free(struct probe_event *pe);
/* Free a probe; its definition, unless it is the ->form of its event. */
void probe_free(struct probe *p);

/* ---- probe_event_format.c ------------------------------------------------ */

/*
 * Fill in fields, print format and functions of the event for a definition.
 * Return: 0; -ENOMEM, and what was allocated is still to be freed.
 */
int probe_format_make(struct probe_event *pe, const struct probe_def *def);
void probe_format_free(struct probe_event *pe);

/* ---- probe_event_hit.c --------------------------------------------------- */

/*
 * Room for records with texts, for each CPU and context: while there are
 * events. Return: 0; -ENOMEM. [D]
 */
int probe_scratch_make(void);
void probe_scratch_free(void);

/*
 * Check the place of a new probe, and register what exists while it is not
 * armed. Return: 0; an error of register_kprobe(); -ENOENT no such tracepoint.
 */
int probe_prepare(struct probe *p);
void probe_release(struct probe *p);
/* Arm and disarm. [L] Return: 0, or an error and it is not armed. */
int probe_arm(struct probe *p);
/*
 * Cannot fail. Without memory for it the hook stays at the site, and its
 * handlers rest, those of calls under way, too.
 */
void probe_disarm(struct probe *p);
/* Is its hook there for want of memory? It must not be freed then. */
bool probe_is_stuck(const struct probe *p);
/* Hits that were not handled. Exact while none is under way. */
unsigned long probe_missed(const struct probe *p);

/* The functions reg and unreg of each event's trace_event. [L] */
int probe_event_reg(struct trace_event_file *file);
void probe_event_unreg(struct trace_event_file *file);
