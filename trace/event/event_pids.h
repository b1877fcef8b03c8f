/* SPDX-License-Identifier: MIT */
/*
 * event_pids.h - the tasks whose events a trace records: set_event_pid, and
 * those whose events it does not: set_event_notrace_pid.
 *
 * A trace has at most one set of each kind, a struct pid_set, which a task that
 * starts or ends changes while probes read it.
 *
 * EP1  A trace's files have EVENT_FILE_PIDS exactly while it has a set. So
 *      without sets an event tests nothing.
 * EP2  A set is freed after every probe and every hook that may read it.
 *
 * An event is recorded if its task is in the first set (or there is none) and
 * not in the second. An event of the scheduler that is about another task, too,
 * is recorded if either task is.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/core/pid_set.h"

struct event_pid_set;
struct trace_array;
struct trace_event_file;

enum event_pids_kind { EVENT_PIDS_ONLY, EVENT_PIDS_NEVER, EVENT_PIDS_KINDS };

#define EVENT_PIDS_MAX PID_SET_MAX /* pids in a set */
#define EVENT_PID_END  (1 << 30)

/*
 * event_pids_create() - a copy of the trace's set of this kind
 * Return: NULL without memory; the copy of no set is empty. [trace_lock held]
 */
struct event_pid_set *event_pids_create(const struct trace_array *tr,
					enum event_pids_kind kind);
/* Return: 0, also if the set has it; -ENOSPC it has EVENT_PIDS_MAX others. */
int event_pids_add(struct event_pid_set *set, int pid);
/* Of a set that event_pids_set() has not got. */
void event_pids_free(struct event_pid_set *set);

/*
 * event_pids_set() - make it the trace's set; an empty set means none, as NULL
 * Takes the set over. May sleep. [trace_lock held]
 */
void event_pids_set(struct trace_array *tr, enum event_pids_kind kind,
		    struct event_pid_set *set);

/* Return: the lowest pid of the set from @pid on; -1: none. [trace_lock held]*/
int event_pids_next(const struct trace_array *tr, enum event_pids_kind kind,
		    int pid);

/*
 * event_pids_wanted() - may this task's event be recorded?
 * It is asked before the record exists: true also if only the record can tell.
 * Context: probe, preemption off.
 */
bool event_pids_wanted(const struct trace_event_file *file);

/* The same with the record. */
bool event_pids_accept(const struct trace_event_file *file, const void *record);

/* Set what a new file has to know. [trace_lock held] */
void event_pids_file(struct trace_event_file *file);
