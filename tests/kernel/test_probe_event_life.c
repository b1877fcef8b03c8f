// SPDX-License-Identifier: MIT
/*
 * Probe events come and go: each allocation of a request that fails leaves
 * everything as it was, and does not prevent that they go (PE7); each kind
 * counts each call exactly in all contexts; and 512 of them are made and
 * removed while what they probe is called.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>

/* ---- no memory ----------------------------------------------------------- */

static const char *const kinds[] = {
	"p:life/x probe_victim a=%di b=$comm",
	"p:life/x probe_victim+5 a=%di:u8 b=$comm",
	"r:life/x probe_victim a=$retval",
	"f:life/x probe_victim a=$arg1",
	"f:life/x probe_victim%return a=$retval b=$stack",
	"t:life/x testing_two a=$arg1",
};

/* Nothing is left of a line that was refused. */
static void nothing_left(unsigned int events, const char *list)
{
	struct tracefs_file *file;

	EXPECT_EQ(probe_event_count(), events);
	EXPECT(tt_says("kprobes/list", list));
	if (events)
		return;
	EXPECT(!trace_event_by_name("life", "x"));
	EXPECT_EQ(tracefs_open("events/life/x/id", TRACEFS_READ, &file),
		  -ENOENT);
}

static void each_may_fail(const char *line, unsigned int before,
			  const char *list)
{
	unsigned int n;
	ssize_t ret;

	for (n = 1;; n++) {
		fail_nth(n);
		ret = probe_add("dynamic_events", line);
		if (!fail_end())
			break;
		/* 0: it was a page, and the slab had another. */
		if (ret > 0)
			tt_write("dynamic_events", "\n");
		else if (EXPECT_EQ(ret, -ENOMEM))
			nothing_left(before, list);
	}
	EXPECT_EQ(ret, (ssize_t)strlen(line));
	EXPECT(n > 5);
}

KTEST(probe_life, each_allocation_of_a_definition_may_fail_PE3)
{
	unsigned int i;

	if (probes_begin("nop"))
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			each_may_fail(kinds[i], 0, "");
			tt_write("dynamic_events", "\n");
		}
	probes_end();
}

/* Of an event with one probe, the second one. */
KTEST(probe_life, each_allocation_of_one_more_probe_may_fail_PE3)
{
	static const char second[] = "p:life/x probe_victim+5 a=%di b=$comm";
	char list[160];
	unsigned int n;
	ssize_t ret;

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", kinds[0]) > 0);
	tt_write("events/life/x/enable", "1");
	snprintf(list, sizeof(list),
		 "%016lx  k  probe_victim+0x0    [FTRACE]\n",
		 (unsigned long)probe_victim);
	for (n = 1;; n++) {
		fail_nth(n);
		ret = probe_add("kprobe_events", second);
		if (!fail_end())
			break;
		if (ret > 0)
			EXPECT(probe_add("kprobe_events",
					 "-:x probe_victim+5") > 0);
		else if (EXPECT_EQ(ret, -ENOMEM))
			nothing_left(1, list);
	}
	EXPECT_EQ(ret, sizeof(second) - 1);
	EXPECT_EQ(probe_event_count(), 2);
	probes_end();
}

KTEST_FLAGS(probe_life, each_allocation_of_an_enable_may_fail_PE4, KTEST_LEAKS,
	    0)
{
	unsigned int i, n;
	ssize_t ret;

	ASSERT(probes_begin("nop"));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT(probe_add("dynamic_events", kinds[i]) > 0);
		for (n = 1;; n++) {
			fail_nth(n);
			ret = bells_write("events/life/x/enable", "1",
					  TRACEFS_WRITE);
			if (!fail_end())
				break;
			if (ret > 0)
				tt_write("events/life/x/enable", "0");
			else
				EXPECT_EQ(ret, -ENOMEM);
			EXPECT(tt_says("events/life/x/enable", "0\n"));
		}
		EXPECT(tt_says("events/life/x/enable", "1\n"));
		tt_write("events/life/x/enable", "0");
		tt_write("dynamic_events", "\n");
	}
	probes_end();
}

/* ---- counts -------------------------------------------------------------- */

static void victim_called(void *unused)
{
	probe_victim(1, NULL, NULL, 4, 5, 6, 7, 8);
	tp_call_two(1, 2);
}

/* Hits of the event's line in kprobe_profile, and those missed. */
static bool profile_says(const char *event, u64 hits, u64 missed)
{
	char line[96];

	snprintf(line, sizeof(line), "  %-44s %15llu %15llu\n", event, hits,
		 missed);
	return tt_says("kprobe_profile", line);
}

static u64 records(void)
{
	struct ring_buffer_stats stats = tt_stats();

	return stats.entries + stats.overrun + stats.dropped;
}

