// SPDX-License-Identifier: MIT
/*
 * event_trigger.c - triggers: actions when an event happens.
 *
 * Owns the triggers of each file, a list that changes under trace_lock and is
 * read by probes. Invariants TG1 to TG3: event_trigger.h.
 *
 * Context: as event_trigger.h says.
 */
#include "trace/event/event_trigger.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/recursion.h"
#include "trace/event/event_filter.h"
#include "trace/event/event_hist.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"
#include <asm/atomic.h>

struct event_trigger {
	struct event_trigger *next;   /* [A] written under trace_lock */
	struct event_trigger *dead;   /* [I] of one list to be freed */
	struct event_trigger_spec is; /* [I] but for its count: [A] */
	bool reads_entry;	      /* [I] it reads a common_ field */
};

static const struct command {
	const char *name;
	enum event_trigger_kind type; /* equal for two that exclude another */
	bool after;		      /* act when the event is recorded */
} commands[COMMAND_KINDS] = {
	[TRIGGER_TRACEON] = { "traceon", TRIGGER_TRACEON, false },
	[TRIGGER_TRACEOFF] = { "traceoff", TRIGGER_TRACEON, true },
	[TRIGGER_SNAPSHOT] = { "snapshot", TRIGGER_SNAPSHOT, false },
	[TRIGGER_STACKTRACE] = { "stacktrace", TRIGGER_STACKTRACE, true },
	[TRIGGER_ENABLE_EVENT] = { "enable_event", TRIGGER_ENABLE_EVENT,
				   false },
	[TRIGGER_DISABLE_EVENT] = { "disable_event", TRIGGER_ENABLE_EVENT,
				    false },
	[TRIGGER_ENABLE_HIST] = { "enable_hist", TRIGGER_ENABLE_HIST, false },
	[TRIGGER_DISABLE_HIST] = { "disable_hist", TRIGGER_ENABLE_HIST, false },
	[TRIGGER_HIST] = { "hist", TRIGGER_HIST, false },
	[COMMAND_DUMP] = { "dump", COMMAND_DUMP, false },
	[COMMAND_CPUDUMP] = { "cpudump", COMMAND_CPUDUMP, false },
};

const char *event_trigger_name(enum event_trigger_kind kind)
{
	return commands[kind].name;
}

enum event_trigger_kind event_trigger_find(const char *name)
{
	enum event_trigger_kind kind = 0;

	while (kind < TRIGGER_KINDS && strcmp(commands[kind].name, name))
		kind++;
	return kind;
}

/* ---- the list of a file: [trace_lock] ------------------------------------ */

static bool same_filter(const struct event_filter *a,
			const struct event_filter *b)
{
	if (!a || !b)
		return a == b;
	return !strcmp(event_filter_text(a), event_filter_text(b));
}

static bool same_type(const struct event_trigger_spec *a,
		      const struct event_trigger_spec *b)
{
	if (commands[a->kind].type != commands[b->kind].type ||
	    a->target != b->target)
		return false;
	return !a->hist || (event_hist_same(a->hist, b->hist) &&
			    same_filter(a->filter, b->filter));
}

/* The place of the trigger of this type and target, or of the list's end. */
static struct event_trigger **find(struct trace_event_file *file,
				   const struct event_trigger_spec *spec)
{
	struct event_trigger **at = &file->triggers;

	while (*at && !same_type(&(*at)->is, spec))
		at = &(*at)->next;
	return at;
}

struct event_hist *event_trigger_hist(struct trace_event_file *file,
				      const struct event_trigger_spec *spec)
{
	const struct event_trigger *found = *find(file, spec);

	return found ? found->is.hist : NULL;
}

const struct event_trigger_spec *
event_trigger_nth_hist(const struct trace_event_file *file, u32 n)
{
	const struct event_trigger *trigger = file->triggers;

	for (; trigger; trigger = trigger->next)
		if (trigger->is.hist && !n--)
			return &trigger->is;
	return NULL;
}

void event_trigger_spec_drop(const struct event_trigger_spec *spec)
{
	if (spec->filter)
		spec->filter->free(spec->filter);
	event_hist_put(spec->hist);
}

static unsigned int count_triggers(const struct trace_event_file *file)
{
	const struct event_trigger *trigger;
	unsigned int n = 0;

	for (trigger = file->triggers; trigger; trigger = trigger->next)
		n++;
	return n;
}

/* TG2. Return: 0; -ENOMEM, and nothing has changed. */
static int take_events(struct trace_event_file *file,
		       struct trace_event_file *target)
{
	int err = trace_event_soft_mode(file, true);

	if (err || !target)
		return err;
	err = trace_event_soft_mode(target, true);
	if (err)
		trace_event_soft_mode(file, false);
	return err;
}

