// SPDX-License-Identifier: MIT
/*
 * trace_event_file.c - enable, disable and filter events, trace by trace.
 *
 * Owns the files and the state machine of their flags. A file is in use by an
 * ordinary user (its file enable), by soft users, or both:
 *
 *	disabled       --enable-->  ENABLED
 *	   | soft user                 | soft user
 *	   v                           v
 *	ENABLED, SOFT_MODE,         ENABLED, SOFT_MODE
 *	SOFT_DISABLED  <--disable--
 *
 * The last soft user of a file that is SOFT_DISABLED detaches the probe. Of a
 * file that is not ENABLED, SOFT_DISABLED has no meaning (EF4).
 *
 * Invariants EF1 to EF4: trace_event_file.h.
 *
 * Context: task, may sleep; trace_event_wanted(): probe. Locks: trace_lock, and
 * under it events_lock.
 */
#include "trace/event/trace_event_file.h"

#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "trace/event/event_trigger.h"
#include "trace/event/tracepoint.h"
#include "trace/trace_internal.h"
#include "trace/trace_options.h"
#include <asm/atomic.h>

void (*event_printk)(const struct trace_event_file *file, const void *record,
		     u32 len);

DEFINE_TABLE(struct event_file_user, event_file_users);

static bool changed;   /* the session has something to wait for [trace_lock] */
static bool attaching; /* it has begun one of tracepoints [trace_lock] */

/* ---- sessions ------------------------------------------------------------ */

/* Wait for the probes and filters that were taken away. [trace_lock held] */
static void settle(void)
{
	assert_held(&trace_lock);
	if (attaching && tracepoint_session_end())
		changed = false; /* one wait serves both */
	if (changed)
		synchronize_cpus(); /* EF1, EF2: a probe has preemption off */
	attaching = changed = false;
	event_triggers_settled();
}

void event_session_begin(void)
{
	mutex_lock(&trace_lock);
}

void event_session_wait(void)
{
	assert_held(&trace_lock);
	changed = true;
}

void event_session_end(void)
{
	settle();
	mutex_unlock(&trace_lock);
}

struct trace_event_file *trace_event_file_find(struct trace_array *tr,
					       const struct trace_event *event)
{
	return event->reg ? trace_event_file_find_any(tr, event) : NULL;
}

struct trace_event_file *
trace_event_file_find_any(struct trace_array *tr,
			  const struct trace_event *event)
{
	struct trace_event_file *file =
		tr->event_files[event->id % TRACE_EVENT_SLOTS];

	assert_held(&trace_lock);
	return file && file->event == event ? file : NULL;
}

struct trace_event_file *trace_event_file_next(struct trace_array *tr,
					       u32 *slot)
{
	struct trace_event_file *file;

	do
		file = trace_event_file_next_any(tr, slot);
	while (file && !file->event->reg);
	return file;
}

struct trace_event_file *trace_event_file_next_any(struct trace_array *tr,
						   u32 *slot)
{
	struct trace_event_file *file = NULL;

	assert_held(&trace_lock);
	while (!file && *slot < TRACE_EVENT_SLOTS)
		file = tr->event_files[(*slot)++];
	return file;
}

/* ---- the state machine --------------------------------------------------- */

void trace_event_file_set(struct trace_event_file *file, u32 bits, bool on)
{
	u32 flags = READ_ONCE(file->flags);

	while (!try_cmpxchg(&file->flags, &flags,
			    on ? flags | bits : flags & ~bits))
		;
}

/*
 * The probes of a session are attached in one session of tracepoints, begun by
 * the first of them and ended by settle().
 */
static void begin_change(void)
{
	if (!attaching)
		tracepoint_session_begin();
	attaching = true;
}

/* EF3 */
static int attach(struct trace_event_file *file)
{
	int err = trace_expand(file->tr);

	if (err)
		return err;
	begin_change();
	err = file->event->reg ? file->event->reg(file) : 0;
	if (err)
		return err;
	trace_event_file_set(file, EVENT_FILE_ENABLED, true);
	return 0;
}

