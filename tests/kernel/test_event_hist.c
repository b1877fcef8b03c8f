// SPDX-License-Identifier: MIT
/*
 * Histograms: the file hist, line by line; what is written again; counts on all
 * CPUs with interrupts and NMIs; stacks; clearing while they count; memory that
 * runs out; and events that go.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/hist_map.h"
#include <asm/atomic.h>
#include <asm/percpu.h>

#define TWO "events/testing_tp/testing_two/"
#define ALL "events/testing_tp/testing_all/"

static bool begin(void)
{
	return tt_begin("nop", NULL, 64);
}

static void end(void)
{
	EXPECT(tt_says(TWO "hist", ""));
	EXPECT(tt_says(ALL "hist", ""));
	EXPECT(tt_says(TWO "enable", "0\n"));
	EXPECT(tt_says(ALL "enable", "0\n"));
	tt_end();
}

/* ---- the file ------------------------------------------------------------ */

KTEST(event_hist, the_file_line_by_line)
{
	unsigned int i;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=number:vals=value:"
				    "sort=hitcount.descending,number\n");
	EXPECT(tt_says(TWO "enable", "0*\n"));
	for (i = 0; i < 10; i++)
		tp_call_two(i % 4, i);
	EXPECT(tt_says(TWO "hist",
		       "# event histogram\n#\n# trigger info: hist:keys=number:"
		       "vals=hitcount,value:sort=hitcount.descending,number:"
		       "size=2048 [active]\n#\n\n"
		       "{ number:          0 } hitcount:          3"
		       "  value:         12\n"
		       "{ number:          1 } hitcount:          3"
		       "  value:         15\n"
		       "{ number:          2 } hitcount:          2"
		       "  value:          8\n"
		       "{ number:          3 } hitcount:          2"
		       "  value:         10\n"
		       "\nTotals:\n    Hits: 10\n    Entries: 4\n"
		       "    Dropped: 0\n"));
	EXPECT(tt_says(TWO "trigger",
		       "hist:keys=number:vals=hitcount,value:"
		       "sort=hitcount.descending,number:size=2048 [active]\n"));
	EXPECT_EQ(bells_recorded(), 0);
	bells_accept(
		TWO "trigger",
		"!hist:keys=number:vals=value:sort=hitcount.descending,number");
	end();
}

/* The rows of the file, without head and totals. */
static bool rows_are(const char *path, const char *rows)
{
	static char text[8192];
	char *from, *to;

	tt_read(path, text, sizeof(text));
	from = strstr(text, "#\n\n");
	to = strstr(text, "\nTotals:\n");
	if (!from || !to)
		return false;
	*to = '\0';
	if (!strcmp(from + 3, rows))
		return true;
	pr_info("%s", from + 3);
	return false;
}

struct form {
	const char *trigger, *rows;
};

KTEST(event_hist, each_modifier)
{
	static const struct form forms[] = {
		{ "hist:keys=value.hex",
		  "{ value: 64 } hitcount:          1\n"
		  "{ value: 65 } hitcount:          1\n" },
		{ "hist:keys=value.log2",
		  "{ value: ~ 2^7  } hitcount:          2\n" },
		{ "hist:keys=value.buckets=10",
		  "{ value: ~ 100-109 } hitcount:          2\n" },
		{ "hist:keys=number:vals=value.hex",
		  "{ number:          1 } hitcount:          2"
		  "  value:         c9\n" },
		{ "hist:keys=value:sort=value.descending",
		  "{ value:        101 } hitcount:          1\n"
		  "{ value:        100 } hitcount:          1\n" },
		{ "hist:keys=number,value",
		  "{ number:          1, value:        100 } "
		  "hitcount:          1\n"
		  "{ number:          1, value:        101 } "
		  "hitcount:          1\n" },
		{ "hist:keys=number:vals=value:nohitcount",
		  "{ number:          1 }  value:        201\n" },
		{ "hist:keys=value if value == 101",
		  "{ value:        101 } hitcount:          1\n" },
	};
	char removal[128];
	unsigned int i;

	ASSERT(begin());
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		bells_accept(TWO "trigger", forms[i].trigger);
		tp_call_two(1, 100);
		tp_call_two(1, 101);
		if (!EXPECT(rows_are(TWO "hist", forms[i].rows)))
			pr_info("%s\n", forms[i].trigger);
		snprintf(removal, sizeof(removal), "!%s", forms[i].trigger);
		bells_accept(TWO "trigger", removal);
		EXPECT(tt_says(TWO "hist", ""));
	}
	end();
}

