// SPDX-License-Identifier: MIT
/*
 * Spinlocks, mutexes and wait queues: exclusion with exact counts on all CPUs,
 * fairness, hand-over, and what is done from interrupts.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "kernel/timer.h"
#include "kernel/wait.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

/*
 * Contention is bounded by time, not by rounds: with more CPUs than the host
 * has, each hand-over of a fair lock may cost a time slice of the host.
 */
#define CONTEND_NS 200000000ULL
#define ROUNDS_MAX 20000

struct contest {
	u64 end;
};

static bool contest_goes_on(const struct contest *c, int round)
{
	return round < ROUNDS_MAX && (round < 3 || ktime_ns() < c->end);
}

static int contest_run(int (*worker)(void *contest))
{
	struct contest c = { .end = ktime_ns() + CONTEND_NS };

	return on_all_cpus_run(worker, &c);
}

/* Not atomic on purpose: two at once lose counts. */
static unsigned long plain_count;
static u32 inside; /* how many hold the lock */

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);

static void critical(void)
{
	unsigned long seen;

	EXPECT_EQ(fetch_add(&inside, 1), 0);
	seen = READ_ONCE(plain_count);
	cpu_relax();
	WRITE_ONCE(plain_count, seen + 1);
	EXPECT_EQ(fetch_add(&inside, -1), 1);
}

static int spin_worker(void *contest)
{
	int i;

	for (i = 0; contest_goes_on(contest, i); i++) {
		spin_lock(&spin);
		critical();
		spin_unlock(&spin);
	}
	return i;
}

/* SP1 */
KTEST(lock, spinlock_counts_exactly_on_all_cpus)
{
	plain_count = 0;
	EXPECT_EQ(contest_run(spin_worker), plain_count);
	EXPECT(plain_count >= 3 * num_online_cpus());
}

/* Negative control: what the lock is for. */
static int unlocked_worker(void *contest)
{
	int i;

	for (i = 0; contest_goes_on(contest, i); i++) {
		unsigned long seen = READ_ONCE(plain_count);

		cpu_relax();
		WRITE_ONCE(plain_count, seen + 1);
	}
	return i;
}

KTEST(lock, without_a_lock_counts_are_lost)
{
	int tries;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	for (tries = 0; tries < 50; tries++) {
		plain_count = 0;
		if (contest_run(unlocked_worker) > (int)plain_count)
			return;
	}
	EXPECT(!"a race was ever lost");
}

KTEST(lock, spin_trylock)
{
	ASSERT(spin_trylock(&spin));
	EXPECT(spin_is_held(&spin));
	EXPECT_EQ(preempt_count(), 1);
	EXPECT(!spin_trylock(&spin));
	EXPECT_EQ(preempt_count(), 1);
	spin_unlock(&spin);
	EXPECT_EQ(preempt_count(), 0);
	EXPECT(!spin_is_held(&spin));
}

static int trylock_worker(void *contest)
{
	int i, taken = 0;

	for (i = 0; contest_goes_on(contest, i); i++) {
		if (!spin_trylock(&spin))
			continue;
		taken++;
		critical();
		spin_unlock(&spin);
	}
	return taken;
}

KTEST(lock, spin_trylock_excludes_on_all_cpus)
{
	plain_count = 0;
	EXPECT_EQ(contest_run(trylock_worker), plain_count);
	EXPECT(plain_count > 0);
}

KTEST(lock, irqsave_restores_what_was)
{
	unsigned long outer, inner;
	DEFINE_SPINLOCK(first);
	DEFINE_SPINLOCK(second);

	spin_lock_irqsave(&first, outer);
	assert_irqs_off();
	spin_lock_irqsave(&second, inner);
	spin_unlock_irqrestore(&second, inner);
	EXPECT(irqs_disabled());
	spin_unlock_irqrestore(&first, outer);
	EXPECT(!irqs_disabled());
	EXPECT_EQ(preempt_count(), 0);
}

/* A timer's irq and a task share a lock. */
struct irq_share {
	spinlock_t lock;
	struct timer timer;
	unsigned long count; /* [lock] */
	unsigned long irqs;
	bool stop;
};

