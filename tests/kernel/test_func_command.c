// SPDX-License-Identifier: MIT
/*
 * Function commands in set_ftrace_filter: grammar, listing, what each does,
 * counts that are exact on all CPUs, and removal while they fire.
 */
#include "kernel/base/log_buffer.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/trace_snapshot.h"

#define FILTER	"set_ftrace_filter"
#define ALL	"#### all functions enabled ####\n"
#define TESTING "events/testing_tp/testing_all/"

static traced_function void fc_target_one(void *unused)
{
	barrier();
}

static traced_function void fc_target_two(void *unused)
{
	barrier();
}

static ssize_t put(const char *text)
{
	return bells_put(FILTER, text);
}

static void accept(const char *text)
{
	bells_accept(FILTER, text);
}

static struct dyn_ftrace *rec_of(void (*fn)(void *))
{
	return ftrace_rec_find(ftrace_location((unsigned long)fn));
}

static bool begin(void)
{
	return tt_begin("nop", NULL, 64) && EXPECT(tt_says(FILTER, ALL));
}

static void end(void)
{
	EXPECT(tt_says(FILTER, ALL));
	EXPECT(tt_says(TESTING "enable", "0\n"));
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_one)), 0);
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_two)), 0);
	EXPECT_EQ(ftrace_check(), 0);
	tt_end();
}

/* ---- grammar ------------------------------------------------------------- */

KTEST(func_command, listed_as_they_are)
{
	ASSERT(begin());
	accept("fc_target_one:traceon\n");
	accept("fc_target_two:traceon:0x10 fc_target_one:traceon:3\n");
	accept("fc_target_one:enable_event:testing_tp:testing_all\n");
	accept("fc_target_two:disable_event:testing_tp:testing_all:7\n");
	accept("fc_target_two:stacktrace:\n");
	/* As on Linux, the newest command is the first. */
	EXPECT(tt_says(FILTER,
		       ALL "fc_target_two:stacktrace:count=-1\n"
			   "fc_target_two:disable_event:testing_tp:testing_all"
			   ":count=7\n"
			   "fc_target_one:enable_event:testing_tp:testing_all"
			   ":unlimited\n"
			   "fc_target_one:traceon:count=3\n"
			   "fc_target_two:traceon:count=16\n"
			   "fc_target_one:traceon:unlimited\n"));
	tt_write(FILTER, "fc_target_two\n"); /* commands are no filter */
	accept("!fc_target_one:traceon\n");
	accept("!*:traceon:count=3\n");
	accept("!fc_target_one:enable_event:testing_tp:testing_all\n");
	accept("!:disable_event:testing_tp:testing_all:7\n");
	EXPECT(tt_says(FILTER, "fc_target_two\n"
			       "fc_target_two:stacktrace:count=-1\n"));
	tt_write(FILTER, "\n");
	accept("!fc_target_two:stacktrace:count=-1\n");
	end();
}

KTEST(func_command, globs_and_what_is_there)
{
	ASSERT(begin());
	accept("fc_target_one:traceon:5\n");
	accept("fc_target_*:traceon:9\n"); /* keeps what is there */
	EXPECT(tt_says(FILTER, ALL "fc_target_one:traceon:count=5\n"
				   "fc_target_two:traceon:count=9\n"));
	EXPECT_EQ(put("fc_target_*:traceon:1\n"), -EINVAL);
	EXPECT_EQ(put("!fc_target_*:traceon\n"), -ENODEV);
	accept("!*_one:traceon:1\n");
	EXPECT_EQ(put("!*_one:traceon:1\n"), -EINVAL);
	EXPECT(tt_says(FILTER, ALL "fc_target_two:traceon:count=9\n"));
	accept("fc_target_one:traceon:2\n");
	accept("!fc_target_*:traceon:0\n");
	EXPECT_EQ(put("!fc_target_*:traceon:0\n"), -ENODEV);
	end();
}

struct wrong {
	const char *text;
	int err;
	const char *logged;
};

