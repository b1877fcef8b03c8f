/* SPDX-License-Identifier: MIT */
/*
 * Ways to break the patch engine on purpose, and to look into it: for the
 * laboratory and for the tests' negative controls.
 *
 * All of it is off unless a test turns it on; it costs a batch one comparison
 * per step. (Faults of the INT3 handler are in poke_hooks.h, and cost nothing.)
 * The functions below change every batch that follows, so the caller must be
 * the only one who patches, and a method other than the default may be used on
 * sacrificial functions only.
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/types.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

enum poke_step {
	POKE_END,
	POKE_PUBLISH, /* the vector to the INT3 handler */
	POKE_INT3,    /* CC over every first byte */
	POKE_SYNC,    /* one broadcast round: every CPU serialises */
	POKE_TAIL,    /* new bytes 1.. of every site */
	POKE_HEAD,    /* new first bytes */
	POKE_REWRITE, /* the same once more, and compare all bytes */
	POKE_RETIRE,  /* no handler takes the vector; wait for the rest */
	/* Of the laboratory: */
	POKE_FORGET,  /* POKE_RETIRE without the wait */
	POKE_BYTES,   /* every instruction, byte by byte */
	POKE_STOP,    /* park all other CPUs with interrupts off */
	POKE_RESUME,  /* they serialise and go on */
	POKE_JMPSELF, /* EB FE over the first two bytes */
	POKE_TAIL3,   /* new bytes 2.. */
	POKE_HEAD2,   /* new bytes 0 and 1 as one store */
	NR_POKE_STEPS,
};

/* A way of patching: the steps in order. */
struct poke_method {
	const char *name;
	const char *what; /* one line for the laboratory's table */
	const u8 *steps;  /* enum poke_step; ends with POKE_END */
};

extern const struct poke_method poke_method_int3;

/* By name: int3, int3-nosync, naive, stop, jmpself. NULL if unknown. */
const struct poke_method *poke_method_find(const char *name);
/* The i-th of them; NULL behind the last. */
const struct poke_method *poke_method_nth(unsigned int i);
const char *poke_step_name(enum poke_step step);

/* The method of the batches that follow; NULL: the default, int3. */
void poke_lab_method(const struct poke_method *method);

/*
 * Called between the steps of a batch, before each step; NULL: nobody.
 * Context of hook: task, preemption off, interrupts on, text_mutex held.
 */
typedef void (*poke_hook_t)(enum poke_step next);
void poke_lab_hook(poke_hook_t hook);

/* When the poke window is mapped afresh; see text_poke_fresh.c. */
enum poke_fresh {
	POKE_FRESH_AUTO,  /* by what CPUID says */
	POKE_FRESH_STORE, /* before every store: right everywhere */
	POKE_FRESH_PAGE,  /* when it moves to another page: not under TCG */
};

/* For the batches that follow. */
void poke_lab_fresh(enum poke_fresh fresh);

/* What is chosen for this signature of CPUID leaf 0x40000000. Pure. */
enum poke_fresh poke_fresh_choose(bool hypervisor, const char signature[12]);

/* What became of the INT3s a CPU met. [C] with interrupts off, NMI included */
struct poke_hits {
	unsigned long live[6]; /* at a site of the live batch, by insn_kind */
	unsigned long late[6]; /* resolved by what the bytes said */
	unsigned long again;   /* had to look again: a batch came or went */
	unsigned long foreign; /* nobody's of ours */
};

DECLARE_PER_CPU(struct poke_hits, poke_hits);

/* Sum over all CPUs since boot. Context: any; a snapshot. */
struct poke_hits poke_hits_total(void);

/* Totals since boot, for tests, the laboratory and the bench. */
struct poke_stats {
	unsigned long batches;
	unsigned long sites;
	unsigned long chunks; /* stretches with interrupts off */
	u64 irqoff_max;	      /* the longest of them, TSC cycles */
	u64 window_max;	      /* longest time others trapped, TSC cycles */
	u64 stopped;	      /* CPUs parked, TSC cycles, method stop */
};

struct poke_stats poke_stats(void);
void poke_stats_reset_max(void);