KTEST_FLAGS(probe_life, each_kind_counts_each_call_in_all_contexts, KTEST_LEAKS,
	    120)
{
	struct tt_calls calls;
	u64 all;
	unsigned int i;

	ASSERT(probes_begin("nop"));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT(probe_add("dynamic_events", kinds[i]) > 0);
		tt_write("events/life/x/enable", "1");
		trace_reset(trace_top(), TRACE_CPU_ALL);
		calls = tt_storm(victim_called, NULL, 500, 1, true);
		tt_write("events/life/x/enable", "0");
		all = calls.task + calls.irq + calls.nmi;
		EXPECT(calls.irq && calls.nmi);
		if (!EXPECT_EQ(records(), all))
			ktest_note("%s", kinds[i]);
		if (*kinds[i] == 'p' || *kinds[i] == 'r')
			EXPECT(profile_says("x", all, 0));
		tt_write("dynamic_events", "\n");
	}
	probes_end();
}

/* Above maxactive a call is counted as missed. */
static traced_function unsigned int deep_victim(unsigned int depth)
{
	unsigned int n = depth ? deep_victim(depth - 1) + 1 : 0;

	__asm__ volatile("" : "+r"(n)); /* not a loop */
	return n;
}

KTEST_FLAGS(probe_life, calls_above_maxactive_are_missed, KTEST_LEAKS, 0)
{
	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", "r3:life/x deep_victim $retval:u8") >
	       0);
	tt_write("events/life/x/enable", "1");
	EXPECT_EQ(deep_victim(4), 4);
	EXPECT(profile_says("x", 3, 2));
	EXPECT_EQ(deep_victim(1), 1);
	EXPECT(profile_says("x", 5, 2));
	tt_write("events/life/x/enable", "0");
	EXPECT(profile_says("x", 5, 2));
	tt_write("events/life/x/enable", "1");
	EXPECT_EQ(deep_victim(3), 3);
	tt_write("events/life/x/enable", "0");
	EXPECT(profile_says("x", 8, 3));
	EXPECT_EQ(probe_records("x: (deep_victim+0x"),
		  5); /* within deep_victim() */
	probes_end();
}

/* ---- no memory for the way back ------------------------------------------ */

static const char *const hooked[] = {
	"r:life/x probe_victim a=$retval",
	"r:life/x probe_victim a=$retval b=$stack",
	"f:life/x probe_victim a=$arg1",
	"f:life/x probe_victim%return a=$retval b=$stack",
};

/* Nothing, or one more user of the site, so that the site's ops change. */
static const char *const beside[] = { "nop", "function" };

/* Return: has the @n-th allocation of the write failed? */
static bool write_without(unsigned int n, const char *file, const char *text)
{
	ssize_t ret;
	bool failed;

	fail_nth(n);
	ret = bells_write(file, text, TRACEFS_WRITE);
	failed = fail_end();
	EXPECT(ret > 0 || (failed && ret == -ENOMEM));
	if (ret < 0) /* the file's own memory: nothing has happened */
		EXPECT(bells_write(file, text, TRACEFS_WRITE) > 0);
	return failed;
}

/* Calls are recorded so many times. */
static void called_is_recorded(unsigned int times)
{
	trace_reset(trace_top(), TRACE_CPU_ALL);
	victim_called(NULL);
	EXPECT_EQ(probe_records(" x: ("), times);
}

static void disable_without_memory(const char *line)
{
	bool failed = true;
	unsigned int n;

	EXPECT(probe_add("dynamic_events", line) > 0);
	for (n = 1; failed && n < 100; n++) {
		tt_write("events/life/x/enable", "1");
		called_is_recorded(1);
		failed = write_without(n, "events/life/x/enable", "0");
		EXPECT(tt_says("events/life/x/enable", "0\n"));
		called_is_recorded(0);
	}
	EXPECT(!failed);
	if (*line == 'r')
		EXPECT(profile_says("x", n - 1, 0));
	tt_write("dynamic_events", "\n");
	called_is_recorded(0);
}

KTEST_FLAGS(probe_life, each_allocation_of_a_disable_may_fail_PE7, KTEST_LEAKS,
	    60)
{
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(hooked); i++) {
		if (probes_begin(beside[i % 2]))
			disable_without_memory(hooked[i / 2]);
		probes_end();
	}
}

/* Return: has the @n-th allocation of disabling it failed? */
static bool remove_without_memory(const char *line, unsigned int n)
{
	bool failed = true, lacks = false;
	unsigned int m;

	for (m = 1; failed && m < 100; m++) {
		EXPECT(probe_add("dynamic_events", line) > 0);
		tt_write("events/life/x/enable", "1");
		lacks = write_without(n, "events/life/x/enable", "0");
		failed = write_without(m, "dynamic_events", "-:life/x");
		EXPECT_EQ(probe_event_count(), 0);
		called_is_recorded(0);
	}
	EXPECT(!failed);
	return lacks;
}

