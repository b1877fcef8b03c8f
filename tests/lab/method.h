/* SPDX-License-Identifier: MIT */
/*
 * method.h - other ways to patch than the engine's, for the laboratory, the
 * theatre and negative controls. Only nop5-debug.elf has them.
 *
 * A method is a list of steps, the protocol's own and those below. It may be
 * used on sacrificial functions only, and while no other task patches.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/types.h"

/* Steps that the engine does not have. */
enum lab_step {
	LAB_FORGET = NR_POKE_STEPS, /* POKE_RETIRE without the wait */
	LAB_BYTES,		    /* write every instruction byte by byte */
	LAB_STOP,    /* park all other CPUs with interrupts off */
	LAB_RESUME,  /* the parked CPUs serialise and continue */
	LAB_JMPSELF, /* write EB FE over the first two bytes */
	LAB_TAIL3,   /* write the new bytes 2.. */
	LAB_HEAD2,   /* write the new bytes 0 and 1 in one store */
	/* What a scene does behind a batch; no method has them. */
	LAB_WAIT, /* wait for all tasks */
	LAB_FREE, /* free code that the site called */
	NR_LAB_STEPS,
};

struct lab_method {
	const char *name;
	const char *what; /* one line for the laboratory's table */
	const u8 *steps;  /* of both enums; ends with POKE_END */
};

/* The i-th method: int3, naive, int3-nosync, stop, jmpself; NULL behind. */
const struct lab_method *lab_method_nth(unsigned int i);
/* Find by name; NULL if unknown. */
const struct lab_method *lab_method_find(const char *name);
/* Set the method of all later batches; NULL: the engine's own. */
void lab_use_method(const struct lab_method *method);

const char *lab_step_name(unsigned int step);

/* When all later batches remap the window; POKE_FRESH_AUTO: as it decides. */
void lab_use_fresh(enum poke_fresh fresh);

/* Time that CPUs were parked by LAB_STOP since boot, in TSC cycles. */
u64 lab_stopped(void);

/* ---- for the hooks ---- */

extern const u8 *lab_steps;	  /* [P] NULL: the engine's own */
extern enum poke_fresh lab_fresh; /* [P] POKE_FRESH_AUTO: as it decides */

/* Do a step of the laboratory; false: it is the engine's. Context: [P]. */
bool lab_step_begins(unsigned int step, const struct text_poke *vec, size_t n);

/* ---- write.c: [P], the stores of the laboratory's steps ---- */

void lab_write(unsigned int step, const struct text_poke *vec, size_t n);
