// SPDX-License-Identifier: MIT
/*
 * A function that another one replaces at link time: its code stays in the
 * image and its site in the table, but it has no name any more. See
 * ftrace_bugs.weak_function_leaves_no_alias.
 */
#include "kernel/lib/types.h"

int ftrace_weak_probe(void);

__weak noinline int ftrace_weak_probe(void)
{
	return 1;
}
