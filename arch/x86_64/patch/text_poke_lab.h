/* SPDX-License-Identifier: MIT */
/*
 * Switches that break the patch engine on purpose, and views of its inside, for
 * the laboratory and for the tests' negative controls.
 *
 * All of them are off unless a test turns one on. They cost a batch one
 * comparison per step. (Faults of the INT3 handler are in poke_hooks.h and cost
 * nothing.) The functions below change every later batch, so no other task may
 * patch at the same time. A method other than the default may be used on
 * sacrificial functions only.
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/types.h"
#include <asm/barrier.h>
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
	/* Steps of the laboratory only: */
	POKE_FORGET,  /* POKE_RETIRE without the wait */
	POKE_BYTES,   /* write every instruction byte by byte */
	POKE_STOP,    /* park all other CPUs with interrupts off */
	POKE_RESUME,  /* the parked CPUs serialise and continue */
	POKE_JMPSELF, /* write EB FE over the first two bytes */
	POKE_TAIL3,   /* write the new bytes 2.. */
	POKE_HEAD2,   /* write the new bytes 0 and 1 in one store */
	NR_POKE_STEPS,
};

/* A way of patching: the steps in order. */
struct poke_method {
	const char *name;
	const char *what; /* one line for the laboratory's table */
	const u8 *steps;  /* enum poke_step; ends with POKE_END */
};

extern const struct poke_method poke_method_int3;

/* Find by name: int3, int3-nosync, naive, stop, jmpself. NULL if unknown. */
const struct poke_method *poke_method_find(const char *name);
/* The i-th method; NULL behind the last. */
const struct poke_method *poke_method_nth(unsigned int i);
const char *poke_step_name(enum poke_step step);

/* Set the method of all later batches; NULL: the default, int3. */
void poke_lab_method(const struct poke_method *method);

/*
 * Set a hook that is called before each step of a batch; NULL: no hook.
 * Context of hook: task, preemption off, interrupts on, text_mutex held.
 */
typedef void (*poke_hook_t)(enum poke_step next);
void poke_lab_hook(poke_hook_t hook);

/* When the poke window is remapped; see text_poke_fresh.c. */
enum poke_fresh {
	POKE_FRESH_AUTO,  /* CPUID decides */
	POKE_FRESH_STORE, /* before every store: correct everywhere */
	POKE_FRESH_PAGE,  /* when it moves to another page: wrong under TCG */
};

/* Set it for all later batches. */
void poke_lab_fresh(enum poke_fresh fresh);

/* The choice for this signature of CPUID leaf 0x40000000. Pure. */
enum poke_fresh poke_fresh_choose(bool hypervisor, const char signature[12]);

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

/* Totals since boot, for tests, the laboratory and the bench. */
struct poke_stats {
	unsigned long batches;
	unsigned long sites;
	unsigned long chunks; /* sections with interrupts off */
	u64 irqoff_max;	      /* the longest of them, TSC cycles */
	u64 window_max;	      /* longest time other CPUs trap, TSC cycles */
	u64 stopped;	      /* method stop: CPUs parked, TSC cycles */
};

struct poke_stats poke_stats(void);
void poke_stats_reset_max(void);
