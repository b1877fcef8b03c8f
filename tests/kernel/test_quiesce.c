// SPDX-License-Identifier: MIT
/*
 * synchronize_tasks(): which tasks it waits for, and what it says while it
 * waits. What goes wrong without it: test_quiesce_control.c.
 */
#include "kernel/base/console.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/quiesce_probe.h"
#include <asm/cpu.h>

/* ---- tasks it waits for -------------------------------------------------- */

KTEST(quiesce, returns_when_nobody_is_in_the_way)
{
	struct quiesce_stats before, after;

	quiesce_stats(&before);
	synchronize_tasks();
	synchronize_tasks();
	quiesce_stats(&after);
	EXPECT_EQ(after.calls, before.calls + 2);
	EXPECT_EQ(after.reports, before.reports);
}

/* The visitor is running (or, with one CPU, preempted) at the call. */
static void waits_until_it_leaves(enum leave_how how)
{
	struct visitor v = { .how = how, .hold = true };
	struct waiter w;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(waiter_keeps_waiting(&w));
	WRITE_ONCE(v.leave, true); /* outside, but nobody can know */
	EXPECT(waiter_keeps_waiting(&w));
	WRITE_ONCE(v.hold, false); /* the voluntary switch */
	waiter_end(&w);
	visitor_end(&v);
	EXPECT(!v.trodden);
}

KTEST(quiesce, cond_resched_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_COND_RESCHED);
}

KTEST(quiesce, yield_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_YIELD);
}

KTEST(quiesce, sleeping_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_SLEEP);
}

/* Q1 */
KTEST(quiesce, ending_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_EXIT);
}

/*
 * Preempted at a known place, at the call and again and again afterwards: no
 * preemption counts. Visitor, waiter and we share one CPU.
 */
KTEST(quiesce, preemption_is_no_voluntary_switch)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	unsigned long preempted;
	struct waiter w;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, 0));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	ASSERT(wait_until(READ_ONCE(w.called), QUIESCE_WAIT_MS));
	preempted = READ_ONCE(v.task->nivcsw);
	EXPECT(wait_until(READ_ONCE(v.task->nivcsw) >= preempted + 5,
			  QUIESCE_WAIT_MS));
	EXPECT(READ_ONCE(v.task->quiesce_marks));
	EXPECT(!READ_ONCE(w.returned));
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	visitor_end(&v);
}

static bool sleep_stop;

static int sleep_long(void *unused)
{
	while (!READ_ONCE(sleep_stop)) {
		set_current_state(TASK_SLEEPING);
		if (!READ_ONCE(sleep_stop))
			schedule();
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

KTEST(quiesce, a_sleeper_is_not_waited_for)
{
	struct task_struct *task;

	sleep_stop = false;
	task = kthread_run(sleep_long, NULL, "sleeper");
	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq), QUIESCE_WAIT_MS);
	synchronize_tasks();
	EXPECT(!task->quiesce_marks);
	EXPECT(!task->on_rq);
	WRITE_ONCE(sleep_stop, true);
	wake_up_process(task);
	kthread_join(task);
}

static int nothing(void *unused)
{
	return 0;
}

KTEST(quiesce, a_thread_that_never_ran_is_not_waited_for)
{
	struct task_struct *task = kthread_create(nothing, NULL, "new");

	ASSERT(!IS_ERR(task));
	synchronize_tasks();
	wake_up_process(task);
	kthread_join(task);
}

/* Started after the call: cannot be in what was taken away before it. */
KTEST(quiesce, a_later_thread_is_not_waited_for)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	struct visitor late = { .how = BY_COND_RESCHED };
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("the waiter needs a CPU that is not full");
	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(waiter_keeps_waiting(&w));
	ASSERT(visitor_start(&late, last_cpu()));
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	EXPECT(late.inside);
	visitor_end(&late);
	visitor_end(&v);
}

/* ---- idle CPUs ----------------------------------------------------------- */

static bool irq_inside, irq_leave;

static void long_irq(void *unused)
{
	u64 end = ktime_ns() + QUIESCE_WAIT_MS * 1000000ULL;

	WRITE_ONCE(irq_inside, true);
	while (!READ_ONCE(irq_leave) && ktime_ns() < end)
		cpu_relax();
	WRITE_ONCE(irq_inside, false);
}

static void arm_long_irq(void *timer)
{
	timer_add(timer, ktime_ns() + 3 * TICK_NS); /* until then it halts */
}

/* Idle, but inside an interrupt that may be inside something. */
KTEST(quiesce, an_idle_cpu_in_an_interrupt_is_waited_for)
{
	struct quiesce_stats before, after;
	struct timer timer;
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a CPU that idles");
	kthread_bind(current, 0);
	quiesce_stats(&before);
	ASSERT(wait_until(all_others_sleep(), QUIESCE_WAIT_MS));
	timer_setup(&timer, long_irq, NULL);
	irq_leave = false;
	smp_call_function_single(last_cpu(), arm_long_irq, &timer, true);
	ASSERT(wait_until(READ_ONCE(irq_inside), QUIESCE_WAIT_MS));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(waiter_keeps_waiting(&w));
	WRITE_ONCE(irq_leave, true);
	waiter_end(&w);
	timer_cancel_sync(&timer);
	quiesce_stats(&after);
	EXPECT(after.cpu_waits > before.cpu_waits);
}

