// SPDX-License-Identifier: MIT
/*
 * trace_task.c - names of tasks for the trace.
 *
 * Owns the names of tasks that ended lately, so that events of theirs can
 * still be printed with a name.
 *
 * Context: see kernel/trace_hooks.h; not traceable.
 */
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "trace/trace.h"

#define ENDED_MAX 256

struct ended_task {
	int pid;
	char comm[TASK_COMM_LEN];
};

static struct ended_task ended[ENDED_MAX]; /* [task_list_lock] */
static unsigned int nr_ended;		   /* ever */

static void note_ended(struct task_struct *task)
{
	struct ended_task *e;
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	e = &ended[nr_ended++ % ENDED_MAX];
	e->pid = task->pid;
	memcpy(e->comm, task->comm, TASK_COMM_LEN);
	spin_unlock_irqrestore(&task_list_lock, flags);
}

static const struct task_hooks names = { .ended = note_ended };
TABLE_ENTRY(task_hooks, 20, names);

bool trace_find_cmdline(int pid, char *comm)
{
	const char *found = pid ? NULL : "<idle>";
	struct task_struct *task;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		if (!found && task->pid == pid)
			found = task->comm;
	}
	for (i = 0; !found && i < min(nr_ended, (unsigned int)ENDED_MAX); i++) {
		if (ended[i].pid == pid)
			found = ended[i].comm;
	}
	memset(comm, 0, TASK_COMM_LEN);
	memcpy(comm, found ?: "<...>",
	       strnlen(found ?: "<...>", TASK_COMM_LEN - 1));
	spin_unlock_irqrestore(&task_list_lock, flags);
	return found;
}

void trace_saved_cmdlines_show(struct trace_seq *s)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int i, n;

	spin_lock_irqsave(&task_list_lock, flags);
	n = min(nr_ended, (unsigned int)ENDED_MAX);
	for (i = nr_ended - n; i != nr_ended; i++)
		trace_seq_printf(s, "%d %s\n", ended[i % ENDED_MAX].pid,
				 ended[i % ENDED_MAX].comm);
	for_each_task(task)
		trace_seq_printf(s, "%d %s\n", task->pid, task->comm);
	spin_unlock_irqrestore(&task_list_lock, flags);
}
