/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - sleeping locks.
 *
 * A mutex is handed to the task that has waited longest. Taking a mutex twice
 * is a panic, and so is releasing a mutex that the task does not own.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/list.h"

struct mutex {
	unsigned long owner; /* [A] task, bit 0: a task waits */
	spinlock_t wait_lock;
	struct list_head waiters; /* [wait_lock] struct mutex_waiter */
	struct lock_tag tag;
};

#define MUTEX_INIT(name, text)                                               \
	{                                                                    \
		0, SPIN_LOCK_INIT("wait_lock of a mutex"),                   \
			LIST_HEAD_INIT((name).waiters), SLEEP_LOCK_TAG(text) \
	}
#define DEFINE_MUTEX(name) struct mutex name = MUTEX_INIT(name, #name)

/* @m is evaluated more than once. */
#define mutex_init(m) (*(m) = (struct mutex)MUTEX_INIT(*(m), #m))

/*
 * Context: task, preemption and interrupts on; trylock: task. Also boot, where
 * a mutex is never contended.
 */
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/*
 * The same for the tracer's own code: a reader of a trace does not appear in
 * it. (A wait for the mutex does.) Context: as above.
 */
void mutex_lock_notrace(struct mutex *mutex);
void mutex_unlock_notrace(struct mutex *mutex);

/* Does the current task hold it? */
bool mutex_is_held(const struct mutex *mutex);
