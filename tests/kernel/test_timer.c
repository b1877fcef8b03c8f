// SPDX-License-Identifier: MIT
/*
 * Timers and sleeping: never early, in order, cancelled for good.
 *
 * Upper bounds are not asserted: a busy host may take the CPU away at will.
 */
#include "arch/x86_64/cpu/irq.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "kernel/tick.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>

struct shot {
	struct timer timer;
	u64 at;	   /* when it was called */
	int order; /* as the how-manieth */
	u32 cpu;
	u32 context;
	bool irqs_off;
	atomic_t fired;
};

static atomic_t shots;

static void shoot(void *arg)
{
	struct shot *s = arg;

	s->at = ktime_ns();
	s->order = atomic_inc_return(&shots);
	s->cpu = smp_processor_id();
	s->context = this_cpu_read(trace_context);
	s->irqs_off = irqs_disabled();
	atomic_inc(&s->fired);
}

/* TI3 */
KTEST(timer, fires_once_and_never_early)
{
	static const u64 delay[] = { 0,	      1,       1000,
				     1000000, 3999999, 4000000,
				     4000001, 9000000, 25000000 };
	struct shot s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(delay); i++) {
		u64 due = ktime_ns() + delay[i];

		s = (struct shot){ 0 };
		timer_setup(&s.timer, shoot, &s);
		timer_add(&s.timer, due);
		ASSERT(wait_until(atomic_read(&s.fired), 20000));
		EXPECT(s.at >= due);
		EXPECT_EQ(s.context, CTX_IRQ);
		EXPECT(s.irqs_off);
		EXPECT(!timer_pending(&s.timer));
		EXPECT(!timer_cancel_sync(&s.timer));
		EXPECT_EQ(atomic_read(&s.fired), 1);
	}
}

KTEST(timer, fires_in_order_of_time)
{
	static struct shot s[8];
	static const int rank[8] = { 5, 2, 7, 0, 3, 6, 1, 4 };
	u64 base;
	int i;

	atomic_set(&shots, 0);
	kthread_bind(current, smp_processor_id());
	base = ktime_ns() + 20000000;
	for (i = 0; i < 8; i++) {
		s[i] = (struct shot){ 0 };
		timer_setup(&s[i].timer, shoot, &s[i]);
		timer_add(&s[i].timer, base + rank[i] * 1000);
		EXPECT(timer_pending(&s[i].timer));
	}
	ASSERT(wait_until(atomic_read(&shots) == 8, 20000));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(s[i].order, rank[i] + 1);
		timer_cancel_sync(&s[i].timer);
	}
}

KTEST(timer, equal_times_fire_in_order_of_adding)
{
	static struct shot s[4];
	u64 due = ktime_ns() + 5000000;
	int i;

	atomic_set(&shots, 0);
	kthread_bind(current, smp_processor_id());
	for (i = 0; i < 4; i++) {
		s[i] = (struct shot){ 0 };
		timer_setup(&s[i].timer, shoot, &s[i]);
		timer_add(&s[i].timer, due);
	}
	ASSERT(wait_until(atomic_read(&shots) == 4, 20000));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(s[i].order, i + 1);
}

/* TI1 */
KTEST(timer, cancelled_does_not_fire)
{
	struct shot s = { 0 };

	timer_setup(&s.timer, shoot, &s);
	timer_add(&s.timer, ktime_ns() + 30000000);
	EXPECT(timer_cancel_sync(&s.timer));
	EXPECT(!timer_cancel_sync(&s.timer));
	sleep_ns(60000000);
	EXPECT_EQ(atomic_read(&s.fired), 0);
}

static int fire_here(void *arg)
{
	struct shot s = { 0 };
	u32 cpu = smp_processor_id();

	timer_setup(&s.timer, shoot, &s);
	timer_add(&s.timer, ktime_ns() + 1000000);
	if (!wait_until(atomic_read(&s.fired), 20000))
		timer_cancel_sync(&s.timer);
	EXPECT_EQ(s.cpu, cpu);
	return 1;
}

KTEST(timer, every_cpu_has_its_own)
{
	EXPECT_EQ(on_all_cpus_run(fire_here, NULL), num_online_cpus());
}

/* While the timer's fn runs on one CPU, it is cancelled on another. */
static struct running {
	struct timer timer;
	bool inside, leave, cancelled;
} running;

static void run_long(void *unused)
{
	u64 end = ktime_ns() + 20000000000;

	WRITE_ONCE(running.inside, true);
	while (!READ_ONCE(running.leave) && ktime_ns() < end)
		cpu_relax();
	WRITE_ONCE(running.inside, false);
}

static void add_running(void *unused)
{
	timer_add(&running.timer, ktime_ns());
}

static int cancel_running(void *unused)
{
	EXPECT(!timer_cancel_sync(&running.timer));
	EXPECT(!READ_ONCE(running.inside));
	WRITE_ONCE(running.cancelled, true);
	return 0;
}

/* TI2 */
KTEST(timer, cancel_waits_while_the_timer_runs)
{
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	running = (struct running){ .leave = false };
	timer_setup(&running.timer, run_long, NULL);
	kthread_bind(current, 0);
	smp_call_function_single(1, add_running, NULL, true);
	ASSERT(wait_until(READ_ONCE(running.inside), 20000));
	task = kthread_create(cancel_running, NULL, "cancel");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 0);
	wake_up_process(task);
	msleep(20); /* room for a wrong return */
	EXPECT(!READ_ONCE(running.cancelled));
	WRITE_ONCE(running.leave, true);
	EXPECT_EQ(kthread_join(task), 0);
}

