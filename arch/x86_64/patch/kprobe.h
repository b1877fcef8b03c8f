/* SPDX-License-Identifier: MIT */
/*
 * kprobe.h - shared by the files of the probes' mechanism.
 *
 * A slot is one granule of the executable pool:
 *
 *	0		 the instruction, then a jump to the one behind it
 *	KPROBE_SLOT_POST the instruction, then INT3
 *	KPROBE_SLOT_ADDR the address of the probed instruction
 *
 * A displacement of [rip + disp] is adjusted in each copy. A call through
 * memory is a push of its return address and a jump through memory.
 */
#pragma once

#include "trace/arch_kprobe.h"

#define KPROBE_SLOT_POST 32UL
#define KPROBE_SLOT_ADDR 56UL

/*
 * Set ip, sp and rcx as the emulated instruction at @addr does. Pure but for
 * the stack that regs->sp points to. Context: #BP.
 */
void kprobe_emulate(const struct arch_kprobe *probe, unsigned long addr,
		    struct pt_regs *regs);
/* Is condition @cc (0-15) true for these flags? */
bool kprobe_condition(unsigned long flags, unsigned int cc);

/* kprobe_decode.c: the instruction at @addr becomes *probe; pure but for
 * reading text. Return: as arch_kprobe_prepare(), without the errors of memory.
 */
int kprobe_decode(struct arch_kprobe *probe, unsigned long addr);
/* Write the slot's bytes to buf, as for the address @slot. Return: 0 or
 * -EOPNOTSUPP, out of reach. */
int kprobe_slot_emit(const struct arch_kprobe *probe, unsigned long addr,
		     unsigned long slot, u8 *buf);
/* The bytes at @addr as without any probe. Return: their number. Context:
 * text_mutex. */
unsigned int kprobe_original_bytes(unsigned long addr,
				   u8 bytes[KPROBE_CODE_MAX]);
