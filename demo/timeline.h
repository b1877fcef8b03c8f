/* SPDX-License-Identifier: MIT */
/*
 * timeline.h - what one batch of the patch engine did, step by step.
 *
 * Context: task. A timeline is written under text_mutex; a reader excludes
 * other batches.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/lib/types.h"

#define TIMELINE_STEPS 12

struct timeline_step {
	enum poke_step step;
	u64 done; /* TSC */
	/* POKE_SYNC: the CPUs that answered, and their times (TSC). */
	u64 acked;
	u64 ack[NR_CPUS];
};

struct timeline {
	size_t sites;
	unsigned int cpus;
	u64 begin; /* TSC */
	u64 end;   /* 0: the batch is not complete */
	unsigned int nr_steps;
	struct timeline_step steps[TIMELINE_STEPS];
	struct poke_hits hits[NR_CPUS]; /* during the batch */
};

/* Keeps the last batch: for poke_observe(), or called by such an observer. */
void timeline_observe(enum poke_step next);

/* The last batch that was observed. */
const struct timeline *timeline_last(void);

/* Print it, one line per step, times in microseconds. */
void timeline_print(const struct timeline *timeline);
