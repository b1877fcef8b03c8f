// SPDX-License-Identifier: MIT
/*
 * Triggers: their grammar and listing, what each does, counts that are exact on
 * all CPUs, soft mode, and removal while they fire.
 */
#include "kernel/base/fail.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_snapshot.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define TWO "events/testing_tp/testing_two/"
#define ALL "events/testing_tp/testing_all/"

static const char none[] =
	"# Available triggers:\n"
	"# traceon traceoff snapshot stacktrace enable_event disable_event "
	"enable_hist disable_hist hist\n";

static ssize_t put(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE);
}

static void accept(const char *path, const char *text)
{
	if (!EXPECT_EQ(put(path, text), strlen(text)))
		pr_info("%s\n", text);
}

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
	accept(TWO "trigger", "traceon\n");
	accept(TWO "trigger", "stacktrace:5 if number == 3 && value > 2\n");
	accept(TWO "trigger",
	       "enable_event:testing_tp:testing_all:0x10 if number == 1\n");
	EXPECT(tt_says(TWO "trigger",
		       "traceon:unlimited\n"
		       "stacktrace:count=5 if number == 3 && value > 2\n"
		       "enable_event:testing_tp:testing_all:count=16"
		       " if number == 1\n"));
	EXPECT(tt_says(TWO "enable", "0*\n"));
	EXPECT(tt_says(ALL "enable", "0*\n"));
	accept(TWO "trigger", "!stacktrace:77 if anything\n");
	accept(TWO "trigger", "!traceoff\n"); /* one type with traceon */
	accept(TWO "trigger", "!disable_event:testing_tp:testing_all\n");
	accept(TWO "trigger", "!traceon\n"); /* there is none: no error */
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
		if (!EXPECT_EQ(put(TWO "trigger", wrong[i].text), -EINVAL))
			pr_info("%s\n", wrong[i].text);
		tt_read("error_log", log, sizeof(log));
		if (!EXPECT(strstr(log, wrong[i].logged) != NULL))
			pr_info("%s: %s\n", wrong[i].text, log);
	}
	EXPECT_EQ(put("events/ftrace/function/trigger", "traceon"), -ENOENT);
	end();
}

KTEST(event_trigger, one_of_a_type)
{
	ASSERT(begin());
	accept(TWO "trigger", "traceon:2");
	EXPECT_EQ(put(TWO "trigger", "traceoff"), -EEXIST);
	accept(TWO "trigger", "enable_event:testing_tp:testing_all");
	EXPECT_EQ(put(TWO "trigger", "disable_event:testing_tp:testing_all"),
		  -EEXIST);
	accept(TWO "trigger", "disable_event:sched:sched_switch");
	accept(TWO "trigger", "!disable_event:sched:sched_switch");
	accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
	accept(TWO "trigger", "!traceon");
	end();
}

/* ---- what they do -------------------------------------------------------- */

KTEST(event_trigger, traceoff_records_its_event_and_counts_effects)
{
	ASSERT(begin());
	accept(TWO "enable", "1");
	accept(TWO "trigger", "traceoff:2 if number == 3");
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
	accept(TWO "trigger", "!traceoff");
	accept(TWO "enable", "0");
	end();
}

KTEST(event_trigger, traceon_acts_while_the_trace_is_off)
{
	ASSERT(begin());
	accept(TWO "trigger", "traceon if number == 7");
	tt_write("tracing_on", "0");
	tp_call_two(1, 0);
	EXPECT(tt_says("tracing_on", "0\n"));
	tp_call_two(7, 0);
	EXPECT(tt_says("tracing_on", "1\n"));
	EXPECT_EQ(bells_recorded(), 0); /* the event itself is not enabled */
	accept(TWO "trigger", "!traceon");
	end();
}