KTEST(event_hist, symbols_names_of_tasks_and_texts)
{
	char rows[512];

	ASSERT(begin());
	bells_accept(ALL "trigger", "hist:keys=common_pid.execname,owner");
	bells_accept(ALL "trigger", "hist:keys=where.sym,text");
	trace_testing_all(-1, "some text", schedule);
	snprintf(rows, sizeof(rows),
		 "{ where: [%llx] %-45s, text: %-50s } hitcount:          1\n",
		 (u64)schedule, "schedule", "some text");
	EXPECT(rows_are(ALL "hist", rows));
	bells_accept(ALL "trigger", "!hist:keys=where.sym,text");
	snprintf(rows, sizeof(rows),
		 "{ common_pid: %-16s[%10u], owner: %-50s } "
		 "hitcount:          1\n",
		 current->comm, current->pid, "me");
	EXPECT(rows_are(ALL "hist", rows));
	bells_accept(ALL "trigger", "hist:keys=change:sort=change");
	bells_accept(ALL "trigger", "!hist:keys=common_pid.execname,owner");
	trace_testing_all(1, "", NULL);
	trace_testing_all(-1, "", NULL); /* signed: sorted before 1 */
	EXPECT(rows_are(ALL "hist",
			"{ change: 18446744073709551615 } "
			"hitcount:          1\n"
			"{ change:          1 } hitcount:          1\n"));
	bells_write(ALL "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	end();
}

/* What a longer text has left on the stack is no part of a shorter one. */
KTEST(event_hist, texts_end_with_their_record_HG2)
{
	char rows[256];

	ASSERT(begin());
	bells_accept(ALL "trigger", "hist:keys=text");
	trace_testing_all(1, "ab", NULL);
	trace_testing_all(1, "abcdefgh", NULL);
	trace_testing_all(1, "ab", NULL);
	snprintf(rows, sizeof(rows),
		 "{ text: %-50s } hitcount:          1\n"
		 "{ text: %-50s } hitcount:          2\n",
		 "abcdefgh", "ab");
	EXPECT(rows_are(ALL "hist", rows));
	bells_accept(ALL "trigger", "!hist:keys=text");
	end();
}

static noinline void call_from_here(void)
{
	tp_call_two(1, 0);
	barrier(); /* no jump: this function is to be on the stack */
}

/* A stack begins with the function that has the tracepoint. */
KTEST(event_hist, stacks)
{
	static char text[4096];
	static unsigned int times = 3;
	char *at;
	unsigned int i;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=stacktrace,number");
	for (i = 0; i < READ_ONCE(times); i++) /* one place calls */
		call_from_here();
	tt_read(TWO "hist", text, sizeof(text));
	EXPECT(strstr(text, "hist:keys=common_stacktrace,number:") != NULL);
	at = strstr(text, "{ common_stacktrace:\n         call_from_here+0x");
	ASSERT(at);
	at = strchr(strchr(at, '\n') + 1, '\n');
	EXPECT(str_has_prefix(at, "\n         ktest_event_hist_stacks+0x"));
	EXPECT(strstr(at, "\n, number:          1} hitcount:          3\n") !=
	       NULL);
	EXPECT(strstr(text, "    Entries: 1\n") != NULL);
	bells_accept(TWO "trigger", "!hist:keys=stacktrace,number");
	end();
}

/* ---- written again ------------------------------------------------------- */

static bool totals_are(const char *path, u64 hits, u64 entries, u64 dropped)
{
	static char text[1 << 16];
	char totals[96];

	snprintf(totals, sizeof(totals),
		 "\nTotals:\n    Hits: %llu\n    Entries: %llu\n"
		 "    Dropped: %llu\n",
		 hits, entries, dropped);
	tt_read(path, text, sizeof(text));
	if (strstr(text, totals))
		return true;
	pr_info("%s", strstr(text, "\nTotals") ?: text);
	return false;
}

static bool is_paused(void)
{
	static char text[256];

	tt_read(TWO "trigger", text, sizeof(text));
	return strstr(text, " [paused]\n") != NULL;
}

KTEST(event_hist, pause_cont_and_clear)
{
	ASSERT(begin());
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number:clear"), -ENOENT);
	EXPECT(bells_logged("hist:testing_tp:testing_two: error: Can't clear "
			    "or continue a nonexistent hist trigger\n"
			    "  Command: hist:keys=number:clear\n"
			    "           ^\n"));
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number:cont"), -ENOENT);
	bells_accept(TWO "trigger", "hist:keys=number:pause");
	EXPECT(is_paused());
	tp_call_two(1, 0);
	EXPECT(totals_are(TWO "hist", 0, 0, 0));
	bells_accept(TWO "trigger", "hist:keys=number:cont");
	EXPECT(!is_paused());
	tp_call_two(1, 0);
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number:size=128"),
		  -EEXIST);
	EXPECT(bells_logged("error: Hist trigger already exists\n"
			    "  Command: hist:keys=number:size=128\n"
			    "           ^\n"));
	bells_accept(TWO "trigger", "hist:keys=number:pause");
	tp_call_two(1, 0);
	EXPECT(totals_are(TWO "hist", 1, 1, 0));
	bells_accept(TWO "trigger", "hist:keys=number:clear");
	EXPECT(totals_are(TWO "hist", 0, 0, 0));
	EXPECT(is_paused());
	bells_accept(TWO "trigger",
		     "!hist:keys=number:sort=number"); /* not it */
	EXPECT(is_paused());
	bells_accept(TWO "trigger", "!hist:keys=number");
	end();
}

