/* SPDX-License-Identifier: MIT */
/*
 * record_data.h - the tables of a recording, shared by its writers (record.c)
 * and what prints it (record_print.c).
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "tests/lab/record.h"
#include <asm/percpu.h>

struct record_step {
	unsigned int step; /* enum poke_step or lab_step */
	u64 t, end;
};

struct record_store {
	u64 t, end;
	u8 off, len;
	u64 after; /* the word in memory after the store */
};

struct record_round {
	u64 t;		  /* the CPUs are asked to serialise */
	u64 end[NR_CPUS]; /* each has done so */
};

/* Calls in a row with the same outcome by the same route. */
struct record_run {
	struct record_call kind; /* the first of them */
	u64 n;
	u64 last, end; /* of the last of them: begin, end */
};

struct record_cpu {
	bool busy; /* [A] inside record_call() */
	u64 calls, torn, lost, dropped;
	u64 parked, resumed; /* 0: it was not */
	u64 inside, left;    /* the same of the code that is to be freed */
	unsigned int nr_runs;
	struct record_run runs[48];
} __aligned(64);

struct recording {
	struct record_scene scene;
	unsigned int patcher, cpus;
	u64 start; /* TSC: 0 of all times */
	unsigned int nr_steps, nr_stores, nr_rounds;
	u64 dropped; /* what did not fit but calls */
	u64 quiet;   /* TSC, or 0 */
	struct record_step steps[24];
	struct record_store stores[32];
	struct record_round rounds[8];
	struct record_cpu cpu[NR_CPUS];
};

extern struct recording record_now;
