// SPDX-License-Identifier: MIT
/*
 * serve_task.c - proxied tasks: a thread of the guest for each thread of the
 * host that asks, or that a FORK announces.
 *
 * Owns the tasks and their queues. A task has the pid and the name of its
 * caller, so that what looks at `current` (trace_marker, filters by pid) finds
 * the caller. At most SERVE_TASKS live; one that is needed for another caller
 * is the one that was idle for the longest time. Requests without a pid run in
 * any idle task that has a pid of the guest's own.
 *
 * A task for a request is made by the receiving thread: the host has not
 * forked, so no event says that. A FORK makes a place for the child, and the
 * parent's task makes the child by kernel_clone(). Until then the child's
 * requests wait in its queue. A task with an EXIT ends by do_exit().
 *
 * M1  Only the receiving thread makes and frees places, and gives work to
 *     tasks, so a task found idle by it stays idle. A place is freed after its
 *     thread is gone.
 *
 * Context: [R], but for the body of the tasks. serve_lock for queues and busy.
 */
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/scene.h"
#include "kernel/sched.h"
#include "trace/core/recursion.h"
#include "trace/serve/serve.h"
#include <asm/atomic.h>

struct serve_task {
	struct list_head link;	       /* [R] the longest idle first */
	int pid;		       /* [I] the host's; 0: none */
	struct task_struct *task;      /* [S] NULL: not begun yet, or gone */
	struct list_head queue;	       /* [S] of requests, by `queued` */
	struct serve_request *running; /* [S] not answered yet, or NULL */
	bool ending;		       /* [S] its place is needed */
	bool exits;		       /* [R] it has got an EXIT */
	bool gone;		       /* [S] no thread runs for it any more */
	int error;		       /* [S] why the child was not made */
};

static LIST_HEAD(tasks); /* [R] */
static unsigned int nr_tasks;
static unsigned int nr_gone; /* [S] */
static int refused_pid;	     /* [A] the last one that was reported */

static void set_gone(struct serve_task *t)
{
	assert_held(&serve_lock);
	t->gone = true;
	nr_gone++;
}

/* ---- children ------------------------------------------------------------ */

/* @t was not made. What waits for it goes to @lost. */
static void not_made(struct serve_task *t, int error, struct list_head *lost)
{
	struct serve_request *req, *next;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry_safe(req, next, &t->queue, queued)
		list_move_tail(&req->queued, lost);
	t->error = error;
	set_gone(t);
	spin_unlock_irqrestore(&serve_lock, flags);
}

/* Refuse what waits for @t, and for children of it. */
static void refuse_all(struct serve_task *t, int error)
{
	struct serve_request *req;
	LIST_HEAD(lost);

	not_made(t, error, &lost);
	while (!list_empty(&lost)) {
		req = list_first_entry(&lost, struct serve_request, queued);
		list_del(&req->queued);
		if (req->child)
			not_made(req->child, error, &lost);
		serve_finish(req, error, 0, NULL, 0);
	}
}

static void report_refused(int pid, const char *comm)
{
	if (xchg(&refused_pid, pid) != pid)
		pr_warn("tracefs: the host's pid %d (%s) is a task of the "
			"guest, too: refused",
			pid, comm);
}

static int task_body(void *arg);

/*
 * Make the child of a FORK, as a child of the current task.
 * Return: 0; -EBUSY a task of the guest has its pid; -ENOMEM
 */
static int fork(struct serve_request *req)
{
	const struct kernel_clone_args args = { .fn = task_body,
						.arg = req->child,
						.pid = req->child->pid,
						.comm = current->comm };
	struct task_struct *task = kernel_clone(&args);
	int ret = IS_ERR(task) ? PTR_ERR(task) : 0;

	if (ret == -EBUSY)
		report_refused(args.pid, args.comm);
	if (ret)
		refuse_all(req->child, ret);
	return ret;
}

static void run_fork(struct serve_request *req)
{
	int ret;

	ftrace_task_untraced(false);
	ret = fork(req);
	ftrace_task_untraced(true);
	serve_finish(req, ret, 0, NULL, 0);
}

/* ---- requests ------------------------------------------------------------ */

