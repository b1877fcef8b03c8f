// SPDX-License-Identifier: MIT
/*
 * Allocation-failure injection.
 *
 * Owns: the task whose allocation is to fail, and the number of its allocations
 * up to and including that one. 0 means that none will fail, or one just has.
 *
 * Context: task. One task at a time: only that task touches `left`.
 */
#include "kernel/base/fail.h"
#include "kernel/base/panic.h"
#include <asm/context.h>
#include <asm/percpu.h>

static struct task_struct *chosen; /* [A] NULL: no task is to fail */
static unsigned int left;	   /* only the chosen task uses it */

void fail_nth(unsigned int n)
{
	struct task_struct *task = this_cpu_read(current_task);

	BUG_ON(READ_ONCE(chosen) && chosen != task);
	left = n;
	WRITE_ONCE(chosen, n ? task : NULL);
}

bool fail_end(void)
{
	bool failed = left == 0;

	fail_nth(0);
	return failed;
}

bool should_fail_alloc(void)
{
	if (likely(READ_ONCE(chosen) != this_cpu_read(current_task)) || !left ||
	    !in_task())
		return false;
	return --left == 0;
}
