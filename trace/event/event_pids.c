// SPDX-License-Identifier: MIT
/*
 * event_pids.c - record the events of some tasks only.
 *
 * Owns the sets of pids and the list of those in force. Invariants EP1 and EP2:
 * event_pids.h.
 *
 * Context: sets change under trace_lock; the hooks of tasks change their
 * contents, too, with preemption off and without a lock. event_pids_wanted()
 * and event_pids_accept(): probe.
 */
#include "trace/event/event_pids.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/trace_hooks.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_internal.h"
#include <asm/atomic.h>
#include <asm/context.h>

#define SLOTS (2 * EVENT_PIDS_MAX) /* a power of two */

/* What a slot has instead of a pid plus 1. */
#define FREE  0U
#define TAKEN ~0U /* it had one: go on looking */

struct event_pid_set {
	struct trace_array *tr;	    /* [I] */
	struct event_pid_set *next; /* [A] of those in force */
	atomic_t live;		    /* pids in it */
	u32 slot[SLOTS];	    /* [A] */
};

static struct event_pid_set *in_force; /* [A], written under trace_lock */

/* ---- one set ------------------------------------------------------------- */

static u32 first_slot(int pid)
{
	return (u32)pid * 0x9e3779b1U >> 23; /* the top 9 bits */
}

static_assert(SLOTS == 1 << 9, "first_slot()");

/* Return: the pid's slot; NULL: it is not in the set. */
static u32 *find(struct event_pid_set *set, int pid)
{
	u32 i, at = first_slot(pid), value;

	for (i = 0; i < SLOTS; i++) {
		value = READ_ONCE(set->slot[(at + i) % SLOTS]);
		if (value == (u32)pid + 1)
			return &set->slot[(at + i) % SLOTS];
		if (value == FREE)
			break;
	}
	return NULL;
}

/* Several CPUs may add at a time: a slot is taken by one of them. */
int event_pids_add(struct event_pid_set *set, int pid)
{
	u32 i, at = first_slot(pid), old;

	if (find(set, pid))
		return 0;
	if (atomic_read(&set->live) >= EVENT_PIDS_MAX)
		return -ENOSPC;
	for (i = 0; i < SLOTS; i++) {
		u32 *slot = &set->slot[(at + i) % SLOTS];

		old = READ_ONCE(*slot);
		if (old != FREE && old != TAKEN)
			continue;
		if (!try_cmpxchg(slot, &old, (u32)pid + 1))
			continue;
		atomic_inc(&set->live);
		return 0;
	}
	return -ENOSPC;
}

static void remove_pid(struct event_pid_set *set, int pid)
{
	u32 *slot = find(set, pid);

	if (!slot)
		return;
	WRITE_ONCE(*slot, TAKEN);
	atomic_dec(&set->live);
}

/* Return: the lowest pid from @pid on, or -1. */
static int next_pid(const struct event_pid_set *set, int pid)
{
	u32 i, value, best = TAKEN;

	for (i = 0; i < SLOTS; i++) {
		value = READ_ONCE(set->slot[i]);
		if (value != FREE && value != TAKEN && value > (u32)pid &&
		    value < best)
			best = value;
	}
	return best == TAKEN ? -1 : (int)best - 1;
}

struct event_pid_set *event_pids_create(const struct trace_array *tr,
					enum event_pids_kind kind)
{
	const struct event_pid_set *from = tr->event_pids[kind];
	struct event_pid_set *set = kzalloc(sizeof(*set));
	int pid = 0;

	if (!set)
		return NULL;
	set->tr = (struct trace_array *)tr;
	for (; from && (pid = next_pid(from, pid)) >= 0; pid++)
		event_pids_add(set, pid);
	return set;
}

void event_pids_free(struct event_pid_set *set)
{
	kfree(set);
}

/* ---- the sets of a trace ------------------------------------------------- */

/* Events that are about another task, too, and the field with its pid. */
static const struct {
	const char *event, *field;
} other_tasks[] = {
	{ "sched_switch", "next_pid" },
	{ "sched_waking", "pid" },
	{ "sched_wakeup", "pid" },
	{ "sched_wakeup_new", "pid" },
};

