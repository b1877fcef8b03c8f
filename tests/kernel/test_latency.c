// SPDX-License-Identifier: MIT
/*
 * The tracers of latencies: the longest one is found, its events are kept while
 * the trace goes on, and nothing is left behind.
 */
#include "kernel/base/irq_observer.h"
#include "kernel/jump_label.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_record.h"
#include "trace/trace_snapshot.h"
#include <asm/irqflags.h>
#include <asm/tsc.h>

#define ROOM 65536

static char text[ROOM];

void latency_section(u64 us);

/* Interrupts off for so long, and one call of a function in it. */
traced_function void latency_section(u64 us)
{
	unsigned long flags;

	local_irq_save(flags);
	fg_leaf(1);
	udelay(us);
	local_irq_restore(flags);
}

static u64 max_us(void)
{
	char number[32];
	u64 us = 0;
	char *at;

	tt_read("tracing_max_latency", number, sizeof(number));
	for (at = number; *at >= '0' && *at <= '9'; at++)
		us = us * 10 + *at - '0';
	return us;
}

/* The filter keeps the functions few: a section has room in the buffer. */
static void begin(const char *tracer)
{
	tt_write("set_ftrace_filter", "fg_leaf\n");
	tt_write("current_tracer", tracer);
}

static void end(void)
{
	tt_write("current_tracer", "nop\n");
	tt_write("tracing_thresh", "0\n");
	tt_end();
	EXPECT(!static_key_enabled(&irqs_observed.key));
	EXPECT(!trace_option(trace_top(), TRACE_OPT_latency_format));
	EXPECT(!trace_snapshot_allocated(trace_top()));
	EXPECT_EQ(ftrace_check(), 0);
}

#define LONG_US	 20000	      /* longer than the guest keeps interrupts off */
#define NEVER_US "1000000000" /* and longer than any host keeps a CPU waiting */

KTEST(latency, irqsoff_finds_the_longest)
{
	const char *at;
	char task[64];

	begin("irqsoff\n");
	EXPECT(static_key_enabled(&irqs_observed.key));
	tt_write("tracing_max_latency", "0\n");
	latency_section(LONG_US);
	latency_section(LONG_US / 100); /* is forgotten */
	tt_write("tracing_on", "0\n");
	EXPECT(max_us() >= LONG_US);
	tt_read("trace", text, ROOM);
	EXPECT(str_has_prefix(text, "# tracer: irqsoff\n#\n"
				    "# irqsoff latency trace v1.1.5 on nop5\n"
				    "# ----------"));
	EXPECT(strstr(text, "\n#  => started at: latency_section\n"
			    "#  => ended at:   latency_section\n#\n#\n"));
	snprintf(task, sizeof(task), " | task: %s-%d (", current->comm,
		 current->pid);
	EXPECT(strstr(text, task));
	at = strstr(text, "latency_section <-");
	ASSERT(at != NULL);
	at = strstr(at, ": fg_leaf <-latency_section");
	ASSERT(at != NULL);
	at = strstr(at, ": latency_section <-");
	EXPECT(at && strstr(at, "<stack trace>"));
	tt_write("tracing_on", "1\n");
	end();
}

KTEST(latency, a_threshold_reports_all_that_are_longer)
{
	begin("irqsoff\n");
	tt_write("tracing_max_latency", NEVER_US "\n");
	latency_section(LONG_US);
	EXPECT(tt_says("tracing_max_latency", NEVER_US "\n"));
	tt_write("tracing_thresh", "10000\n");
	latency_section(LONG_US); /* not the longest */
	tt_write("tracing_on", "0\n");
	EXPECT(max_us() >= 10000);
	EXPECT(!tt_says("tracing_max_latency", NEVER_US "\n"));
	tt_write("tracing_on", "1\n");
	end();
}

static void refused(const char *path, const char *input, int err)
{
	struct tracefs_file *file;

	ASSERT_EQ(tracefs_open(path, TRACEFS_WRITE, &file), 0);
	EXPECT_EQ(tracefs_write(file, input, strlen(input)), err);
	EXPECT_EQ(tracefs_close(file), 0);
}

KTEST(latency, one_at_a_time_and_the_snapshot_is_its_own)
{
	struct tracefs_file *file;

	EXPECT_EQ(tracefs_mkdir("instances/other"), 0);
	begin("irqsoff\n");
	refused("instances/other/current_tracer", "irqsoff\n", -EBUSY);
	refused("instances/other/current_tracer", "wakeup\n", -EBUSY);
	refused("snapshot", "1\n", -EBUSY);
	refused("snapshot", "0\n", -EBUSY);
	refused("tracing_max_latency", "x\n", -EINVAL);
	EXPECT_EQ(tracing_snapshot(trace_top()), -EBUSY);
	EXPECT_EQ(
		tracefs_open("per_cpu/cpu0/snapshot_raw", TRACEFS_READ, &file),
		-EBUSY);
	tt_write("current_tracer", "wakeup\n"); /* from one to the other */
	end();
	tt_write("instances/other/set_ftrace_filter", "fg_leaf\n");
	tt_write("instances/other/current_tracer", "irqsoff\n");
	latency_section(LONG_US);
	EXPECT_EQ(max_us(), 0); /* of the top trace */
	EXPECT(trace_array_find("other")->max.ns >= LONG_US * 1000);
	EXPECT_EQ(tracefs_rmdir("instances/other"), 0);
	tt_write("error_log", "\n");
	EXPECT(!static_key_enabled(&irqs_observed.key));
}

