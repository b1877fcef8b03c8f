// SPDX-License-Identifier: MIT
/*
 * serve_request.c - requests from their admission to their reply.
 *
 * Owns the requests that are not answered yet, in order of arrival. The
 * invariants are in serve.h.
 *
 * Context: [R] unless serve.h says otherwise. serve_lock.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/serve/serve.h"

DEFINE_WAIT_QUEUE(serve_progress);

static LIST_HEAD(active);	 /* [S] requests, in order of arrival */
static unsigned int nr_active;	 /* [S] */
static unsigned int nr_requests; /* [S] active, or their reply is sent */
static unsigned int nr_waiters;	 /* [S] that wait for serve_progress */

/* Context: serve_lock. */
static struct serve_request *find_active(u32 id)
{
	struct serve_request *req;

	list_for_each_entry(req, &active, active)
		if (req->head.id == id)
			return req;
	return NULL;
}

/* N1. Return: 0; -EEXIST; -ENOBUFS */
int serve_admit(struct serve_request *req)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&serve_lock, flags);
	if (find_active(req->head.id))
		ret = -EEXIST;
	else if (nr_active == SERVE_REQUESTS)
		ret = -ENOBUFS;
	if (!ret) {
		list_add_tail(&req->active, &active);
		nr_active++;
		nr_requests++;
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	return ret;
}

/* Return: whether its reply is to be sent. */
static bool retire(struct serve_request *req)
{
	unsigned long flags;
	bool silent, wake;

	spin_lock_irqsave(&serve_lock, flags);
	list_del(&req->active);
	nr_active--;
	if (req->running)
		*req->running = NULL;
	silent = req->silent;
	wake = nr_waiters;
	spin_unlock_irqrestore(&serve_lock, flags);
	if (wake)
		wake_up(&serve_progress);
	return !silent;
}

void serve_free(struct serve_request *req)
{
	if (req->payload != req->small)
		kfree(req->payload);
	kfree(req);
}

void serve_finish(struct serve_request *req, s32 status, u64 value,
		  const void *payload, u32 length)
{
	unsigned long flags;
	bool last;

	if (retire(req)) /* first: then the client may use the id again */
		serve_send(req->head.id, status, value, payload, length);
	serve_free(req);
	spin_lock_irqsave(&serve_lock, flags);
	last = !--nr_requests && nr_waiters;
	spin_unlock_irqrestore(&serve_lock, flags);
	if (last)
		wake_up(&serve_progress);
}

/* N2. Context: serve_lock. */
static bool must_follow(const struct serve_request *req,
			const struct serve_request *before)
{
	if (before->head.op == TFS1_CLOSE || before->head.op == TFS1_EXIT)
		return true;
	return req->head.op == TFS1_CLOSE &&
	       req->head.handle == before->head.handle;
}

bool serve_is_turn(const struct serve_request *req)
{
	struct serve_request *before;
	unsigned long flags;
	bool turn = true;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry(before, &active, active) {
		if (before == req)
			break;
		turn = !must_follow(req, before);
		if (!turn)
			break;
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	return turn;
}

static void count_waiter(int change)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	nr_waiters += change;
	spin_unlock_irqrestore(&serve_lock, flags);
}

void serve_wait_turn(const struct serve_request *req)
{
	if (serve_is_turn(req))
		return;
	count_waiter(1);
	wait_event(&serve_progress, serve_is_turn(req));
	count_waiter(-1);
}

/* Context: serve_lock. */
static void cancel(struct serve_request *req)
{
	WRITE_ONCE(req->cancelled, true);
	wake_up(&req->woken);
}

/* A CLOSE ends the waits for its handle. */
void serve_cancel_waits(u32 handle)
{
	struct serve_request *req;
	unsigned long flags;
	bool polls = false;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry(req, &active, active) {
		if (req->head.handle != handle)
			continue;
		polls |= req->head.op == TFS1_POLL;
		if (req->head.op == TFS1_READ || req->head.op == TFS1_POLL)
			cancel(req);
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	if (polls) /* else their thread would run for nothing */
		serve_poll_kick();
}

/* The READs of a task with an EXIT end: the EXIT is queued behind them. */
void serve_cancel_pid(int pid)
{
	struct serve_request *req;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry(req, &active, active) {
		if (req->head.pid == pid && req->head.op == TFS1_READ)
			cancel(req);
	}
	spin_unlock_irqrestore(&serve_lock, flags);
}

static bool all_finished(void)
{
	return !READ_ONCE(nr_requests);
}

void serve_cancel_all(void)
{
	struct serve_request *req;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry(req, &active, active) {
		req->silent = true;
		cancel(req);
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	serve_poll_kick();
	count_waiter(1);
	wait_event(&serve_progress, all_finished());
	count_waiter(-1);
}

int serve_cancel_id(u32 id)
{
	struct serve_request *req;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	req = find_active(id);
	if (req)
		cancel(req);
	spin_unlock_irqrestore(&serve_lock, flags);
	serve_poll_kick();
	return req ? 0 : -ENOENT;
}
