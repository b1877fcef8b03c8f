/* SPDX-License-Identifier: MIT */
/*
 * The stack frame of a trampoline while it calls a callback.
 *
 * There are two frames. A callback gets the same type of pointer for both,
 * because they have the same layout from r9 to di (the order of pt_regs):
 *
 *	fast				full
 *					r15 r14 r13 r12 bp bx r11 r10
 *	r9  <- fregs, rsp		r9  <- fregs
 *	r8 ax cx dx si di		r8 ax cx dx si di
 *	ip (the return address		orig_ax: 0
 *	    the site's CALL pushed)
 *	parent_ip			ip (a copy, restored on the way out)
 *					cs flags sp ss
 *					direct
 *					return address
 *					parent_ip
 *
 * The word behind di tells the two apart: it is 0 in a full frame and an
 * address in a fast one. The static caller's fast frame has its direct slot
 * below r9.
 *
 * A change of these structs also changes ftrace_entry.asm (through asm-offsets)
 * and the bytes that ftrace_tramp.c writes (checked by static_assert).
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/pt_regs.h>

struct ftrace_regs {
	unsigned long r9, r8, ax, cx, dx, si, di;
	unsigned long ip;	 /* fast frame; 0 in a full one */
	unsigned long parent_ip; /* fast frame */
};

/* The fast frame of the static caller. */
struct ftrace_static_frame {
	unsigned long direct; /* target to leave to; 0: ret */
	struct ftrace_regs regs;
};

struct ftrace_full_frame {
	struct pt_regs regs;
	unsigned long direct;
	unsigned long ret;
	unsigned long parent_ip;
};

static_assert(offsetof(struct pt_regs, di) - offsetof(struct pt_regs, r9) ==
		      offsetof(struct ftrace_regs, di),
	      "the two frames agree from r9 to di");
static_assert(offsetof(struct pt_regs, orig_ax) -
			      offsetof(struct pt_regs, r9) ==
		      offsetof(struct ftrace_regs, ip),
	      "orig_ax tells the two frames apart");

static __always_inline bool ftrace_regs_full(const struct ftrace_regs *fregs)
{
	return !fregs->ip;
}

static __always_inline struct ftrace_full_frame *
ftrace_full_frame(struct ftrace_regs *fregs)
{
	char *regs = (char *)fregs - offsetof(struct pt_regs, r9);

	return (struct ftrace_full_frame *)regs;
}

/* Copy the registers that both frames have. The others in *regs stay. */
static __always_inline void ftrace_partial_regs(const struct ftrace_regs *fregs,
						struct pt_regs *regs)
{
	regs->r9 = fregs->r9;
	regs->r8 = fregs->r8;
	regs->ax = fregs->ax;
	regs->cx = fregs->cx;
	regs->dx = fregs->dx;
	regs->si = fregs->si;
	regs->di = fregs->di;
}

/* The stack slot that holds the traced function's return address. */
static __always_inline unsigned long *
ftrace_return_slot(struct ftrace_regs *fregs)
{
	if (unlikely(ftrace_regs_full(fregs)))
		return &ftrace_full_frame(fregs)->parent_ip;
	return &fregs->parent_ip;
}

/*
 * Where return_to_handler() keeps rax: two words below the slot (its frame is
 * drawn in fgraph_entry.asm).
 */
static __always_inline unsigned long *ftrace_result_slot(unsigned long *retp)
{
	return retp - 2;
}
