// SPDX-License-Identifier: MIT
/*
 * The function profiler: counts that are exact on every CPU, times that add up,
 * and the numbers as they are printed.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/tracers/profile.h"
#include "trace/tracers/profile_internal.h"
#include <asm/tsc.h>

void profile_leaf(void);
void profile_parent(void);
void profile_sleeper(void);

#define LEAF_US	  300
#define PARENT_US 100
#define SLEEP_NS  20000000UL

traced_function void profile_leaf(void)
{
	udelay(LEAF_US);
}

traced_function void profile_parent(void)
{
	udelay(PARENT_US);
	profile_leaf();
	barrier(); /* no tail call */
}

traced_function void profile_sleeper(void)
{
	sleep_ns(SLEEP_NS);
	barrier();
}

static char text[8192];

/* Memory may differ after the first test: the rows are kept. */
static void begin(const char *filter, bool timed)
{
	tt_write("set_ftrace_filter", filter);
	tt_write("trace_options", timed ? "profile-time" : "noprofile-time");
	tt_write("function_profile_enabled", "1\n");
	EXPECT(function_profile_on());
}

static void end(void)
{
	tt_write("function_profile_enabled", "0\n");
	tt_write("trace_options", "profile-time");
	tt_write("set_ftrace_filter", "\n");
	EXPECT(!function_profile_on());
	EXPECT_EQ(ftrace_check(), 0);
}

/* What all CPUs know of a function. */
static struct profile_row sum_of(unsigned long ip)
{
	size_t site = ftrace_rec_index(ftrace_rec_find(ip));
	struct profile_row sum = { 0 };
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		sum.calls += profile_rows_of(cpu)[site].calls;
		sum.time += profile_rows_of(cpu)[site].time;
	}
	return sum;
}

static u64 calls_of(unsigned long ip)
{
	return sum_of(ip).calls;
}

/* ---- counts -------------------------------------------------------------- */

static void call_target(void *unused)
{
	(void)unused;
	ftrace_target[3]();
}

static void counted_beside_ops(bool timed)
{
	static struct count_ops count = COUNT_OPS();
	struct tt_calls made;

	begin("ftrace_target_003 ftrace_target_004\n", timed);
	EXPECT_EQ(filter_targets(&count.ops, 3, 1), 0);
	memset(count.hits, 0, sizeof(count.hits));
	EXPECT_EQ(register_ftrace_function(&count.ops), 0);
	made = tt_storm(call_target, NULL, 5000, 2, false);
	EXPECT_EQ(unregister_ftrace_function(&count.ops), 0);
	EXPECT_EQ(calls_of(target_ip(3)), made.task + made.irq + made.nmi);
	EXPECT_EQ(calls_of(target_ip(3)), count_hits(&count));
	EXPECT_EQ(calls_of(target_ip(4)), 0);
	EXPECT_EQ(calls_of(target_ip(5)), 0);
	end();
	EXPECT_EQ(ftrace_free_filter(&count.ops), 0);
}

KTEST_FLAGS(profile, hits_are_exact_FP1, KTEST_LEAKS, 120)
{
	counted_beside_ops(false);
}

KTEST_FLAGS(profile, hits_with_times_are_exact_FP1, KTEST_LEAKS, 120)
{
	counted_beside_ops(true);
}

/* Data stay after the end; a start begins from 0. */
KTEST(profile, start_and_end)
{
	begin("ftrace_target_003\n", false);
	ftrace_target[3]();
	end();
	ftrace_target[3]();
	EXPECT_EQ(calls_of(target_ip(3)), 1);
	begin("ftrace_target_003\n", false);
	EXPECT_EQ(calls_of(target_ip(3)), 0);
	tt_write("function_profile_enabled", "7\n"); /* on already */
	EXPECT(tt_says("function_profile_enabled", "1\n"));
	ftrace_target[3]();
	tt_write("set_ftrace_filter", "ftrace_target_004\n"); /* follows */
	ftrace_target[3]();
	ftrace_target[4]();
	EXPECT_EQ(calls_of(target_ip(3)), 1);
	EXPECT_EQ(calls_of(target_ip(4)), 1);
	end();
	EXPECT(tt_says("function_profile_enabled", "0\n"));
}

KTEST(profile, no_memory_starts_nothing)
{
	unsigned int n, failed = 0;
	int err = 0;
	bool more;

	tt_write("set_ftrace_filter", "ftrace_target_003\n");
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		err = function_profile_set(true);
		EXPECT(!err || err == -ENOMEM);
		EXPECT_EQ(function_profile_on(), !err);
		EXPECT_EQ(ftrace_check(), 0);
		more = fail_end();
		EXPECT_EQ(function_profile_set(false), 0);
		if (!more)
			break;
		failed += err != 0;
	}
	EXPECT_EQ(err, 0);
	EXPECT(failed > 0);
	tt_write("set_ftrace_filter", "\n");
}

/* ---- times --------------------------------------------------------------- */

static u64 elapsed(void (*fn)(void))
{
	u64 start = ktime_ns();

	fn();
	return ktime_ns() - start;
}

