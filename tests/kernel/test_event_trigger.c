// SPDX-License-Identifier: MIT
/*
 * Triggers: their grammar and listing, what each does, counts that are exact on
 * all CPUs, soft mode, and removal while they fire.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_snapshot.h"

#define TWO "events/testing_tp/testing_two/"
#define ALL "events/testing_tp/testing_all/"

static const char none[] =
	"# Available triggers:\n"
	"# traceon traceoff snapshot stacktrace enable_event disable_event "
	"enable_hist disable_hist hist\n";

static bool begin(void)
{
	return tt_begin("nop", NULL, 64);
}

static void end(void)
{
	EXPECT(tt_says(TWO "trigger", none));
	EXPECT(tt_says(TWO "enable", "0\n"));
	EXPECT(tt_says(ALL "enable", "0\n"));
	tt_end();
}

/* ---- grammar ------------------------------------------------------------- */

KTEST(event_trigger, listed_as_they_are)
{
	ASSERT(begin());
	EXPECT(tt_says(TWO "trigger", none));
	bells_accept(TWO "trigger", "traceon\n");
	bells_accept(TWO "trigger",
		     "stacktrace:5 if number == 3 && value > 2\n");
	bells_accept(
		TWO "trigger",
		"enable_event:testing_tp:testing_all:0x10 if number == 1\n");
	/* As on Linux, the newest is the first. */
	EXPECT(tt_says(TWO "trigger",
		       "enable_event:testing_tp:testing_all:count=16"
		       " if number == 1\n"
		       "stacktrace:count=5 if number == 3 && value > 2\n"
		       "traceon:unlimited\n"));
	EXPECT(tt_says(TWO "enable", "0*\n"));
	EXPECT(tt_says(ALL "enable", "0*\n"));
	bells_accept(TWO "trigger", "!stacktrace:77 if anything\n");
	bells_accept(TWO "trigger", "!traceoff\n"); /* one type with traceon */
	bells_accept(TWO "trigger", "!disable_event:testing_tp:testing_all\n");
	bells_accept(TWO "trigger", "!traceon\n"); /* there is none: no error */
	end();
}

/* Linux ends the name at a colon or blanks, and takes a digit for a count. */
KTEST(event_trigger, blanks_and_an_empty_count)
{
	static const char *const same[][2] = {
		{ "  stacktrace", "stacktrace:unlimited\n" },
		{ "stacktrace:", "stacktrace:unlimited\n" },
		{ "stacktrace  ", "stacktrace:unlimited\n" },
		{ "stacktrace 5", "stacktrace:count=5\n" },
		{ "stacktrace: 5", "stacktrace:count=5\n" },
		{ "stacktrace:010 if number==9", "stacktrace:count=8"
						 " if number==9\n" },
		{ "stacktrace:if number==9", "stacktrace:unlimited"
					     " if number==9\n" },
		{ "stacktrace\tif\tnumber==9", "stacktrace:unlimited"
					       " if number==9\n" },
	};
	unsigned int i;

	ASSERT(begin());
	for (i = 0; i < ARRAY_SIZE(same); i++) {
		bells_accept(TWO "trigger", same[i][0]);
		if (!EXPECT(tt_says(TWO "trigger", same[i][1])))
			pr_info("%s\n", same[i][0]);
		bells_accept(TWO "trigger", "!stacktrace anything");
	}
	bells_accept(TWO "trigger", "enable_event testing_tp:testing_all");
	EXPECT(tt_says(TWO "trigger",
		       "enable_event:testing_tp:testing_all:unlimited\n"));
	bells_accept(TWO "trigger",
		     "!enable_event:testing_tp:testing_all unless");
	EXPECT_EQ(bells_put(TWO "trigger", "traceon:99999999999999999999"),
		  -ERANGE);
	end();
}

struct wrong {
	const char *text, *logged;
};

