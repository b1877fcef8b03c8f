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

/*
 * Places in the handling of #BP, for the stack walker. From int3_live to
 * int3_resume the owner has not returned. From int3_live_leaves to
 * int3_live_pops rax is where to go on, rdx the stack pointer to go on with. At
 * int3_live_returns and int3_returns rsp is, and ip is the word below it.
 */
extern const char int3_live[], int3_resume[] __asm__("int3_common.resume");
extern const char int3_live_leaves[] __asm__("int3_live.leaves");
extern const char int3_live_pops[] __asm__("int3_live.pops");
extern const char int3_live_returns[] __asm__("int3_live.returns");
extern const char int3_returns[] __asm__("int3_common.returns");

/*
 * orig_ax of the pt_regs of a #BP, until the instruction for which the INT3
 * stands has been emulated, or a handler has set ip: ip is one byte behind its
 * start. It may stay while ip is in a slot, for the walker knows those.
 */
#define INT3_TRAPPED (3UL << 32)

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
