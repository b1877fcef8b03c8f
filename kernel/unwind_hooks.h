/* SPDX-License-Identifier: MIT */
/*
 * Up-calls from the stack walker to the tracer, which alone knows its
 * trampolines and the return addresses it has replaced.
 *
 * Context of all: any, NMI included; not traceable, no locks.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/*
 * ftrace_trampoline_frame() - does @addr lie in a tracing trampoline (or in a
 * static caller)?
 *
 * Then *bytes is such that at a call made from it, rsp + *bytes (rsp after the
 * call has returned) is the address of the return address into the traced
 * function. Above that stands the return address to that function's caller.
 */
bool ftrace_trampoline_frame(unsigned long addr, unsigned long *bytes);

/*
 * ftrace_wrapper_range() - does @addr lie in a generated entry-and-exit target?
 *
 * Then *@start and *@size are its code, which makes a frame like a function.
 */
bool ftrace_wrapper_range(unsigned long addr, unsigned long *start,
			  unsigned long *size);

/*
 * ftrace_graph_ret_addr() - the true return address
 * @idx:  starts at 0 for a walk, kept by the callee between the calls
 * @addr: what was found on the stack
 * @retp: where it was found
 *
 * Return: @addr itself, unless it is the graph tracer's return hook.
 */
unsigned long ftrace_graph_ret_addr(struct task_struct *task, int *idx,
				    unsigned long addr, unsigned long *retp);