static const struct wrong wrong[] = {
	{ "fc_target_one:traceup\n", -EINVAL, "no such command" },
	{ "fc_target_one:\n", -EINVAL, "no such command" },
	{ "fc_target_one:traceon:x\n", -EINVAL, "the count is no number" },
	{ "fc_target_one:traceon:-1\n", -EINVAL, "the count is no number" },
	{ "fc_target_one:traceon:1:2\n", -EINVAL, "the count is no number" },
	{ "fc_target_one:traceon:99999999999999999999\n", -ERANGE,
	  "the count is no number" },
	{ "no_such_one:traceon\n", -EINVAL, "no function fits this" },
	{ ":traceon\n", -EINVAL, "no function fits this" },
	{ "fc_target_one:enable_event\n", -EINVAL, "SYSTEM:EVENT is needed" },
	{ "fc_target_one:enable_event:sched\n", -EINVAL,
	  "SYSTEM:EVENT is needed" },
	{ "fc_target_one:enable_event:sched:none\n", -EINVAL, "no such event" },
	{ "fc_target_one:enable_event:sched:sched_switch:\n", -EINVAL,
	  "the count is no number" },
	{ "!fc_target_one:traceon\n", -ENODEV, "no function has this command" },
};

KTEST(func_command, wrong_commands)
{
	static char log[4096];
	unsigned int i;

	ASSERT(begin());
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		tt_write("error_log", "");
		if (!EXPECT_EQ(put(wrong[i].text), wrong[i].err))
			pr_info("%s\n", wrong[i].text);
		tt_read("error_log", log, sizeof(log));
		if (!EXPECT(strstr(log, wrong[i].logged) != NULL))
			pr_info("%s: %s\n", wrong[i].text, log);
	}
	EXPECT_EQ(bells_write("set_ftrace_notrace", "fc_target_one:traceon\n",
			      TRACEFS_WRITE),
		  -EINVAL);
	tt_write("error_log", "");
	EXPECT_EQ(put("fc_target_two fc_target_one:traceup\n"), -EINVAL);
	EXPECT(bells_logged("  Command: fc_target_two fc_target_one:traceup\n"
			    "                                       ^\n"));
	tt_write(FILTER, "\n"); /* the word before was accepted */
	end();
}

/* ---- what they do -------------------------------------------------------- */

KTEST(func_command, traceoff_and_traceon_count_effects)
{
	ASSERT(begin());
	accept("fc_target_one:traceoff:2\n");
	accept("fc_target_two:traceon\n");
	fc_target_one(NULL);
	EXPECT(tt_says("tracing_on", "0\n"));
	fc_target_one(NULL); /* it is off: no effect */
	EXPECT(tt_says(FILTER, ALL "fc_target_two:traceon:unlimited\n"
				   "fc_target_one:traceoff:count=1\n"));
	fc_target_two(NULL);
	EXPECT(tt_says("tracing_on", "1\n"));
	fc_target_one(NULL);
	EXPECT(tt_says("tracing_on", "0\n"));
	fc_target_two(NULL);
	fc_target_one(NULL); /* no turns are left */
	EXPECT(tt_says("tracing_on", "1\n"));
	accept("!fc_target_one:traceoff:0\n");
	accept("!fc_target_two:traceon\n");
	end();
}

KTEST(func_command, enable_event_and_disable_event)
{
	ASSERT(begin());
	accept("fc_target_one:enable_event:testing_tp:testing_all:1\n");
	accept("fc_target_two:disable_event:testing_tp:testing_all\n");
	EXPECT(tt_says(TESTING "enable", "0*\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 0);
	fc_target_one(NULL);
	fc_target_one(NULL); /* it is enabled: no effect */
	EXPECT(tt_says(TESTING "enable", "1*\n"));
	trace_testing_all(1, "a", NULL);
	EXPECT_EQ(bells_recorded(), 1);
	fc_target_two(NULL);
	EXPECT(tt_says(TESTING "enable", "0*\n"));
	fc_target_one(NULL); /* no turns are left */
	EXPECT(tt_says(TESTING "enable", "0*\n"));
	accept("!fc_target_one:enable_event:testing_tp:testing_all:0\n");
	EXPECT(tt_says(TESTING "enable", "0*\n"));
	accept("!fc_target_two:disable_event:testing_tp:testing_all\n");
	end();
}

static noinline void call_twice(void)
{
	fc_target_one(NULL);
	fc_target_one(NULL);
	barrier(); /* no jump: this function is to be on the stack */
}

KTEST(func_command, stacktrace_and_snapshot)
{
	static char text[4096];

	ASSERT(begin());
	accept("fc_target_one:stacktrace:1\n");
	tt_write("tracing_on", "0");
	call_twice(); /* the trace is off: no effect */
	tt_write("tracing_on", "1");
	call_twice();
	tt_read("trace", text, sizeof(text));
	EXPECT(strstr(text, "<stack trace>\n"
			    " => fc_target_one\n => call_twice\n") != NULL);
	EXPECT_EQ(bells_recorded(), 1);
	accept("!fc_target_one:stacktrace:0\n");
	accept("fc_target_one:snapshot:1\n");
	EXPECT(trace_snapshot_allocated(trace_top()));
	tt_write("trace_marker", "before");
	call_twice();
	EXPECT_EQ(bells_recorded(), 0); /* it is in the snapshot */
	EXPECT(tt_says(FILTER, ALL "fc_target_one:snapshot:count=0\n"));
	accept("!fc_target_one:snapshot:0\n");
	tt_write("snapshot", "0");
	end();
}

KTEST(func_command, only_its_functions_pay_FC1)
{
	ASSERT(begin());
	accept("fc_target_one:traceon\n");
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_one)), 1);
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_two)), 0);
	accept("fc_target_two:traceon\n"); /* the same ops */
	accept("fc_target_one:traceon:1\n");
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_one)), 2);
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_two)), 1);
	EXPECT_EQ(ftrace_rec_users(rec_of((void (*)(void *))kfree)), 0);
	accept("!*:traceon:1\n");
	accept("!*_two:traceon\n");
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_one)), 1);
	EXPECT_EQ(ftrace_rec_users(rec_of(fc_target_two)), 0);
	accept("!*:traceon\n");
	end();
}

