// SPDX-License-Identifier: MIT
/*
 * Histograms with a name: several events count in one table, each in its own
 * way; what does not fit the name; and names that come and go while they count.
 */
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"

#define TWO   "events/testing_tp/testing_two/"
#define ALL   "events/testing_tp/testing_all/"
#define OTHER "instances/named/"
#define BOTH  "hist:name=both:keys=common_pid"
#define INFO  BOTH ":vals=hitcount:sort=hitcount:size=2048"

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

/* The file says so many events of this task; 0: no row. */
static bool counts(const char *path, const char *state, unsigned int n)
{
	char text[512], row[64] = "";

	if (n)
		snprintf(row, sizeof(row),
			 "{ common_pid: %10u } hitcount: %10u\n", current->pid,
			 n);
	snprintf(text, sizeof(text),
		 "# event histogram\n#\n# trigger info: " INFO " [%s]\n#\n\n"
		 "%s\nTotals:\n    Hits: %u\n    Entries: %u\n"
		 "    Dropped: 0\n",
		 state, row, n, n ? 1 : 0);
	return tt_says(path, text);
}

KTEST(hist_name, events_of_one_name_count_together_EH3)
{
	ASSERT(begin());
	bells_accept(TWO "trigger", BOTH);
	tp_call_two(1, 0);
	bells_accept(ALL "trigger", BOTH ":size=128"); /* it has a size */
	EXPECT(tt_says(ALL "trigger", INFO " [active]\n"));
	tp_call_two(2, 0);
	trace_testing_all(1, "", NULL);
	EXPECT(counts(TWO "hist", "active", 3));
	EXPECT(counts(ALL "hist", "active", 3));
	bells_accept(TWO "trigger", BOTH ":pause"); /* of this event alone */
	tp_call_two(3, 0);
	trace_testing_all(1, "", NULL);
	EXPECT(counts(TWO "hist", "paused", 4));
	EXPECT(counts(ALL "hist", "active", 4));
	bells_accept(ALL "trigger", BOTH ":clear"); /* that of both */
	EXPECT(counts(TWO "hist", "paused", 0));
	EXPECT(counts(ALL "hist", "active", 0));
	trace_testing_all(1, "", NULL);
	bells_accept(TWO "trigger", "!" BOTH);
	EXPECT(counts(ALL "hist", "active", 1));
	bells_accept(TWO "trigger", BOTH);
	tp_call_two(4, 0);
	EXPECT(counts(TWO "hist", "active", 2));
	bells_accept(ALL "trigger", "!" BOTH);
	EXPECT(counts(TWO "hist", "active", 2));
	bells_accept(TWO "trigger", "!" BOTH);
	bells_accept(ALL "trigger", BOTH); /* the name began anew */
	EXPECT(counts(ALL "hist", "active", 0));
	bells_accept(ALL "trigger", "!" BOTH);
	end();
}

/* What a reader still shows is no part of a name. */
KTEST(hist_name, a_name_begins_anew_under_a_reader_EH3)
{
	struct tracefs_file *file;
	char text[16];

	ASSERT(begin());
	bells_accept(TWO "trigger", BOTH);
	tp_call_two(1, 0);
	ASSERT_EQ(tracefs_open(TWO "hist", TRACEFS_READ, &file), 0);
	EXPECT_EQ(tracefs_read(file, text, sizeof(text)), sizeof(text));
	bells_accept(TWO "trigger", "!" BOTH);
	bells_accept(ALL "trigger", BOTH);
	EXPECT(counts(ALL "hist", "active", 0));
	bells_accept(ALL "trigger", "!" BOTH);
	EXPECT_EQ(tracefs_close(file), 0);
	end();
}