KTEST(event_trigger, wrong_commands)
{
	static const struct wrong wrong[] = {
		{ "traceup", "no such trigger" },
		{ "\n", "no such trigger" },
		{ "traceon:x", "the count is no number" },
		{ "traceon:1:2", "the count is no number" },
		{ "traceon:-1", "the count is no number" },
		{ "traceon unless number == 1", "the word if is needed" },
		{ "traceon if", "the word if is needed" },
		{ "traceon:if", "the word if is needed" },
		{ "traceon:3 iff number == 1", "the word if is needed" },
		{ "traceon if no == 1", "Field not found" },
		{ "enable_event", "SYSTEM:EVENT is needed" },
		{ "enable_event:testing_tp", "SYSTEM:EVENT is needed" },
		{ "enable_event:testing_tp:nothing", "no such event" },
		{ "disable_event:ftrace:print", "no such event" },
	};
	static char log[4096];
	unsigned int i;

	ASSERT(begin());
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		tt_write("error_log", "");
		if (!EXPECT_EQ(bells_put(TWO "trigger", wrong[i].text),
			       -EINVAL))
			pr_info("%s\n", wrong[i].text);
		tt_read("error_log", log, sizeof(log));
		if (!EXPECT(strstr(log, wrong[i].logged) != NULL))
			pr_info("%s: %s\n", wrong[i].text, log);
	}
	EXPECT_EQ(bells_put("events/ftrace/function/trigger", "traceon"),
		  -ENOENT);
	end();
}

KTEST(event_trigger, one_of_a_type)
{
	ASSERT(begin());
	bells_accept(TWO "trigger", "traceon:2");
	EXPECT_EQ(bells_put(TWO "trigger", "traceoff"), -EEXIST);
	bells_accept(TWO "trigger", "enable_event:testing_tp:testing_all");
	EXPECT_EQ(bells_put(TWO "trigger",
			    "disable_event:testing_tp:testing_all"),
		  -EEXIST);
	bells_accept(TWO "trigger", "disable_event:sched:sched_switch");
	bells_accept(TWO "trigger", "!disable_event:sched:sched_switch");
	bells_accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
	bells_accept(TWO "trigger", "!traceon");
	end();
}

/* ---- what they do -------------------------------------------------------- */

KTEST(event_trigger, traceoff_records_its_event_and_counts_effects)
{
	ASSERT(begin());
	bells_accept(TWO "enable", "1");
	bells_accept(TWO "trigger", "traceoff:2 if number == 3");
	tp_call_two(1, 0);
	tp_call_two(3, 0); /* recorded, then off */
	tp_call_two(1, 0);
	EXPECT(tt_says("tracing_on", "0\n"));
	EXPECT_EQ(bells_recorded(), 2);
	tp_call_two(3, 0); /* it is off: no effect */
	EXPECT(tt_says(TWO "trigger", "traceoff:count=1 if number == 3\n"));
	tt_write("tracing_on", "1");
	tp_call_two(3, 0);
	EXPECT(tt_says("tracing_on", "0\n"));
	tt_write("tracing_on", "1");
	tp_call_two(3, 0); /* no turns are left */
	EXPECT(tt_says("tracing_on", "1\n"));
	EXPECT(tt_says(TWO "trigger", "traceoff:count=0 if number == 3\n"));
	bells_accept(TWO "trigger", "!traceoff");
	bells_accept(TWO "enable", "0");
	end();
}

KTEST(event_trigger, traceon_acts_while_the_trace_is_off)
{
	ASSERT(begin());
	bells_accept(TWO "trigger", "traceon if number == 7");
	tt_write("tracing_on", "0");
	tp_call_two(1, 0);
	EXPECT(tt_says("tracing_on", "0\n"));
	tp_call_two(7, 0);
	EXPECT(tt_says("tracing_on", "1\n"));
	EXPECT_EQ(bells_recorded(), 0); /* the event itself is not enabled */
	bells_accept(TWO "trigger", "!traceon");
	end();
}

