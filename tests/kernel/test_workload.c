// SPDX-License-Identifier: MIT
/*
 * The workload by itself: what it sends arrives unspoiled, and it leaves
 * nothing behind. (The harness compares the memory before and after.)
 */
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "kernel/workload.h"
#include "tests/kernel/ktest.h"

/* WL1, WL2 */
KTEST(workload, parcels_arrive_unspoiled)
{
	struct workload_stats stats = { 0 };

	ASSERT_EQ(workload_start(2), 0);
	while (stats.parcels < 100 || !stats.passes) {
		msleep(10);
		workload_read(&stats);
	}
	EXPECT_EQ(stats.spoiled, 0);
	EXPECT(stats.allocated > 0 && stats.leaves > 0);
	workload_stop();
	workload_read(&stats);
	EXPECT_EQ(stats.parcels, 0); /* no worker is left */
}

/* The planted fault wastes memory; what is sent still arrives. */
KTEST(workload, a_rare_fault_on_demand)
{
	struct workload_stats stats = { 0 };

	ASSERT_EQ(workload_start_faulty(1), 0);
	EXPECT_EQ(workload_start_faulty(1), -EBUSY);
	while (stats.parcels < 150) {
		msleep(10);
		workload_read(&stats);
	}
	EXPECT_EQ(stats.spoiled, 0);
	workload_stop();
}
