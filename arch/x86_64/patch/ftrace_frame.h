/* SPDX-License-Identifier: MIT */
/*
 * What a trampoline has on the stack while it calls a callback, and what lies
 * in front of its code.
 *
 * There are two frames. A callback is given one pointer for both, because
 * from r9 to ip they are laid out alike (both in the order of pt_regs):
 *
 *	fast				full
 *					r15 r14 r13 r12 bp bx r11 r10
 *	r9  <- fregs, rsp		r9  <- fregs
 *	r8 ax cx dx si di		r8 ax cx dx si di
 *	direct				orig_ax
 *	ip (the return address		ip (a copy, put back on the way out)
 *	    the site's CALL pushed)
 *	parent_ip			cs
 *					flags sp ss
 *					direct
 *					return address
 *					parent_ip
 *
 * So "is it full" is asked of the word behind ip: KERNEL_CS or an address.
 *
 * Changing these structs changes ftrace_entry.asm (by asm-offsets) and the
 * bytes ftrace_tramp.c writes (by static_assert) with it.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/cpu.h>
#include <asm/pt_regs.h>

struct ftrace_regs {
	unsigned long r9, r8, ax, cx, dx, si, di;
	unsigned long direct; /* leave to here; 0: return. Fast frame only */
	unsigned long ip;
	unsigned long parent_ip; /* fast frame; KERNEL_CS in a full one */
};

struct ftrace_full_frame {
	struct pt_regs regs;
	unsigned long direct;
	unsigned long ret;
	unsigned long parent_ip;
};

static_assert(offsetof(struct pt_regs, ip) - offsetof(struct pt_regs, r9) ==
		      offsetof(struct ftrace_regs, ip),
	      "the two frames agree from r9 to ip");
static_assert(offsetof(struct pt_regs, cs) - offsetof(struct pt_regs, r9) ==
		      offsetof(struct ftrace_regs, parent_ip),
	      "cs tells the two frames apart");

static __always_inline bool ftrace_regs_full(const struct ftrace_regs *fregs)
{
	return fregs->parent_ip == KERNEL_CS;
}

static __always_inline struct ftrace_full_frame *
ftrace_full_frame(struct ftrace_regs *fregs)
{
	char *regs = (char *)fregs - offsetof(struct pt_regs, r9);

	return (struct ftrace_full_frame *)regs;
}

/* Where the traced function's return address stands. */
static __always_inline unsigned long *
ftrace_return_slot(struct ftrace_regs *fregs)
{
	if (unlikely(ftrace_regs_full(fregs)))
		return &ftrace_full_frame(fregs)->parent_ip;
	return &fregs->parent_ip;
}

/*
 * In front of a generated trampoline, at the start of its first granule: how
 * the unwinder finds the start from any address inside, with no list and no
 * lock, in an NMI while another CPU frees one.
 */
struct ftrace_tramp_header {
	u32 magic;
	u16 size; /* bytes of code, this header not counted */
	u8 n;	  /* calls */
	u8 regs;  /* 1: full frame */
};

#define FTRACE_TRAMP_MAGIC 0x706d7274U /* "trmp" */

static_assert(sizeof(struct ftrace_tramp_header) == 8,
	      "code begins 8 bytes into the granule");
