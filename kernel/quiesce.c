// SPDX-License-Identifier: MIT
/*
 * synchronize_tasks(): waiting until nobody can still be inside.
 *
 * Owns the holds: marks on tasks and CPUs that the running call waits for.
 *
 * How: the caller marks every task that is runnable and every CPU that is in
 * its idle task but not quiet. A task takes its mark off at its next voluntary
 * switch or cond_resched(), a CPU at its next switch or when it is about to
 * halt; the last one wakes the caller. Nothing polls, and who is asleep or
 * halted costs a look.
 *
 * Why a CPU that runs a task needs no mark of its own: an interrupt that could
 * be inside something runs on top of that task, so it is over when the task
 * switches; and the task is marked.
 *
 * Invariants:
 * I1 A task's hold is set and cleared with its run queue locked, and only while
 *    on_rq: so none is left on a task that sleeps or has ended.
 * I2 pending = marks that are set + 1 while the caller still sets them.
 * I3 Between what the caller unpublished and its looks at tasks and CPUs lies a
 *    full barrier, and so between a task's waking or a CPU's ceasing to be
 *    quiet and what it does next: one of the two sees the other.
 *
 * Context and locks: quiesce_mutex > task_list_lock > run queue.
 */
#include "kernel/base/clock.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/sched_internal.h"
#include "kernel/stacktrace.h"
#include "kernel/wait.h"
#include <asm/atomic.h>
#include <asm/smp.h>

#define REPORT_TASKS 4 /* at most so many are reported at a time */
#define REPORT_DEPTH 24
#define ANSWER_MS    1000

static DEFINE_MUTEX(quiesce_mutex);
static DEFINE_WAIT_QUEUE(quiesce_wq);
static atomic_t pending;
static struct quiesce_stats stats; /* [quiesce_mutex] */

/* What is known of a task that holds the wait, for printing without locks. */
struct holder {
	int pid;
	char comm[TASK_COMM_LEN];
	unsigned int cpu;
	bool running;
	unsigned int n;
	unsigned long trace[REPORT_DEPTH];
};

/* Context: this CPU's run queue locked. Return: somebody is to be woken. */
static bool drop(bool *hold)
{
	BUG_ON(!*hold); /* I2 */
	*hold = false;
	return atomic_dec_and_test(&pending);
}

bool quiesce_switch(struct run_queue *rq, struct task_struct *prev,
		    bool voluntary)
{
	bool last = false;

	assert_held(&rq->lock);
	if (unlikely(rq->quiesce_hold))
		last |= drop(&rq->quiesce_hold);
	if (unlikely(prev->quiesce_hold) && voluntary)
		last |= drop(&prev->quiesce_hold);
	return last;
}

void quiesce_wake(void)
{
	wake_up(&quiesce_wq);
}

void quiesce_pass(void)
{
	unsigned long flags;
	struct run_queue *rq = task_rq_lock(current, &flags);
	bool last = quiesce_switch(rq, current, true);

	spin_unlock_irqrestore(&rq->lock, flags);
	if (last)
		quiesce_wake();
}

void quiesce_idle(void)
{
	struct run_queue *rq = this_cpu_ptr(&run_queue);
	bool last = false;

	assert_irqs_off();
	if (likely(!READ_ONCE(rq->quiesce_hold)))
		return;
	spin_lock(&rq->lock);
	if (rq->quiesce_hold) /* who set it may have taken it back */
		last = drop(&rq->quiesce_hold);
	spin_unlock(&rq->lock);
	if (last)
		quiesce_wake();
}

/*
 * Asleep and off its stack needs no lock: should it be woken right now, its
 * CPU takes a lock before it runs it (I3). On a CPU but no longer on_rq: in
 * the middle of its last switch, which the lock waits for.
 */
