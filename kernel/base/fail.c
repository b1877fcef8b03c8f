// SPDX-License-Identifier: MIT
/*
 * Allocation-failure injection.
 *
 * Owns: task->fail_nth, the allocations left until one of this task fails; 0
 * means none will, or one just has. Only the task itself touches it.
 */
#include "kernel/base/fail.h"
#include "kernel/sched.h"

void fail_nth(unsigned int n)
{
	current->fail_nth = n;
}

bool fail_end(void)
{
	bool failed = current->fail_nth == 0;

	current->fail_nth = 0;
	return failed;
}

bool should_fail_alloc(void)
{
	struct task_struct *task = current;

	if (likely(!task->fail_nth) || !in_task())
		return false;
	return --task->fail_nth == 0;
}