/* EF3 */
static void detach(struct trace_event_file *file)
{
	begin_change();
	if (file->event->unreg)
		file->event->unreg(file);
	changed = true;
	trace_event_file_set(file, EVENT_FILE_ENABLED, false); /* EF4 */
}

int trace_event_enable_disable(struct trace_event_file *file, bool enable)
{
	assert_held(&trace_lock);
	if (enable) {
		trace_event_file_set(file, EVENT_FILE_SOFT_DISABLED, false);
		return file->flags & EVENT_FILE_ENABLED ? 0 : attach(file);
	}
	if (file->flags & EVENT_FILE_SOFT_MODE)
		trace_event_file_set(file, EVENT_FILE_SOFT_DISABLED, true);
	else if (file->flags & EVENT_FILE_ENABLED)
		detach(file);
	changed = true;
	return 0;
}

static int soft_begin(struct trace_event_file *file)
{
	int err = 0;

	if (!(file->flags & EVENT_FILE_ENABLED)) {
		/* Before the probe is attached: nothing must be recorded. */
		trace_event_file_set(file, EVENT_FILE_SOFT_DISABLED, true);
		err = attach(file);
	}
	if (!err)
		trace_event_file_set(file, EVENT_FILE_SOFT_MODE, true);
	return err;
}

static void soft_end(struct trace_event_file *file)
{
	trace_event_file_set(file, EVENT_FILE_SOFT_MODE, false);
	if (file->flags & EVENT_FILE_SOFT_DISABLED)
		detach(file);
}

int trace_event_soft_mode(struct trace_event_file *file, bool use)
{
	int err = 0;

	assert_held(&trace_lock);
	if (use && !file->soft_users)
		err = soft_begin(file);
	if (err)
		return err;
	file->soft_users += use ? 1 : -1;
	if (!file->soft_users)
		soft_end(file);
	return 0;
}

struct event_filter *trace_event_set_filter(struct trace_event_file *file,
					    struct event_filter *filter)
{
	struct event_filter *old = file->filter;

	assert_held(&trace_lock);
	/* Filled in before a probe sees it. */
	smp_store_release(&file->filter, filter);
	trace_event_file_set(file, EVENT_FILE_FILTERED, filter);
	changed = true;
	return old;
}

bool trace_event_wanted(const struct trace_event_file *file)
{
	u32 flags = READ_ONCE(file->flags);

	return !(flags & EVENT_FILE_SOFT_DISABLED) &&
	       (!(flags & EVENT_FILE_PIDS) || event_pids_wanted(file));
}

/* ---- the option stacktrace ----------------------------------------------- */

static void option_changed(struct trace_array *tr, unsigned int option, bool on)
{
	struct trace_event_file *file;
	u32 slot = 0;

	if (option != TRACE_OPT_stacktrace)
		return;
	while ((file = trace_event_file_next(tr, &slot)))
		trace_event_file_set(file, EVENT_FILE_STACK, on);
}

static const struct trace_option_hook stack_option = { option_changed };
TABLE_ENTRY(trace_option_hooks, 60, stack_option);

/* ---- files that come and go ---------------------------------------------- */

static struct trace_event_file **place(struct trace_array *tr,
				       const struct trace_event *event)
{
	return &tr->event_files[event->id % TRACE_EVENT_SLOTS];
}

/* Free the file of a place, if there is one. It is detached and settled. */
static void free_file(struct trace_event_file **at)
{
	struct trace_event_file *file = *at;

	*at = NULL;
	if (file && file->filter)
		file->filter->free(file->filter);
	kfree(file);
}

/*
 * A stack of the event begins behind this function. The top trace gets its
 * files first: the others copy what a search by name has found.
 */
static void find_caller(struct trace_event_file *file)
{
	const struct trace_event_file *top =
		trace_event_file_find_any(trace_top(), file->event);
	char name[TRACE_EVENT_NAME + sizeof("__traceiter_")];
	unsigned long size = 0;

	if (top) {
		file->caller = top->caller;
		file->caller_size = top->caller_size;
		return;
	}
	if (!file->event->tp)
		return;
	snprintf(name, sizeof(name), "__traceiter_%s", file->event->tp->name);
	file->caller = kallsyms_lookup_name(name);
	if (file->caller && kallsyms_lookup(file->caller, NULL, &size))
		file->caller_size = size;
}

