/* SPDX-License-Identifier: MIT */
/*
 * Up-calls from the stack walker to code that generates code or replaces return
 * addresses. Each such owner registers a struct unwind_hooks in the table
 * unwind_hooks.
 *
 * Context of all: any, NMI included; not traceable, no locks.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct task_struct;

struct unwind_hooks {
	/* Any of them may be NULL: the owner has nothing of that kind. */

	/*
	 * Does @addr lie in a trampoline between a site and its callbacks?
	 *
	 * If so, *bytes is set: at a call from the trampoline, rsp + *bytes
	 * (rsp after the call has returned) is the address of the return
	 * address into the traced function. The next word up is the return
	 * address to that function's caller.
	 */
	bool (*trampoline_frame)(unsigned long addr, unsigned long *bytes);

	/*
	 * Does @addr lie in generated code that makes a frame like a function?
	 * If so, *start and *size are set to that code.
	 */
	bool (*wrapper_range)(unsigned long addr, unsigned long *start,
			      unsigned long *size);

	/*
	 * The true return address for @addr, which was found at @retp on the
	 * stack of @task: @addr itself, unless the owner has replaced it.
	 */
	unsigned long (*return_address)(struct task_struct *task,
					unsigned long addr,
					unsigned long *retp);

	/*
	 * Is @ip in a copy of a probed instruction? If so, *place is set to the
	 * address that @ip stands for: that of the instruction, or behind it.
	 */
	bool (*place_of_copy)(unsigned long ip, unsigned long *place);

	/* Has a probe's INT3 replaced the byte at @addr? If so, *byte is set.
	 */
	bool (*replaced_byte)(unsigned long addr, u8 *byte);
};

DECLARE_TABLE(struct unwind_hooks, unwind_hooks);

/*
 * These call the hooks of every owner, in order, and end at the first true;
 * unwind_return_address() passes the address on from owner to owner.
 */
bool unwind_trampoline_frame(unsigned long addr, unsigned long *bytes);
bool unwind_wrapper_range(unsigned long addr, unsigned long *start,
			  unsigned long *size);
unsigned long unwind_return_address(struct task_struct *task,
				    unsigned long addr, unsigned long *retp);
/* The place of a copy, or @ip. */
unsigned long unwind_place(unsigned long ip);
/* The byte that was at @addr before a probe, or the one that is there. */
u8 unwind_byte(unsigned long addr);