KTEST(event_trigger, enable_event_and_disable_event_TG2)
{
	ASSERT(begin());
	bells_accept(TWO "trigger", "enable_event:testing_tp:testing_all:1");
	EXPECT(tt_says(TWO "enable", "0*\n")); /* both have a soft user */
	EXPECT(tt_says(ALL "enable", "0*\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 0);
	tp_call_two(1, 0);
	EXPECT(tt_says(ALL "enable", "1*\n"));
	tp_call_two(1, 0); /* it is enabled: no effect */
	EXPECT(tt_says(TWO "trigger",
		       "enable_event:testing_tp:testing_all:count=0\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 1);
	bells_accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
	EXPECT(tt_says(ALL "enable", "1\n"));
	bells_accept(TWO "trigger", "disable_event:testing_tp:testing_all");
	tp_call_two(1, 0);
	EXPECT(tt_says(ALL "enable", "0*\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 0);
	bells_accept(TWO "trigger", "!disable_event:testing_tp:testing_all");
	end();
}

static noinline void call_twice(void)
{
	tp_call_two(1, 0);
	tp_call_two(1, 0);
	barrier(); /* no jump: this function is to be on the stack */
}

KTEST(event_trigger, stacktrace_and_snapshot)
{
	static char text[4096];

	ASSERT(begin());
	bells_accept(TWO "trigger", "stacktrace:1");
	call_twice();
	tt_read("trace", text, sizeof(text));
	EXPECT(strstr(text, " => call_twice\n") != NULL);
	EXPECT_EQ(bells_recorded(), 1);
	bells_accept(TWO "trigger", "!stacktrace");
	bells_accept(TWO "trigger", "snapshot:1");
	EXPECT(trace_snapshot_allocated(trace_top()));
	bells_accept(TWO "enable", "1");
	tp_call_two(1, 0);
	EXPECT(tt_says(TWO "trigger", "snapshot:count=0\n"));
	bells_accept(TWO "trigger", "!snapshot");
	bells_accept(TWO "enable", "0");
	tt_write("snapshot", "0");
	end();
}

/* The option stacktrace: behind each event the stack of its caller. */
KTEST(event_trigger, the_option_stacktrace)
{
	static char text[4096];

	ASSERT(begin());
	bells_accept(TWO "enable", "1");
	bells_accept("options/stacktrace", "1\n");
	EXPECT(tt_says("options/stacktrace", "1\n"));
	call_twice();
	tt_read("trace", text, sizeof(text));
	EXPECT(strstr(text, ": testing_two: number=1 value=0\n") != NULL);
	EXPECT(strstr(text, ": <stack trace>\n => call_twice\n") != NULL);
	EXPECT_EQ(bells_recorded(), 4);
	bells_accept(TWO "filter", "number == 2"); /* no event, no stack */
	call_twice();
	EXPECT_EQ(bells_recorded(), 0);
	bells_accept(TWO "filter", "0");
	tt_write("trace_options", "nostacktrace");
	EXPECT(tt_says("options/stacktrace", "0\n"));
	call_twice();
	EXPECT_EQ(bells_recorded(), 2);
	bells_accept(TWO "enable", "0");
	end();
}

/* ---- markers ------------------------------------------------------------- */

#define MARKER "events/ftrace/print/"

/* The event print has triggers and no switch; a count is of effects. */
KTEST(event_trigger, markers_have_triggers)
{
	static char text[4096];

	ASSERT(begin());
	EXPECT_EQ(bells_put(MARKER "enable", "1"), -ENOENT);
	EXPECT_EQ(bells_put(MARKER "filter", "0"), -ENOENT);
	bells_accept(MARKER "trigger", "hist:keys=common_pid");
	bells_accept(MARKER "trigger", "traceoff if buf ~ \"*stop*\"");
	EXPECT_EQ(bells_put("set_event", "ftrace:print"), -EINVAL);
	EXPECT_EQ(bells_put(TWO "trigger", "enable_event:ftrace:print"),
		  -EINVAL);
	tt_write("trace_marker", "one");
	tt_write("trace_marker", "please stop");
	EXPECT(tt_says("tracing_on", "0\n"));
	EXPECT_EQ(bells_recorded(), 2); /* traceoff acts after its event */
	tt_read(MARKER "hist", text, sizeof(text));
	EXPECT(strstr(text, " hitcount:          2\n") != NULL);
	tt_write("tracing_on", "1");
	bells_write(MARKER "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	bells_accept(MARKER "trigger", "!traceoff");
	EXPECT(tt_says(MARKER "trigger", none));
	end();
}

/* ---- an event inside of an action ---------------------------------------- */

static unsigned int matched, calls_at;

/* A filter that makes its own event happen, inside of what triggers do. */
static bool match_and_call(const struct event_filter *filter,
			   const void *record, u32 len)
{
	if (++matched == calls_at)
		tp_call_two(1, matched);
	return true;
}

static void free_nothing(struct event_filter *filter)
{
}

static struct event_filter calling = { .match = match_and_call,
				       .free = free_nothing };

/* The file of testing_two in the top trace. [session] */
static struct trace_event_file *file_of_two(void)
{
	return trace_event_file_find(
		trace_top(), trace_event_by_name("testing_tp", "testing_two"));
}

static void trigger_calling(bool add)
{
	struct event_trigger_spec spec = { .kind = TRIGGER_STACKTRACE,
					   .count = EVENT_TRIGGER_UNLIMITED,
					   .filter = &calling };

	event_session_begin();
	if (add)
		EXPECT_EQ(event_trigger_add(file_of_two(), &spec), 0);
	else
		event_trigger_remove(file_of_two(), &spec);
	event_session_end();
}

/*
 * If only triggers want the event, the filter is asked first whether they do,
 * and then once more where they act.
 */
KTEST(event_trigger, an_event_inside_of_its_own_trigger_TG4)
{
	ASSERT(begin());
	trigger_calling(true);
	matched = 0;
	calls_at = 2;
	tp_call_two(1, 0);
	EXPECT_EQ(matched, 3);
	EXPECT_EQ(bells_recorded(), 1); /* one stack */
	bells_accept(TWO "enable", "1");
	matched = 0;
	calls_at = 1;
	tp_call_two(1, 0);
	EXPECT_EQ(matched, 1);
	EXPECT_EQ(bells_recorded(), 3); /* both events, and a stack */
	bells_accept(TWO "enable", "0");
	trigger_calling(false);
	end();
}

/* ---- load ---------------------------------------------------------------- */

static void call_two(void *unused)
{
	tp_call_two(1, 0);
}

static void fires(u64 times)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 stacks = 0;
	char trigger[32];

	snprintf(trigger, sizeof(trigger), "stacktrace:%llu", times);
	bells_accept(TWO "trigger", trigger);
	tt_storm(call_two, NULL, 1000, 2, false);
	for_each_online_cpu(cpu) {
		ring_buffer_stats(trace_top()->buffer.cpu[cpu], &stats);
		stacks += stats.entries;
	}
	EXPECT_EQ(stacks, times);
	EXPECT(tt_says(TWO "trigger", "stacktrace:count=0\n"));
	bells_accept(TWO "trigger", "!stacktrace");
	trace_reset(trace_top(), TRACE_CPU_ALL);
}

KTEST(event_trigger, a_count_is_exact_on_all_cpus_TG1)
{
	ASSERT(begin());
	tt_write("buffer_size_kb", "4096\n");
	fires(3);
	fires(1000);
	end();
}

static void add_and_remove(unsigned int turn)
{
	bells_accept(TWO "trigger", "stacktrace if number == 2");
	bells_accept(TWO "trigger",
		     "enable_event:testing_tp:testing_all if value == 9");
	bells_accept(TWO "trigger", "!stacktrace");
	bells_accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
}

KTEST(event_trigger, removed_while_they_fire_TG3)
{
	ASSERT(begin());
	tt_storm_beside(add_and_remove, call_two, 500, 2);
	EXPECT_EQ(bells_recorded(), 0);
	end();
}

/* ---- memory, and events that go ------------------------------------------ */

KTEST(event_trigger, memory_runs_out_at_every_step)
{
	static const char text[] =
		"enable_event:testing_tp:testing_all if (number == 1)";
	unsigned int n, failures = 0;
	bool failed = true;
	ssize_t ret;

	ASSERT(begin());
	for (n = 1; failed; n++) {
		ret = bells_fail_write(TWO "trigger", text, n, &failed);
		if (ret == -ENOMEM) {
			failures++;
			EXPECT(tt_says(TWO "trigger", none));
			EXPECT(tt_says(TWO "enable", "0\n"));
			EXPECT(tt_says(ALL "enable", "0\n"));
			continue;
		}
		EXPECT_EQ(ret, strlen(text));
		bells_accept(TWO "trigger",
			     "!enable_event:testing_tp:testing_all");
	}
	EXPECT(failures > 3);
	end();
}

KTEST(event_trigger, an_event_that_goes_takes_its_triggers_with_it)
{
	ASSERT(bells_begin());
	bells_accept(TWO "trigger", "enable_event:belfry:bell");
	bells_accept("events/belfry/bell/trigger", "enable_event:tower:clock");
	EXPECT(tt_says("events/belfry/bell/enable", "0*\n"));
	bells_end();
	EXPECT(tt_says(TWO "trigger", none));
	EXPECT(tt_says(TWO "enable", "0\n"));
}