KTEST(profile, time_with_and_without_callees)
{
	u64 all, parent, leaf;

	kthread_bind(current, 0);
	begin("profile_leaf profile_parent\n", true);
	all = elapsed(profile_parent);
	leaf = sum_of((unsigned long)profile_leaf).time;
	parent = sum_of((unsigned long)profile_parent).time;
	EXPECT(leaf >= LEAF_US * 1000);
	EXPECT(parent >= leaf + PARENT_US * 1000);
	EXPECT(parent <= all);
	end();
	tt_write("trace_options", "nograph-time");
	begin("profile_leaf profile_parent\n", true);
	all = elapsed(profile_parent);
	leaf = sum_of((unsigned long)profile_leaf).time;
	parent = sum_of((unsigned long)profile_parent).time;
	EXPECT(leaf >= LEAF_US * 1000);
	EXPECT(parent >= PARENT_US * 1000);
	EXPECT(parent + leaf <= all);
	tt_write("trace_options", "graph-time"); /* in force at once */
	elapsed(profile_parent);
	EXPECT(sum_of((unsigned long)profile_parent).time >=
	       parent + (LEAF_US + PARENT_US) * 1000);
	end();
}

KTEST(profile, time_with_and_without_sleep)
{
	u64 all;

	begin("profile_sleeper\n", true);
	profile_sleeper();
	EXPECT(sum_of((unsigned long)profile_sleeper).time >= SLEEP_NS);
	end();
	tt_write("trace_options", "nosleep-time");
	begin("profile_sleeper\n", true);
	all = elapsed(profile_sleeper);
	/* Much of the sleep is missing, however long the call took. */
	EXPECT(sum_of((unsigned long)profile_sleeper).time + SLEEP_NS / 2 <
	       all);
	EXPECT_EQ(calls_of((unsigned long)profile_sleeper), 1);
	end();
	tt_write("trace_options", "sleep-time");
}

/* With the graph tracer on the same functions, both have all calls. */
KTEST(profile, beside_the_graph_tracer)
{
	unsigned int i;

	begin("ftrace_target_003\n", true);
	tt_write("current_tracer", "function_graph\n");
	for (i = 0; i < 10; i++)
		ftrace_target[3]();
	EXPECT_EQ(calls_of(target_ip(3)), 10);
	EXPECT_EQ(tt_stats().written, 20);
	EXPECT(sum_of(target_ip(3)).time > 0);
	tt_write("current_tracer", "nop\n");
	end();
	tt_end();
}

/* ---- text ---------------------------------------------------------------- */

KTEST(profile, variance_of_known_times)
{
	const u64 most = ~0ULL;

	EXPECT_EQ(profile_variance(0, 0, 0, 0), 0);
	EXPECT_EQ(profile_variance(1, 5000, 25000000, 0), 0);
	/* 1000 and 3000: (1000^2 + 1000^2) / 1 / 1000 */
	EXPECT_EQ(profile_variance(2, 4000, 10000000, 0), 2000);
	/* 1, 2, 4 microseconds: 14/3 square microseconds over 2 */
	EXPECT_EQ(profile_variance(3, 7000, 21000000, 0), 2333);
	/* Twice 2^63 ns, 2^64 in all; and 2^63 and 0: 2^125 / 1000. */
	EXPECT_EQ(profile_variance(2, 0, 0, 1ULL << 63), most);
	EXPECT_EQ(profile_variance(4, 1ULL << 34, 0, 16), 73786976294838206ULL);
}

static void read_stat(void)
{
	tt_read("trace_stat/function0", text, sizeof(text));
}

#define HEADS                                                            \
	"  Function                               Hit    Time          " \
	"  Avg             s^2\n"                                        \
	"  --------                               ---    ----          " \
	"  ---             ---\n"

KTEST(profile, lines_as_on_linux)
{
	static const char hit_lines[] =
		"  Function                               Hit\n"
		"  --------                               ---\n"
		"  ftrace_target_004                       12\n"
		"  ftrace_target_003                        2\n";
	struct tracefs_file *file;
	char begins[64], *line;
	unsigned int i;

	kthread_bind(current, 0);
	begin("ftrace_target_003 ftrace_target_004\n", false);
	for (i = 0; i < 14; i++)
		ftrace_target[3 + (i > 1)]();
	end();
	read_stat();
	EXPECT(!strcmp(text, hit_lines));
	begin("profile_leaf\n", true);
	read_stat();
	EXPECT(!strcmp(text, HEADS));
	profile_leaf();
	profile_leaf();
	end();
	read_stat();
	ASSERT(str_has_prefix(text, HEADS));
	line = text + strlen(HEADS);
	snprintf(begins, sizeof(begins), "  %-30s  %10u    ", "profile_leaf",
		 2);
	EXPECT(str_has_prefix(line, begins));
	EXPECT_EQ(strlen(line), 2 + 30 + 2 + 10 + 3 * (4 + 8 + 4) + 1);
	ASSERT_EQ(
		tracefs_open("function_profile_enabled", TRACEFS_WRITE, &file),
		0);
	EXPECT_EQ(tracefs_write(file, "x\n", 2), -EINVAL);
	EXPECT_EQ(tracefs_close(file), 0);
	tt_write("error_log", "\n");
}
