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

#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/trace_hooks.h"
#include "trace/core/pid_set.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_internal.h"
#include <asm/context.h>

struct event_pid_set {
	struct trace_array *tr;	    /* [I] */
	struct event_pid_set *next; /* [A] of those in force */
	struct pid_set pids;
};

static struct event_pid_set *in_force; /* [A], written under trace_lock */

/* ---- one set ------------------------------------------------------------- */

int event_pids_add(struct event_pid_set *set, int pid)
{
	return pid_set_add(&set->pids, pid);
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
	for (; from && (pid = pid_set_next(&from->pids, pid)) >= 0; pid++)
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
	if (set && pid_set_next(&set->pids, 0) < 0) {
		kfree(set);
		set = NULL;
	}
	if (!set && !old)
		return;
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
	return set ? pid_set_next(&set->pids, pid) : -1;
}

/* ---- probes -------------------------------------------------------------- */

static bool allowed(const struct trace_array *tr, int pid)
{
	struct event_pid_set *only =
		smp_load_acquire(&tr->event_pids[EVENT_PIDS_ONLY]);
	struct event_pid_set *never =
		smp_load_acquire(&tr->event_pids[EVENT_PIDS_NEVER]);

	return (!only || pid_set_has(&only->pids, pid)) &&
	       !(never && pid_set_has(&never->pids, pid));
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
	bool full = false;

	preempt_disable_notrace();
	for (set = smp_load_acquire(&in_force); set; set = READ_ONCE(set->next))
		if (trace_option(set->tr, TRACE_OPT_event_fork))
			full |= pid_set_follow(&set->pids, current->pid,
					       task->pid);
	preempt_enable_notrace();
	if (full)
		pr_warn("event-fork: a list has %d pids: the child %d and "
			"others are not followed",
			PID_SET_MAX, task->pid);
}

static void task_ended(struct task_struct *task)
{
	struct event_pid_set *set;

	preempt_disable_notrace();
	for (set = smp_load_acquire(&in_force); set; set = READ_ONCE(set->next))
		if (trace_option(set->tr, TRACE_OPT_event_fork))
			pid_set_remove(&set->pids, task->pid);
	preempt_enable_notrace();
}

static const struct task_hooks event_pids_hooks = { .created = task_created,
						    .ended = task_ended };
TABLE_ENTRY(task_hooks, 40, event_pids_hooks);
