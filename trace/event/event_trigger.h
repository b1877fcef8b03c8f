/* SPDX-License-Identifier: MIT */
/*
 * event_trigger.h - what happens when an event happens: triggers.
 *
 *	traceon, traceoff		switch the trace of the event
 *	stacktrace			record the stack
 *	snapshot			take a snapshot
 *	enable_event:SYSTEM:EVENT	switch another event on or off
 *	disable_event:SYSTEM:EVENT
 *	enable_hist:SYSTEM:EVENT	let the histograms of an event count, or
 *	disable_hist:SYSTEM:EVENT	pause them
 *	hist:keys=...			count the event by keys: event_hist.h
 *
 * A trigger may have a count, how often it may act, and a filter.
 *
 * TG1  A trigger with the count N acts N times in all, on whichever CPUs.
 * TG2  A file with triggers has a soft user for them, and EVENT_FILE_TRIGGERS;
 *      an event that a trigger switches has a soft user, too.
 * TG3  A trigger is freed after every probe that may be in it.
 * TG4  An event that happens inside of an action, in the same context, is
 *      recorded and has no triggers.
 *
 * Triggers act whether or not the event is recorded, the trace is on, or its
 * task is listed in set_event_pid. traceoff and stacktrace act after the event
 * is recorded, the others before. The newest trigger is the first of the list.
 * The names and rules are Linux's.
 */
#pragma once

#include "kernel/lib/types.h"

struct event_filter;
struct event_hist;
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
	TRIGGER_ENABLE_HIST,
	TRIGGER_DISABLE_HIST,
	TRIGGER_HIST,
	TRIGGER_KINDS,
	/* Of functions only: func_command.h. */
	COMMAND_DUMP = TRIGGER_KINDS,
	COMMAND_CPUDUMP,
	COMMAND_KINDS
};

#define EVENT_TRIGGER_UNLIMITED (~0ULL)

/* Return: the name of a kind; the kind of a name, or TRIGGER_KINDS. Pure. */
const char *event_trigger_name(enum event_trigger_kind kind);
enum event_trigger_kind event_trigger_find(const char *name);

/* What a trigger is to be. */
struct event_trigger_spec {
	enum event_trigger_kind kind;
	u64 count;
	struct trace_event_file *target; /* of enable_event and the like */
	struct event_filter *filter;	 /* or NULL */
	struct event_hist *hist;	 /* of hist */
};

/* Free the filter, drop the histogram. [session] */
void event_trigger_spec_drop(const struct event_trigger_spec *spec);

/*
 * event_trigger_add() - add a trigger to the event of @file
 * Takes the filter and the histogram over if it succeeds.
 * Return: 0; -EEXIST the event has one of the same type (traceon and traceoff
 * are one type, enable_event and disable_event of one target are one; two
 * histograms are, if they are the same and have the same filter);
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
/* Remove all histograms of the event. [session] */
void event_triggers_remove_hists(struct trace_event_file *file);

/*
 * Return: the histogram of the event's trigger that equals @spec; the @n-th
 * histogram of the event; NULL: there is none. [session]
 */
struct event_hist *event_trigger_hist(struct trace_event_file *file,
				      const struct event_trigger_spec *spec);
const struct event_trigger_spec *
event_trigger_nth_hist(const struct trace_event_file *file, u32 n);

/*
 * event_triggers_drop() - before the file is freed: remove its triggers, and
 * those of others that switch its event [session]
 */
void event_triggers_drop(struct trace_event_file *file);
/* Remove all triggers of the trace. [session] */
void event_triggers_drop_all(struct trace_array *tr);

/* No probe is in a trigger that was removed: free them. [session] */
void event_triggers_settled(void);

/* A line of the file trigger; the file. [session] */
void event_trigger_show(const struct event_trigger_spec *is,
			struct trace_seq *seq);
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
 * event_trigger_take() - take one of the times that are left (TG1)
 * Return: false: none is. Context: as event_trigger_fire().
 */
bool event_trigger_take(u64 *left);

/*
 * event_triggers_want() - the first trigger that would act; NULL: none would
 * @record: complete, but for its trace_entry, which is filled in when needed
 * Context: probe, NMI included, preemption off. Not traceable.
 */
struct event_trigger *event_triggers_want(struct trace_event_file *file,
					  void *record, u32 len);

/*
 * event_triggers_act() - the event has happened: act from @trigger on
 * @record: complete, but its trace_entry only if @filled
 * Return: what event_triggers_act_after() is to be given once the event is
 * recorded, or not.
 * Context: probe, NMI included, preemption off. Not traceable.
 */
u32 event_triggers_act(struct trace_event_file *file,
		       struct event_trigger *trigger, void *record, u32 len,
		       bool filled);
void event_triggers_act_after(struct trace_event_file *file, u32 after);