/* A timer that adds itself again, while other CPUs cancel and add it. */
struct periodic {
	struct timer timer;
	atomic_t runs;
	atomic_t inside;
};

static void periodic(void *arg)
{
	struct periodic *p = arg;

	EXPECT_EQ(atomic_inc_return(&p->inside), 1);
	atomic_inc(&p->runs);
	atomic_dec(&p->inside);
	timer_add(&p->timer, ktime_ns());
}

KTEST(timer, cancel_beats_a_timer_that_adds_itself_again)
{
	struct periodic p = { 0 };
	int i, runs;

	timer_setup(&p.timer, periodic, &p);
	for (i = 0; i < 10; i++) {
		int before = atomic_read(&p.runs);

		timer_add(&p.timer, ktime_ns());
		ASSERT(wait_until(atomic_read(&p.runs) > before + 1, 20000));
		/* from here, maybe on another CPU than the timer's */
		kthread_bind(current, next_online_cpu(i % num_online_cpus()));
		timer_cancel_sync(&p.timer);
		EXPECT_EQ(atomic_read(&p.inside), 0);
		runs = atomic_read(&p.runs);
		sleep_ns(10000000);
		EXPECT_EQ(atomic_read(&p.runs), runs);
	}
}

static int sleeper(void *arg)
{
	static const u64 length[] = { 0,       1,	999,	100000,
				      1000000, 4000000, 7300000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(length); i++) {
		u64 start = ktime_ns();

		sleep_ns(length[i]);
		EXPECT(ktime_ns() - start >= length[i]);
	}
	return 1;
}

KTEST(timer, sleep_is_never_short_on_any_cpu)
{
	EXPECT_EQ(on_all_cpus_run(sleeper, NULL), num_online_cpus());
}

static int early_waker(void *arg)
{
	struct task_struct *task = arg;

	for (int i = 0; i < 20; i++) {
		wake_up_process(task);
		msleep(1);
	}
	return 0;
}

/* Wakings that are not meant for the sleep do not shorten it. */
KTEST(timer, sleep_survives_stray_wakeups)
{
	struct task_struct *waker = kthread_run(early_waker, current, "waker");
	u64 start = ktime_ns();

	ASSERT(!IS_ERR(waker));
	sleep_ns(40000000);
	EXPECT(ktime_ns() - start >= 40000000);
	kthread_join(waker);
}

KTEST(timer, schedule_timeout_tells_what_is_left)
{
	struct task_struct *waker = kthread_run(early_waker, current, "waker");
	u64 left;

	ASSERT(!IS_ERR(waker));
	set_current_state(TASK_SLEEPING);
	left = schedule_timeout(10000000000);
	EXPECT(left > 0 && left <= 10000000000);
	kthread_join(waker);
}

/* Ticks come on every CPU, also while it works. */
static int spin_over_ticks(void *arg)
{
	struct shot s = { 0 };
	u64 end = ktime_ns() + 20000000000;

	timer_setup(&s.timer, shoot, &s);
	timer_add(&s.timer, ktime_ns() + 2 * TICK_NS);
	while (!atomic_read(&s.fired) && ktime_ns() < end)
		cpu_relax(); /* without giving the CPU away */
	EXPECT_EQ(atomic_read(&s.fired), 1);
	timer_cancel_sync(&s.timer);
	return 1;
}

KTEST(timer, ticks_interrupt_a_spinning_thread)
{
	EXPECT_EQ(on_all_cpus_run(spin_over_ticks, NULL), num_online_cpus());
}

/* Longer than there is time: not over before it began. */
KTEST(timer, the_longest_timeout_does_not_wrap)
{
	static const u64 ns[] = { ~0ULL, ~0ULL - 1000, 1ULL << 63 };

	for (size_t i = 0; i < ARRAY_SIZE(ns); i++) {
		u64 left = schedule_timeout(ns[i]); /* as TASK_RUNNING */

		EXPECT(left > ns[i] / 2);
	}
}

/* Counted instructions: no host keeps a CPU from its ticks. */
KTEST(timer, no_tick_is_missed_or_made_twice)
{
	unsigned int cpu = 0;
	u64 missed, ticks;

	if (!slices_exact())
		KTEST_SKIP("needs counted instructions");
	ASSERT_EQ(kthread_bind(current, cpu), 0);
	missed = timer_ticks_missed(cpu);
	ticks = irq_timer_ticks(cpu);
	sleep_ns(50 * TICK_NS);
	ticks = irq_timer_ticks(cpu) - ticks;
	EXPECT(ticks == 50 || ticks == 51);
	EXPECT_EQ(timer_ticks_missed(cpu), missed);
	kthread_bind(current, CPU_ANY);
}

static void hold_up(void *unused)
{
	udelay(3 * TICK_NS / 1000);
}

/* A tick of three periods: twelve more belong to what it interrupted. */
KTEST(timer, a_long_tick_leaves_time_to_the_task)
{
	struct timer timer;
	u64 missed, end;

	ASSERT_EQ(kthread_bind(current, 0), 0);
	missed = timer_ticks_missed(0);
	timer_setup(&timer, hold_up, NULL);
	timer_add(&timer, ktime_ns());
	end = ktime_ns() + 20000000000;
	while (ktime_ns() < end && timer_ticks_missed(0) == missed)
		cpu_relax();
	EXPECT(timer_ticks_missed(0) - missed >= 3 * TICK_REST);
	timer_cancel_sync(&timer);
	kthread_bind(current, CPU_ANY);
}