static void hold_task(struct task_struct *task)
{
	unsigned long flags;
	struct run_queue *rq;

	if (!READ_ONCE(task->on_rq) && !READ_ONCE(task->on_cpu))
		return;
	rq = task_rq_lock(task, &flags);
	if (task->on_rq) {
		task->quiesce_hold = true; /* I1 */
		atomic_inc(&pending);
		stats.task_waits++;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

/*
 * Idle, outside any interrupt, at some moment of this call? In that order: a
 * CPU seen outside an interrupt and after that in its halt has entered the halt
 * outside one, or was in it.
 */
static bool cpu_is_quiet(unsigned int cpu)
{
	if (READ_ONCE(per_cpu(trace_context, cpu)) != CTX_TASK)
		return false;
	smp_rmb();
	return READ_ONCE(per_cpu(idle_quiet, cpu));
}

/*
 * It may be about to halt: either it sees the hold then, or we see here that it
 * has become quiet. Pairs with idle_halt(), sched.c.
 */
static void hold_cpu(unsigned int cpu)
{
	struct run_queue *rq = &per_cpu(run_queue, cpu);
	unsigned long flags;

	if (cpu_is_quiet(cpu))
		return;
	spin_lock_irqsave(&rq->lock, flags);
	if (rq->curr == rq->idle) {
		atomic_inc(&pending);
		xchg(&rq->quiesce_hold, true);
		if (cpu_is_quiet(cpu))
			drop(&rq->quiesce_hold);
		else
			stats.cpu_waits++;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void hold_all(void)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int cpu;

	assert_held(&quiesce_mutex);
	atomic_set(&pending, 1); /* I2 */
	smp_mb();		 /* I3 */
	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		if (task != current)
			hold_task(task);
	spin_unlock_irqrestore(&task_list_lock, flags);
	for_each_online_cpu(cpu)
		hold_cpu(cpu);
}

/* Context: task_list_lock held, so the task cannot go away. */
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

static unsigned int find_holders(struct holder *list)
{
	struct task_struct *task;
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		if (READ_ONCE(task->quiesce_hold) && n < REPORT_TASKS)
			holder_note(&list[n++], task);
	spin_unlock_irqrestore(&task_list_lock, flags);
	return n;
}

static void report_holder(struct holder *h, u64 waited_ns)
{
	if (h->running)
		h->n = cpu_backtrace(h->cpu, h->trace, REPORT_DEPTH, ANSWER_MS);
	pr_warn("synchronize_tasks: %llu ms for %s (pid %d, %s on CPU %u)",
		waited_ns / 1000000, h->comm, h->pid,
		h->running ? "running" : "preempted", h->cpu);
	stack_trace_print(h->trace, h->n);
	stats.reports++;
}

/* Idle, but for that long in an interrupt, or on the way to its halt. */
static void report_cpu(unsigned int cpu, u64 waited_ns)
{
	static unsigned long trace[REPORT_DEPTH]; /* [quiesce_mutex] */
	unsigned int n = cpu_backtrace(cpu, trace, REPORT_DEPTH, ANSWER_MS);

	pr_warn("synchronize_tasks: %llu ms for CPU %u, which runs no task",
		waited_ns / 1000000, cpu);
	stack_trace_print(trace, n);
	stats.reports++;
}

static void report_holders(u64 since)
{
	static struct holder list[REPORT_TASKS]; /* [quiesce_mutex] */
	unsigned int n = find_holders(list), i, cpu;

	assert_held(&quiesce_mutex);
	for (i = 0; i < n; i++)
		report_holder(&list[i], ktime_ns() - since);
	for_each_online_cpu(cpu)
		if (READ_ONCE(per_cpu(run_queue, cpu).quiesce_hold))
			report_cpu(cpu, ktime_ns() - since);
}

void synchronize_tasks(void)
{
	u64 start;

	if (!sched_active)
		return;
	mutex_lock(&quiesce_mutex);
	stats.calls++;
	start = ktime_ns();
	hold_all();
	if (!atomic_dec_and_test(&pending))
		while (!wait_event_timeout(&quiesce_wq, !atomic_read(&pending),
					   QUIESCE_REPORT_NS))
			report_holders(start);
	stats.longest_ns = max(stats.longest_ns, ktime_ns() - start);
	mutex_unlock(&quiesce_mutex);
}

void quiesce_stats(struct quiesce_stats *copy)
{
	mutex_lock(&quiesce_mutex);
	*copy = stats;
	mutex_unlock(&quiesce_mutex);
}