KTEST(event_hist, several_of_one_event)
{
	static char text[4096];
	char *first, *second;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=number");
	bells_accept(TWO "trigger", "hist:keys=number if number == 2");
	bells_accept(TWO "trigger", "traceon:3");
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number if number == 2"),
		  -EEXIST);
	tp_call_two(1, 0);
	tp_call_two(2, 0);
	tt_read(TWO "hist", text, sizeof(text));
	/* As on Linux, the newest is the first. */
	second = strstr(text, "    Dropped: 0\n\n\n# event histogram\n#\n"
			      "# trigger info: hist:keys=number:vals=hitcount:"
			      "sort=hitcount:size=2048 [active]\n");
	first = strstr(text, "sort=hitcount:size=2048 if number == 2 "
			     "[active]\n");
	EXPECT(first && first < second);
	first = strstr(text, "    Hits: 1\n");
	EXPECT(first && first < second);
	EXPECT(second && strstr(second, "    Hits: 2\n"));
	/* O_TRUNC removes histograms, and no other trigger. */
	bells_write(TWO "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	EXPECT(tt_says(TWO "trigger", "traceon:count=3\n"));
	bells_accept(TWO "trigger", "!traceon");
	end();
}

KTEST(event_hist, enable_hist_and_disable_hist)
{
	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=number:pause");
	bells_accept(ALL "trigger",
		     "enable_hist:testing_tp:testing_two if change == 1");
	EXPECT_EQ(
		bells_put(ALL "trigger", "disable_hist:testing_tp:testing_two"),
		-EEXIST);
	trace_testing_all(0, "", NULL);
	EXPECT(is_paused());
	trace_testing_all(1, "", NULL);
	EXPECT(!is_paused());
	EXPECT(tt_says(ALL "trigger", "enable_hist:testing_tp:testing_two:"
				      "unlimited if change == 1\n"));
	bells_accept(ALL "trigger", "!enable_hist:testing_tp:testing_two");
	bells_accept(ALL "trigger", "disable_hist:testing_tp:testing_two:1");
	trace_testing_all(0, "", NULL);
	EXPECT(is_paused());
	bells_accept(ALL "trigger", "!disable_hist:testing_tp:testing_two");
	bells_accept(TWO "trigger", "!hist:keys=number");
	end();
}

KTEST(event_hist, errors_with_their_places)
{
	ASSERT(begin());
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number:vals=value:sort="),
		  -EINVAL);
	EXPECT(bells_logged(
		"hist:testing_tp:testing_two: error: Empty assignment\n"
		"  Command: hist:keys=number:vals=value:sort=\n"
		"                                       ^\n"));
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number:sort=number,junk"),
		  -EINVAL);
	EXPECT(bells_logged("error: Sort field must be a key or a val\n"
			    "  Command: hist:keys=number:sort=number,junk\n"
			    "                                        ^\n"));
	EXPECT_EQ(bells_put(TWO "trigger", "hist"), -EINVAL);
	EXPECT_EQ(bells_put(TWO "trigger", "hist:keys=number if no == 1"),
		  -EINVAL);
	EXPECT(bells_logged("event filter parse error: error: "
			    "Field not found\n"
			    "  Command: hist:keys=number if no == 1\n"
			    "                                  ^\n"));
	EXPECT_EQ(bells_put(TWO "trigger",
			    "hist:keys=common_timestamp:clock=sun"),
		  -EINVAL);
	EXPECT(bells_logged("error: Couldn't set trace_clock\n"
			    "  Command: hist:keys=common_timestamp:clock=sun\n"
			    "                                            ^\n"));
	end();
}

