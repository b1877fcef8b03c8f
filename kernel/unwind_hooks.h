/* SPDX-License-Identifier: MIT */
/*
 * Up-calls from the stack walker to whatever generates code or replaces return
 * addresses: each owner registers a struct unwind_hooks in the table
 * unwind_hooks.
 *
 * Context of all: any, NMI included; not traceable, no locks.
 */
#pragma once

#include "kernel/lib/table.h"

struct task_struct;

struct unwind_hooks {
	/* NULL: the owner has nothing of the kind. */

	/*
	 * Does @addr lie in a trampoline between a site and its callbacks?
	 *
	 * Then *bytes is such that at a call made from it, rsp + *bytes (rsp
	 * after the call has returned) is the address of the return address
	 * into the traced function. Above that stands the return address to
	 * that function's caller.
	 */
	bool (*trampoline_frame)(unsigned long addr, unsigned long *bytes);

	/*
	 * Does @addr lie in generated code that makes a frame like a function?
	 * Then *start and *size are that code.
	 */
	bool (*wrapper_range)(unsigned long addr, unsigned long *start,
			      unsigned long *size);

	/*
	 * The true return address, given @addr, found at @retp on the stack of
	 * @task: @addr itself, unless the owner has replaced it.
	 */
	unsigned long (*return_address)(struct task_struct *task,
					unsigned long addr,
					unsigned long *retp);
};

DECLARE_TABLE(struct unwind_hooks, unwind_hooks);

/* The same questions, put to every owner: the first yes, the last address. */
bool unwind_trampoline_frame(unsigned long addr, unsigned long *bytes);
bool unwind_wrapper_range(unsigned long addr, unsigned long *start,
			  unsigned long *size);
unsigned long unwind_return_address(struct task_struct *task,
				    unsigned long addr, unsigned long *retp);
