// SPDX-License-Identifier: MIT
/*
 * The lock-order check finds what it is for, and nothing else: planted
 * inversions, run one by one by tests/test_debug.py, which knows what each
 * must print, and orders that are free.
 */
#include "kernel/mutex.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"

#define PLANTED(name) KTEST_FLAGS(planted, name, KTEST_ASKED, 0)

static DEFINE_SPINLOCK(spin_a);
static DEFINE_SPINLOCK(spin_b);
static DEFINE_SPINLOCK(spin_irq);
static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);
static DEFINE_MUTEX(mutex_c);

static noinline void take_a_then_b(void)
{
	spin_lock(&spin_a);
	spin_lock(&spin_b);
	spin_unlock(&spin_b);
	spin_unlock(&spin_a);
}

static noinline void take_b_then_a(void)
{
	spin_lock(&spin_b);
	spin_lock(&spin_a);
	spin_unlock(&spin_a);
	spin_unlock(&spin_b);
}

/* Nobody waits for anybody here: that it could be is enough. */
PLANTED(inversion)
{
	take_a_then_b();
	take_b_then_a();
}

/* The tracer has its own return address in place of spin_lock()'s. */
PLANTED(inversion_traced)
{
	ASSERT(tt_begin("function_graph", "spin_lock", 16));
	take_a_then_b();
	take_b_then_a();
}

static noinline int take_mutexes(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
	return 0;
}

static noinline int take_a_then_b_asleep(void *unused)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_b);
	mutex_unlock(&mutex_b);
	mutex_unlock(&mutex_a);
	return 0;
}

static noinline int take_b_then_c_asleep(void *unused)
{
	mutex_lock(&mutex_b);
	mutex_lock(&mutex_c);
	mutex_unlock(&mutex_c);
	mutex_unlock(&mutex_b);
	return 0;
}

static noinline int take_c_then_a_asleep(void *unused)
{
	mutex_lock(&mutex_c);
	mutex_lock(&mutex_a);
	return 0;
}

/* Each task's order alone is good. */
PLANTED(cycle_of_three)
{
	kthread_join(kthread_run(take_a_then_b_asleep, NULL, "ab"));
	kthread_join(kthread_run(take_b_then_c_asleep, NULL, "bc"));
	kthread_join(kthread_run(take_c_then_a_asleep, NULL, "ca"));
}

PLANTED(two_of_one_class)
{
	struct mutex pair[2];
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&pair[i]);
	take_mutexes(&pair[0], &pair[1]);
}

static void take_ranked(u32 first, u32 second)
{
	struct mutex pair[2];
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&pair[i]);
	lock_order_rank(&pair[0].tag, first);
	lock_order_rank(&pair[1].tag, second);
	take_mutexes(&pair[0], &pair[1]);
}

PLANTED(falling_rank)
{
	take_ranked(2, 1);
}

static noinline void take_with_irqs(void)
{
	spin_lock(&spin_irq);
	spin_unlock(&spin_irq);
}

static bool fired;

static noinline void take_in_irq(void *lock)
{
	spin_lock(lock);
	spin_unlock(lock);
	WRITE_ONCE(fired, true);
}

static void run_in_irq(spinlock_t *lock)
{
	struct timer timer;

	fired = false;
	timer_setup(&timer, take_in_irq, lock);
	timer_add(&timer, ktime_ns());
	EXPECT(wait_until(READ_ONCE(fired), 20000));
}

PLANTED(interrupt)
{
	take_with_irqs();
	run_in_irq(&spin_irq);
}

PLANTED(no_init)
{
	static spinlock_t nobodys;

	spin_lock(&nobodys);
	spin_unlock(&nobodys);
}

/* ---- what is no inversion ------------------------------------------------ */

KTEST(lock_order, the_same_order_again)
{
	take_a_then_b();
	take_a_then_b();
	take_mutexes(&mutex_a, &mutex_b);
	take_mutexes(&mutex_a, &mutex_b);
}

/* A caller that only tries waits for nobody. */
KTEST(lock_order, a_lock_that_is_tried)
{
	take_a_then_b();
	spin_lock(&spin_b);
	EXPECT(spin_trylock(&spin_a));
	spin_unlock(&spin_a);
	spin_unlock(&spin_b);
	take_mutexes(&mutex_a, &mutex_b);
	mutex_lock(&mutex_b);
	EXPECT(mutex_trylock(&mutex_a));
	mutex_unlock(&mutex_a);
	mutex_unlock(&mutex_b);
}

KTEST(lock_order, rising_rank)
{
	take_ranked(1, 2);
	take_ranked(1, 7);
}

/* Released in another order than the one they were taken in. */
KTEST(lock_order, released_crosswise)
{
	int i;

	for (i = 0; i < 2; i++) {
		mutex_lock(&mutex_a);
		mutex_lock(&mutex_b);
		mutex_unlock(&mutex_a);
		mutex_unlock(&mutex_b);
	}
	/* Neither is held any more, so this is no order. */
	mutex_lock(&mutex_c);
	mutex_unlock(&mutex_c);
	mutex_lock(&mutex_a);
	mutex_unlock(&mutex_a);
}

KTEST(lock_order, shared_with_an_interrupt)
{
	static DEFINE_SPINLOCK(shared);
	unsigned long flags;

	spin_lock_irqsave(&shared, flags);
	spin_unlock_irqrestore(&shared, flags);
	run_in_irq(&shared);
}