static u16 other_pid(const struct trace_event *event)
{
	const struct trace_field *field = event->fields;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(other_tasks); i++)
		if (!strcmp(event->name, other_tasks[i].event))
			break;
	if (i == ARRAY_SIZE(other_tasks) || strcmp(event->system, "sched"))
		return 0;
	while (field->type && strcmp(field->name, other_tasks[i].field))
		field++;
	return field->type ? field->offset : 0;
}

/* EP1 */
void event_pids_file(struct trace_event_file *file)
{
	bool has = file->tr->event_pids[EVENT_PIDS_ONLY] ||
		   file->tr->event_pids[EVENT_PIDS_NEVER];

	file->other_pid = other_pid(file->event);
	trace_event_file_set(file, EVENT_FILE_PIDS, has);
}

static void update_files(struct trace_array *tr)
{
	struct trace_event_file *file;
	u32 slot = 0;

	while ((file = trace_event_file_next(tr, &slot)))
		event_pids_file(file);
}

static void unlink_set(const struct event_pid_set *set)
{
	struct event_pid_set **at = &in_force;

	while (*at != set)
		at = &(*at)->next;
	WRITE_ONCE(*at, set->next);
}

void event_pids_set(struct trace_array *tr, enum event_pids_kind kind,
		    struct event_pid_set *set)
{
	struct event_pid_set *old = tr->event_pids[kind];

	assert_held(&trace_lock);
	if (set && next_pid(set, 0) < 0) {
		kfree(set);
		set = NULL;
	}
	if (set) {
		set->next = in_force;
		/* Filled in before a hook sees it; pairs with its load. */
		smp_store_release(&in_force, set);
	}
	smp_store_release(&tr->event_pids[kind], set);
	if (old)
		unlink_set(old);
	update_files(tr);
	if (old)
		synchronize_cpus(); /* EP2 */
	kfree(old);
}

int event_pids_next(const struct trace_array *tr, enum event_pids_kind kind,
		    int pid)
{
	const struct event_pid_set *set = tr->event_pids[kind];

	assert_held(&trace_lock);
	return set ? next_pid(set, pid) : -1;
}

/* ---- probes -------------------------------------------------------------- */

static bool allowed(const struct trace_array *tr, int pid)
{
	struct event_pid_set *only =
		smp_load_acquire(&tr->event_pids[EVENT_PIDS_ONLY]);
	struct event_pid_set *never =
		smp_load_acquire(&tr->event_pids[EVENT_PIDS_NEVER]);

	return (!only || find(only, pid)) && !(never && find(never, pid));
}

bool event_pids_wanted(const struct trace_event_file *file)
{
	return file->other_pid || allowed(file->tr, current->pid);
}

bool event_pids_accept(const struct trace_event_file *file, const void *record)
{
	return allowed(file->tr, current->pid) ||
	       (file->other_pid &&
		allowed(file->tr,
			*(const s32 *)((const u8 *)record + file->other_pid)));
}

/* ---- tasks: the option event-fork ---------------------------------------- */

static void task_created(struct task_struct *task)
{
	struct event_pid_set *set;

	preempt_disable_notrace();
	for (set = smp_load_acquire(&in_force); set; set = READ_ONCE(set->next))
		if (trace_option(set->tr, TRACE_OPT_event_fork) &&
		    find(set, current->pid))
			event_pids_add(set, task->pid);
	preempt_enable_notrace();
}

static void task_ended(struct task_struct *task)
{
	struct event_pid_set *set;

	preempt_disable_notrace();
	for (set = smp_load_acquire(&in_force); set; set = READ_ONCE(set->next))
		if (trace_option(set->tr, TRACE_OPT_event_fork))
			remove_pid(set, task->pid);
	preempt_enable_notrace();
}

static const struct task_hooks event_pids_hooks = { .created = task_created,
						    .ended = task_ended };
TABLE_ENTRY(task_hooks, 40, event_pids_hooks);
