// SPDX-License-Identifier: MIT
/*
 * The threads that the tests of synchronize_tasks() play with.
 */
#include "kernel/lib/errno.h"
#include "tests/kernel/quiesce_probe.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>

/* ---- a thread that waits, and how far it has got ------------------------- */

static int wait_thread(void *arg)
{
	struct waiter *w = arg;

	WRITE_ONCE(w->called, true);
	w->synchronize();
	WRITE_ONCE(w->returned, true);
	return 0;
}

/* On a CPU of its own if there is one, so that it runs while others spin. */
bool waiter_start(struct waiter *w, void (*synchronize)(void), unsigned int cpu)
{
	*w = (struct waiter){ .synchronize = synchronize };
	w->task = kthread_create(wait_thread, w, "waiter");
	if (!EXPECT(!IS_ERR(w->task)))
		return false;
	kthread_bind(w->task, cpu);
	wake_up_process(w->task);
	return true;
}

/*
 * It waits: it has called, it sleeps, and does so for a while. (Asleep inside
 * the call: that is the only place where it sleeps.)
 */
bool waiter_keeps_waiting(struct waiter *w)
{
	u64 end;

	if (!wait_until(READ_ONCE(w->called), QUIESCE_WAIT_MS))
		return false;
	wait_until(READ_ONCE(w->returned) || !READ_ONCE(w->task->on_rq),
		   QUIESCE_WAIT_MS);
	end = ktime_ns() + QUIESCE_SHORT_NS;
	while (ktime_ns() < end && !READ_ONCE(w->returned))
		cond_resched();
	return !READ_ONCE(w->returned);
}

void waiter_end(struct waiter *w)
{
	wait_until(READ_ONCE(w->returned), QUIESCE_WAIT_MS);
	kthread_join(w->task);
}

void do_not_wait(void)
{
	cpu_relax();
}

bool all_others_sleep(void)
{
	struct task_struct *task;
	unsigned long flags;
	bool awake = false;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		awake |= task != current &&
			 (READ_ONCE(task->on_rq) || READ_ONCE(task->on_cpu));
	spin_unlock_irqrestore(&task_list_lock, flags);
	return !awake;
}

/* ---- a thread inside a trampoline ---------------------------------------- */

static int visit(void *arg)
{
	struct visitor *v = arg;

	WRITE_ONCE(v->inside, true);
	while (!READ_ONCE(v->leave)) {
		if (READ_ONCE(v->freed))
			v->trodden = true;
		cpu_relax();
	}
	WRITE_ONCE(v->inside, false);
	while (READ_ONCE(v->hold))
		cpu_relax();
	if (v->how == BY_EXIT)
		return 0;
	if (v->how == BY_COND_RESCHED)
		cond_resched();
	else if (v->how == BY_YIELD)
		yield();
	while (!READ_ONCE(v->stop))
		if (v->how == BY_SLEEP)
			msleep(1);
		else
			cpu_relax();
	return 0;
}

bool visitor_start(struct visitor *v, unsigned int cpu)
{
	v->task = kthread_create(visit, v, "visitor");
	if (!EXPECT(!IS_ERR(v->task)))
		return false;
	kthread_bind(v->task, cpu);
	wake_up_process(v->task);
	return wait_until(READ_ONCE(v->inside), QUIESCE_WAIT_MS);
}

void visitor_end(struct visitor *v)
{
	WRITE_ONCE(v->leave, true);
	WRITE_ONCE(v->hold, false);
	WRITE_ONCE(v->stop, true);
	kthread_join(v->task);
}

notrace void stand_preempted(bool *stopped, const bool *go_on)
{
	unsigned int i;

	WRITE_ONCE(*stopped, true);
	while (!READ_ONCE(*go_on)) {
		set_need_resched();
		preempt_schedule_irq();
		local_irq_enable();
		/* QEMU takes no interrupt between sti and a pause behind it. */
		for (i = 0; i < 100; i++)
			cpu_relax();
		local_irq_disable();
	}
}
