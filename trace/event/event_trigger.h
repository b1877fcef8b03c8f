/* SPDX-License-Identifier: MIT */
/*
 * event_trigger.h - what happens when an event happens: triggers.
 *
 *	traceon, traceoff		switch the trace of the event
 *	stacktrace			record the stack
 *	snapshot			take a snapshot
 *	enable_event:SYSTEM:EVENT	switch another event on or off
 *	disable_event:SYSTEM:EVENT
 *
 * A trigger may have a count, how often it may act, and a filter.
 *
 * TG1  A trigger with the count N acts N times in all, on whichever CPUs.
 * TG2  A file with triggers has a soft user for them, and EVENT_FILE_TRIGGERS;
 *      an event that a trigger switches has a soft user, too.
 * TG3  A trigger is freed after every probe that may be in it.
 *
 * Triggers act whether or not the event is recorded, the trace is on, or its
 * task is listed in set_event_pid. traceoff and stacktrace act after the event
 * is recorded, the others before. The names and rules are Linux's.
 */
#pragma once

#include "kernel/lib/types.h"

struct event_filter;
struct event_trigger;
struct trace_array;
struct trace_event_file;
struct trace_seq;

#define EVENT_TRIGGERS_MAX 32 /* of one event */

enum event_trigger_kind {
	TRIGGER_TRACEON,
	TRIGGER_TRACEOFF,
	TRIGGER_SNAPSHOT,
	TRIGGER_STACKTRACE,
	TRIGGER_ENABLE_EVENT,
	TRIGGER_DISABLE_EVENT,
	TRIGGER_KINDS
};

#define EVENT_TRIGGER_UNLIMITED (~0ULL)

/* Return: the name of a kind; the kind of a name, or TRIGGER_KINDS. Pure. */
const char *event_trigger_name(enum event_trigger_kind kind);
enum event_trigger_kind event_trigger_find(const char *name);

/* What a trigger is to be. */
struct event_trigger_spec {
	enum event_trigger_kind kind;
	u64 count;
	struct trace_event_file *target; /* of enable_event, disable_event */
	struct event_filter *filter;	 /* or NULL */
};

/*
 * event_trigger_add() - add a trigger to the event of @file
 * Takes the filter over if it succeeds.
 * Return: 0; -EEXIST the event has one of the same type (traceon and traceoff
 * are one type, enable_event and disable_event of one target are one);
 * -ENOSPC it has EVENT_TRIGGERS_MAX; -ENOMEM. [session]
 */
int event_trigger_add(struct trace_event_file *file,
		      const struct event_trigger_spec *spec);

/*
 * event_trigger_remove() - remove the trigger of this type and target, if there
 * is one; the session's end frees it [session]
 */
void event_trigger_remove(struct trace_event_file *file,
			  const struct event_trigger_spec *spec);

/*
 * event_triggers_drop() - before the file is freed: remove its triggers, and
 * those of others that switch its event [session]
 */
void event_triggers_drop(struct trace_event_file *file);

/* No probe is in a trigger that was removed: free them. [session] */
void event_triggers_settled(void);

/* The file trigger. [session] */
void event_triggers_show(const struct trace_event_file *file,
			 struct trace_seq *seq);

/*
 * event_trigger_fire() - act as a trigger of this kind, unless *@left is 0
 * @target: of enable_event, disable_event
 * @left: EVENT_TRIGGER_UNLIMITED, or counted down if the action has an effect
 * @from: a stack begins there, see trace_stack(); 0: with the caller
 * Context: probe, NMI included, preemption off. Not traceable.
 */
void event_trigger_fire(struct trace_array *tr, enum event_trigger_kind kind,
			struct trace_event_file *target, u64 *left,
			unsigned long from);

/*
 * event_triggers_want() - would one of the triggers act?
 * @record: complete but for its trace_entry
 * Context: probe, NMI included, preemption off. Not traceable.
 */
bool event_triggers_want(struct trace_event_file *file, void *record, u32 len);

/*
 * event_triggers_act() - the event has happened; @record is complete
 * Return: what event_triggers_act_after() is to be given once the event is
 * recorded, or not.
 * Context: probe, NMI included, preemption off. Not traceable.
 */
u32 event_triggers_act(struct trace_event_file *file, const void *record,
		       u32 len);
void event_triggers_act_after(struct trace_event_file *file, u32 after);