KTEST(hist_name, another_histogram_does_not_fit_the_name)
{
	static const char *const other[] = {
		"hist:name=both:keys=kind",
		"hist:name=both:keys=common_pid.hex",
		"hist:name=both:keys=common_pid:vals=change",
		"hist:name=both:keys=common_pid,change",
		"hist:name=both:keys=common_pid:sort=common_pid",
	};
	unsigned int i;

	ASSERT(begin());
	bells_accept(TWO "trigger", BOTH);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		EXPECT_EQ(bells_put(ALL "trigger", other[i]), -EINVAL);
	tt_write("error_log", "");
	EXPECT_EQ(bells_put(ALL "trigger", other[0]), -EINVAL);
	EXPECT(bells_logged("hist:testing_tp:testing_all: error: Named hist "
			    "trigger doesn't match existing named trigger "
			    "(includes variables)\n"
			    "  Command: hist:name=both:keys=kind\n"
			    "                ^\n"));
	EXPECT(tt_says(ALL "hist", ""));
	/* One without a name is another one, also of the same event. */
	EXPECT_EQ(bells_put(TWO "trigger", BOTH), -EEXIST);
	bells_accept(TWO "trigger", "!hist:keys=common_pid");
	EXPECT(tt_says(TWO "trigger", INFO " [active]\n"));
	bells_accept(TWO "trigger", "hist:keys=common_pid:name=third");
	bells_accept(TWO "trigger", "hist:keys=common_pid");
	tp_call_two(1, 0);
	bells_accept(TWO "trigger", "!hist:keys=common_pid:name=third");
	bells_accept(TWO "trigger", "!hist:keys=common_pid");
	EXPECT(counts(TWO "hist", "active", 1));
	bells_accept(TWO "trigger", "!" BOTH);
	end();
}

KTEST(hist_name, each_trace_has_its_part)
{
	ASSERT(begin());
	ASSERT_EQ(tracefs_mkdir("instances/named"), 0);
	bells_accept(OTHER TWO "trigger", BOTH);
	bells_accept(TWO "trigger", BOTH);
	tp_call_two(1, 0); /* counted in each trace */
	EXPECT(counts(TWO "hist", "active", 2));
	EXPECT(counts(OTHER TWO "hist", "active", 2));
	ASSERT_EQ(tracefs_rmdir("instances/named"), 0);
	tp_call_two(1, 0);
	EXPECT(counts(TWO "hist", "active", 3));
	bells_accept(TWO "trigger", "!" BOTH);
	end();
}

static void call_each(void *unused)
{
	tp_call_two(1, 0);
	trace_testing_all(1, "", NULL);
}

/* Behind "    Hits: " in the file of a histogram. */
static u64 hits(const char *path)
{
	static char text[1 << 14];
	const char *at;
	u64 n = 0;

	tt_read(path, text, sizeof(text));
	at = strstr(text, "    Hits: ");
	for (at = at ? at + 10 : ""; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + *at - '0';
	return n;
}

KTEST(hist_name, counts_are_exact_in_every_context_EH3)
{
	struct tt_calls calls;

	ASSERT(begin());
	bells_accept(TWO "trigger", "hist:name=cpus:keys=common_cpu");
	bells_accept(ALL "trigger", "hist:name=cpus:keys=common_cpu");
	calls = tt_storm(call_each, NULL, 2000, 2, false);
	EXPECT(calls.nmi > 0);
	EXPECT_EQ(hits(TWO "hist"), 2 * (calls.task + calls.irq + calls.nmi));
	EXPECT_EQ(hits(ALL "hist"), hits(TWO "hist"));
	bells_accept(TWO "trigger", "!hist:name=cpus:keys=common_cpu");
	bells_accept(ALL "trigger", "!hist:name=cpus:keys=common_cpu");
	end();
}

static void come_and_go(unsigned int turn)
{
	bells_accept(TWO "trigger", BOTH ":size=128");
	bells_accept(ALL "trigger", BOTH);
	bells_accept(TWO "trigger", BOTH ":clear");
	bells_accept(turn % 2 ? TWO "trigger" : ALL "trigger", "!" BOTH);
	bells_accept(turn % 2 ? ALL "trigger" : TWO "trigger", BOTH ":clear");
	bells_accept(turn % 2 ? ALL "trigger" : TWO "trigger", "!" BOTH);
}

KTEST(hist_name, names_come_and_go_while_they_count_EH3)
{
	ASSERT(begin());
	tt_storm_beside(come_and_go, call_each, 500, 2);
	end();
}

KTEST(hist_name, memory_runs_out_where_a_name_is_joined)
{
	unsigned int n;
	bool failed = true;
	ssize_t ret;

	ASSERT(begin());
	bells_accept(TWO "trigger", BOTH);
	for (n = 1; failed; n++) {
		ret = bells_fail_write(ALL "trigger", BOTH, n, &failed);
		EXPECT_EQ(ret, failed ? -ENOMEM : (ssize_t)strlen(BOTH));
	}
	EXPECT(n > 3);
	call_each(NULL);
	EXPECT(counts(TWO "hist", "active", 2));
	bells_accept(TWO "trigger", "!" BOTH);
	bells_accept(ALL "trigger", "!" BOTH);
	end();
}
