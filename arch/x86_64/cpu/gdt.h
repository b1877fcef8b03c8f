/* SPDX-License-Identifier: MIT */
/*
 * Segments and the task state segment of each CPU: there for the three
 * special stacks of NMI, double fault and machine check.
 */
#pragma once

#include "kernel/lib/types.h"

#define TSS_SELECTOR 0x18

/* Numbers in the interrupt stack table, 1-based as in the gates. */
enum ist {
	IST_NONE = 0, /* the stack that is in use */
	IST_NMI = 1,
	IST_DF = 2,
	IST_MC = 3,
	NR_IST = 3,
};

/*
 * Load this CPU's GDT and TSS. Its special stacks must have been set (CPU 0
 * begins with small static ones).
 * Context: boot or bring-up, interrupts off.
 */
void gdt_load(void);

/*
 * Give a CPU special stacks with guard pages below, unless it has them.
 * Context: task or boot, paging and heap up; the CPU is either this one or
 * not started.
 * Return: 0; -ENOMEM. No other code is returned.
 */
int gdt_alloc_stacks(unsigned int cpu);

/*
 * Make a special stack of this CPU end at top, and return where it ended. For
 * tests that nest what must not nest. Context: preemption off or nmi.
 */
unsigned long gdt_swap_stack(enum ist which, unsigned long top);

/* Which special stack of this CPU addr lies in. notrace, any context. */
enum ist ist_of(unsigned long addr);
