// SPDX-License-Identifier: MIT
/*
 * trace_task.c - what the tracer does when tasks come, go and switch.
 *
 * Owns the names of tasks that ended lately, so that events of theirs can
 * still be printed with a name.
 *
 * Context: see kernel/trace_hooks.h; not traceable.
 */
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "trace/graph/fgraph.h"
#include "trace/trace_graph.h"

#define ENDED_MAX 256

struct ended_task {
	int pid;
	char comm[TASK_COMM_LEN];
};

static struct ended_task ended[ENDED_MAX]; /* [task_list_lock] */
static unsigned int nr_ended;		   /* ever */

void trace_task_created(struct task_struct *task)
{
	fgraph_task_created(task);
}

void trace_task_ended(struct task_struct *task)
{
	struct ended_task *e;
	unsigned long flags;

	fgraph_task_ended(task);
	spin_lock_irqsave(&task_list_lock, flags);
	e = &ended[nr_ended++ % ENDED_MAX];
	e->pid = task->pid;
	memcpy(e->comm, task->comm, TASK_COMM_LEN);
	spin_unlock_irqrestore(&task_list_lock, flags);
}

void trace_task_switch(struct task_struct *prev, struct task_struct *next,
		       bool preempted)
{
	(void)preempted;
	ftrace_pid_switch(next);
	graph_task_switch(prev, next);
}

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
