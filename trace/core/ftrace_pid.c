// SPDX-License-Identifier: MIT
/*
 * ftrace_pid.c - the PID filter: an ops that points to a struct ftrace_pids is
 * called for some tasks only.
 *
 * Owns the lists of pids. A struct ftrace_pids with a list has a bit. Each CPU
 * has a word with the bits of all structs that ignore its running task. The
 * word is recomputed when the CPU switches to another task. While the struct
 * has a list, the callback of its ops is a wrapper that tests that word. The
 * inner calls of trampolines and chains are re-poked for it, so without lists
 * nothing is tested.
 *
 * P1  A bit is in the word of a CPU only while its struct has it. The wrapper
 *     reads the word first, so it never takes the bit of the next struct for
 *     its own.
 *
 * Context and locks: lists change under ftrace_lock and are read with
 * interrupts off. A list is freed after every CPU has answered an IPI.
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
#include <asm/atomic.h>

struct pid_list {
	size_t n;
	int pid[]; /* rising */
};

#define PID_VALUES 64

static struct ftrace_pids *values[PID_VALUES]; /* [F] by bit; valid if used */
static u64 used;			       /* [F,A] the bits in use */
static DEFINE_PER_CPU(u64, pid_ignored);       /* bits that ignore current */

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

static bool ignores(const struct ftrace_pids *pids, int pid)
{
	const struct pid_list *only = READ_ONCE(pids->only);
	const struct pid_list *never = READ_ONCE(pids->never);

	return (only && !pid_listed(only, pid)) ||
	       (never && pid_listed(never, pid));
}

static void pid_switched(struct task_struct *prev, struct task_struct *next)
{
	u64 bits = smp_load_acquire(&used), ignored = 0;

	for (; bits; bits &= bits - 1) {
		if (ignores(values[__builtin_ctzll(bits)], next->pid))
			ignored |= bits & -bits;
	}
	this_cpu_write(pid_ignored, ignored);
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
	u64 ignored = this_cpu_read(pid_ignored); /* P1: first */

	if (!(ignored & READ_ONCE(ops->pids->bit)))
		READ_ONCE(ops->saved_func)(ip, parent_ip, ops, fregs);
}

/* Switch each ops to the wrapper or back, as its lists need it. */
static void pid_update_funcs(void)
{
	struct ftrace_ops *ops;
	ftrace_func_t func;

	for (ops = ftrace_ops_list; ops; ops = ops->next) {
		func = ops->pids && ops->pids->func ? ops->pids->func :
						      ops->saved_func;
		if (ops->func == func)
			continue;
		WRITE_ONCE(ops->func, func);
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

static struct pid_list *pid_list_make(const int *pid, size_t n)
{
	struct pid_list *list = kmalloc(sizeof(*list) + n * sizeof(*pid));

	if (!list)
		return NULL;
	list->n = n;
	memcpy(list->pid, pid, n * sizeof(*pid));
	sort(list->pid, n, sizeof(*pid), cmp_pid);
	return list;
}

/* A struct has a bit while it has a list. P1: the words follow later. */
static void update_bit(struct ftrace_pids *pids)
{
	unsigned int i;

	if (pids->only || pids->never) {
		if (pids->bit)
			return;
		i = __builtin_ctzll(~used);
		values[i] = pids;
		pids->func = pid_filter_func;
		WRITE_ONCE(pids->bit, 1ULL << i);
		smp_store_release(&used, used | pids->bit);
	} else {
		pids->func = NULL;
		WRITE_ONCE(used, used & ~pids->bit);
		WRITE_ONCE(pids->bit, 0);
	}
}

/* Exchanges *list for the list in force. Context: ftrace_lock. */
static int exchange_list(struct ftrace_pids *pids, bool exclude,
			 struct pid_list **list)
{
	struct pid_list **slot = exclude ? &pids->never : &pids->only;
	struct pid_list *was = *slot;

	if (*list && !pids->bit && !~used)
		return -ENOSPC;
	WRITE_ONCE(*slot, *list);
	*list = was;
	update_bit(pids);
	on_each_cpu(pid_recompute, NULL, true);
	pid_update_funcs();
	return 0;
}

int ftrace_set_pids(struct ftrace_pids *pids, const int *pid, size_t n,
		    bool exclude)
{
	struct pid_list *list = NULL;
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	if (n) {
		list = pid_list_make(pid, n);
		if (!list)
			return -ENOMEM;
	}
	err = ftrace_enter();
	if (!err) {
		mutex_lock(&ftrace_lock);
		err = exchange_list(pids, exclude, &list);
		mutex_unlock(&ftrace_lock);
		ftrace_leave();
	}
	kfree(list);
	return err;
}

size_t ftrace_get_pids(const struct ftrace_pids *pids, int *pid, size_t max,
		       bool exclude)
{
	const struct pid_list *list;
	size_t n;

	mutex_lock(&ftrace_lock);
	list = exclude ? pids->never : pids->only;
	n = list ? list->n : 0;
	if (n)
		memcpy(pid, list->pid, min(n, max) * sizeof(*pid));
	mutex_unlock(&ftrace_lock);
	return n;
}
