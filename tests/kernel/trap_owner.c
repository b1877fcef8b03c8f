// SPDX-License-Identifier: MIT
/*
 * trap_owner.c - the tests' owner of #BP and #DB.
 */
#include "tests/kernel/trap_owner.h"
#include <asm/barrier.h>

static trap_hook_t int3_hook, step_hook; /* [A] */

static notrace int tests_int3(struct pt_regs *regs)
{
	trap_hook_t hook = READ_ONCE(int3_hook);

	return hook && hook(regs);
}

static int tests_step(struct pt_regs *regs)
{
	trap_hook_t hook = READ_ONCE(step_hook);

	return hook && hook(regs);
}

static const struct trap_owner tests_of_int3 = { "tests", tests_int3 };
TABLE_ENTRY(int3_owners, 90, tests_of_int3);

static const struct trap_owner tests_of_step = { "tests", tests_step };
TABLE_ENTRY(step_owners, 90, tests_of_step);

void trap_set_int3_hook(trap_hook_t hook)
{
	WRITE_ONCE(int3_hook, hook);
}

void trap_set_step_hook(trap_hook_t hook)
{
	WRITE_ONCE(step_hook, hook);
}
