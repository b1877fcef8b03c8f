/* SPDX-License-Identifier: MIT */
/*
 * Views of the patch engine's inside: the steps of a batch and one observer of
 * them, the INT3s that CPUs hit, totals.
 *
 * None of them changes what the engine does. (Faults and other ways to patch
 * come in by poke_hooks.h, in nop5-debug.elf only.)
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/types.h"
#include <asm/percpu.h>

enum poke_step {
	POKE_END,
	POKE_PUBLISH, /* show the vector to the INT3 handler */
	POKE_INT3,    /* write CC over every first byte */
	POKE_SYNC,    /* one broadcast round: every CPU serialises */
	POKE_TAIL,    /* write bytes 1.. of every new instruction */
	POKE_HEAD,    /* write the new first bytes */
	POKE_REWRITE, /* write them once more and compare all bytes */
	POKE_RETIRE,  /* unpublish; wait for handlers with a reference */
	NR_POKE_STEPS,
};

const char *poke_step_name(enum poke_step step);

/*
 * Set the observer of all later batches, which is called before each step and,
 * with POKE_END, after the last; NULL: none. A batch pays one comparison per
 * step. Context: task; of the observer: task, preemption off, interrupts on,
 * text_mutex held.
 */
typedef void (*poke_observer_t)(enum poke_step next);
void poke_observe(poke_observer_t observer);

/* Outcomes of the INT3s a CPU hit. [C] with interrupts off, NMI included */
struct poke_hits {
	unsigned long live[6]; /* at a site of the live batch, by insn_kind */
	unsigned long late[6]; /* resolved by the bytes in memory */
	unsigned long again;   /* look-ups repeated: a batch came or went */
	unsigned long foreign; /* not the engine's */
};

DECLARE_PER_CPU(struct poke_hits, poke_hits);

/* The sum over all CPUs since boot, a snapshot. Context: any. */
struct poke_hits poke_hits_total(void);

/* Totals since boot. */
struct poke_stats {
	unsigned long batches;
	unsigned long sites;
	unsigned long chunks; /* sections with interrupts off */
	u64 irqoff_max;	      /* the longest of them, TSC cycles */
};

struct poke_stats poke_stats(void);
void poke_stats_reset_max(void);