static int make_file(struct trace_array *tr, const struct trace_event *event)
{
	struct trace_event_file *file = kzalloc(sizeof(*file));

	if (!file)
		return -ENOMEM;
	/* Only events of the table are const; those are never written to. */
	file->event = (struct trace_event *)event;
	file->tr = tr;
	file->id = event->id;
	find_caller(file);
	event_pids_file(file);
	if (trace_option(tr, TRACE_OPT_stacktrace))
		trace_event_file_set(file, EVENT_FILE_STACK, true);
	if (event_printk && tr == trace_top())
		trace_event_file_set(file, EVENT_FILE_PRINTK, true);
	*place(tr, event) = file;
	return 0;
}

/* Switch a file without triggers off for good, soft users or not. */
static void force_off(struct trace_event_file *file)
{
	const struct event_file_user *const *user;

	for_each_entry(user, event_file_users)(*user)->drop(file);
	file->soft_users = 0;
	trace_event_file_set(file, EVENT_FILE_SOFT_MODE, false);
	if (file->flags & EVENT_FILE_ENABLED)
		detach(file);
}

static int disable_all(struct trace_array *tr)
{
	struct trace_event_file *file;
	u32 slot = 0;

	event_triggers_drop_all(tr);
	while ((file = trace_event_file_next_any(tr, &slot)))
		force_off(file);
	settle();
	return 0;
}

static void free_refusals(struct trace_array *tr)
{
	struct event_refusal *refusal;

	while ((refusal = tr->event_refusals)) {
		tr->event_refusals = refusal->next;
		refusal->text->free(refusal->text);
		kfree(refusal);
	}
}

static void destroy_files(struct trace_array *tr)
{
	u32 slot;

	for (slot = 0; slot < TRACE_EVENT_SLOTS; slot++)
		free_file(&tr->event_files[slot]);
	event_pids_set(tr, EVENT_PIDS_ONLY, NULL);
	event_pids_set(tr, EVENT_PIDS_NEVER, NULL);
	free_refusals(tr);
}

static int create_files(struct trace_array *tr)
{
	const struct trace_event *event;
	u32 slot = 0;
	int err = 0;

	assert_held(&trace_lock);
	while (!err && (event = trace_event_next(&slot)))
		if (event->reg || event->has_triggers)
			err = make_file(tr, event);
	return err;
}

static const struct trace_part files_part = {
	.create = create_files,
	.stop = disable_all,
	.destroy = destroy_files,
};
TABLE_ENTRY(trace_parts, 30, files_part);

static void remove_files(const struct trace_event *event)
{
	struct trace_event_file *file;
	struct trace_array *tr;

	for (tr = trace_top(); tr; tr = tr->next) {
		file = trace_event_file_find(tr, event);
		if (!file)
			continue;
		event_triggers_drop(file);
		force_off(file);
	}
	settle();
	for (tr = trace_top(); tr; tr = tr->next)
		if (trace_event_file_find(tr, event))
			free_file(place(tr, event));
}

/*
 * Make the event's file, and so its directory, in each trace. The name and the
 * first argument are those of Linux's function, because scripts probe that one.
 */
static __attribute__((__noipa__)) int
tracefs_create_dir(const char *name, const struct trace_event *event)
{
	struct trace_array *tr;
	int err = 0;

	(void)name;
	for (tr = trace_top(); tr && !err; tr = tr->next)
		err = make_file(tr, event);
	if (err)
		remove_files(event);
	return err;
}

int trace_event_add(struct trace_event *event)
{
	int err;

	mutex_lock(&trace_lock);
	err = trace_event_register(event);
	if (!err) {
		err = tracefs_create_dir(event->name, event);
		if (err)
			trace_event_unregister(event);
	}
	mutex_unlock(&trace_lock);
	return err;
}

void trace_event_remove(struct trace_event *event)
{
	mutex_lock(&trace_lock);
	remove_files(event);
	trace_event_unregister(event);
	mutex_unlock(&trace_lock);
}