KTEST(quiesce, idle_cpus_cost_nothing)
{
	struct quiesce_stats first, before, after;
	unsigned int waited = 0, i;

	kthread_bind(current, 0);
	ASSERT(wait_until(all_others_sleep(), QUIESCE_WAIT_MS));
	quiesce_stats(&first);
	for (i = 0; i < 1000; i++) {
		unsigned long slept = current->nvcsw;

		quiesce_stats(&before);
		synchronize_tasks();
		quiesce_stats(&after);
		if (after.cpu_waits != before.cpu_waits)
			waited++; /* for a tick that struck just then */
		else
			EXPECT_EQ(current->nvcsw, slept);
	}
	EXPECT_EQ(after.task_waits, first.task_waits);
	EXPECT(waited < 1000);
}

/* Wakes to go back to sleep, so its CPU to halt. */
static int halts(void *ended)
{
	while (!READ_ONCE(*(bool *)ended)) {
		set_current_state(TASK_SLEEPING);
		if (!READ_ONCE(*(bool *)ended))
			schedule();
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

#define MOMENTS 4001
#define TURNS	16 /* lengths of turns; each stops CPUs at other moments */

/*
 * Calls at each moment of the way to the halt; where moments come as they like,
 * for two seconds. Return: how many took long.
 */
static unsigned int late_calls(struct task_struct *task)
{
	u64 start = ktime_ns(), end = start + 2000000000;
	unsigned int i, late = 0;

	for (i = 0; slices_exact() ? i < MOMENTS : start < end; i++) {
		wake_up_process(task);
		slices_wait(i * 7919 % MOMENTS);
		start = ktime_ns();
		synchronize_tasks();
		late += ktime_ns() - start > TICK_NS / 8;
	}
	return late;
}

/*
 * A hold set between a CPU's last look at it and its halt would last to its
 * next tick. Where time is no measure, no hold may be taken back twice (I2).
 */
KTEST(quiesce, a_cpu_about_to_halt_is_not_waited_for)
{
	unsigned int turn, late = 0;
	struct task_struct *task;
	bool ended = false;

	task = kthread_run(halts, &ended, "halts");
	if (!slices_exact())
		late_calls(task);
	else
		for (turn = SLICES_SHORT; turn < TURNS && !late; turn++) {
			slices_set(turn);
			late = late_calls(task);
		}
	EXPECT_EQ(late, 0);
	slices_set(0);
	WRITE_ONCE(ended, true);
	wake_up_process(task);
	kthread_join(task);
}

/* ---- what it says -------------------------------------------------------- */

static char said[2048];
static size_t said_len;

static bool listen(const char *buf, size_t len)
{
	len = min(len, sizeof(said) - 1 - said_len);
	memcpy(said + said_len, buf, len);
	said_len += len;
	said[said_len] = '\0';
	return true;
}

static u64 reports(void)
{
	const char *at = said;
	u64 n = 0;

	while ((at = strstr(at, "ms for visitor (pid "))) {
		at++;
		n++;
	}
	return n;
}

KTEST(quiesce, reports_who_holds_the_wait)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	u64 start = ktime_ns();
	struct waiter w;

	said_len = 0;
	said[0] = '\0';
	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	console_set_tap(listen);
	if (!waiter_start(&w, synchronize_tasks, 0))
		goto out;
	wait_until(reports() >= 2, QUIESCE_WAIT_MS); /* the wait goes on */
	console_set_tap(NULL);
	EXPECT(ktime_ns() - start >= 2 * QUIESCE_REPORT_NS);
	EXPECT(!READ_ONCE(w.returned));
	EXPECT(strstr(said, "  visit+0x") != NULL); /* its backtrace */
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
out:
	console_set_tap(NULL);
	visitor_end(&v);
}

KTEST(quiesce, reports_which_cpu_holds_the_wait)
{
	struct timer timer;
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a CPU that idles");
	kthread_bind(current, 0);
	ASSERT(wait_until(all_others_sleep(), QUIESCE_WAIT_MS));
	timer_setup(&timer, long_irq, NULL);
	irq_leave = false;
	smp_call_function_single(last_cpu(), arm_long_irq, &timer, true);
	ASSERT(wait_until(READ_ONCE(irq_inside), QUIESCE_WAIT_MS));
	said_len = 0;
	said[0] = '\0';
	console_set_tap(listen);
	if (waiter_start(&w, synchronize_tasks, 0)) {
		wait_until(strstr(said, "which runs no task") &&
				   strstr(said, "  long_irq+0x"),
			   QUIESCE_WAIT_MS);
		EXPECT(!READ_ONCE(w.returned));
		WRITE_ONCE(irq_leave, true);
		waiter_end(&w);
	}
	console_set_tap(NULL);
	timer_cancel_sync(&timer);
}