KTEST_FLAGS(probe_life, each_allocation_of_a_removal_may_fail_PE7, KTEST_LEAKS,
	    60)
{
	unsigned int i, n;

	for (i = 0; i < 2 * ARRAY_SIZE(hooked); i++) {
		if (probes_begin(beside[i % 2]))
			for (n = 1; remove_without_memory(hooked[i / 2], n);)
				n++;
		probes_end();
	}
}

/* ---- limits -------------------------------------------------------------- */

#define MANY 512

static bool leave;
static atomic64_t called;

static int call_until_told(void *unused)
{
	while (!READ_ONCE(leave)) {
		victim_called(NULL);
		atomic64_inc(&called);
		cond_resched();
		cpu_relax(); /* ends QEMU's turn: others get theirs */
	}
	return 0;
}

static void make_many(unsigned int n)
{
	char line[64];
	unsigned int i;

	for (i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "p:many/e%u probe_victim%s a=%%di",
			 i, i % 2 ? "+5" : "");
		if (!EXPECT_EQ(probe_add("kprobe_events", line),
			       (ssize_t)strlen(line)))
			return;
	}
}

KTEST_FLAGS(probe_life, many_are_made_and_removed_under_load, 0, 120)
{
	struct task_struct *task;
	unsigned int turn;

	ASSERT(probes_begin("nop"));
	leave = false;
	task = kthread_run(call_until_told, NULL, "called");
	ASSERT(!IS_ERR(task));
	for (turn = 0; turn < 2; turn++) {
		make_many(MANY);
		EXPECT_EQ(probe_event_count(), MANY);
		tt_write("events/many/e0/enable", "1");
		tt_write("events/many/e511/enable", "1");
		EXPECT_EQ(bells_write("kprobe_events", "",
				      TRACEFS_WRITE | TRACEFS_TRUNC),
			  -EBUSY);
		EXPECT_EQ(probe_event_count(), MANY);
		tt_write("events/many/enable", "0");
		tt_write("kprobe_events", "\n");
		EXPECT_EQ(probe_event_count(), 0);
	}
	WRITE_ONCE(leave, true);
	kthread_join(task);
	probes_end();
}

/* All of them at one place and the next, enabled in one write. */
KTEST_FLAGS(probe_life, many_are_enabled_at_once, 0, 120)
{
	ASSERT(probes_begin("nop"));
	make_many(64);
	tt_write("events/many/enable", "1");
	EXPECT(tt_says("events/many/e63/enable", "1\n"));
	victim_called(NULL);
	tt_write("events/many/enable", "0");
	EXPECT_EQ(records(), 64);
	EXPECT_EQ(probe_records(": (probe_victim+0x5/"), 32);
	probes_end();
}

/* Enable events life/e0 to life/eN-1, each of a return. */
static void take_places(unsigned int n)
{
	char line[64];
	unsigned int i;

	for (i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "r:life/e%u probe_victim", i);
		EXPECT(probe_add("kprobe_events", line) > 0);
		snprintf(line, sizeof(line), "events/life/e%u/enable", i);
		tt_write(line, "1");
	}
}

/* Of two probes the second finds no place: then the first has none either. */
KTEST_FLAGS(probe_life, an_event_is_armed_whole_or_not_PE4, KTEST_LEAKS, 0)
{
	ASSERT(probes_begin("nop"));
	take_places(FGRAPH_USERS - 1);
	EXPECT(probe_add("kprobe_events", "r:life/two probe_victim\n"
					  "r:life/two deep_victim\n"
					  "r:life/one deep_victim\n") > 0);
	EXPECT_EQ(bells_write("events/life/two/enable", "1", TRACEFS_WRITE),
		  -ENOSPC);
	EXPECT(tt_says("events/life/two/enable", "0\n"));
	EXPECT(bells_write("events/life/one/enable", "1", TRACEFS_WRITE) > 0);
	tt_write("events/life/enable", "0");
	tt_write("events/life/two/enable", "1");
	victim_called(NULL);
	EXPECT_EQ(deep_victim(0), 0);
	EXPECT_EQ(probe_records(" two: ("), 2);
	probes_end();
}

/* Each event of a return takes one of FGRAPH_USERS places. */
KTEST_FLAGS(probe_life, returns_share_the_places_of_the_graph, KTEST_LEAKS, 0)
{
	char line[64];
	ssize_t ret = 1;
	unsigned int n;

	ASSERT(probes_begin("nop"));
	for (n = 0; ret > 0 && n < 100; n++) {
		snprintf(line, sizeof(line), "r:life/e%u probe_victim", n);
		EXPECT(probe_add("kprobe_events", line) > 0);
		snprintf(line, sizeof(line), "events/life/e%u/enable", n);
		ret = bells_write(line, "1", TRACEFS_WRITE);
	}
	EXPECT_EQ(ret, -ENOSPC);
	EXPECT_EQ(n, FGRAPH_USERS + 1);
	EXPECT(tt_says(line, "0\n"));
	victim_called(NULL);
	EXPECT_EQ(records(), FGRAPH_USERS);
	probes_end();
}
