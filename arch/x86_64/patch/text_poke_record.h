/* SPDX-License-Identifier: MIT */
/*
 * The recorder of batches, step by step, for the demo's timeline and for
 * exporters.
 *
 * The recorder is off by default; then a batch pays one comparison per step.
 * When it is on, it keeps the last POKE_RECORDS batches and overwrites the
 * oldest first.
 *
 * Context: task. Records are written under text_mutex. A reader must either
 * exclude other batches or accept that the oldest record changes as it reads.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_lab.h"
#include "kernel/lib/types.h"

#define POKE_RECORDS	  8
#define POKE_RECORD_STEPS 12

struct poke_record_step {
	enum poke_step step;
	u64 done; /* TSC */
	/* POKE_SYNC: the CPUs that answered, and their times (TSC). */
	u64 acked;
	u64 ack[NR_CPUS];
};

struct poke_record {
	u64 number; /* of the batch since recording was turned on; from 1 */
	const struct poke_method *method;
	size_t sites;
	unsigned int cpus;
	u64 begin; /* TSC */
	u64 end;
	unsigned int nr_steps;
	struct poke_record_step steps[POKE_RECORD_STEPS];
	struct poke_hits hits[NR_CPUS]; /* during the batch */
};

/*
 * poke_record_start - turn the recorder on and drop older records
 * Return: 0; -ENOMEM. No other code is returned.
 */
int poke_record_start(void);
/* Turn it off; the records stay readable until the next start. */
void poke_record_stop(void);

/* The n-th record from the end: 0 is the last; NULL if there is none. */
const struct poke_record *poke_record_get(unsigned int n);

/* Print a record as a timeline, one line per step, times in microseconds. */
void poke_record_print(const struct poke_record *record);
