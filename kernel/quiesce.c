// SPDX-License-Identifier: MIT
/*
 * Grace periods: waiting until no task or CPU can still be inside.
 *
 * Owns the marks on tasks and CPUs, which it sets and quiesce_marks.c removes.
 * Each wait has one bit of its own.
 *
 * How: a wait for tasks marks every task that is runnable and every CPU that is
 * in its idle task but not quiet. A wait for CPUs marks every CPU except the
 * quiet ones and the caller's, and asks them to reschedule. A task loses its
 * marks at its next voluntary switch or cond_resched(), a CPU at its next
 * switch of any kind or when it is about to halt. Removing the last mark wakes
 * the caller. Nothing polls. A task that sleeps and a CPU that halts are only
 * checked.
 *
 * Why a CPU that runs a task needs no mark in a wait for tasks: an interrupt
 * runs on top of that task, so it is over when the task switches, and the task
 * is marked.
 *
 * Why a switch of any kind ends a wait for a CPU: it happens with preemption
 * on, outside interrupts, so every section that began before it is over.
 *
 * Invariants:
 * Q1 A task's mark is set and cleared with its run queue locked, and only while
 *    on_rq is set: so no mark is left on a task that sleeps or has ended.
 * Q2 quiesce_pending[i] counts the tasks and CPUs with mark i, plus 1 while the
 *    wait still sets marks. A mark belongs to one wait from begin to end.
 * Q3 A full barrier separates the caller's unpublishing from its scan of tasks
 *    and CPUs. Likewise one separates a task's waking, or a CPU's leaving the
 *    quiet state, from what it does next. So either the scan sees the task or
 *    CPU, or the task or CPU sees what was unpublished.
 *
 * Context and locks: report_mutex > task_list_lock > run queue; stats_lock.
 */
#include "kernel/base/clock.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/quiesce_internal.h"
#include "kernel/sched_internal.h"
#include "kernel/stacktrace.h"
#include "kernel/wait.h"
#include <asm/atomic.h>
#include <asm/smp.h>

#define REPORT_TASKS 4 /* tasks reported at a time, at most */
#define REPORT_DEPTH 24
#define ANSWER_MS    1000

static DEFINE_MUTEX(report_mutex);
static u32 marks_used; /* [A] marks of current waits */
static DEFINE_SPINLOCK(stats_lock);
static struct quiesce_stats stats; /* [stats_lock] */

/* A copy of facts about a task that holds up a wait, to print without locks. */
struct holder {
	int pid;
	char comm[TASK_COMM_LEN];
	unsigned int cpu;
	bool running;
	unsigned int n;
	unsigned long trace[REPORT_DEPTH];
};

/*
 * A task that is asleep and off its stack needs no lock: if it is woken now,
 * its CPU takes a lock before it runs the task (Q3). A task that is on a CPU
 * but no longer on_rq is in the middle of a switch; taking the lock waits for
 * the end of that switch.
 */
