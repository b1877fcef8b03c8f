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
 * Context and locks: lists are replaced under ftrace_lock and are read with
 * interrupts off. A list is freed after every CPU has answered an IPI. A task
 * that starts or ends changes the lists that follow forks, likewise with
 * interrupts off; what it adds to a list that is being replaced is lost.
 */
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/pid_set.h"
#include "trace/core/recursion.h"
#include <asm/atomic.h>
#include <asm/irqflags.h>

#define PID_VALUES 64

static struct ftrace_pids *values[PID_VALUES]; /* [F] by bit; valid if used */
static u64 used;			       /* [F,A] the bits in use */
static DEFINE_PER_CPU(u64, pid_ignored);       /* bits that ignore current */

static bool ignores(const struct ftrace_pids *pids, int pid)
{
	const struct pid_set *only = READ_ONCE(pids->only);
	const struct pid_set *never = READ_ONCE(pids->never);

	return (only && !pid_set_has(only, pid)) ||
	       (never && pid_set_has(never, pid));
}

DEFINE_PER_CPU(u8, ftrace_aside);

static void pid_switched(struct task_struct *prev, struct task_struct *next)
{
	u64 bits = smp_load_acquire(&used), ignored = 0;
	u8 aside = 0;

	for (; bits; bits &= bits - 1) {
		if (ignores(values[__builtin_ctzll(bits)], next->pid))
			ignored |= bits & -bits;
	}
	this_cpu_write(pid_ignored, ignored);
	if (ignored)
		aside |= FTRACE_ASIDE_PID;
	if (next->trace_recursion & FTRACE_TASK_UNTRACED)
		aside |= FTRACE_ASIDE_UNTRACED;
	this_cpu_write(ftrace_aside, aside);
}

/* The list, if it follows its tasks' children. Context: interrupts off. */
static struct pid_set *following(u64 bit, bool exclude)
{
	struct ftrace_pids *pids = values[__builtin_ctzll(bit)];

	if (!READ_ONCE(pids->fork))
		return NULL;
	return exclude ? READ_ONCE(pids->never) : READ_ONCE(pids->only);
}

/* The child has not run: its CPU's word is computed when it begins. */
static void pid_created(struct task_struct *task)
{
	unsigned long flags = arch_irq_save();
	u64 bits = smp_load_acquire(&used);
	struct pid_set *set;
	bool full = false;
	unsigned int i;

	for (; bits; bits &= bits - 1) {
		for (i = 0; i < 2; i++) {
			set = following(bits, i);
			full |= set &&
				pid_set_follow(set, current->pid, task->pid);
		}
	}
	arch_irq_restore(flags);
	if (full)
		pr_warn("function-fork: a list has %d pids: the child %d and "
			"others are not followed",
			PID_SET_MAX, task->pid);
}

static void pid_ended(struct task_struct *task)
{
	unsigned long flags = arch_irq_save();
	u64 bits = smp_load_acquire(&used);
	struct pid_set *set;
	unsigned int i;

	for (; bits; bits &= bits - 1) {
		for (i = 0; i < 2; i++) {
			set = following(bits, i);
			if (set)
				pid_set_remove(set, task->pid);
		}
	}
	arch_irq_restore(flags);
}

static const struct task_hooks pid_hooks = { .created = pid_created,
					     .ended = pid_ended,
					     .switched = pid_switched };
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

static struct pid_set *pid_set_make(const int *pid, size_t n)
{
	struct pid_set *set = kzalloc(sizeof(*set));
	size_t i;

	for (i = 0; set && i < n; i++)
		pid_set_add(set, pid[i]);
	return set;
}

/* A struct has a bit while it has a list. P1: the words follow later. */
static void update_bit(struct ftrace_pids *pids)
{
	unsigned int i;

	if (pids->only || pids->never) {
		if (pids->bit)
			return;
		if (pids->listed)
			WRITE_ONCE(*pids->listed, true);
		i = __builtin_ctzll(~used);
		values[i] = pids;
		pids->func = pid_filter_func;
		WRITE_ONCE(pids->bit, 1ULL << i);
		smp_store_release(&used, used | pids->bit);
	} else {
		if (pids->listed)
			WRITE_ONCE(*pids->listed, false);
		pids->func = NULL;
		WRITE_ONCE(used, used & ~pids->bit);
		WRITE_ONCE(pids->bit, 0);
	}
}

/* Exchanges *list for the list in force. Context: ftrace_lock. */
static int exchange_list(struct ftrace_pids *pids, bool exclude,
			 struct pid_set **list)
{
	struct pid_set **slot = exclude ? &pids->never : &pids->only;
	struct pid_set *was = *slot;

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
	struct pid_set *list = NULL;
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	if (n > PID_SET_MAX)
		return -ENOSPC;
	if (n) {
		list = pid_set_make(pid, n);
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
	const struct pid_set *list;
	size_t n = 0;
	int next = 0;

	mutex_lock(&ftrace_lock);
	list = exclude ? pids->never : pids->only;
	for (; list && (next = pid_set_next(list, next)) >= 0; next++, n++)
		if (n < max)
			pid[n] = next;
	mutex_unlock(&ftrace_lock);
	return n;
}

bool ftrace_has_pids(const struct ftrace_pids *pids, bool exclude)
{
	return exclude ? READ_ONCE(pids->never) : READ_ONCE(pids->only);
}