/* ---- dumps --------------------------------------------------------------- */

static u64 log_at; /* where the last look at the log ended */
static char log_text[1 << 15];

/* What the log has got since the last look. */
static const char *log_since(void)
{
	size_t len = 0, n;

	do {
		n = log_buffer_read(&log_at, log_text + len,
				    sizeof(log_text) - 1 - len);
		len += n;
	} while (n);
	log_text[len] = '\0';
	return log_text;
}

/* How many dumps begin in the text. */
static unsigned int dumps(const char *text)
{
	unsigned int n = 0;

	while ((text = strstr(text, "Dumping ftrace buffer:\n"))) {
		text++;
		n++;
	}
	return n;
}

static void begin_marked(const char *command)
{
	tt_write("trace_marker", "seen by a dump");
	accept(command);
	log_since();
}

KTEST(func_command, dump_prints_the_trace_once)
{
	const char *text;

	ASSERT(begin());
	begin_marked("fc_target_one:dump:7");
	EXPECT(tt_says(FILTER, ALL "fc_target_one:dump:count=1\n"));
	fc_target_one(NULL);
	text = log_since();
	EXPECT_EQ(dumps(text), 1);
	text = strstr(text, "---------------------------------\n");
	ASSERT(text);
	EXPECT(strstr(text, ": seen by a dump\n") != NULL);
	EXPECT(strstr(text + 33, "---------------------------------\n") !=
	       NULL);
	EXPECT(tt_says("tracing_on", "0\n")); /* as on Linux */
	EXPECT_EQ(bells_recorded(), 0);
	EXPECT(tt_says(FILTER, ALL "fc_target_one:dump:count=0\n"));
	fc_target_one(NULL);
	EXPECT_EQ(dumps(log_since()), 0);
	accept("!fc_target_one:dump");
	tt_write("tracing_on", "1");
	end();
}

KTEST(func_command, cpudump_prints_each_time)
{
	const char *text;

	ASSERT(begin());
	begin_marked("fc_target_one:cpudump");
	EXPECT(tt_says(FILTER, ALL "fc_target_one:cpudump:unlimited\n"));
	ASSERT_EQ(kthread_bind(current, smp_processor_id()), 0);
	tt_write("trace_marker", "seen by a dump");
	fc_target_one(NULL);
	text = log_since();
	EXPECT_EQ(dumps(text), 1);
	EXPECT(strstr(text, ": seen by a dump\n") != NULL);
	fc_target_one(NULL);
	text = log_since();
	EXPECT_EQ(dumps(text), 1);
	EXPECT(strstr(text, "   (ftrace buffer empty)\n") != NULL);
	kthread_bind(current, CPU_ANY);
	accept("!fc_target_one:cpudump:");
	tt_write("tracing_on", "1");
	end();
}

/* A ring that somebody reads is left out: a dump waits for no lock. */
KTEST(func_command, a_dump_leaves_out_what_is_being_read_TD1)
{
	struct ring_buffer_per_cpu *rb;
	const char *text;
	char left_out[64];

	ASSERT(begin());
	ASSERT_EQ(kthread_bind(current, smp_processor_id()), 0);
	begin_marked("fc_target_one:cpudump");
	rb = trace_top()->buffer.cpu[smp_processor_id()];
	mutex_lock(&rb->reader_lock);
	fc_target_one(NULL);
	mutex_unlock(&rb->reader_lock);
	text = log_since();
	EXPECT_EQ(dumps(text), 1);
	snprintf(left_out, sizeof(left_out),
		 "CPU %u: its ring was being read\n", smp_processor_id());
	EXPECT(strstr(text, left_out) != NULL);
	EXPECT(!strstr(text, "seen by a dump"));
	kthread_bind(current, CPU_ANY);
	accept("!fc_target_one:cpudump:");
	tt_write("tracing_on", "1");
	end();
}

