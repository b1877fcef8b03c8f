// SPDX-License-Identifier: MIT
/*
 * ftrace_pid.c - ops with FTRACE_OPS_FL_PID are called for some tasks only.
 *
 * Owns the two lists of pids and, per CPU, the answer for the task that runs
 * there, recomputed when the CPU goes over to another one. While a list is
 * set, the callback of such an ops is a wrapper that looks at that answer: the
 * inner calls of its trampoline and chains are re-poked, so that without
 * lists nothing is tested at all.
 *
 * Context and locks: lists change under ftrace_lock and are read with
 * interrupts off; a list is freed when every CPU has answered an IPI since.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include "trace/core/ftrace_internal.h"

struct pid_list {
	size_t n;
	int pid[]; /* rising */
};

static struct pid_list *pid_only, *pid_never; /* [F,A] NULL: no such list */
static DEFINE_PER_CPU(bool, pid_ignore);      /* the present task's events */

static bool pid_listed(const struct pid_list *list, int pid)
{
	size_t lo = 0, hi = list->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (list->pid[mid] == pid)
			return true;
		if (list->pid[mid] < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static void pid_switched(struct task_struct *prev, struct task_struct *next)
{
	const struct pid_list *only = READ_ONCE(pid_only);
	const struct pid_list *never = READ_ONCE(pid_never);
	bool ignore = false;

	if (only && !pid_listed(only, next->pid))
		ignore = true;
	if (never && pid_listed(never, next->pid))
		ignore = true;
	this_cpu_write(pid_ignore, ignore);
}

static const struct task_hooks pid_hooks = { .switched = pid_switched };
TABLE_ENTRY(task_hooks, 30, pid_hooks);

static void pid_recompute(void *unused)
{
	pid_switched(current, current);
}

static void pid_filter_func(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (!this_cpu_read(pid_ignore))
		READ_ONCE(ops->saved_func)(ip, parent_ip, ops, fregs);
}

ftrace_func_t ftrace_pid_wrap(const struct ftrace_ops *ops)
{
	if (ops->flags & FTRACE_OPS_FL_PID && (pid_only || pid_never))
		return pid_filter_func;
	return ops->saved_func;
}

/* All ops that obey the lists go over to the wrapper or back. */
static void pid_update_funcs(void)
{
	struct ftrace_ops *ops;

	for (ops = ftrace_ops_list; ops; ops = ops->next) {
		if (ops->func == ftrace_pid_wrap(ops))
			continue;
		WRITE_ONCE(ops->func, ftrace_pid_wrap(ops));
		if (ops->flags & FTRACE_OPS_FL_ALLOC_TRAMP)
			arch_ftrace_set_inner(ops->trampoline, 0, ops->func);
		ftrace_set_update_func(ops);
		ftrace_static_update_func(ops);
	}
}

static int cmp_pid(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static struct pid_list *pid_list_make(const int *pids, size_t n)
{
	struct pid_list *list = kmalloc(sizeof(*list) + n * sizeof(*pids));

	if (!list)
		return NULL;
	list->n = n;
	memcpy(list->pid, pids, n * sizeof(*pids));
	sort(list->pid, n, sizeof(*pids), cmp_pid);
	return list;
}

int ftrace_set_pids(const int *pids, size_t n, bool exclude)
{
	struct pid_list **slot = exclude ? &pid_never : &pid_only;
	struct pid_list *list = NULL, *was;
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	if (n) {
		list = pid_list_make(pids, n);
		if (!list)
			return -ENOMEM;
	}
	err = ftrace_enter();
	if (err) {
		kfree(list);
		return err;
	}
	mutex_lock(&ftrace_lock);
	was = *slot;
	WRITE_ONCE(*slot, list);
	on_each_cpu(pid_recompute, NULL, true);
	pid_update_funcs();
	mutex_unlock(&ftrace_lock);
	ftrace_leave();
	kfree(was);
	return 0;
}

size_t ftrace_get_pids(int *pids, size_t max, bool exclude)
{
	const struct pid_list *list;
	size_t n;

	mutex_lock(&ftrace_lock);
	list = exclude ? pid_never : pid_only;
	n = list ? list->n : 0;
	if (n)
		memcpy(pids, list->pid, min(n, max) * sizeof(*pids));
	mutex_unlock(&ftrace_lock);
	return n;
}
