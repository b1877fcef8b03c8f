// SPDX-License-Identifier: MIT
/*
 * Timers, and the tick that drives them.
 *
 * Owns one list of pending timers per CPU, in order of expiry.
 *
 * Invariants:
 * TI1 A timer is pending exactly while its link is on the list of timer->cpu;
 *    both change only with the lock of that list held.
 * TI2 While fn runs, the list's `running` is that timer.
 * TI3 fn is never called before expires_ns.
 *
 * Context and locks: the list's lock, interrupts off; never held while fn runs.
 */
#include "kernel/base/clock.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/spinlock.h"
#include "kernel/sched.h"
#include "kernel/tick.h"
#include "kernel/timer.h"
#include "kernel/timer_events.h"
#include <asm/cpu.h>

struct timer_base {
	spinlock_t lock;
	struct list_head pending; /* [lock] sorted by expires_ns */
	struct timer *running;	  /* [lock] */
};

static DEFINE_PER_CPU(struct timer_base, timer_base);
static DEFINE_PER_CPU(struct tick, tick); /* [C] */

void timer_init_cpu(unsigned int cpu)
{
	struct timer_base *base = &per_cpu(timer_base, cpu);

	spin_lock_init(&base->lock);
	INIT_LIST_HEAD(&base->pending);
}

int timer_init(void)
{
	timer_init_cpu(smp_processor_id());
	return 0;
}

void timer_setup(struct timer *timer, void (*fn)(void *arg), void *arg)
{
	*timer = (struct timer)TIMER_INIT(*timer, fn, arg);
	trace_timer_init(timer);
}

void timer_add(struct timer *timer, u64 expires_ns)
{
	struct timer_base *base;
	struct timer *other;
	unsigned long flags;

	local_irq_save(flags); /* stay on this CPU */
	base = this_cpu_ptr(&timer_base);
	spin_lock(&base->lock);
	BUG_ON(!list_empty(&timer->link));
	timer->cpu = smp_processor_id();
	timer->expires_ns = expires_ns;
	trace_timer_start(timer);
	list_for_each_entry_reverse(other, &base->pending, link)
		if (other->expires_ns <= expires_ns)
			break;
	list_add(&timer->link, &other->link);
	spin_unlock(&base->lock);
	local_irq_restore(flags);
}

bool timer_pending(const struct timer *timer)
{
	return READ_ONCE(timer->link.next) != &timer->link;
}

/* Lock the list that the timer is on, or was on last. */
static struct timer_base *timer_lock(struct timer *timer, unsigned long *flags)
{
	struct timer_base *base;

	for (;;) {
		unsigned int cpu = READ_ONCE(timer->cpu);

		base = &per_cpu(timer_base, cpu);
		spin_lock_irqsave(&base->lock, *flags);
		if (likely(timer->cpu == cpu))
			return base;
		spin_unlock_irqrestore(&base->lock, *flags);
	}
}

bool timer_cancel_sync(struct timer *timer)
{
	bool was_pending = false, running;
	struct timer_base *base;
	unsigned long flags;

	assert_irqs_on();
	do {
		base = timer_lock(timer, &flags);
		running = base->running == timer;
		if (!list_empty(&timer->link)) {
			trace_timer_cancel(timer);
			list_del_init(&timer->link);
			was_pending = true;
		}
		spin_unlock_irqrestore(&base->lock, flags);
		if (running)
			cpu_relax();
	} while (running);
	return was_pending;
}

/* Unlink the first timer if it is due. Return: the timer, or NULL. TI2 */
static struct timer *timer_take_due(struct timer_base *base, u64 now)
{
	struct timer *timer;

	assert_held(&base->lock);
	timer = list_first_entry_or_null(&base->pending, struct timer, link);
	if (!timer || timer->expires_ns > now)
		timer = NULL;
	else
		list_del_init(&timer->link);
	base->running = timer;
	return timer;
}

void timers_run(void)
{
	struct timer_base *base = this_cpu_ptr(&timer_base);
	u64 now = ktime_ns();
	struct timer *timer;

	spin_lock(&base->lock);
	while ((timer = timer_take_due(base, now))) {
		void (*fn)(void *arg) = timer->fn;
		void *arg = timer->arg;

		spin_unlock(&base->lock);
		trace_timer_expire_entry(timer, now);
		fn(arg);
		trace_timer_expire_exit(timer);
		spin_lock(&base->lock);
	}
	spin_unlock(&base->lock);
}

/* Up-call from the timer interrupt, see <asm/upcalls.h>. */
u64 timer_tick(struct pt_regs *regs)
{
	u64 began = ktime_ns();

	timers_run();
	scheduler_tick();
	printk_flush();
	return tick_after(this_cpu_ptr(&tick), began, ktime_ns());
}

u64 timer_ticks_missed(unsigned int cpu)
{
	return READ_ONCE(per_cpu(tick, cpu).missed);
}
