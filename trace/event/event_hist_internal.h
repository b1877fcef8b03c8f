/* SPDX-License-Identifier: MIT */
/*
 * event_hist_internal.h - a histogram as event_hist.c and hist_view.c know it.
 *
 * Lock legend: [I] immutable; [L] trace_lock; [A] written by one store, read in
 * any context.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched.h"
#include "trace/event/event_hist.h"

#define HIST_COMM_WORDS (TASK_COMM_LEN / sizeof(u64))

/* A map, and how many use it: its histogram, and views. */
struct hist_table {
	struct hist_map *map;	 /* [I] */
	u32 users;		 /* [L] histograms of one name share it */
	struct hist_table *dead; /* [L] of those cleared away */
};

struct event_hist {
	struct hist_spec spec;	/* [I] */
	bool one_number;	/* [I] it has one key, a number, and no value */
	struct trace_array *tr; /* [I] */
	/* [I] The function whose caller begins a stack: [from, to). */
	unsigned long from, to;
	struct hist_table *table;      /* [A] */
	bool paused;		       /* [A] */
	u32 users;		       /* [L] its trigger, and views */
	struct event_hist *next_named; /* [L] of those with a name */
};

/* Drop a use of a table. NULL is allowed. [trace_lock held] */
void hist_table_put(struct hist_table *table);