static bool has_clock(const char *name)
{
	char text[128], want[24];

	tt_read("trace_clock", text, sizeof(text));
	snprintf(want, sizeof(want), "[%s]", name);
	if (strstr(text, want))
		return true;
	pr_info("%s", text);
	return false;
}

/* Only a histogram that is added sets the clock of its trace. */
KTEST(event_hist, a_clock)
{
#define TIMED "hist:keys=number:vals=common_timestamp.usecs"
	ASSERT(begin());
	tt_write("trace_clock", "local");
	bells_accept(TWO "trigger", TIMED ":clock=counter");
	EXPECT(tt_says(TWO "trigger",
		       "hist:keys=number:vals=hitcount,common_timestamp.usecs:"
		       "sort=hitcount:size=2048:clock=counter [active]\n"));
	EXPECT(has_clock("counter"));
	EXPECT_EQ(bells_put(TWO "trigger", TIMED ":clock=local"), -EEXIST);
	EXPECT(has_clock("counter"));
	EXPECT_EQ(bells_put(TWO "trigger", TIMED ":clock=sun:pause"), -EINVAL);
	EXPECT(!is_paused());
	bells_accept(TWO "trigger", TIMED ":pause");
	EXPECT(is_paused());
	bells_accept(TWO "trigger", TIMED ":cont");
	bells_accept(TWO "trigger", TIMED ":clear");
	EXPECT_EQ(bells_put(ALL "trigger", "hist:keys=common_timestamp:clear"),
		  -ENOENT);
	EXPECT_EQ(bells_put(ALL "trigger",
			    "hist:keys=common_timestamp if no == 1"),
		  -EINVAL);
	EXPECT(has_clock("counter"));
	bells_accept(TWO "trigger", "!" TIMED ":clock=sun");
	EXPECT(tt_says(TWO "enable", "0\n"));
	EXPECT(has_clock("counter"));
	tt_write("trace_clock", "local");
	end();
#undef TIMED
}

/* Sums beyond 32 bits, by which rows are sorted. */
KTEST(event_hist, sums_of_64_bits_are_sorted)
{
	ASSERT(begin());
	bells_accept(TWO "trigger",
		     "hist:keys=number:vals=value:sort=value.descending");
	tp_call_two(1, 5);
	tp_call_two(2, 1UL << 31);
	tp_call_two(2, 1UL << 31);
	tp_call_two(3, (1UL << 63) + 1);
	EXPECT(rows_are(TWO "hist",
			"{ number:          3 } hitcount:          1"
			"  value: 9223372036854775809\n"
			"{ number:          2 } hitcount:          2"
			"  value: 4294967296\n"
			"{ number:          1 } hitcount:          1"
			"  value:          5\n"));
	bells_write(TWO "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	end();
}

/* ---- load ---------------------------------------------------------------- */

/* A number without a pattern; the clock may go by even steps. */
static u32 mixed(void)
{
	return rdtsc() * 0x9e3779b97f4a7c15ULL >> 40;
}

static void call_hundred(void *unused)
{
	tp_call_two(mixed() % 100, 1);
}

static u64 number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);
	u64 n = 0;

	for (at = at ? at + strlen(word) : ""; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + *at - '0';
	return n;
}

