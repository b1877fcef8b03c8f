// SPDX-License-Identifier: MIT
/*
 * serve_poll.c - POLL: is a file ready, and wait until it is; EXIT: wait for
 * the end of a task.
 *
 * Owns the waiting POLLs and their thread. A waiting POLL must not occupy the
 * task of its caller, which may send more requests. The tree has no wake-up
 * for readers, so the thread looks at all of them once a tick, and sleeps when
 * none waits. A task that ends gives its EXIT to this thread: it is answered
 * when the task is gone.
 */
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "kernel/tick.h"
#include "trace/control/tracefs.h"
#include "trace/core/recursion.h"
#include "trace/serve/serve.h"

static LIST_HEAD(polls); /* [S] by `queued` */
static DEFINE_WAIT_QUEUE(given);
static bool kicked; /* [S] look without waiting for the tick */

/* Return: the bits of POLL, or -EBADF. */
static int ready(const struct serve_request *req)
{
	struct serve_file *file = serve_file_get(req->head.handle);
	int bits = 0;

	if (!file)
		return -EBADF;
	mutex_lock(&file->lock);
	if (tracefs_poll(file->file) > 0)
		bits |= TFS1_POLLIN;
	if (file->file->flags & TRACEFS_WRITE)
		bits |= TFS1_POLLOUT;
	mutex_unlock(&file->lock);
	return bits;
}

static int wanted(const struct serve_request *req)
{
	int bits = (req->head.flags & TFS1_F_READ ? TFS1_POLLIN : 0) |
		   (req->head.flags & TFS1_F_WRITE ? TFS1_POLLOUT : 0);

	return bits ?: TFS1_POLLIN;
}

/* Answer a POLL if it can be. Return: whether it was. */
static bool answer(struct serve_request *req)
{
	unsigned long flags;
	int bits = 0;

	if (req->head.op == TFS1_EXIT)
		req->beside(req);
	else
		bits = serve_cancelled(req) ? -EINTR : ready(req);
	if (bits >= 0 && req->head.flags & TFS1_F_WAIT && !(bits & wanted(req)))
		return false;
	spin_lock_irqsave(&serve_lock, flags);
	list_del(&req->queued);
	spin_unlock_irqrestore(&serve_lock, flags);
	serve_finish(req, bits, 0, NULL, 0);
	return true;
}

/* The waiting POLL after @req, or the first. Only this thread removes them. */
static struct serve_request *next_of(struct serve_request *req)
{
	struct list_head *at;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	at = req ? req->queued.next : polls.next;
	spin_unlock_irqrestore(&serve_lock, flags);
	return at == &polls ? NULL :
			      list_entry(at, struct serve_request, queued);
}

static bool take_kick(void)
{
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&serve_lock, flags);
	was = kicked;
	kicked = false;
	spin_unlock_irqrestore(&serve_lock, flags);
	return was;
}

static int poll_thread(void *unused)
{
	struct serve_request *req, *next;

	ftrace_task_untraced(true);
	for (;;) {
		if (next_of(NULL))
			wait_event_timeout(&given, take_kick(), tick_ns);
		else
			wait_event(&given, take_kick());
		for (req = next_of(NULL); req; req = next) {
			next = next_of(req);
			answer(req);
		}
	}
	return 0;
}

int serve_poll_init(void)
{
	struct task_struct *task =
		kthread_run(poll_thread, NULL, "tracefs_poll");

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_detach(task);
	return 0;
}

void serve_poll_kick(void)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	kicked = true;
	spin_unlock_irqrestore(&serve_lock, flags);
	wake_up(&given);
}

void serve_poll_give(struct serve_request *req)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	list_add_tail(&req->queued, &polls);
	spin_unlock_irqrestore(&serve_lock, flags);
	serve_poll_kick();
}
