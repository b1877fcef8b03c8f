// SPDX-License-Identifier: MIT
/*
 * serve_task.c - proxied tasks: a thread of the guest for each thread of the
 * host that asks.
 *
 * Owns the tasks and their queues. A task has the pid and the name of its
 * caller, so that what looks at `current` (trace_marker, filters by pid) finds
 * the caller. At most SERVE_TASKS live; one that is needed for another caller
 * is the one that was idle for the longest time. Requests without a pid run in
 * any idle task that has a pid of the guest's own.
 *
 * M1  Only the receiving thread makes, ends and gives work to tasks, so a task
 *     found idle by it stays idle.
 *
 * Context: [R], but for the body of the tasks. serve_lock for queues and busy.
 */
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/core/recursion.h"
#include "trace/serve/serve.h"

struct serve_task {
	struct list_head link;	  /* [R] the longest idle first */
	int pid;		  /* [I] the host's; 0: none */
	char comm[TASK_COMM_LEN]; /* [I] */
	struct task_struct *task; /* [R] */
	struct list_head queue;	  /* [S] of requests, by `queued` */
	bool busy;		  /* [S] runs one that is not answered yet */
	bool ending;		  /* [S] */
};

static LIST_HEAD(tasks); /* [R] */
static unsigned int nr_tasks;
static int refused_pid; /* [R] the last one that was reported */

/* The next request; NULL: none, and *end says whether to end. */
static struct serve_request *next_request(struct serve_task *t, bool *end)
{
	struct serve_request *req = NULL;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	t->busy = !list_empty(&t->queue);
	if (t->busy) {
		req = list_first_entry(&t->queue, struct serve_request, queued);
		list_del(&req->queued);
		req->busy = &t->busy;
	}
	*end = t->ending;
	spin_unlock_irqrestore(&serve_lock, flags);
	return req;
}

static int task_body(void *arg)
{
	struct serve_task *t = arg;
	struct serve_request *req;
	bool end = false;

	ftrace_task_untraced(true);
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
		serve_run(req);
	}
}

static bool is_idle(const struct serve_task *t)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&serve_lock, flags);
	idle = !t->busy && list_empty(&t->queue);
	spin_unlock_irqrestore(&serve_lock, flags);
	return idle;
}

/* M1: @t is idle. */
static void end_task(struct serve_task *t)
{
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	t->ending = true;
	spin_unlock_irqrestore(&serve_lock, flags);
	wake_up_process(t->task);
	kthread_join(t->task);
	list_del(&t->link);
	nr_tasks--;
	kfree(t);
}

void serve_tasks_end(void)
{
	while (!list_empty(&tasks))
		end_task(list_first_entry(&tasks, struct serve_task, link));
}

/* Make room for one more. Return: 0; -EBUSY: all work. */
static int make_room(void)
{
	struct serve_task *t;

	if (nr_tasks < SERVE_TASKS)
		return 0;
	list_for_each_entry(t, &tasks, link) {
		if (!is_idle(t))
			continue;
		end_task(t);
		return 0;
	}
	return -EBUSY;
}

static struct task_struct *make_thread(struct serve_task *t)
{
	struct task_struct *task;

	if (!t->pid)
		return kthread_create(task_body, t, "tracefs");
	task = kthread_create_as(task_body, t, t->pid, "%s", t->comm);
	if (IS_ERR(task) && PTR_ERR(task) == -EBUSY && refused_pid != t->pid) {
		refused_pid = t->pid;
		pr_warn("tracefs: the host's pid %d (%s) is a task of the "
			"guest, too: refused",
			t->pid, t->comm);
	}
	return task;
}

static int make_task(int pid, const char *comm, struct serve_task **out)
{
	struct serve_task *t;
	int ret = make_room();

	if (ret)
		return ret;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->pid = pid;
	strscpy(t->comm, comm, sizeof(t->comm));
	INIT_LIST_HEAD(&t->queue);
	t->task = make_thread(t);
	if (IS_ERR(t->task)) {
		ret = PTR_ERR(t->task);
		kfree(t);
		return ret;
	}
	list_add_tail(&t->link, &tasks);
	nr_tasks++;
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

	tfs1_comm(head, comm);
	*out = find_task(head->pid);
	/* The caller has executed another program. */
	if (*out && head->pid && strcmp((*out)->comm, comm) && is_idle(*out)) {
		end_task(*out);
		*out = NULL;
	}
	return *out ? 0 : make_task(head->pid, comm, out);
}

int serve_task_give(struct serve_request *req)
{
	struct serve_task *t;
	unsigned long flags;
	int ret = task_for(&req->head, &t);

	if (ret)
		return ret;
	list_del(&t->link);
	list_add_tail(&t->link, &tasks);
	spin_lock_irqsave(&serve_lock, flags);
	list_add_tail(&req->queued, &t->queue);
	spin_unlock_irqrestore(&serve_lock, flags);
	wake_up_process(t->task);
	return 0;
}
