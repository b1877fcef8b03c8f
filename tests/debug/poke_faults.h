/* SPDX-License-Identifier: MIT */
/*
 * poke_faults.h - the fault switches of the INT3 handler, all off until a test
 * turns them on. Only nop5-debug.elf has them.
 */
#pragma once

#include "kernel/lib/types.h"

enum poke_fault {
	POKE_FAULT_NO_REF = 1 << 0,   /* handler takes no reference */
	POKE_FAULT_OLD_INSN = 1 << 1, /* emulates the old instruction */
	POKE_FAULT_SKIP = 1 << 2,     /* emulates a NOP, whatever comes */
	POKE_FAULT_NO_SEQ = 1 << 3,   /* does not look at the sequence again */
	POKE_FAULT_NO_BYTES = 1 << 4, /* a late INT3 is nobody's */
	POKE_FAULT_DELAY = 1 << 5,    /* not a fault: widens the windows */
};

/*
 * @faults: of enum poke_fault, for all traps that follow. @delay: the longest
 * wait, in TSC cycles, each drawn anew: with POKE_FAULT_DELAY inside the
 * handler, and before each store of the method naive (tests/lab/write.c).
 * Context: task; the caller is the only one who patches.
 */
void poke_lab_faults(u32 faults, u32 delay);

extern u32 poke_lab_switches; /* [A] of enum poke_fault */
extern u32 poke_lab_longest;  /* [A] the longest wait, TSC cycles */

/* Wait for a time that is drawn. Not traceable. */
void poke_lab_delay(void);
