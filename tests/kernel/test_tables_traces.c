// SPDX-License-Identifier: MIT
/*
 * What users make of traces: each is filled and emptied ten times over, and
 * ends with the memory it began with. The limits are those of the table in
 * trace/control/DESIGN.md.
 */
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/trace_snapshot.h"
#include "trace/tracers/call_stat.h"
#include "trace/tracers/profile.h"
#include "trace/tracers/sample.h"

#define TIMES 10

/* Do it once, then ten times more: no memory is gone. */
static void ten_times(void (*fill_and_empty)(void))
{
	size_t pages, bytes;
	unsigned int i;

	fill_and_empty();
	slab_drain();
	pages = page_free_count();
	bytes = kmalloc_live();
	for (i = 0; i < TIMES; i++)
		fill_and_empty();
	slab_drain();
	EXPECT_EQ(kmalloc_live(), bytes);
	EXPECT_EQ(page_free_count(), pages);
}

/* ---- instances, until there is no memory for another buffer -------------- */

#define BIG_KB 8192

static void fill_memory(void)
{
	char path[64];
	unsigned int n;
	int err = 0;

	for (n = 0; !err; n++) {
		snprintf(path, sizeof(path), "instances/full%u", n);
		ASSERT_EQ(tracefs_mkdir(path), 0);
		err = trace_set_buffer_kb(trace_array_find(path + 10),
					  TRACE_CPU_ALL, BIG_KB);
	}
	EXPECT_EQ(err, -ENOMEM);
	EXPECT(n > 1);
	while (n--) {
		snprintf(path, sizeof(path), "instances/full%u", n);
		EXPECT_EQ(tracefs_rmdir(path), 0);
	}
}

KTEST_FLAGS(tables_traces, instances, KTEST_LEAKS, 120)
{
	ten_times(fill_memory);
	EXPECT(!trace_top()->next);
}

/* ---- the others ---------------------------------------------------------- */

static void take_and_free(void)
{
	EXPECT_EQ(tracing_snapshot_alloc(trace_top()), 0);
	EXPECT_EQ(tracing_snapshot(trace_top()), 0);
	tracing_free_snapshot(trace_top());
}

KTEST(tables_traces, snapshots)
{
	ten_times(take_and_free);
}

static void fill_stat(void)
{
	unsigned long ips[CALL_STAT_MAX + 1];
	unsigned int i;

	for (i = 0; i <= CALL_STAT_MAX; i++)
		ips[i] = target_ip(i);
	EXPECT_EQ(call_stat_set(ips, CALL_STAT_MAX + 1), -EINVAL);
	EXPECT_EQ(call_stat_set(ips, CALL_STAT_MAX), 0);
	ftrace_target[CALL_STAT_MAX - 1]();
	EXPECT_EQ(call_stat_set(ips, 0), 0);
}

/* Memory may differ afterwards: the sets of the sites are kept. */
KTEST_FLAGS(tables_traces, stat, KTEST_LEAKS, 120)
{
	ten_times(fill_stat);
	EXPECT_EQ(ftrace_check(), 0);
}

static void sample_a_while(void)
{
	EXPECT_EQ(sample_start(1000, cpu_online_mask, false), 0);
	EXPECT_EQ(sample_start(1000, cpu_online_mask, true), 0);
	sample_stop();
}

/* Memory may differ afterwards: the stacks can still be read. */
KTEST_FLAGS(tables_traces, samples, KTEST_LEAKS, 0)
{
	ten_times(sample_a_while);
}

static void profile_a_call(void)
{
	tt_write("set_ftrace_filter", "ftrace_target_003\n");
	EXPECT_EQ(function_profile_set(true), 0);
	ftrace_target[3]();
	EXPECT_EQ(function_profile_set(false), 0);
	tt_write("set_ftrace_filter", "\n");
}

/* Memory may differ afterwards: the rows are kept. */
KTEST_FLAGS(tables_traces, profiles, KTEST_LEAKS, 0)
{
	ten_times(profile_a_call);
}

static void latency_and_back(void)
{
	tt_write("set_ftrace_filter", "ftrace_target_003\n");
	EXPECT_EQ(trace_set_tracer(trace_top(), "irqsoff"), 0);
	EXPECT_EQ(trace_set_tracer(trace_top(), "wakeup"), 0);
	EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
	tt_end();
}

KTEST_FLAGS(tables_traces, latency_tracers, KTEST_LEAKS, 0)
{
	ten_times(latency_and_back);
}
