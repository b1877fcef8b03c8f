/* SPDX-License-Identifier: MIT */
/*
 * The interface between entry.asm and C: the stubs and the functions they call.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;

#define NR_VECTORS	256
#define ENTRY_STUB_SIZE 16

/* Stub of vector n at n * ENTRY_STUB_SIZE. */
extern const char entry_stubs[];

/* One past the last instruction of entry.asm, which begins with the stubs. */
extern const char entry_code_end[];

/* Exceptions other than #BP and NMI. Context: that of the interrupted code. */
void exception_entry(struct pt_regs *regs);
/* A #BP that the first of int3_owners has not claimed. Context: as above. */
void int3_declined(struct pt_regs *regs);
/* Vectors from 32 on, except VECTOR_SYNC_CORE. Context: irq. */
void irq_entry(struct pt_regs *regs);
/* The answer to sync_core_all(), in entry.asm. Interrupts off; notrace. */
void sync_core_answer(void);
/* VECTOR_SYNC_CORE, while one of its events has a probe. Context: irq. */
void sync_core_traced(void);
/* Context: nmi. */
void nmi_entry(struct pt_regs *regs);
