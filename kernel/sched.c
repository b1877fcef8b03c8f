// SPDX-License-Identifier: MIT
/*
 * The scheduler: run queues, switching, sleeping and waking, idling.
 *
 * Owns the run queues and the [R] fields of tasks. sleep.c has sleeping for a
 * time.
 *
 * Invariants:
 * SC1 A task is on at most one queue, that of the CPU task->cpu. on_rq is set
 *    from its waking until the switch by which it goes to sleep, also while it
 *    runs and while it moves from one queue to another.
 * SC2 task->cpu changes only with the lock of the old CPU's queue held.
 * SC3 A queue's lock is held across a switch and released by the next task, so
 *    the holder of the lock finds every queued task's registers saved.
 * SC4 At every switch the preempt count is 2 (schedule() and the lock), so the
 *    count need not be saved per task.
 * SC5 A preempted task stays on its queue in any state, so that it can finish
 *    testing the condition that it is about to wait for.
 * SC6 A CPU's resched_request is set before the interrupt that carries it is
 *    sent, and read by the handler of that interrupt. So the request is served
 *    after it was made, whatever the CPU did until then: see resched_cpu().
 * SC7 A task that is woken and may move waits for no tick while a CPU halts:
 *    the waker asks such a CPU to pull it, and a CPU that leaves its idle task
 *    asks the next one if a task still waits: pass_on().
 *
 * Context and locks: one queue lock at a time; inside wait queue, mutex and
 * timer locks and task_list_lock.
 */
#include "kernel/base/clock.h"
#include "kernel/base/panic.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/sched_events.h"
#include "kernel/sched_internal.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

/*
 * kthread.c changes the list. The hooks, the list and its lock are here, so
 * that other files need only sched.c.
 */
DEFINE_TABLE(struct task_hooks, task_hooks);
LIST_HEAD(task_list);
DEFINE_SPINLOCK(task_list_lock);

DEFINE_PER_CPU(struct run_queue, run_queue);
DEFINE_PER_CPU(bool, idle_quiet);
bool sched_active;

/* [A] CPUs that halt, or are about to after one more check for work */
static u64 idle_mask;

/* Lock the queue that @task belongs to. */
struct run_queue *task_rq_lock(struct task_struct *task, unsigned long *flags)
{
	struct run_queue *rq;