static void share_irq(void *arg)
{
	struct irq_share *s = arg;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->count++;
	s->irqs++;
	spin_unlock_irqrestore(&s->lock, flags);
	if (!READ_ONCE(s->stop))
		timer_add(&s->timer, ktime_ns());
}

KTEST(lock, irqsave_against_an_interrupt)
{
	struct irq_share s = { .lock = SPIN_LOCK_INIT("share") };
	unsigned long mine = 0, flags;

	timer_setup(&s.timer, share_irq, &s);
	timer_add(&s.timer, ktime_ns());
	while (READ_ONCE(s.irqs) < 5) {
		spin_lock_irqsave(&s.lock, flags);
		s.count++;
		mine++;
		spin_unlock_irqrestore(&s.lock, flags);
		cond_resched();
	}
	WRITE_ONCE(s.stop, true);
	timer_cancel_sync(&s.timer);
	EXPECT_EQ(s.count, mine + s.irqs);
}

static int mutex_worker(void *contest)
{
	int i;

	for (i = 0; contest_goes_on(contest, i); i++) {
		mutex_lock(&mutex);
		assert_held(&mutex);
		critical();
		if (i % 64 == 0)
			yield(); /* while holding it */
		mutex_unlock(&mutex);
	}
	return i;
}

KTEST(lock, mutex_counts_exactly_on_all_cpus)
{
	plain_count = 0;
	EXPECT_EQ(contest_run(mutex_worker), plain_count);
	EXPECT(plain_count >= 3 * num_online_cpus());
	EXPECT_EQ(mutex.owner, 0);
	EXPECT(list_empty(&mutex.waiters));
}

KTEST(lock, mutex_trylock)
{
	DEFINE_MUTEX(m);

	EXPECT(!mutex_is_held(&m));
	ASSERT(mutex_trylock(&m));
	EXPECT(mutex_is_held(&m));
	EXPECT(!mutex_trylock(&m));
	mutex_unlock(&m);
	EXPECT(!mutex_is_held(&m));
}

/* Waiters queue up one after the other, and are served in that order. */
struct fifo {
	struct mutex mutex;
	atomic_t served;
	struct fifo_waiter {
		struct fifo *fifo;
		int turn;
	} waiter[6];
};

static int fifo_thread(void *arg)
{
	struct fifo_waiter *w = arg;

	mutex_lock(&w->fifo->mutex);
	w->turn = atomic_inc_return(&w->fifo->served);
	mutex_unlock(&w->fifo->mutex);
	return 0;
}

/* MU1 */
KTEST(lock, mutex_is_handed_over_in_order)
{
	static struct fifo fifo;
	struct task_struct *task[ARRAY_SIZE(fifo.waiter)];
	size_t i, n = ARRAY_SIZE(fifo.waiter);

	mutex_init(&fifo.mutex);
	atomic_set(&fifo.served, 0);
	mutex_lock(&fifo.mutex);
	for (i = 0; i < n; i++) {
		fifo.waiter[i] = (struct fifo_waiter){ .fifo = &fifo };
		task[i] = kthread_run(fifo_thread, &fifo.waiter[i], "fifo");
		ASSERT(!IS_ERR(task[i]));
		/* Asleep: only in mutex_lock() can that be. */
		wait_until(!READ_ONCE(task[i]->on_rq), 5000);
	}
	mutex_unlock(&fifo.mutex);
	for (i = 0; i < n; i++) {
		kthread_join(task[i]);
		EXPECT_EQ(fifo.waiter[i].turn, i + 1);
	}
}

/* A task that unlocks and locks again at once overtakes no waiter. */
KTEST(lock, mutex_does_not_starve_a_waiter)
{
	static struct fifo fifo;
	struct task_struct *task;

	mutex_init(&fifo.mutex);
	atomic_set(&fifo.served, 0);
	fifo.waiter[0] = (struct fifo_waiter){ .fifo = &fifo };
	mutex_lock(&fifo.mutex);
	task = kthread_run(fifo_thread, &fifo.waiter[0], "waiter");
	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq), 5000);
	mutex_unlock(&fifo.mutex);
	mutex_lock(&fifo.mutex);
	EXPECT_EQ(fifo.waiter[0].turn, 1);
	mutex_unlock(&fifo.mutex);
	kthread_join(task);
}