KTEST(event_hist, counts_are_exact_in_every_context_EH1)
{
	static char text[1 << 14];
	struct tt_calls calls;
	const char *second;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=common_cpu");
	bells_accept(TWO "trigger", "hist:keys=number:vals=value");
	calls = tt_storm(call_hundred, NULL, 2000, 2, false);
	tt_read(TWO "hist", text, sizeof(text));
	second = strstr(text, "hist:keys=common_cpu");
	ASSERT(second);
	EXPECT(calls.nmi > 0);
	calls.task += calls.irq + calls.nmi;
	EXPECT_EQ(number_behind(text, "    Hits: "), calls.task);
	EXPECT_EQ(number_behind(text, "    Entries: "), 100);
	EXPECT_EQ(number_behind(text, "    Dropped: "), 0);
	EXPECT_EQ(number_behind(second, "    Hits: "), calls.task);
	bells_write(TWO "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	end();
}

static void call_any(void *unused)
{
	tp_call_two(mixed() % 1000, 1);
}

KTEST(event_hist, a_full_table_counts_what_it_drops_EH1)
{
	static char text[1 << 15];
	struct tt_calls calls;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=number:size=128");
	calls = tt_storm(call_any, NULL, 2000, 2, false);
	tt_read(TWO "hist", text, sizeof(text));
	EXPECT_EQ(number_behind(text, "    Entries: "), 128);
	EXPECT(number_behind(text, "    Dropped: ") > 0);
	EXPECT_EQ(number_behind(text, "    Dropped: ") +
			  number_behind(text, "    Hits: "),
		  calls.task + calls.irq + calls.nmi);
	bells_accept(TWO "trigger", "!hist:keys=number");
	end();
}

static void clear_and_remove(unsigned int turn)
{
	bells_accept(TWO "trigger", "hist:keys=number:size=128");
	bells_accept(TWO "trigger", "hist:keys=number:clear");
	EXPECT(tt_says(ALL "hist", ""));
	bells_accept(TWO "trigger", "!hist:keys=number");
}

KTEST(event_hist, cleared_and_removed_while_it_counts_EH2)
{
	ASSERT(begin());
	tt_storm_beside(clear_and_remove, call_hundred, 500, 2);
	end();
}

/* A reader keeps what it shows, whatever becomes of the histogram. */
KTEST(event_hist, a_reader_outlives_its_histogram_EH2)
{
	struct tracefs_file *file;
	static char text[1 << 16];
	unsigned int i;
	ssize_t n, all = 0;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:keys=number:sort=number");
	for (i = 0; i < 1000; i++)
		tp_call_two(i, 0);
	ASSERT_EQ(tracefs_open(TWO "hist", TRACEFS_READ, &file), 0);
	n = tracefs_read(file, text, 10);
	EXPECT_EQ(n, 10);
	bells_accept(TWO "trigger", "hist:keys=number:sort=number:clear");
	bells_accept(TWO "trigger", "!hist:keys=number:sort=number");
	for (; n > 0; all += n)
		n = tracefs_read(file, text + all, sizeof(text) - 1 - all);
	text[all] = '\0';
	EXPECT_EQ(n, 0);
	EXPECT(strstr(text, "{ number:        999 } hitcount:          1\n\n"
			    "Totals:\n    Hits: 1000\n") != NULL);
	EXPECT_EQ(tracefs_close(file), 0);
	end();
}

/* ---- memory, and events that go ------------------------------------------ */

static void runs_out(const char *text, bool there)
{
	unsigned int n, failures = 0;
	bool failed = true;
	char before[512];
	ssize_t ret;

	tt_read(TWO "trigger", before, sizeof(before));
	for (n = 1; failed; n++) {
		ret = bells_fail_write(TWO "trigger", text, n, &failed);
		if (ret == -ENOMEM) {
			failures++;
			EXPECT(tt_says(TWO "trigger", before));
			continue;
		}
		EXPECT_EQ(ret, strlen(text));
		if (!there)
			bells_write(TWO "trigger", "",
				    TRACEFS_WRITE | TRACEFS_TRUNC);
	}
	EXPECT(failures > 4);
}

KTEST(event_hist, memory_runs_out_at_every_step)
{
	ASSERT(begin());
	runs_out("hist:keys=number:size=128 if number == 1", false);
	bells_accept(TWO "trigger", "hist:keys=number:size=128");
	runs_out("hist:keys=number:size=128:clear", true);
	bells_accept(TWO "trigger", "!hist:keys=number");
	end();
}

KTEST(event_hist, an_event_that_goes_takes_its_histogram_with_it)
{
	struct tracefs_file *file;
	char text[64];

	ASSERT(bells_begin());
	bells_accept("events/belfry/bell/trigger", "hist:keys=number");
	EXPECT(totals_are("events/belfry/bell/hist", 0, 0, 0));
	ASSERT_EQ(tracefs_open("events/belfry/bell/hist", TRACEFS_READ, &file),
		  0);
	EXPECT_EQ(tracefs_read(file, text, 4), 4);
	bells_end();
	EXPECT(tracefs_read(file, text, sizeof(text)) > 0); /* it has it */
	EXPECT_EQ(tracefs_close(file), 0);
}
