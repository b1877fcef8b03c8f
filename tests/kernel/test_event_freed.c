// SPDX-License-Identifier: MIT
/*
 * What a probe may be in outlives it: a trigger that is removed and the table
 * of a histogram that is cleared, while CPU 1 is inside a filter of the event;
 * and the site of a function command. Another trigger keeps the event switched
 * on, and the command has another function, so that nothing else is a reason to
 * wait.
 */
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define TWO "events/testing_tp/testing_two/"

static atomic_t inside, release, freed, freed_inside;
static struct task_struct *caller;

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

static struct trace_event_file *file_of_two(void)
{
	return trace_event_file_find(
		trace_top(), trace_event_by_name("testing_tp", "testing_two"));
}

static void remove_slow(void)
{
	event_session_begin();
	event_trigger_remove(file_of_two(), &slow_trigger);
	event_session_end();
}

/* @other: a second trigger of the event. From now on CPU 1 is in the probe. */
static bool begin(const char *other)
{
	atomic_set(&inside, 0);
	atomic_set(&release, 0);
	atomic_set(&freed, 0);
	atomic_set(&freed_inside, 0);
	kthread_bind(current, 0);
	if (!tt_begin("nop", NULL, 64))
		return false;
	bells_accept(TWO "trigger", other);
	event_session_begin();
	EXPECT_EQ(event_trigger_add(file_of_two(), &slow_trigger), 0);
	event_session_end();
	caller = kthread_create(call_slowly, NULL, "caller");
	if (!EXPECT(!IS_ERR(caller)))
		return false;
	kthread_bind(caller, 1);
	wake_up_process(caller);
	return EXPECT(wait_until(atomic_read(&inside), QUIESCE_WAIT_MS));
}

/* change() returns only after the probe. */
static void waits_for_the_probe(void (*change)(void))
{
	struct waiter w;

	if (waiter_start(&w, change, 0)) {
		EXPECT(waiter_keeps_waiting(&w));
		atomic_set(&release, 1);
		waiter_end(&w);
	}
	atomic_set(&release, 1);
	kthread_join(caller);
}

static void end(const char *other)
{
	bells_accept(TWO "trigger", other);
	EXPECT(tt_says(TWO "enable", "0\n"));
	EXPECT_EQ(atomic_read(&freed), 1);
	EXPECT_EQ(atomic_read(&freed_inside), 0);
	tt_end();
	kthread_bind(current, CPU_ANY);
}

KTEST(event_trigger, freed_after_the_probe_that_is_in_it_TG3)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU is in the trigger");
	ASSERT(begin("traceon"));
	waits_for_the_probe(remove_slow);
	end("!traceon");
}

static void clear_histogram(void)
{
	bells_accept(TWO "trigger", "hist:keys=number:clear");
}

KTEST(event_hist, cleared_after_the_probe_that_may_add_EH2)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU is in the trigger");
	ASSERT(begin("hist:keys=number"));
	waits_for_the_probe(clear_histogram);
	remove_slow();
	end("!hist:keys=number");
}

static traced_function void ef_one(void *unused)
{
	barrier();
}

static traced_function void ef_two(void *unused)
{
	barrier();
}

/* A callback has preemption off, too; that is all that FC3 may rely on. */
static int stay_without_preemption(void *unused)
{
	preempt_disable();
	atomic_set(&inside, 1);
	while (!atomic_read(&release))
		cpu_relax();
	preempt_enable();
	ef_one(NULL);
	ef_two(NULL);
	return 0;
}

static void remove_command(void)
{
	bells_accept("set_ftrace_filter", "!ef_one:traceon:");
}

KTEST(func_command, freed_after_the_callback_that_is_in_it_FC3)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU is in the callback");
	atomic_set(&inside, 0);
	atomic_set(&release, 0);
	kthread_bind(current, 0);
	ASSERT(tt_begin("nop", NULL, 64));
	bells_accept("set_ftrace_filter", "ef_one:traceon:5");
	bells_accept("set_ftrace_filter", "ef_two:traceon:5");
	caller = kthread_create(stay_without_preemption, NULL, "caller");
	ASSERT(!IS_ERR(caller));
	kthread_bind(caller, 1);
	wake_up_process(caller);
	EXPECT(wait_until(atomic_read(&inside), QUIESCE_WAIT_MS));
	waits_for_the_probe(remove_command);
	bells_accept("set_ftrace_filter", "!ef_two:traceon:");
	tt_end();
	kthread_bind(current, CPU_ANY);
}
