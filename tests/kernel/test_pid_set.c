// SPDX-License-Identifier: MIT
/*
 * A set of pids that all CPUs change at once: each has pids of its own, and
 * their searches begin at a few slots, so that all are in one row.
 */
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/core/pid_set.h"

#define ROUNDS 1000
#define EACH   16U /* pids of one CPU, at most */
#define SLOTS  4U  /* where the searches begin */
#define ALWAYS 8U  /* pids that are in the set all the time */

static struct pid_set set;
static int pids[PID_SET_MAX]; /* those that are always in it; each CPU's */
static atomic_t wrong;

/* Where the search for a pid begins: it is the only one of @set. */
static u32 slot_of(int pid)
{
	u32 slot = 0;

	pid_set_add(&set, pid);
	while (!set.slot[slot])
		slot++;
	pid_set_remove(&set, pid);
	return slot;
}

static void choose_pids(unsigned int n)
{
	unsigned int i = 0;
	int pid;

	for (pid = 1; i < n; pid++)
		if (slot_of(pid) < SLOTS)
			pids[i++] = pid;
}

static unsigned int each(void)
{
	return min(EACH, (PID_SET_MAX - ALWAYS) / num_online_cpus());
}

static void check(bool right)
{
	if (!right)
		atomic_inc(&wrong);
}

static int come_and_go(void *unused)
{
	unsigned int n = each(), round, i;
	const int *mine = pids + ALWAYS + n * smp_processor_id();

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < n; i++)
			check(!pid_set_add(&set, mine[i]));
		for (i = 0; i < n; i += 2)
			pid_set_remove(&set, mine[i]);
		for (i = 0; i < n; i++)
			check(pid_set_has(&set, mine[i]) == i % 2);
		for (i = 1; i < n; i += 2)
			pid_set_remove(&set, mine[i]);
		for (i = 0; i < ALWAYS; i++)
			check(pid_set_has(&set, pids[i]));
	}
	return 0;
}

KTEST_FLAGS(pid_set, all_cpus_change_one_row, 0, 60)
{
	u32 i, used = 0;

	memset(&set, 0, sizeof(set));
	atomic_set(&wrong, 0);
	choose_pids(ALWAYS + each() * num_online_cpus());
	for (i = 0; i < ALWAYS; i++)
		EXPECT_EQ(pid_set_add(&set, pids[i]), 0);
	ASSERT_EQ(on_all_cpus_run(come_and_go, NULL), 0);
	EXPECT_EQ(atomic_read(&wrong), 0);
	EXPECT_EQ(atomic_read(&set.live), ALWAYS);
	for (i = 0; i < PID_SET_SLOTS; i++)
		used += set.slot[i] != 0;
	EXPECT_EQ(used, ALWAYS); /* no pid twice, no mark that is left */
}