int event_trigger_add(struct trace_event_file *file,
		      const struct event_trigger_spec *spec)
{
	struct event_trigger *trigger;
	int err;

	if (*find(file, spec))
		return -EEXIST;
	if (count_triggers(file) == EVENT_TRIGGERS_MAX)
		return -ENOSPC;
	trigger = kzalloc(sizeof(*trigger));
	if (!trigger)
		return -ENOMEM;
	trigger->is = *spec;
	trigger->reads_entry =
		(spec->filter && spec->filter->reads_entry) ||
		(spec->hist && event_hist_reads_entry(spec->hist));
	err = take_events(file, spec->target);
	if (err) {
		kfree(trigger);
		return err;
	}
	trigger->next = file->triggers; /* the newest is the first */
	/* Filled in before a probe sees it: event_triggers_want(). */
	smp_store_release(&file->triggers, trigger);
	trace_event_file_set(file, EVENT_FILE_TRIGGERS, true);
	return 0;
}

static struct event_trigger *dead; /* to be freed after the wait */

/*
 * Unlink the trigger at *@at. It keeps its next, for a probe that is at it; the
 * list of the dead has links of its own.
 */
static void unlink_trigger(struct trace_event_file *file,
			   struct event_trigger **at)
{
	struct event_trigger *trigger = *at;

	WRITE_ONCE(*at, trigger->next);
	if (!file->triggers)
		trace_event_file_set(file, EVENT_FILE_TRIGGERS, false);
	if (trigger->is.target)
		trace_event_soft_mode(trigger->is.target, false);
	if (trigger->is.hist)
		event_hist_retire(trigger->is.hist);
	trace_event_soft_mode(file, false);
	trigger->dead = dead;
	dead = trigger;
	event_session_wait(); /* TG3 */
}

void event_trigger_remove(struct trace_event_file *file,
			  const struct event_trigger_spec *spec)
{
	struct event_trigger **at = find(file, spec);

	if (*at)
		unlink_trigger(file, at);
}

void event_triggers_remove_hists(struct trace_event_file *file)
{
	struct event_trigger **at = &file->triggers;

	while (*at) {
		if ((*at)->is.hist)
			unlink_trigger(file, at);
		else
			at = &(*at)->next;
	}
}

/* Remove the triggers that have to do with the file; NULL: all. */
static void drop_triggers(struct trace_array *tr,
			  const struct trace_event_file *file)
{
	struct trace_event_file *other;
	struct event_trigger **at;
	u32 slot = 0;

	while ((other = trace_event_file_next_any(tr, &slot))) {
		at = &other->triggers;
		while (*at) {
			if (!file || other == file || (*at)->is.target == file)
				unlink_trigger(other, at);
			else
				at = &(*at)->next;
		}
	}
}

void event_triggers_drop(struct trace_event_file *file)
{
	drop_triggers(file->tr, file);
}

void event_triggers_drop_all(struct trace_array *tr)
{
	drop_triggers(tr, NULL);
}

void event_triggers_settled(void)
{
	struct event_trigger *trigger;

	while ((trigger = dead)) {
		dead = trigger->dead;
		event_trigger_spec_drop(&trigger->is);
		kfree(trigger);
	}
	event_hists_settled();
}

/* COMMAND[:SYSTEM:EVENT]:COUNT */
static void show_command(const struct event_trigger_spec *is,
			 struct trace_seq *seq)
{
	trace_seq_puts(seq, commands[is->kind].name);
	if (is->target)
		trace_seq_printf(seq, ":%s:%s", is->target->event->system,
				 is->target->event->name);
	if (is->count == EVENT_TRIGGER_UNLIMITED)
		trace_seq_puts(seq, ":unlimited");
	else
		trace_seq_printf(seq, ":count=%llu", READ_ONCE(is->count));
}

void event_trigger_show(const struct event_trigger_spec *is,
			struct trace_seq *seq)
{
	if (is->hist)
		event_hist_show(is->hist, seq);
	else
		show_command(is, seq);
	if (is->filter)
		trace_seq_printf(seq, " if %s", event_filter_text(is->filter));
	if (is->hist)
		event_hist_show_state(is->hist, seq);
	else
		trace_seq_putc(seq, '\n');
}

void event_triggers_show(const struct trace_event_file *file,
			 struct trace_seq *seq)
{
	const struct event_trigger *trigger = file->triggers;
	enum event_trigger_kind kind;

	if (!trigger) {
		trace_seq_puts(seq, "# Available triggers:\n#");
		for (kind = 0; kind < TRIGGER_KINDS; kind++)
			trace_seq_printf(seq, " %s", commands[kind].name);
		trace_seq_putc(seq, '\n');
	}
	for (; trigger; trigger = trigger->next)
		event_trigger_show(&trigger->is, seq);
}

/* ---- probes -------------------------------------------------------------- */

bool event_trigger_take(u64 *left)
{
	u64 count = READ_ONCE(*left);

	do {
		if (count == EVENT_TRIGGER_UNLIMITED)
			return true;
		if (!count)
			return false;
	} while (!try_cmpxchg(left, &count, count - 1));
	return true;
}