/* The caller may have executed another program. A CLOSE has its opener's. */
static void take_name(const struct serve_request *req)
{
	char comm[TASK_COMM_LEN];

	if (!req->head.pid || req->head.op == TFS1_CLOSE)
		return;
	tfs1_comm(&req->head, comm);
	if (comm[0] && strcmp(current->comm, comm))
		kthread_rename(comm);
}

/* Context: it is the turn of @req. */
static void run(struct serve_request *req)
{
	take_name(req);
	if (req->head.op == TFS1_FORK)
		run_fork(req);
	else
		serve_run(req);
}

/*
 * Take the first request of the current task that need not wait for its READ.
 * NULL: there is none, or it is not its turn.
 */
static struct serve_request *take_beside(struct serve_task *t)
{
	struct serve_request *req, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	list_for_each_entry(req, &t->queue, queued) {
		if (req->head.op == TFS1_EXIT ||
		    (req->head.op == TFS1_READ && !serve_cancelled(req)))
			continue;
		found = req;
		break;
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	/* Only this task takes requests out. */
	if (!found || !serve_is_turn(found))
		return NULL;
	spin_lock_irqsave(&serve_lock, flags);
	list_del(&found->queued);
	spin_unlock_irqrestore(&serve_lock, flags);
	return found;
}

/* Carry out what the current task has got while it waits in the READ @req. */
static void run_beside(struct serve_request *req)
{
	struct serve_task *t =
		container_of(req->running, struct serve_task, running);
	struct serve_request *found;

	while ((found = take_beside(t))) {
		run(found);
		ftrace_task_untraced(false); /* as the request that waits */
	}
}

/* ---- the tasks themselves ------------------------------------------------ */

/* @req is the EXIT of a task that is about to end: wait until it is gone. */
static void join(struct serve_request *req)
{
	struct serve_task *t =
		container_of(req->running, struct serve_task, running);
	unsigned long flags;

	kthread_join(t->task);
	spin_lock_irqsave(&serve_lock, flags);
	t->running = NULL;
	t->task = NULL; /* freed: not idle */
	req->running = NULL;
	set_gone(t);
	spin_unlock_irqrestore(&serve_lock, flags);
}

/* The next request; NULL: none, and *end says whether to end. */
static struct serve_request *next_request(struct serve_task *t, bool *end)
{
	struct serve_request *req = NULL;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	if (!list_empty(&t->queue)) {
		req = list_first_entry(&t->queue, struct serve_request, queued);
		list_del(&req->queued);
		req->running = &t->running;
		req->beside = run_beside;
	}
	t->running = req;
	*end = t->ending;
	spin_unlock_irqrestore(&serve_lock, flags);
	return req;
}

/* The host's task has ended: this one ends as tasks do. */
static void __noreturn leave(struct serve_request *req)
{
	unsigned long flags;

	take_name(req);
	serve_wait_turn(req);
	spin_lock_irqsave(&serve_lock, flags);
	req->beside = join;
	spin_unlock_irqrestore(&serve_lock, flags);
	serve_poll_give(req); /* it is answered after our end */
	ftrace_task_untraced(false);
	do_exit(0);
}

static void begin(struct serve_task *t)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	t->task = current;
	spin_unlock_irqrestore(&serve_lock, flags);
}

static int task_body(void *arg)
{
	struct serve_task *t = arg;
	struct serve_request *req;
	bool end = false;

	ftrace_task_untraced(true);
	begin(t);
	for (;;) {
		set_current_state(TASK_SLEEPING);
		req = next_request(t, &end);
		if (!req && !end) {
			schedule();
			continue;
		}
		set_current_state(TASK_RUNNING);
		if (!req)
			return 0;
		if (req->head.op == TFS1_EXIT)
			leave(req);
		serve_wait_turn(req);
		run(req);
	}
}

/* ---- their places: M1 ---------------------------------------------------- */

static bool is_idle(const struct serve_task *t)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&serve_lock, flags);
	idle = t->task && !t->running && list_empty(&t->queue);
	spin_unlock_irqrestore(&serve_lock, flags);
	return idle;
}

static void forget(struct serve_task *t)
{
	list_del(&t->link);
	nr_tasks--;
	kfree(t);
}

