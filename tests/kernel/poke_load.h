/* SPDX-License-Identifier: MIT */
/*
 * All CPUs call the functions of a farm while it is patched, from tasks, from
 * interrupts and from NMIs, and judge each call.
 *
 * What a call may land on is known from two numbers that the patcher keeps:
 * versions begun and versions surely in place. The caller reads the second
 * before the call and the first after it; one of the versions in between is
 * what it must have landed on, once.
 */
#pragma once

#include "kernel/lib/types.h"
#include "tests/kernel/poke_farm.h"

enum load_from { LOAD_TASK, LOAD_IRQ, LOAD_NMI, NR_LOAD_FROM };

#define LOAD_INT3  (1U << 30) /* unrelated INT3s too; torn if taken for sites */
#define LOAD(from) (1U << (from))
#define LOAD_ALL   (LOAD(LOAD_TASK) | LOAD(LOAD_IRQ) | LOAD(LOAD_NMI))

struct load_count {
	u64 calls;
	u64 calls_from[NR_LOAD_FROM]; /* of these, by context */
	u64 landed[NR_FARM_KINDS];    /* by kind; JMP_A counts as A */
	u64 wrong;		      /* not allowed then */
	u64 torn;	 /* none of the targets, or more than one */
	u64 lost;	 /* of wrong: nothing was called */
	u64 doubled;	 /* of torn: more than one was */
	u64 faults;	 /* arenas: the call ended in a trap */
	u64 undefined;	 /* of these: #UD */
	u32 first_wrong; /* what it was */
	u32 allowed_from, allowed_to;
};

/*
 * Let all CPUs, or all but the one the caller is on, call random functions of
 * the farm. @what: of LOAD(). The caller becomes pinned.
 * Return: 0; -ENOMEM. No other code is returned.
 */
int load_begin(struct farm *farm, unsigned int what, bool all_cpus);

/* As farm_poke(), while the load runs: keeps the two numbers. */
int load_poke(enum farm_kind kind);
/* The same around a batch that the caller plans and applies itself. */
void load_poke_begins(enum farm_kind kind);
void load_poke_is_done(void);

/* Stop; what all contexts of all CPUs have counted. */
struct load_count load_end(void);

/* Of the running load: calls so far, torn ones and wrong ones among them. */
u64 load_calls_made(void);
u64 load_torn(void);
u64 load_wrong(void);

/* Unrelated INT3s fired and handled since load_begin(). */
u64 load_int3_fired(void), load_int3_handled(void);

/* Sum of the landings of all kinds but FARM_NOP. */
u64 load_landed_somewhere(const struct load_count *count);