/* With interrupts off a lock may be held: the trace stops, a thread prints. */
KTEST(func_command, a_dump_where_locks_may_be_held_TD3)
{
	unsigned long flags;
	unsigned int ms, n;

	ASSERT(begin());
	begin_marked("fc_target_one:dump");
	flags = arch_irq_save();
	fc_target_one(NULL);
	n = dumps(log_since());
	arch_irq_restore(flags);
	EXPECT_EQ(n, 0);
	EXPECT(tt_says("tracing_on", "0\n"));
	for (ms = 0; !n && ms < 5000; ms++) {
		msleep(1);
		n = dumps(log_since());
	}
	EXPECT_EQ(n, 1);
	accept("!fc_target_one:dump");
	tt_write("tracing_on", "1");
	end();
}

/* Wait until the log has got @n dumps more. Return: how many it has got. */
static unsigned int wait_for_dumps(unsigned int n)
{
	unsigned int got = dumps(log_since()), ms;

	for (ms = 0; got < n && ms < 20000; ms++) {
		msleep(1);
		got += dumps(log_since());
	}
	return got;
}

/* What prints a dump asks for one each time: here the task, then the thread. */
KTEST(func_command, a_dump_of_what_prints_it_ends)
{
	unsigned int i, n = 0;
	unsigned long flags;

	ASSERT(begin());
	begin_marked("printk:cpudump");
	pr_info("one line");
	EXPECT_EQ(dumps(log_since()), 1);
	for (i = 0; i < 20; i++) {
		flags = arch_irq_save();
		pr_info("one line");
		arch_irq_restore(flags);
		n += wait_for_dumps(1);
	}
	accept("!printk:cpudump"); /* the thread has ended */
	EXPECT_EQ(n + dumps(log_since()), 20);
	tt_write("tracing_on", "1");
	end();
}

static void add_and_remove_dump(unsigned int turn)
{
	accept("fc_target_one:cpudump");
	fc_target_one(NULL); /* if nobody else does */
	accept("!fc_target_one:cpudump");
}

/* A dump of an empty trace is two lines. Return: dumps; -1: one in another. */
static int whole_dumps(const char *text)
{
	static const char begin[] = "Dumping ftrace buffer:\n";
	static const char end[] = "   (ftrace buffer empty)\n";
	const char *next;
	int n = 0;

	while ((text = strstr(text, begin))) {
		text += sizeof(begin) - 1;
		next = strstr(text, begin);
		text = strstr(text, end);
		if (!text || (next && next < text))
			return -1;
		n++;
	}
	return n;
}

/* The dumper's thread comes and goes while every CPU asks for dumps. */
KTEST(func_command, a_dump_removed_while_it_is_printed_TD4)
{
	ASSERT(begin());
	log_since();
	tt_storm_beside(add_and_remove_dump, fc_target_one, 50, 1);
	EXPECT(whole_dumps(log_since()) > 0);
	tt_write("tracing_on", "1");
	end();
}

/* ---- load ---------------------------------------------------------------- */

static u64 stacks_recorded(void)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 stacks = 0;

	for_each_online_cpu(cpu) {
		ring_buffer_stats(trace_top()->buffer.cpu[cpu], &stats);
		stacks += stats.entries;
	}
	return stacks;
}

KTEST(func_command, a_count_is_exact_on_all_cpus_FC2)
{
	ASSERT(begin());
	tt_write("buffer_size_kb", "4096\n");
	accept("fc_target_one:stacktrace:1000\n");
	tt_storm(fc_target_one, NULL, 1000, 2, false);
	EXPECT_EQ(stacks_recorded(), 1000);
	EXPECT(tt_says(FILTER, ALL "fc_target_one:stacktrace:count=0\n"));
	accept("!fc_target_one:stacktrace:0\n");
	end();
}

static void add_and_remove(unsigned int turn)
{
	accept("fc_target_*:traceon\n");
	accept("fc_target_one:traceon:5\n");
	accept("fc_target_one:enable_event:testing_tp:testing_all\n");
	accept("!fc_target_two:traceon\n");
	accept("!*:traceon\n");
	accept("!*:traceon:5\n");
	accept("!*:enable_event:testing_tp:testing_all\n");
}

