// SPDX-License-Identifier: MIT
/*
 * Wait queues.
 *
 * Owns the queued entries; each is on its waiter's stack.
 *
 * Invariants:
 * WQ1 A waiter unlinks its entry itself, with the lock held, before it returns
 *    from wait_event(). So a waker, which holds the lock too, never finds a
 *    task that is gone.
 *
 * Context and locks: the queue's lock, interrupts off; run queues inside it.
 */
#include "kernel/wait.h"

void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->entries);
}

void wake_up(struct wait_queue_head *wq)
{
	struct wait_queue_entry *entry;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry(entry, &wq->entries, link)
		wake_up_process(entry->task);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	if (list_empty(&entry->link))
		list_add_tail(&entry->link, &wq->entries);
	set_current_state(TASK_SLEEPING);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	unsigned long flags;

	set_current_state(TASK_RUNNING);
	spin_lock_irqsave(&wq->lock, flags);
	list_del_init(&entry->link);
	spin_unlock_irqrestore(&wq->lock, flags);
}
