/* SPDX-License-Identifier: MIT */
/*
 * workload.h - kernel threads whose work is worth tracing.
 *
 * A tracer needs activity to trace. Each set of workers has a producer, a
 * filter and a consumer with queues between them, a thread that allocates and
 * frees memory, two that pass a ball, a re-arming timer, and a walker that
 * recurses deeply. All are ordinary traceable functions with readable names.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

/* Counts since the workers were started, for tests and for display. */
struct workload_stats {
	u64 parcels;   /* parcels that reached the consumer */
	u64 spoiled;   /* of these, with a wrong checksum: must stay 0 */
	u64 allocated; /* blocks allocated and freed */
	u64 passes;    /* passes of the ball */
	u64 ticks;     /* expiries of the timer */
	u64 leaves;    /* leaves reached by the deep walk */
};

/*
 * Start @sets sets of workers (1 to 64). Return: 0; -EBUSY if they run already;
 * -ENOMEM (then none runs). No other code is returned.
 */
int workload_start(unsigned int sets);
/*
 * The same with a rare fault, to be found by tracing: one parcel in 500 asks
 * for far too much memory.
 */
int workload_start_faulty(unsigned int sets);

/* End all workers and wait for them. Harmless if none runs. */
void workload_stop(void);

void workload_read(struct workload_stats *stats);

/* One deep walk, on the caller's stack: @depth calls down, then back. */
unsigned long walk_tree(unsigned int depth, unsigned long seed);