KTEST(func_command, removed_while_they_fire_FC3)
{
	ASSERT(begin());
	tt_storm_beside(add_and_remove, fc_target_one, 500, 2);
	EXPECT_EQ(bells_recorded(), 0);
	/* As on Linux, an event that a command has enabled stays so. */
	tt_write(TESTING "enable", "0\n");
	end();
}

/* ---- memory, and what goes ----------------------------------------------- */

static unsigned int failures;

/*
 * Let every allocation of a word fail, one at a time: either it changes nothing
 * or it can do without. In the end the word has been carried out.
 */
static void fail_each(const char *word, const char *undo, const char *before,
		      const char *after)
{
	bool failed = true;
	unsigned int n;
	ssize_t ret;

	for (n = 1; failed; n++) {
		ret = bells_fail_write(FILTER, word, n, &failed);
		if (ret != (ssize_t)strlen(word)) {
			failures++;
			EXPECT_EQ(ret, -ENOMEM);
			EXPECT(failed);
			EXPECT(tt_says(FILTER, before));
			EXPECT_EQ(ftrace_check(), 0);
			continue;
		}
		EXPECT(tt_says(FILTER, after));
		if (failed)
			accept(undo);
	}
}

#define ADD    "fc_target_"
#define SWITCH ":enable_event:testing_tp:testing_all"
#define GIVEN  SWITCH ":9\n"
#define TARGET SWITCH ":count=9\n"

KTEST(func_command, memory_runs_out_at_every_step_FC4)
{
	static const char two[] = ALL ADD "one" TARGET ADD "two" TARGET;
	static const char one[] = ALL ADD "two" TARGET;

	ASSERT(begin());
	failures = 0;
	fail_each(ADD "*" GIVEN, "!*" GIVEN, ALL, two);
	EXPECT(failures > 7);
	fail_each("!*_one" GIVEN, ADD "one" GIVEN, two, one);
	fail_each(ADD "*" GIVEN, "!*_one" GIVEN, one, two);
	fail_each("!*" GIVEN, ADD "*" GIVEN, two, ALL);
	fail_each(ADD "one:cpudump\n", "!" ADD "one:cpudump\n", ALL,
		  ALL ADD "one:cpudump:unlimited\n");
	accept("!" ADD "one:cpudump");
	EXPECT(!trace_snapshot_allocated(trace_top()));
	end();
}

/* A command whose snapshot has no memory would be hit without one. */
KTEST(func_command, a_snapshot_without_memory_is_no_command)
{
	static const char snapshot[] = "fc_target_one:snapshot\n";
	unsigned int n, refused = 0;
	bool failed = true;
	ssize_t ret;

	ASSERT(begin());
	for (n = 1; failed; n++) {
		ret = bells_fail_write(FILTER, snapshot, n, &failed);
		if (ret == -ENOMEM) {
			refused++;
			EXPECT(tt_says(FILTER, ALL));
			EXPECT(!trace_snapshot_allocated(trace_top()));
			continue;
		}
		EXPECT_EQ(ret, strlen(snapshot));
		EXPECT(tt_says(FILTER,
			       ALL "fc_target_one:snapshot:unlimited\n"));
		accept("!fc_target_one:snapshot");
		tt_write("snapshot", "0\n");
	}
	EXPECT(refused > num_online_cpus()); /* a buffer for each */
	end();
}

KTEST(func_command, an_event_that_goes_takes_its_commands_with_it)
{
	ASSERT(begin());
	ASSERT(bells_begin());
	accept("fc_target_one:enable_event:belfry:bell\n");
	accept("fc_target_two:enable_event:tower:clock:3\n");
	EXPECT(tt_says("events/belfry/bell/enable", "0*\n"));
	bells_end();
	end();
}

KTEST(func_command, a_trace_that_goes_takes_its_commands_with_it)
{
	ASSERT(begin());
	ASSERT_EQ(tracefs_mkdir("instances/fc"), 0);
	EXPECT_EQ(bells_write("instances/fc/" FILTER,
			      "fc_target_one:traceoff fc_target_*:traceon:3\n",
			      TRACEFS_WRITE),
		  strlen("fc_target_one:traceoff fc_target_*:traceon:3\n"));
	EXPECT(tt_says(FILTER, ALL)); /* each trace has its own */
	fc_target_one(NULL);
	EXPECT(tt_says("tracing_on", "1\n"));
	EXPECT_EQ(tracefs_rmdir("instances/fc"), 0);
	end();
}
