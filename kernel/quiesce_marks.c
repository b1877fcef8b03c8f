// SPDX-License-Identifier: MIT
/*
 * quiesce_marks.c - the scheduler's part of a grace period: tasks and CPUs lose
 * their marks. quiesce.c has the whole story and its invariants Q1 to Q3.
 *
 * It is apart from quiesce.c because the scheduler calls it.
 */
#include "kernel/base/panic.h"
#include "kernel/quiesce.h"
#include "kernel/quiesce_internal.h"
#include "kernel/sched_internal.h"
#include "kernel/wait.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

DEFINE_WAIT_QUEUE(quiesce_wq);
atomic_t quiesce_pending[QUIESCE_MARKS];

bool quiesce_drop(u32 *marks, u32 which)
{
	bool last = false;

	BUG_ON(which & ~*marks); /* Q2 */
	*marks &= ~which;
	for (; which; which &= which - 1)
		last |= atomic_dec_and_test(
			&quiesce_pending[__builtin_ctz(which)]);
	return last;
}

bool quiesce_switch(struct run_queue *rq, struct task_struct *prev,
		    bool voluntary)
{
	bool last = false;

	assert_held(&rq->lock);
	if (unlikely(rq->quiesce_marks))
		last |= quiesce_drop(&rq->quiesce_marks, rq->quiesce_marks);
	if (unlikely(prev->quiesce_marks) && voluntary)
		last |= quiesce_drop(&prev->quiesce_marks, prev->quiesce_marks);
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
	bool last;

	assert_irqs_off();
	if (likely(!READ_ONCE(rq->quiesce_marks)))
		return;
	spin_lock(&rq->lock);
	last = quiesce_drop(&rq->quiesce_marks, rq->quiesce_marks);
	spin_unlock(&rq->lock);
	if (last)
		quiesce_wake();
}