/* Free the places of tasks that have ended. */
static void forget_gone(void)
{
	struct serve_task *t, *next;
	unsigned long flags;
	bool gone;

	if (!READ_ONCE(nr_gone))
		return;
	list_for_each_entry_safe(t, next, &tasks, link) {
		spin_lock_irqsave(&serve_lock, flags);
		gone = t->gone;
		nr_gone -= gone;
		spin_unlock_irqrestore(&serve_lock, flags);
		if (gone)
			forget(t);
	}
}

/* @t is idle. */
static void end_task(struct serve_task *t)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	t->ending = true;
	spin_unlock_irqrestore(&serve_lock, flags);
	wake_up_process(t->task);
	kthread_join(t->task);
	forget(t);
}

void serve_tasks_end(void)
{
	struct serve_task *t;

	forget_gone();
	while (!list_empty(&tasks)) {
		t = list_first_entry(&tasks, struct serve_task, link);
		while (!READ_ONCE(t->task)) /* its FORK is answered before */
			yield();
		end_task(t);
	}
}

/* Make room for one more; @keep stays. Return: 0; -EBUSY: all others work. */
static int make_room(const struct serve_task *keep)
{
	struct serve_task *t;

	if (nr_tasks < SERVE_TASKS)
		return 0;
	list_for_each_entry(t, &tasks, link) {
		if (t == keep || !is_idle(t))
			continue;
		end_task(t);
		return 0;
	}
	return -EBUSY;
}

/* A place without a thread. Return: 0; -EBUSY; -ENOMEM */
static int make_place(int pid, const struct serve_task *keep,
		      struct serve_task **out)
{
	struct serve_task *t;
	int ret = make_room(keep);

	if (ret)
		return ret;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->pid = pid;
	INIT_LIST_HEAD(&t->queue);
	list_add_tail(&t->link, &tasks);
	nr_tasks++;
	*out = t;
	return 0;
}

static int make_task(int pid, const char *comm, struct serve_task **out)
{
	struct task_struct *task;
	struct serve_task *t;
	int ret = make_place(pid, NULL, &t);

	if (ret)
		return ret;
	task = pid ? kthread_create_as(task_body, t, pid, "%s", comm) :
		     kthread_create(task_body, t, "tracefs");
	if (IS_ERR(task)) {
		forget(t);
		if (PTR_ERR(task) == -EBUSY)
			report_refused(pid, comm);
		return PTR_ERR(task);
	}
	t->task = task; /* it does not run yet */
	*out = t;
	return 0;
}

/* The task of this caller. One without a pid gets an idle task. */
static struct serve_task *find_task(int pid)
{
	struct serve_task *t;

	list_for_each_entry(t, &tasks, link) {
		if (t->pid == pid && (pid || is_idle(t)))
			return t;
	}
	return NULL;
}

static int task_for(const struct tfs1_request *head, struct serve_task **out)
{
	char comm[TASK_COMM_LEN];

	*out = find_task(head->pid);
	if (*out)
		return (*out)->exits ? -EBUSY : 0;
	if (head->op == TFS1_EXIT)
		return -ESRCH;
	tfs1_comm(head, comm);
	return make_task(head->pid, comm, out);
}

/* The child does not get the parent's place. */
static int child_for(struct serve_request *req)
{
	if (find_task(req->head.count))
		return -EEXIST;
	return make_place(req->head.count, find_task(req->head.pid),
			  &req->child);
}

/* Return: 0, or why the task was not made. */
static int queue_for(struct serve_task *t, struct serve_request *req)
{
	unsigned long flags;
	int error;

	list_move_tail(&t->link, &tasks);
	spin_lock_irqsave(&serve_lock, flags);
	error = t->error;
	if (!error)
		list_add_tail(&req->queued, &t->queue);
	/* Under the lock: without it a task with an EXIT could end first. */
	if (!error && t->task)
		wake_up_process(t->task);
	spin_unlock_irqrestore(&serve_lock, flags);
	t->exits = req->head.op == TFS1_EXIT;
	return error;
}

int serve_task_give(struct serve_request *req)
{
	struct serve_task *t;
	int ret = 0;

	forget_gone();
	if (req->head.op == TFS1_FORK)
		ret = child_for(req);
	if (!ret)
		ret = task_for(&req->head, &t);
	if (!ret)
		ret = queue_for(t, req);
	if (ret && req->child)
		forget(req->child);
	return ret;
}