/* ---- wakeup -------------------------------------------------------------- */

static int run_briefly(void *unused)
{
	(void)unused;
	return 0;
}

KTEST(latency, wakeup_shows_who_woke_whom)
{
	struct task_struct *task;
	unsigned int i;
	const char *at;

	begin("wakeup\n");
	tt_write("tracing_max_latency", "0\n");
	for (i = 0; i < 20; i++) {
		task = kthread_run(run_briefly, NULL, "sleeper");
		ASSERT(!IS_ERR(task));
		kthread_join(task);
	}
	tt_write("tracing_on", "0\n");
	tt_read("trace", text, ROOM);
	EXPECT(str_has_prefix(text, "# tracer: wakeup\n#\n"
				    "# wakeup latency trace v1.1.5 on nop5\n"));
	EXPECT(!strstr(text, "started at"));
	at = strstr(text, "   + [");
	ASSERT(at != NULL);
	EXPECT(strstr(at, " ==> ["));
	tt_write("tracing_on", "1\n");
	end();
}

/* ---- what may be changed, and when --------------------------------------- */

static bool short_stop;
static unsigned long shorts; /* sections that have ended */

void latency_beside(void);

static int short_sections(void *unused)
{
	unsigned long flags;

	(void)unused;
	while (!READ_ONCE(short_stop)) {
		local_irq_save(flags);
		cpu_relax();
		local_irq_restore(flags);
		WRITE_ONCE(shorts, shorts + 1);
		cond_resched();
	}
	return 0;
}

/* A long section, in which another CPU begins and ends some. */
traced_function void latency_beside(void)
{
	unsigned long flags, from, turns = 500000;

	local_irq_save(flags);
	for (from = READ_ONCE(shorts); READ_ONCE(shorts) - from < 20; turns--) {
		if (!turns)
			break;
		udelay(10);
	}
	EXPECT(turns > 0);
	local_irq_restore(flags);
}

/* Again, if the other CPU keeps its section at the very moment of the end. */
KTEST(latency, a_section_is_its_cpus_own_IO1)
{
	unsigned int round, found = 0;
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	begin("irqsoff\n");
	short_stop = false;
	kthread_bind(current, 0);
	task = kthread_create(short_sections, NULL, "sections");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	for (round = 0; round < 20 && !found; round++) {
		tt_write("tracing_max_latency", "0\n");
		latency_beside();
		tt_write("tracing_on", "0\n");
		tt_read("trace", text, ROOM);
		found = strstr(text,
			       "\n#  => started at: latency_beside\n"
			       "#  => ended at:   latency_beside\n") != NULL;
		tt_write("tracing_on", "1\n");
	}
	EXPECT(found);
	WRITE_ONCE(short_stop, true);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
	end();
}

/* While the buffer is being changed, it cannot become the snapshot. */
KTEST(latency, no_maximum_without_its_events_LA10)
{
	struct trace_array *tr = trace_top();
	bool kept;

	begin("irqsoff\n");
	preempt_disable();
	tr->max.ns = 0;
	WRITE_ONCE(tr->buffer.busy, 1);
	latency_section(LONG_US);
	kept = READ_ONCE(tr->max.ns);
	trace_switch(tr, false);
	WRITE_ONCE(tr->buffer.busy, 0);
	preempt_enable();
	EXPECT(!kept);
	tt_write("tracing_on", "1\n");
	end();
}

static int first_runs(void *unused)
{
	(void)unused;
	trace_switch(trace_top(), false);
	return 0;
}

/* Two tasks become runnable: the first one is followed until it runs. */
KTEST(latency, one_wakeup_is_followed_at_a_time_WU1)
{
	struct task_struct *first, *second;
	unsigned int round, found = 0;
	struct trace_array *tr = trace_top();

	begin("wakeup\n");
	kthread_bind(current, 0);
	/* Again, if another CPU's wakeup is followed at that moment. */
	for (round = 0; round < 20 && !found; round++) {
		first = kthread_create(first_runs, NULL, "first");
		second = kthread_create(run_briefly, NULL, "second");
		ASSERT(!IS_ERR(first) && !IS_ERR(second));
		kthread_bind(first, 0);
		kthread_bind(second, 0);
		preempt_disable();
		tr->max.ns = 0;
		wake_up_process(first);
		wake_up_process(second);
		udelay(LONG_US);
		preempt_enable();
		kthread_join(first);
		found = tr->max.pid == first->pid;
		kthread_join(second);
		tt_write("tracing_on", "1\n");
	}
	EXPECT(found);
	kthread_bind(current, CPU_ANY);
	end();
}