static void mark_task(struct quiesce_wait *w, struct task_struct *task)
{
	unsigned long flags;
	struct run_queue *rq;

	if (!READ_ONCE(task->on_rq) && !READ_ONCE(task->on_cpu))
		return;
	rq = task_rq_lock(task, &flags);
	if (task->on_rq) {
		atomic_inc(&quiesce_pending[__builtin_ctz(w->mark)]);
		task->quiesce_marks |= w->mark; /* Q1 */
		w->tasks++;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

/*
 * Was this CPU halted outside any interrupt at some point during this call?
 * Read the context first, then the halt flag: a CPU seen outside an interrupt
 * and then in its halt was in the halt outside one, or has entered it so.
 */
static bool cpu_is_quiet(unsigned int cpu)
{
	if (READ_ONCE(per_cpu(trace_context, cpu)) != CTX_TASK)
		return false;
	smp_rmb();
	return READ_ONCE(per_cpu(idle_quiet, cpu));
}

/*
 * Does the wait need this CPU to pass? The caller runs with preemption on, so
 * its own CPU is in no section. Context: rq locked.
 */
static bool is_to_pass(const struct quiesce_wait *w, const struct run_queue *rq)
{
	if (w->kind == QUIESCE_TASKS)
		return rq->curr == rq->idle;
	return rq->curr != current;
}

/*
 * The CPU may be about to halt: either it sees the mark, or the second check
 * here sees that it has become quiet. Pairs with idle_halt(), sched.c.
 */
static void mark_cpu(struct quiesce_wait *w, unsigned int cpu)
{
	struct run_queue *rq = &per_cpu(run_queue, cpu);
	unsigned long flags;

	if (cpu_is_quiet(cpu))
		return;
	spin_lock_irqsave(&rq->lock, flags);
	if (is_to_pass(w, rq)) {
		atomic_inc(&quiesce_pending[__builtin_ctz(w->mark)]);
		fetch_or(&rq->quiesce_marks, w->mark);
		if (cpu_is_quiet(cpu)) {
			quiesce_drop(&rq->quiesce_marks, w->mark);
		} else {
			w->cpus++;
			if (w->kind == QUIESCE_CPUS)
				resched_cpu(cpu);
		}
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* Return: whether a mark was free. */
static bool take_mark(struct quiesce_wait *w)
{
	u32 used = READ_ONCE(marks_used);

	do {
		w->mark = ~used & (used + 1) & (BIT(QUIESCE_MARKS) - 1);
		if (!w->mark)
			return false;
	} while (!try_cmpxchg(&marks_used, &used, used | w->mark));
	return true;
}

void quiesce_begin(struct quiesce_wait *w, enum quiesce_kind kind)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int cpu;

	*w = (struct quiesce_wait){ .kind = kind };
	if (!sched_active)
		return;
	might_sleep();
	wait_event(&quiesce_wq, take_mark(w));
	w->since = ktime_ns();
	atomic_set(&quiesce_pending[__builtin_ctz(w->mark)], 1); /* Q2 */
	smp_mb();						 /* Q3 */
	if (kind == QUIESCE_TASKS) {
		spin_lock_irqsave(&task_list_lock, flags);
		for_each_task(task)
			if (task != current)
				mark_task(w, task);
		spin_unlock_irqrestore(&task_list_lock, flags);
	}
	for_each_online_cpu(cpu)
		mark_cpu(w, cpu);
	atomic_dec(&quiesce_pending[__builtin_ctz(w->mark)]);
}

bool quiesce_passed(const struct quiesce_wait *w)
{
	return !w->mark ||
	       !atomic_read(&quiesce_pending[__builtin_ctz(w->mark)]);
}

/* Context: task_list_lock held, so the task is not freed. */
static void holder_note(struct holder *h, struct task_struct *task)
{
	assert_held(&task_list_lock);
	h->pid = task->pid;
	memcpy(h->comm, task->comm, sizeof(h->comm));
	h->cpu = READ_ONCE(task->cpu);
	h->running = READ_ONCE(task->on_cpu);
	h->n = 0;
	if (!h->running)
		h->n = stack_trace_save_task(task, h->trace, REPORT_DEPTH, 0);
}

static unsigned int find_holders(u32 mark, struct holder *list)
{
	struct task_struct *task;
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		if (READ_ONCE(task->quiesce_marks) & mark && n < REPORT_TASKS)
			holder_note(&list[n++], task);
	spin_unlock_irqrestore(&task_list_lock, flags);
	return n;
}

static const char *const kind_names[] = {
	[QUIESCE_TASKS] = "synchronize_tasks",
	[QUIESCE_CPUS] = "synchronize_cpus",
};

static void report_task(const struct quiesce_wait *w, struct holder *h)
{
	if (h->running)
		h->n = cpu_backtrace(h->cpu, h->trace, REPORT_DEPTH, ANSWER_MS);
	pr_warn("%s: %llu ms for %s (pid %d, %s on CPU %u)",
		kind_names[w->kind], (ktime_ns() - w->since) / 1000000, h->comm,
		h->pid, h->running ? "running" : "preempted", h->cpu);
	stack_trace_print(h->trace, h->n);
}

/* The CPU is in a section, or idle in a long interrupt or about to halt. */
static void report_cpu(const struct quiesce_wait *w, unsigned int cpu)
{
	static unsigned long trace[REPORT_DEPTH]; /* [report_mutex] */
	unsigned int n = cpu_backtrace(cpu, trace, REPORT_DEPTH, ANSWER_MS);

	pr_warn("%s: %llu ms for CPU %u, which %s", kind_names[w->kind],
		(ktime_ns() - w->since) / 1000000, cpu,
		w->kind == QUIESCE_TASKS ? "runs no task" : "does not switch");
	stack_trace_print(trace, n);
}

/* Does nothing during another wait's report, so that no wait delays another. */
static void report_holders(const struct quiesce_wait *w)
{
	static struct holder list[REPORT_TASKS]; /* [report_mutex] */
	unsigned int n, i, cpu;
	unsigned long flags;

	if (!mutex_trylock(&report_mutex))
		return;
	n = find_holders(w->mark, list);
	for (i = 0; i < n; i++)
		report_task(w, &list[i]);
	for_each_online_cpu(cpu) {
		if (READ_ONCE(per_cpu(run_queue, cpu).quiesce_marks) &
		    w->mark) {
			report_cpu(w, cpu);
			n++;
		}
	}
	mutex_unlock(&report_mutex);
	spin_lock_irqsave(&stats_lock, flags);
	stats.reports += n;
	spin_unlock_irqrestore(&stats_lock, flags);
}

void quiesce_end(struct quiesce_wait *w)
{
	unsigned long flags;

	if (!w->mark)
		return;
	if (!quiesce_passed(w))
		while (!wait_event_timeout(&quiesce_wq, quiesce_passed(w),
					   QUIESCE_REPORT_NS))
			report_holders(w);
	spin_lock_irqsave(&stats_lock, flags);
	stats.calls++;
	stats.task_waits += w->tasks;
	stats.cpu_waits += w->cpus;
	stats.longest_ns = max(stats.longest_ns, ktime_ns() - w->since);
	spin_unlock_irqrestore(&stats_lock, flags);
	/* If all marks were in use, a wait may sleep until one is free. */
	if (fetch_and(&marks_used, ~w->mark) == BIT(QUIESCE_MARKS) - 1)
		quiesce_wake();
}

void synchronize_tasks(void)
{
	struct quiesce_wait w;

	quiesce_begin(&w, QUIESCE_TASKS);
	quiesce_end(&w);
}

void synchronize_cpus(void)
{
	struct quiesce_wait w;

	quiesce_begin(&w, QUIESCE_CPUS);
	quiesce_end(&w);
}

void quiesce_stats(struct quiesce_stats *copy)
{
	unsigned long flags;

	spin_lock_irqsave(&stats_lock, flags);
	*copy = stats;
	spin_unlock_irqrestore(&stats_lock, flags);
}