/* Ping-pong by wait queues: no wake-up is ever lost. */
struct pingpong {
	struct wait_queue_head wq;
	int turn; /* whose: 0 or 1 */
	int rounds;
};

static int pong(void *arg)
{
	struct pingpong *p = arg;

	for (int i = 0; i < p->rounds; i++) {
		wait_event(&p->wq, READ_ONCE(p->turn) == 1);
		WRITE_ONCE(p->turn, 0);
		wake_up(&p->wq);
	}
	return p->rounds;
}

/* WQ1 */
KTEST(lock, wait_queue_loses_no_wakeup)
{
	struct pingpong p = { .rounds = 2000 };
	struct task_struct *task;

	init_waitqueue_head(&p.wq);
	task = kthread_run(pong, &p, "pong");
	ASSERT(!IS_ERR(task));
	for (int i = 0; i < p.rounds; i++) {
		WRITE_ONCE(p.turn, 1);
		wake_up(&p.wq);
		wait_event(&p.wq, READ_ONCE(p.turn) == 0);
	}
	EXPECT_EQ(kthread_join(task), p.rounds);
	EXPECT(list_empty(&p.wq.entries));
}

KTEST(lock, wait_event_timeout_waits_long_enough)
{
	DEFINE_WAIT_QUEUE(wq);
	u64 start = ktime_ns();

	EXPECT(!wait_event_timeout(&wq, false, 20000000));
	EXPECT(ktime_ns() - start >= 20000000);
	EXPECT(wait_event_timeout(&wq, true, 1000000000));
	EXPECT(list_empty(&wq.entries));
}

static void wake_from_irq(void *arg)
{
	struct pingpong *p = arg;

	WRITE_ONCE(p->turn, 1);
	wake_up(&p->wq);
}

KTEST(lock, wake_up_from_an_interrupt)
{
	struct pingpong p = { 0 };
	struct timer timer;

	init_waitqueue_head(&p.wq);
	timer_setup(&timer, wake_from_irq, &p);
	timer_add(&timer, ktime_ns() + 1000000);
	EXPECT(wait_event_timeout(&p.wq, READ_ONCE(p.turn), 20000000000));
	timer_cancel_sync(&timer);
}

/* ---- a CPU that has waited for long -------------------------------------- */

static DEFINE_SPINLOCK(urgent_lock);
static unsigned int urgent_first; /* number + 1 of the CPU that got it first */
static bool urgent_waits;

static int urgent_rival(void *unused)
{
	unsigned int nobody = 0;

	(void)unused;
	preempt_disable();
	WRITE_ONCE(urgent_waits, true);
	spin_lock(&urgent_lock);
	try_cmpxchg(&urgent_first, &nobody, smp_processor_id() + 1);
	spin_unlock(&urgent_lock);
	preempt_enable();
	return 0;
}

/* The lock is free, but CPU 0 is urgent: another CPU has to wait. */
KTEST(lock, an_urgent_cpu_goes_first_SP2)
{
	struct task_struct *task;
	unsigned int nobody = 0;

	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	kthread_bind(current, 0);
	urgent_first = 0;
	urgent_waits = false;
	urgent_lock.urgent = 1; /* CPU 0 */
	task = kthread_create(urgent_rival, NULL, "rival");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	EXPECT(wait_until(READ_ONCE(urgent_waits), 10000));
	udelay(5000); /* for a wrong winner to show */
	spin_lock(&urgent_lock);
	try_cmpxchg(&urgent_first, &nobody, 1);
	EXPECT_EQ(urgent_lock.urgent, 0);
	spin_unlock(&urgent_lock);
	kthread_join(task);
	EXPECT_EQ(urgent_first, 1);
	kthread_bind(current, CPU_ANY);
}
