/* SPDX-License-Identifier: MIT */
/*
 * workload.h - kernel threads that do something worth looking at.
 *
 * A tracer needs life to trace. Each set of workers is: a producer, a filter
 * and a consumer with queues between them, a churner of memory, a pair that
 * passes a ball, a re-arming timer, and a walker that recurses deeply. All
 * are ordinary traceable functions with names that read well in a trace.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

/* What the workers did since they were started; for tests and for the eye. */
struct workload_stats {
	u64 parcels;   /* went through the whole pipeline */
	u64 spoiled;   /* arrived with a wrong checksum: must stay 0 */
	u64 allocated; /* blocks taken and given back */
	u64 passes;    /* of the ball */
	u64 ticks;     /* of the timer */
	u64 leaves;    /* reached by the deep walk */
};

/*
 * Start @sets sets of workers (1 to 64). Return: 0; -EBUSY they run already;
 * -ENOMEM (nothing runs then). No other code is returned.
 */
int workload_start(unsigned int sets);

/* End all workers and wait for them. Harmless if none runs. */
void workload_stop(void);

void workload_read(struct workload_stats *stats);

/* One deep walk, on the caller's stack: @depth calls down, then back. */
unsigned long walk_tree(unsigned int depth, unsigned long seed);
