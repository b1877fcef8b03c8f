// SPDX-License-Identifier: MIT
/*
 * Allocation-failure injection itself: the right one fails, once, and only in
 * the task that asked for it.
 */
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"

static int count_failures(unsigned int nth, unsigned int tries)
{
	int first = -1;

	fail_nth(nth);
	for (unsigned int i = 0; i < tries; i++)
		if (should_fail_alloc())
			first = first < 0 ? (int)i : -2;
	fail_end();
	return first;
}

KTEST(fail, the_nth_fails_once)
{
	EXPECT_EQ(count_failures(1, 10), 0);
	EXPECT_EQ(count_failures(7, 10), 6);
	EXPECT_EQ(count_failures(11, 10), -1);
	EXPECT_EQ(count_failures(0, 10), -1);
	EXPECT(!should_fail_alloc());
}

KTEST(fail, end_tells_whether_one_failed)
{
	fail_nth(2);
	EXPECT(!should_fail_alloc());
	EXPECT(!fail_end());
	fail_nth(1);
	EXPECT(should_fail_alloc());
	EXPECT(fail_end());
}

static int ask_once(void *arg)
{
	return should_fail_alloc();
}

KTEST(fail, other_tasks_do_not_count)
{
	int others;

	fail_nth(1000);
	others = on_all_cpus_run(ask_once, NULL);
	EXPECT(!fail_end());
	EXPECT_EQ(others, 0);
}

static volatile int irq_answer;

static void ask_in_irq(void *arg)
{
	irq_answer = should_fail_alloc();
}

KTEST(fail, interrupts_do_not_count)
{
	struct timer timer = TIMER_INIT(timer, ask_in_irq, NULL);
	u64 end = ktime_ns() + 2000000000ULL;

	irq_answer = -1;
	fail_nth(1);
	timer_add(&timer, ktime_ns());
	/* Spin: the timer has to interrupt this very task. */
	while (irq_answer < 0 && ktime_ns() < end)
		;
	timer_cancel_sync(&timer);
	EXPECT_EQ(irq_answer, 0);
	EXPECT(should_fail_alloc());
	EXPECT(fail_end());
}
