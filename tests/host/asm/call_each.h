/* SPDX-License-Identifier: MIT */
/* Host fake of <asm/call_each.h>. */
#pragma once

#include "trace/core/ftrace.h"
#include <asm/barrier.h>

static __always_inline void call_each(struct ftrace_ops *const *ops,
				      unsigned long n, unsigned long ip,
				      unsigned long parent_ip,
				      struct ftrace_regs *fregs)
{
	do {
		READ_ONCE((*ops)->func)(ip, parent_ip, *ops, fregs);
		ops++;
	} while (--n);
}
