/* SPDX-License-Identifier: MIT */
/*
 * The registers of interrupted or traced code, as entry.asm and the tracing
 * trampolines push them. The names and the order are Linux's.
 *
 * In the frame of an exception or interrupt, orig_ax holds the error code (low
 * half, 0 if the CPU pushes none) and the vector (high half).
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

static_assert(sizeof(struct pt_regs) == 21 * 8, "entry.asm pushes 21 words");

/* Of the frame of an exception or interrupt only. */
static __always_inline unsigned int regs_vector(const struct pt_regs *regs)
{
	return regs->orig_ax >> 32;
}

static __always_inline u32 regs_error(const struct pt_regs *regs)
{
	return (u32)regs->orig_ax;
}
