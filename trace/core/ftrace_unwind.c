// SPDX-License-Identifier: MIT
/*
 * ftrace_unwind.c - what an address on a stack says of the tracer: is it in a
 * trampoline, and is this task inside a callback?
 *
 * Context: any, no locks; ftrace_in_callback() in a task.
 */
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include "trace/core/ftrace_internal.h"
#include "trace/graph/fgraph.h"

static bool trampoline_frame(unsigned long addr, unsigned long *bytes)
{
	unsigned long start, size;

	return arch_ftrace_frame(addr, &start, &size, bytes);
}

static const struct unwind_hooks trampolines = {
	.trampoline_frame = trampoline_frame,
	.wrapper_range = arch_ftrace_find_fexit,
};
TABLE_ENTRY(unwind_hooks, 10, trampolines);

/*
 * Is it a return address of a call made by return_to_handler? The start is
 * none: only traced functions return there.
 */
static bool is_return_handler(unsigned long addr)
{
	return addr > (unsigned long)return_to_handler &&
	       addr < (unsigned long)return_to_handler_end;
}

bool ftrace_in_callback(void)
{
	unsigned long *frame = __builtin_frame_address(0), *next;
	unsigned long top = (unsigned long)current->stack + current->stack_size;

	for (; (unsigned long)(frame + 2) <= top; frame = next) {
		if (is_ftrace_trampoline(frame[1]) ||
		    is_return_handler(frame[1]))
			return true;
		next = (unsigned long *)frame[0];
		if (next <= frame || !IS_ALIGNED((unsigned long)next, 8))
			break;
	}
	return false;
}

bool is_ftrace_trampoline(unsigned long addr)
{
	unsigned long start, size, bytes;

	return arch_ftrace_frame(addr, &start, &size, &bytes);
}

const char *ftrace_trampoline_symbol(unsigned long addr, unsigned long *off,
				     unsigned long *size)
{
	unsigned long start, bytes;
	bool fexit = arch_ftrace_find_fexit(addr, &start, size);

	if (!fexit && !arch_ftrace_frame(addr, &start, size, &bytes))
		return NULL;
	*off = addr - start;
	if (fexit)
		return "ftrace_fexit";
	return arch_ftrace_inner(start, 1) ? "ftrace_chain" :
					     "ftrace_trampoline";
}
