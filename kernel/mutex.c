// SPDX-License-Identifier: MIT
/*
 * mutex.c - sleeping locks.
 *
 * Owns nothing; all state is in the locks.
 *
 * Invariants:
 * MU1 A mutex's owner word is never 0 while a task is on its wait list: the
 *    unlocking task hands it to the first waiter instead of freeing it.
 *
 * Context and locks: task. A mutex's wait_lock is innermost but for run queues.
 */
#include "kernel/mutex.h"

#include "kernel/base/base_events.h"
#include "kernel/base/panic.h"
#include "kernel/sched.h"
#include <asm/atomic.h>

#define MUTEX_WAITERS 1UL

struct mutex_waiter {
	struct list_head link;	  /* [wait_lock] */
	struct task_struct *task; /* [I] */
	bool granted;		  /* [wait_lock] to set */
};

/* Not traceable, because assertions of untraceable code call it too. */
notrace bool mutex_is_held(const struct mutex *mutex)
{
	return (READ_ONCE(mutex->owner) & ~MUTEX_WAITERS) ==
	       (unsigned long)current;
}

/*
 * Take the mutex if it has become free, else mark it so that its owner checks
 * the wait list. Return: whether the current task now owns it.
 */
static bool mutex_take_or_mark(struct mutex *mutex)
{
	unsigned long owner = READ_ONCE(mutex->owner);
	unsigned long wanted;

	assert_held(&mutex->wait_lock);
	do {
		wanted = owner ? owner | MUTEX_WAITERS : (unsigned long)current;
	} while (!try_cmpxchg(&mutex->owner, &owner, wanted));
	return owner == 0;
}

static noinline void mutex_lock_slow(struct mutex *mutex)
{
	struct mutex_waiter waiter = { .task = current };

	trace_contention_begin(mutex, LCB_F_MUTEX);
	spin_lock(&mutex->wait_lock);
	if (mutex_take_or_mark(mutex)) {
		spin_unlock(&mutex->wait_lock);
		trace_contention_end(mutex, 0);
		return;
	}
	list_add_tail(&waiter.link, &mutex->waiters);
	for (;;) {
		set_current_state(TASK_SLEEPING);
		if (waiter.granted)
			break;
		spin_unlock(&mutex->wait_lock);
		schedule();
		spin_lock(&mutex->wait_lock);
	}
	set_current_state(TASK_RUNNING);
	spin_unlock(&mutex->wait_lock);
	trace_contention_end(mutex, 0);
}

static __always_inline bool mutex_take(struct mutex *mutex)
{
	unsigned long owner = 0;

	return try_cmpxchg(&mutex->owner, &owner, (unsigned long)current);
}

bool mutex_trylock(struct mutex *mutex)
{
	if (!mutex_take(mutex))
		return false;
	lock_order_tried(&mutex->tag);
	return true;
}

static __always_inline void mutex_acquire(struct mutex *mutex)
{
	might_sleep();
	lock_order_take(&mutex->tag);
	if (likely(mutex_take(mutex)))
		return;
	if (unlikely(mutex_is_held(mutex)))
		panic("mutex %pS taken twice by %s", (void *)mutex,
		      current->comm);
	mutex_lock_slow(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	mutex_acquire(mutex);
}

notrace void mutex_lock_notrace(struct mutex *mutex)
{
	mutex_acquire(mutex);
}

/* MU1: the first waiter becomes the owner before it wakes up. */
static noinline void mutex_hand_over(struct mutex *mutex)
{
	struct mutex_waiter *first;
	struct task_struct *task;
	unsigned long owner;

	spin_lock(&mutex->wait_lock);
	first = list_first_entry(&mutex->waiters, struct mutex_waiter, link);
	task = first->task;
	list_del(&first->link);
	owner = (unsigned long)task;
	if (!list_empty(&mutex->waiters))
		owner |= MUTEX_WAITERS;
	WRITE_ONCE(mutex->owner, owner);
	first->granted = true;
	/* The waiter, and so its task, stays valid while the lock is held. */
	wake_up_process(task);
	spin_unlock(&mutex->wait_lock);
}

static __always_inline void mutex_release(struct mutex *mutex)
{
	unsigned long owner = (unsigned long)current;

	assert_held(mutex);
	lock_order_release(&mutex->tag);
	if (likely(try_cmpxchg(&mutex->owner, &owner, 0)))
		return;
	mutex_hand_over(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	mutex_release(mutex);
}

notrace void mutex_unlock_notrace(struct mutex *mutex)
{
	mutex_release(mutex);
}

void mutex_not_held(const struct mutex *mutex, const char *file, int line)
{
	panic("%s:%d: lock %pS is not held by %s on CPU %u", file, line,
	      (const void *)mutex, current->comm, smp_processor_id());
}