	for (;;) {
		unsigned int cpu = READ_ONCE(task->cpu);

		rq = &per_cpu(run_queue, cpu);
		spin_lock_irqsave(&rq->lock, *flags);
		if (likely(task->cpu == cpu))
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

static void enqueue(struct run_queue *rq, struct task_struct *task)
{
	assert_held(&rq->lock);
	list_add_tail(&task->run_list, &rq->queue);
	rq->nr_queued++;
	if (task->pinned == CPU_ANY)
		WRITE_ONCE(rq->nr_pullable, rq->nr_pullable + 1);
}

static void dequeue(struct run_queue *rq, struct task_struct *task)
{
	assert_held(&rq->lock);
	list_del_init(&task->run_list);
	rq->nr_queued--;
	if (task->pinned == CPU_ANY)
		WRITE_ONCE(rq->nr_pullable, rq->nr_pullable - 1);
}

/*
 * Only its own CPU sets need_resched (CW1), so another one is sent a request
 * and an interrupt, whose handler sets it. Only reschedule() drops the request,
 * with the queue locked. No request is lost (SC6):
 *
 * - Made while another one waits: both become one. reschedule() drops it, then
 *   looks for what both were made for.
 * - Made while reschedule() drops one: with the queue locked, so afterwards, or
 *   before and its task is found. Only ask_to_pull() has another lock: an
 *   idle CPU looks at all queues behind a full barrier.
 * - Made between an idle CPU's last look and its halt: interrupts are off until
 *   HLT, so this one ends the halt.
 * - The interrupt is late: if reschedule() has dropped the request, it does
 *   nothing; else there is at most one needless switch.
 */
void resched_cpu(unsigned int cpu)
{
	if (cpu == smp_processor_id()) {
		set_need_resched();
		return;
	}
	WRITE_ONCE(per_cpu(resched_request, cpu), 1);
	smp_send_reschedule(cpu);
}

/* Make a CPU that halts, if there is one, pull a task. */
static void ask_to_pull(void)
{
	u64 idle = READ_ONCE(idle_mask), first = idle & -idle;

	if (first && fetch_and(&idle_mask, ~first) & first)
		resched_cpu(__builtin_ctzll(first));
}

/*
 * A task has just been queued on @cpu. If that CPU idles, make it reschedule.
 * If it is busy and the task may move, make an idle CPU pull the task.
 */
static void kick(unsigned int cpu, bool pinned)
{
	if (per_cpu(run_queue, cpu).curr == per_cpu(run_queue, cpu).idle) {
		resched_cpu(cpu);
	} else if (!pinned) {
		smp_mb(); /* queue, then look; pairs with idle_wait() */
		if (READ_ONCE(idle_mask))
			ask_to_pull();
	}
}

bool wake_up_process(struct task_struct *task)
{
	unsigned long flags;
	struct run_queue *rq = task_rq_lock(task, &flags);
	bool is_new = task->state == TASK_NEW;
	bool asleep = task->state == TASK_SLEEPING || is_new;

	if (asleep) {
		if (!is_new)
			trace_sched_waking(task);
		task->state = TASK_RUNNING;
		if (!task->on_rq) {
			task->on_rq = true;
			enqueue(rq, task);
			kick(task->cpu, task->pinned != CPU_ANY);
		}
		if (is_new)
			trace_sched_wakeup_new(task);
		else
			trace_sched_wakeup(task);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return asleep;
}

void set_current_state(enum task_state state)
{
	xchg(&current->state, state);
}

/* Requeue the running task, or take it off the queue. */
static void put_prev(struct run_queue *rq, struct task_struct *prev,
		     bool voluntary)
{
	assert_held(&rq->lock);
	if (voluntary)
		prev->nvcsw++;
	else
		prev->nivcsw++;
	if (task_is_idle(prev))
		return;
	if (voluntary && prev->state != TASK_RUNNING) {
		prev->on_rq = false;
	} else if (prev->pinned != CPU_ANY && prev->pinned != prev->cpu) {
		trace_sched_migrate_task(prev, prev->pinned);
		prev->cpu = prev->pinned; /* SC2; finish_switch() queues it */
		prev->migrations++;
		rq->leaving = true;
	} else {
		enqueue(rq, prev);
	}
}

static struct task_struct *pick_next(struct run_queue *rq)
{
	struct task_struct *next;

	assert_held(&rq->lock);
	if (list_empty(&rq->queue))
		return rq->idle;
	next = list_first_entry(&rq->queue, struct task_struct, run_list);
	dequeue(rq, next);
	return next;
}

/* A task that has left one queue (SC1: it moves) joins that of task->cpu. */
static void arrive(struct task_struct *task)
{
	struct run_queue *rq = &per_cpu(run_queue, task->cpu);

	assert_irqs_off();
	spin_lock(&rq->lock);
	enqueue(rq, task);
	kick(task->cpu, task->pinned != CPU_ANY);
	spin_unlock(&rq->lock);
}

/* KT2. @task, dead, has left its stack. */
static void note_gone(struct task_struct *task)
{
	spin_lock(&task_list_lock);
	task->gone = true;
	if (task->joiner)
		wake_up_process(task->joiner);
	spin_unlock(&task_list_lock);
}

/* Runs on the new task's stack; releases the lock that the old took (SC3). */
void finish_switch(struct task_struct *prev)
{
	struct run_queue *rq = this_cpu_ptr(&run_queue);
	bool leaving = rq->leaving;
	bool wake = rq->quiesce_wake;
	bool dead = prev->state == TASK_DEAD && !prev->on_rq;

	rq->leaving = false;
	rq->quiesce_wake = false;
	prev->on_cpu = rq->curr == prev;
	spin_unlock(&rq->lock);
	if (leaving)
		arrive(prev);
	if (dead)
		note_gone(prev);
	if (wake)
		quiesce_wake();
}

static struct task_struct *
switch_tasks(struct run_queue *rq, struct task_struct *next, bool voluntary)
{
	struct task_struct *prev = rq->curr;
	u64 now = local_clock();

	assert_held(&rq->lock);
	prev->exec_ns += now - prev->switched_in_ns;
	next->switched_in_ns = now;
	next->on_cpu = true;
	rq->nr_switches++;
	for_each_task_hook(switched, prev, next);
	rq->curr = next;
	set_current_task(next, next->pid);
	return switch_to(prev, next);
}

static __noreturn __cold void context_is_wrong(void)
{
	panic("context word %016llx: preempt count %u, pid %d",
	      this_cpu_read(context_word), preempt_count(), current->pid);
}

/* CW4: in the task, with one level (SC4), and no carry into the pid. */
static void assert_context(const struct task_struct *task)
{
	u64 word = (u64)task->pid << CONTEXT_PID_SHIFT | CONTEXT_LEVEL;

	if (unlikely((this_cpu_read(context_word) & ~CONTEXT_RESCHED) != word))
		context_is_wrong();
}

/* Whether a task that an idle CPU could pull is queued anywhere. */
static bool task_waits(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (READ_ONCE(per_cpu(run_queue, cpu).nr_pullable))
			return true;
	return false;
}

/*
 * SC7: this CPU leaves its idle task, and with it the search for tasks to pull.
 * It cleared its bit in idle_mask, a full barrier, before it looks here.
 */
static void pass_on(void)
{
	if (READ_ONCE(idle_mask) && task_waits())
		ask_to_pull();
}

/* Context: interrupts off, preempt count 1 (SC4). */
static void reschedule(bool voluntary)
{
	struct run_queue *rq = this_cpu_ptr(&run_queue);
	struct task_struct *prev = rq->curr, *next;

	assert_irqs_off();
	assert_context(prev);
	spin_lock(&rq->lock);
	this_cpu_write(resched_request, 0); /* SC6 */
	clear_need_resched();
	put_prev(rq, prev, voluntary);
	next = pick_next(rq);
	if (next != prev && task_is_idle(prev))
		pass_on();
	if (next != prev)
		trace_sched_switch(!voluntary, prev, next);
	/* After the tracepoint: synchronize_cpus() waits for its probes. */
	rq->quiesce_wake |= quiesce_switch(rq, prev, voluntary);
	if (next != prev)
		prev = switch_tasks(rq, next, voluntary);
	finish_switch(prev);
}

void schedule(void)
{
	might_sleep();
	do {
		preempt_disable();
		local_irq_disable();
		reschedule(true);
		local_irq_enable();
		preempt_enable_no_resched();
	} while (unlikely(need_resched()));
}

/*
 * Up-call from preempt_enable(), see <asm/context.h>. It is not traceable: a
 * tracing callback ends with preempt_enable(), so this would call itself
 * without end.
 */
notrace void preempt_schedule(void)
{
	if (!sched_active || preempt_count() || !in_task() || irqs_disabled())
		return;
	while (need_resched()) {
		preempt_disable();
		arch_irq_disable();
		reschedule(false);
		arch_irq_enable();
		preempt_enable_no_resched();
	}
}

/* Up-call from the exit of an interrupt, see <asm/upcalls.h>. */
void preempt_schedule_irq(void)
{
	while (need_resched()) {
		preempt_disable();
		reschedule(false);
		preempt_enable_no_resched();
	}
}

void yield(void)
{
	set_current_state(TASK_RUNNING);
	schedule();
}

bool cond_resched(void)
{
	might_sleep();
	if (unlikely(current->quiesce_marks))
		quiesce_pass();
	if (likely(!need_resched()))
		return false;
	schedule();
	return true;
}

/* From timer_tick(): the end of a time slice. */
void scheduler_tick(void)
{
	/* CW4: half of what the count can hold is more than any code needs. */
	if (unlikely(preempt_count() >= 128))
		context_is_wrong();
	if (this_cpu_ptr(&run_queue)->nr_queued)
		set_need_resched();
}

/* Take the first task of @victim that may move; NULL if there is none. */
static struct task_struct *pull_from(struct run_queue *victim)
{
	struct task_struct *task, *found = NULL;

	spin_lock(&victim->lock);
	list_for_each_entry(task, &victim->queue, run_list) {
		if (task->pinned != CPU_ANY)
			continue;
		found = task;
		dequeue(victim, task);
		trace_sched_migrate_task(task, smp_processor_id());
		task->cpu = smp_processor_id(); /* SC2 */
		task->migrations++;
		break;
	}
	spin_unlock(&victim->lock);
	return found;
}

/*
 * Pull a task from another CPU, the next higher number first. Return: whether
 * there was one.
 */
static bool pull_task(void)
{
	unsigned int this = smp_processor_id(), cpu;
	u64 others = READ_ONCE(cpu_online_mask);
	struct task_struct *task = NULL;
	unsigned long flags;

	others = (others >> this | others << (-this % NR_CPUS)) & ~1ULL;
	local_irq_save(flags);
	for (; others && !task; others &= others - 1) {
		cpu = (this + __builtin_ctzll(others)) % NR_CPUS;
		if (READ_ONCE(per_cpu(run_queue, cpu).nr_pullable))
			task = pull_from(&per_cpu(run_queue, cpu));
	}
	if (task)
		arrive(task);
	local_irq_restore(flags);
	return task;
}

/*
 * No function may be called here while idle_quiet is set: that word promises
 * that this CPU is in no trampoline. Setting it is a full barrier before the
 * last check of the marks: a CPU that halted with a mark would hold up a wait
 * until its next tick. Clearing it is a full barrier too: no other CPU sees
 * idle_quiet still set after this CPU has gone on. Both pair with mark_cpu().
 */
static void idle_halt(void)
{
	struct run_queue *rq = this_cpu_ptr(&run_queue);

	xchg(this_cpu_ptr(&idle_quiet), true);
	if (!READ_ONCE(rq->quiesce_marks))
		safe_halt();
	xchg(this_cpu_ptr(&idle_quiet), false);
}

/*
 * Setting the bit in idle_mask is a full barrier before the last check for
 * work; pairs with kick().
 */
static void idle_wait(void)
{
	u64 self = BIT(smp_processor_id());

	arch_irq_disable();
	fetch_or(&idle_mask, self);
	if (!need_resched() && !task_waits()) {
		quiesce_idle();
		idle_halt();
	}
	fetch_and(&idle_mask, ~self);
	arch_irq_enable();
}

void idle_loop(void)
{
	BUG_ON(preempt_count() != 1);
	for (;;) {
		if (!pull_task() && !need_resched())
			idle_wait();
		if (!need_resched())
			continue;
		local_irq_disable();
		reschedule(true);
		local_irq_enable();
	}
}

void run_queue_init(unsigned int cpu, struct task_struct *idle)
{
	struct run_queue *rq = &per_cpu(run_queue, cpu);

	spin_lock_init(&rq->lock);
	INIT_LIST_HEAD(&rq->queue);
	rq->curr = rq->idle = idle;
	idle->cpu = idle->pinned = cpu;
	idle->on_cpu = true;
}

void might_sleep_failed(const char *file, int line)
{
	panic("%s:%d: may sleep, but preempt count %u, context %u, irqs %s",
	      file, line, preempt_count(), this_cpu_read(trace_context),
	      irqs_disabled() ? "off" : "on");
}
