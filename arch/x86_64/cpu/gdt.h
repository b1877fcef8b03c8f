/* SPDX-License-Identifier: MIT */
/*
 * Segments and the task state segment of each CPU. The TSS provides the three
 * IST stacks, of NMI, double fault and machine check.
 */
#pragma once

#include "kernel/lib/types.h"

#define TSS_SELECTOR 0x18

/* Numbers in the interrupt stack table, 1-based as in the gates. */
enum ist {
	IST_NONE = 0, /* the interrupted stack */
	IST_NMI = 1,
	IST_DF = 2,
	IST_MC = 3,
	NR_IST = 3,
};

/*
 * Load this CPU's GDT and TSS. Its IST stacks must have been set (CPU 0 begins
 * with small static ones).
 * Context: boot or bring-up, interrupts off.
 */
void gdt_load(void);

/*
 * Give a CPU IST stacks with guard pages below them, unless it has them.
 * Context: task or boot, after paging and heap are ready; the CPU is this one
 * or is not started.
 * Return: 0; -ENOMEM. No other code is returned.
 */
int gdt_alloc_stacks(unsigned int cpu);

/*
 * Set the end of an IST stack of this CPU to top, and return the old end. For
 * tests that nest NMIs on purpose. Context: preemption off or nmi.
 */
unsigned long gdt_swap_stack(enum ist which, unsigned long top);

/* The IST stack of this CPU that addr lies in. notrace, any context. */
enum ist ist_of(unsigned long addr);
