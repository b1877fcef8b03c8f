// SPDX-License-Identifier: MIT
/*
 * sleep.c - sleeping for a time: a timer that wakes, and schedule().
 *
 * It is apart from sched.c because timers need the scheduler.
 *
 * Context: task, may sleep.
 */
#include "kernel/base/clock.h"
#include "kernel/sched.h"
#include "kernel/timer.h"

static void wake_task(void *task)
{
	wake_up_process(task);
}

u64 schedule_timeout(u64 ns)
{
	struct timer timer = TIMER_INIT(timer, wake_task, current);
	u64 now = ktime_ns(), end;

	if (__builtin_add_overflow(now, ns, &end))
		end = ~0ULL; /* for ever */
	timer_add(&timer, end);
	schedule();
	timer_cancel_sync(&timer);
	now = ktime_ns();
	return now < end ? end - now : 0;
}

void sleep_ns(u64 ns)
{
	do {
		set_current_state(TASK_SLEEPING);
		ns = schedule_timeout(ns);
	} while (ns);
}

void msleep(unsigned int ms)
{
	sleep_ns(ms * 1000000ULL);
}
