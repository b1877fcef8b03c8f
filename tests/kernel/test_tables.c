// SPDX-License-Identifier: MIT
/*
 * Tables and pools of fixed size: each is filled and emptied ten times over,
 * and ends with what it began with. What can only be used up shows here.
 */
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/dev/acpi.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include <asm/smp.h>

#define TIMES	       10
#define ABSENT_APIC_ID 231

/* ---- idle tasks: one for each CPU number, however often it is tried ------ */

static int try_absent_cpu(void)
{
	return smp_start_cpu(NR_CPUS - 1, ABSENT_APIC_ID, 1000000);
}

KTEST_FLAGS(tables, starting_a_cpu_in_vain_costs_once, KTEST_LEAKS, 0)
{
	struct task_struct *idle;
	size_t pages, bytes;
	unsigned int i;

	if (cpu_online(NR_CPUS - 1) || acpi_info.nr_cpus == 0)
		KTEST_SKIP("needs a free CPU number, and a list of CPUs");
	EXPECT_EQ(try_absent_cpu(), -ETIMEDOUT);
	idle = sched_idle_task(NR_CPUS - 1);
	EXPECT(idle != NULL);
	pages = page_free_count();
	bytes = kmalloc_live();
	for (i = 0; i < TIMES; i++)
		EXPECT_EQ(try_absent_cpu(), -ETIMEDOUT);
	EXPECT_EQ(page_free_count(), pages);
	EXPECT_EQ(kmalloc_live(), bytes);
	EXPECT(sched_idle_task(NR_CPUS - 1) == idle);
}
