/* SPDX-License-Identifier: MIT */
/*
 * call_each() - call the callbacks of the ops at @ops[0] to @ops[@n - 1] with
 * these arguments and the ops itself; @n is not 0. A callback is the first word
 * of its ops.
 *
 * For each one gcc would execute nine instructions; these are seven. The index
 * counts up to zero, and the arguments come from memory, where they are stored
 * once: for three registers that a callback keeps, gcc would save and load six.
 * Context: probe.
 */
#pragma once

#include "kernel/lib/types.h"

struct ftrace_ops;
struct ftrace_regs;

static __always_inline void call_each(struct ftrace_ops *const *ops,
				      unsigned long n, unsigned long ip,
				      unsigned long parent_ip,
				      struct ftrace_regs *fregs)
{
	__asm__ volatile("negq %[n]\n"
			 "1:\tmovq (%[end], %[n], 8), %%rdx\n\t"
			 "movq %[ip], %%rdi\n\t"
			 "movq %[parent_ip], %%rsi\n\t"
			 "movq %[fregs], %%rcx\n\t"
			 "callq *(%%rdx)\n\t"
			 "incq %[n]\n\t"
			 "jnz 1b"
			 : [n] "+&b"(n)
			 : [end] "r"(ops + n), [ip] "m"(ip),
			   [parent_ip] "m"(parent_ip), [fregs] "m"(fregs)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
			   "r11", "cc", "memory");
}