static void give_turn_back(u64 *left)
{
	u64 count = READ_ONCE(*left);

	while (count != EVENT_TRIGGER_UNLIMITED &&
	       !try_cmpxchg(left, &count, count + 1))
		;
}

/* Set or clear SOFT_DISABLED. Return: whether it has changed. */
static bool switch_event(struct trace_event_file *file, bool on)
{
	u32 flags = READ_ONCE(file->flags);

	do {
		if (on == !(flags & EVENT_FILE_SOFT_DISABLED))
			return false;
	} while (!try_cmpxchg(&file->flags, &flags,
			      flags ^ EVENT_FILE_SOFT_DISABLED));
	return true;
}

/* Let the histograms of an event count, or not. Return: as act(). */
static bool switch_hists(struct trace_event_file *file, bool on)
{
	struct event_trigger *trigger = smp_load_acquire(&file->triggers);
	bool changed = false;

	for (; trigger; trigger = READ_ONCE(trigger->next))
		if (trigger->is.hist)
			changed |= event_hist_pause(trigger->is.hist, !on);
	return changed;
}

/* Return: whether it had an effect: only that is counted. */
static bool act(struct trace_array *tr, enum event_trigger_kind kind,
		struct trace_event_file *target, unsigned long from)
{
	switch (kind) {
	case TRIGGER_TRACEON:
		return trace_switch(tr, true);
	case TRIGGER_TRACEOFF:
		return trace_switch(tr, false);
	case TRIGGER_SNAPSHOT:
		tracing_snapshot(tr);
		return true;
	case TRIGGER_STACKTRACE:
		if (READ_ONCE(tr->on))
			trace_stack(tr, from);
		return true;
	case TRIGGER_ENABLE_HIST:
	case TRIGGER_DISABLE_HIST:
		return switch_hists(target, kind == TRIGGER_ENABLE_HIST);
	default:
		return switch_event(target, kind == TRIGGER_ENABLE_EVENT);
	}
}

void event_trigger_fire(struct trace_array *tr, enum event_trigger_kind kind,
			struct trace_event_file *target, u64 *left,
			unsigned long from)
{
	if (event_trigger_take(left) && !act(tr, kind, target, from))
		give_turn_back(left);
}

static void act_if_left(struct trace_event_file *file,
			struct event_trigger *trigger)
{
	if (trigger->is.kind != TRIGGER_STACKTRACE) {
		event_trigger_fire(file->tr, trigger->is.kind,
				   trigger->is.target, &trigger->is.count, 0);
		return;
	}
	if (event_trigger_take(&trigger->is.count) && READ_ONCE(file->tr->on))
		trace_stack_behind(file->tr, file->caller,
				   file->caller + file->caller_size);
}

/*
 * Is there a filter that rejects the record? *@filled: its trace_entry is
 * filled in.
 */
static __always_inline bool rejects(const struct trace_event_file *file,
				    const struct event_trigger *trigger,
				    void *record, u32 len, bool *filled)
{
	const struct event_filter *filter = trigger->is.filter;

	if (unlikely(trigger->reads_entry && !*filled)) {
		trace_fill(record, file->id);
		*filled = true;
	}
	return filter && !filter->match(filter, record, len);
}

u32 event_triggers_act(struct trace_event_file *file,
		       struct event_trigger *trigger, void *record, u32 len,
		       bool filled)
{
	u32 after = 0, guard = ftrace_guard_enter_once(FTRACE_GUARD_TRIGGER);

	if (unlikely(!guard)) /* TG4 */
		return 0;
	for (; trigger; trigger = READ_ONCE(trigger->next)) {
		if (rejects(file, trigger, record, len, &filled))
			continue;
		if (trigger->is.hist)
			event_hist_hit(trigger->is.hist, record, len);
		else if (commands[trigger->is.kind].after)
			after |= 1U << trigger->is.kind;
		else
			act_if_left(file, trigger);
	}
	ftrace_guard_leave(guard);
	return after;
}

__own_line struct event_trigger *
event_triggers_want(struct trace_event_file *file, void *record, u32 len)
{
	struct event_trigger *trigger = smp_load_acquire(&file->triggers);
	bool filled = false;

	while (trigger && rejects(file, trigger, record, len, &filled))
		trigger = READ_ONCE(trigger->next);
	return trigger;
}

void event_triggers_act_after(struct trace_event_file *file, u32 after)
{
	struct event_trigger *trigger = smp_load_acquire(&file->triggers);
	u32 guard = ftrace_guard_enter_once(FTRACE_GUARD_TRIGGER);

	if (unlikely(!guard)) /* TG4 */
		return;
	for (; after && trigger; trigger = READ_ONCE(trigger->next))
		if (after >> trigger->is.kind & 1)
			act_if_left(file, trigger);
	ftrace_guard_leave(guard);
}