KTEST(event_trigger, enable_event_and_disable_event_TG2)
{
	ASSERT(begin());
	accept(TWO "trigger", "enable_event:testing_tp:testing_all:1");
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
	accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
	EXPECT(tt_says(ALL "enable", "1\n"));
	accept(TWO "trigger", "disable_event:testing_tp:testing_all");
	tp_call_two(1, 0);
	EXPECT(tt_says(ALL "enable", "0*\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 0);
	accept(TWO "trigger", "!disable_event:testing_tp:testing_all");
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
	accept(TWO "trigger", "stacktrace:1");
	call_twice();
	tt_read("trace", text, sizeof(text));
	EXPECT(strstr(text, " => call_twice\n") != NULL);
	EXPECT_EQ(bells_recorded(), 1);
	accept(TWO "trigger", "!stacktrace");
	accept(TWO "trigger", "snapshot:1");
	EXPECT(trace_snapshot_allocated(trace_top()));
	accept(TWO "enable", "1");
	tp_call_two(1, 0);
	EXPECT(tt_says(TWO "trigger", "snapshot:count=0\n"));
	accept(TWO "trigger", "!snapshot");
	accept(TWO "enable", "0");
	tt_write("snapshot", "0");
	end();
}

/* The option stacktrace: behind each event the stack of who made it. */
KTEST(event_trigger, the_option_stacktrace)
{
	static char text[4096];

	ASSERT(begin());
	accept(TWO "enable", "1");
	accept("options/stacktrace", "1\n");
	EXPECT(tt_says("options/stacktrace", "1\n"));
	call_twice();
	tt_read("trace", text, sizeof(text));
	EXPECT(strstr(text, ": testing_two: number=1 value=0\n") != NULL);
	EXPECT(strstr(text, ": <stack trace>\n => call_twice\n") != NULL);
	EXPECT_EQ(bells_recorded(), 4);
	accept(TWO "filter", "number == 2"); /* no event, no stack */
	call_twice();
	EXPECT_EQ(bells_recorded(), 0);
	accept(TWO "filter", "0");
	tt_write("trace_options", "nostacktrace");
	EXPECT(tt_says("options/stacktrace", "0\n"));
	call_twice();
	EXPECT_EQ(bells_recorded(), 2);
	accept(TWO "enable", "0");
	end();
}

/* ---- markers ------------------------------------------------------------- */

#define MARKER "events/ftrace/print/"

/* The event print has triggers and no switch; a count is of effects. */
KTEST(event_trigger, markers_have_triggers)
{
	static char text[4096];

	ASSERT(begin());
	EXPECT_EQ(put(MARKER "enable", "1"), -ENOENT);
	EXPECT_EQ(put(MARKER "filter", "0"), -ENOENT);
	accept(MARKER "trigger", "hist:keys=common_pid");
	accept(MARKER "trigger", "traceoff if buf ~ \"*stop*\"");
	EXPECT_EQ(put("set_event", "ftrace:print"), -EINVAL);
	EXPECT_EQ(put(TWO "trigger", "enable_event:ftrace:print"), -EINVAL);
	tt_write("trace_marker", "one");
	tt_write("trace_marker", "please stop");
	EXPECT(tt_says("tracing_on", "0\n"));
	EXPECT_EQ(bells_recorded(), 2); /* traceoff acts after its event */
	tt_read(MARKER "hist", text, sizeof(text));
	EXPECT(strstr(text, " hitcount:          2\n") != NULL);
	tt_write("tracing_on", "1");
	bells_write(MARKER "trigger", "", TRACEFS_WRITE | TRACEFS_TRUNC);
	accept(MARKER "trigger", "!traceoff");
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
	accept(TWO "enable", "1");
	matched = 0;
	calls_at = 1;
	tp_call_two(1, 0);
	EXPECT_EQ(matched, 1);
	EXPECT_EQ(bells_recorded(), 3); /* both events, and a stack */
	accept(TWO "enable", "0");
	trigger_calling(false);
	end();
}

/* ---- load ---------------------------------------------------------------- */

static void call_two(void *unused)
{
	tp_call_two(1, 0);
}

KTEST(event_trigger, a_count_is_exact_on_all_cpus_TG1)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 stacks = 0;

	ASSERT(begin());
	tt_write("buffer_size_kb", "4096\n");
	accept(TWO "trigger", "stacktrace:1000");
	tt_storm(call_two, NULL, 1000, 2, false);
	for_each_online_cpu(cpu) {
		ring_buffer_stats(trace_top()->buffer.cpu[cpu], &stats);
		stacks += stats.entries;
	}
	EXPECT_EQ(stacks, 1000);
	EXPECT(tt_says(TWO "trigger", "stacktrace:count=0\n"));
	accept(TWO "trigger", "!stacktrace");
	end();
}

static atomic_t running;

static int add_and_remove(void *unused)
{
	unsigned int i;

	for (i = 0; atomic_read(&running) || i < 10; i++) {
		accept(TWO "trigger", "stacktrace if number == 2");
		accept(TWO "trigger",
		       "enable_event:testing_tp:testing_all if value == 9");
		accept(TWO "trigger", "!stacktrace");
		accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
		yield();
	}
	return 0;
}

KTEST(event_trigger, removed_while_they_fire_TG3)
{
	struct task_struct *task;

	ASSERT(begin());
	atomic_set(&running, 1);
	task = kthread_run(add_and_remove, NULL, "triggers");
	ASSERT(!IS_ERR(task));
	tt_storm(call_two, NULL, 500, 2, false);
	atomic_set(&running, 0);
	kthread_join(task);
	EXPECT_EQ(bells_recorded(), 0);
	end();
}

static atomic_t inside, release, freed, freed_inside;

static bool slow_match(const struct event_filter *filter, const void *record,
		       u32 len)
{
	atomic_set(&inside, 1);
	while (!atomic_read(&release))
		cpu_relax();
	atomic_set(&inside, 0);
	return false;
}

static void slow_free(struct event_filter *filter)
{
	atomic_add(atomic_read(&inside), &freed_inside);
	atomic_inc(&freed);
}

static struct event_filter slow = { .match = slow_match, .free = slow_free };

static const struct event_trigger_spec slow_trigger = {
	.kind = TRIGGER_STACKTRACE,
	.count = EVENT_TRIGGER_UNLIMITED,
	.filter = &slow
};

static int call_slowly(void *unused)
{
	tp_call_two(1, 2);
	return 0;
}

static void remove_slow(void)
{
	event_session_begin();
	event_trigger_remove(file_of_two(), &slow_trigger);
	event_session_end();
}

/*
 * CPU 1 is inside its filter. Another trigger keeps the event switched on, so
 * nothing but this trigger is a reason to wait.
 */
KTEST(event_trigger, freed_after_the_probe_that_is_in_it_TG3)
{
	struct task_struct *caller;
	struct waiter w;

	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU is in the trigger");
	kthread_bind(current, 0);
	ASSERT(begin());
	accept(TWO "trigger", "traceon");
	atomic_set(&inside, 0);
	atomic_set(&release, 0);
	atomic_set(&freed, 0);
	atomic_set(&freed_inside, 0);
	event_session_begin();
	EXPECT_EQ(event_trigger_add(file_of_two(), &slow_trigger), 0);
	event_session_end();
	caller = kthread_create(call_slowly, NULL, "caller");
	ASSERT(!IS_ERR(caller));
	kthread_bind(caller, 1);
	wake_up_process(caller);
	EXPECT(wait_until(atomic_read(&inside), QUIESCE_WAIT_MS));
	if (waiter_start(&w, remove_slow, 0)) {
		EXPECT(waiter_keeps_waiting(&w));
		atomic_set(&release, 1);
		waiter_end(&w);
	}
	atomic_set(&release, 1);
	kthread_join(caller);
	EXPECT_EQ(atomic_read(&freed), 1);
	EXPECT_EQ(atomic_read(&freed_inside), 0);
	accept(TWO "trigger", "!traceon");
	end();
	kthread_bind(current, CPU_ANY);
}

/* ---- memory, and events that go ------------------------------------------ */

KTEST(event_trigger, memory_runs_out_at_every_step)
{
	static const char text[] =
		"enable_event:testing_tp:testing_all if (number == 1)";
	struct tracefs_file *file;
	unsigned int n, failures = 0;
	bool failed = true;
	ssize_t ret;

	ASSERT(begin());
	for (n = 1; failed; n++) {
		ASSERT_EQ(tracefs_open(TWO "trigger", TRACEFS_WRITE, &file), 0);
		fail_nth(n);
		ret = tracefs_write(file, text, strlen(text));
		failed = fail_end();
		EXPECT_EQ(tracefs_close(file), 0);
		if (ret == -ENOMEM) {
			failures++;
			EXPECT(tt_says(TWO "trigger", none));
			EXPECT(tt_says(TWO "enable", "0\n"));
			EXPECT(tt_says(ALL "enable", "0\n"));
			continue;
		}
		EXPECT_EQ(ret, strlen(text));
		accept(TWO "trigger", "!enable_event:testing_tp:testing_all");
	}
	EXPECT(failures > 3);
	end();
}

KTEST(event_trigger, an_event_that_goes_takes_its_triggers_with_it)
{
	ASSERT(bells_begin());
	accept(TWO "trigger", "enable_event:belfry:bell");
	accept("events/belfry/bell/trigger", "enable_event:tower:clock");
	EXPECT(tt_says("events/belfry/bell/enable", "0*\n"));
	bells_end();
	EXPECT(tt_says(TWO "trigger", none));
	EXPECT(tt_says(TWO "enable", "0\n"));
}
