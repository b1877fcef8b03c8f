// SPDX-License-Identifier: MIT
/*
 * Host fake of kernel/base/spinlock.c and kernel/mutex.c: real mutual exclusion
 * between host threads, and the same refusals (taking twice, releasing what one
 * does not hold), without queues or sleep.
 */
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include <asm/atomic.h>
#include "kernel/base/panic.h"

bool spin_trylock(spinlock_t *lock)
{
	u32 nobody = 0;

	preempt_disable();
	if (try_cmpxchg(&lock->holder, &nobody, smp_processor_id() + 1))
		return true;
	preempt_enable();
	return false;
}

void spin_lock(spinlock_t *lock)
{
	BUG_ON(spin_is_held(lock));
	while (!spin_trylock(lock))
		;
}

void spin_unlock(spinlock_t *lock)
{
	BUG_ON(!spin_is_held(lock));
	smp_store_release(&lock->holder, 0);
	preempt_enable();
}

unsigned long spin_lock_save(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

bool mutex_trylock(struct mutex *mutex)
{
	unsigned long nobody = 0;

	return try_cmpxchg(&mutex->owner, &nobody, (unsigned long)current);
}

void mutex_lock(struct mutex *mutex)
{
	BUG_ON(mutex_is_held(mutex));
	while (!mutex_trylock(mutex))
		;
}

void mutex_unlock(struct mutex *mutex)
{
	BUG_ON(!mutex_is_held(mutex));
	smp_store_release(&mutex->owner, 0);
}

void mutex_lock_notrace(struct mutex *mutex)
{
	mutex_lock(mutex);
}

void mutex_unlock_notrace(struct mutex *mutex)
{
	mutex_unlock(mutex);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return READ_ONCE(mutex->owner) == (unsigned long)current;
}

void spin_not_held(const spinlock_t *lock, const char *file, int line)
{
	panic("%s:%d: lock %p is not held", file, line, (const void *)lock);
}

void mutex_not_held(const struct mutex *mutex, const char *file, int line)
{
	panic("%s:%d: lock %p is not held", file, line, (const void *)mutex);
}

void assert_irqs_failed(bool want_on, const char *file, int line)
{
	panic("%s:%d: interrupts are %s", file, line, want_on ? "off" : "on");
}

void might_sleep_failed(const char *file, int line)
{
	panic("%s:%d: may not sleep here", file, line);
}
