/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: tasks that sleep until a condition holds.
 *
 * The waiter tests its condition itself; a waker first makes the condition
 * true, then calls wake_up(). Both are ordered by the queue's lock.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/list.h"
#include "kernel/sched.h"

/* entries: in the order of arrival, which is the order of waking. */
struct wait_queue_head {
	spinlock_t lock;
	struct list_head entries; /* [lock] struct wait_queue_entry */
};

/* On the sleeper's stack: it is unlinked before wait_event() returns. */
struct wait_queue_entry {
	struct list_head link; /* [lock of the queue] */
	struct task_struct *task;
};

#define WAIT_QUEUE_INIT(name)                                         \
	{                                                             \
		SPIN_LOCK_INIT(#name), LIST_HEAD_INIT((name).entries) \
	}
#define DEFINE_WAIT_QUEUE(name) \
	struct wait_queue_head name = WAIT_QUEUE_INIT(name)

/* For a queue that is not static. Context: any, before its first use. */
void init_waitqueue_head(struct wait_queue_head *wq);

/* Wake all waiters. Context: any but NMI. */
void wake_up(struct wait_queue_head *wq);

/*
 * The parts of wait_event(): queue the entry and become TASK_SLEEPING; become
 * TASK_RUNNING and unlink the entry.
 */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e);

/* An entry for the current task, on no queue yet. */
#define WAIT_QUEUE_ENTRY(name)                       \
	struct wait_queue_entry name = {             \
		.link = LIST_HEAD_INIT((name).link), \
		.task = current,                     \
	}

/* Sleep until cond holds. Context: task, may sleep. */
#define wait_event(wq, cond)                               \
	do {                                               \
		WAIT_QUEUE_ENTRY(wait_entry_);             \
		might_sleep();                             \
		for (;;) {                                 \
			prepare_to_wait(wq, &wait_entry_); \
			if (cond)                          \
				break;                     \
			schedule();                        \
		}                                          \
		finish_wait(wq, &wait_entry_);             \
	} while (0)

/*
 * The same, but for about ns nanoseconds at most (never less).
 * Value: whether cond held at the end.
 */
#define wait_event_timeout(wq, cond, ns)                           \
	({                                                         \
		WAIT_QUEUE_ENTRY(wait_entry_);                     \
		u64 wait_left_ = (ns);                             \
		bool wait_done_;                                   \
		might_sleep();                                     \
		for (;;) {                                         \
			prepare_to_wait(wq, &wait_entry_);         \
			wait_done_ = !!(cond);                     \
			if (wait_done_ || !wait_left_)             \
				break;                             \
			wait_left_ = schedule_timeout(wait_left_); \
		}                                                  \
		finish_wait(wq, &wait_entry_);                     \
		wait_done_;                                        \
	})
