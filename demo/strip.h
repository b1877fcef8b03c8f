/* SPDX-License-Identifier: MIT */
/*
 * strip.h - the switches of tasks that a trace has recorded, as one row of
 * letters per CPU.
 *
 * Context: task, may sleep; one strip at a time.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched.h"

struct trace_array;

struct strip_task {
	int pid;
	char comm[TASK_COMM_LEN];
	u64 cpus; /* those it has left, a bit each */
	u64 left; /* how often a CPU switched from it */
	u64 died; /* how often it was dead then */
};

/*
 * strip_read() - read the events sched_switch of a trace that does not record
 * Return: 0; -ENOENT no such event; -ENODATA the trace holds none; -EIO an
 * event is lost: its previous task is not the next task of the event before;
 * -ENOSPC more tasks than letters; -ENOMEM.
 */
int strip_read(struct trace_array *tr);

/* What has been read: print it; the task with that pid, or NULL; counts. */
void strip_print(void);
const struct strip_task *strip_task(int pid);
unsigned int strip_tasks(void);
u64 strip_switches(void);
