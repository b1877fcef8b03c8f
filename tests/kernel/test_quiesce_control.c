// SPDX-License-Identifier: MIT
/*
 * What goes wrong without synchronize_tasks(), or with the version of it that
 * looks only at who is preempted at the call; and that nothing goes wrong with
 * the real one in the same places.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

/* ---- the wrong version loses --------------------------------------------- */

/* All tasks there are, with their counts of voluntary switches. */
#define MAX_TASKS 32

static struct {
	struct task_struct *task;
	unsigned long nvcsw;
} seen[MAX_TASKS];
static bool snapshot_taken;

/*
 * Waits only for tasks that are preempted at the call, and for every CPU to
 * schedule: a task that runs in a trampoline at the call is forgotten.
 */
static void synchronize_preempted_only(void)
{
	unsigned long flags, switches[NR_CPUS];
	struct task_struct *task;
	unsigned int cpu, n = 0, i;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		if (task == current || !task->on_rq || task->on_cpu ||
		    n == MAX_TASKS)
			continue;
		seen[n].task = task;
		seen[n++].nvcsw = task->nvcsw;
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
	for_each_online_cpu(cpu)
		switches[cpu] = sched_nr_switches(cpu);
	WRITE_ONCE(snapshot_taken, true);
	for (i = 0; i < n; i++)
		wait_until(READ_ONCE(seen[i].task->nvcsw) != seen[i].nvcsw ||
				   !READ_ONCE(seen[i].task->on_rq),
			   QUIESCE_WAIT_MS);
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			wait_until(sched_nr_switches(cpu) != switches[cpu] ||
					   !sched_nr_running(cpu),
				   QUIESCE_WAIT_MS);
}

static int crowd(void *stop)
{
	while (!READ_ONCE(*(bool *)stop))
		cpu_relax();
	return 0;
}

/*
 * The visitor runs in its trampoline at the call, alone on its CPU; then a
 * second thread comes to that CPU and it is preempted there. Return: whether
 * the trampoline was freed while the visitor was in it.
 */
static bool freed_under_visitor(void (*synchronize)(void))
{
	struct visitor v = { .how = BY_COND_RESCHED };
	struct task_struct *other;
	bool stop = false;
	struct waiter w;

	kthread_bind(current, 0);
	if (!visitor_start(&v, last_cpu()))
		return false;
	other = kthread_create(crowd, &stop, "crowd");
	EXPECT(!IS_ERR(other));
	kthread_bind(other, last_cpu());
	EXPECT(v.task->on_cpu);
	snapshot_taken = false;
	if (!waiter_start(&w, synchronize, 0))
		return false;
	wait_until(READ_ONCE(snapshot_taken) ||
			   READ_ONCE(v.task->quiesce_marks),
		   QUIESCE_WAIT_MS);
	wake_up_process(other); /* the visitor will be preempted now */
	wait_until(READ_ONCE(v.task->nivcsw) >= 3, QUIESCE_WAIT_MS);
	waiter_keeps_waiting(&w);
	if (READ_ONCE(w.returned)) {
		WRITE_ONCE(v.freed, true);
		wait_until(READ_ONCE(v.trodden), QUIESCE_WAIT_MS);
	}
	WRITE_ONCE(stop, true);
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	kthread_join(other);
	visitor_end(&v);
	return v.trodden;
}

KTEST(quiesce, waiting_for_the_preempted_only_is_wrong)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a task that runs during the call");
	EXPECT(freed_under_visitor(synchronize_preempted_only));
}

KTEST(quiesce, a_task_running_at_the_call_is_waited_for)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a task that runs during the call");
	EXPECT(!freed_under_visitor(synchronize_tasks));
}

/* ---- storm --------------------------------------------------------------- */

/*
 * Readers on all CPUs go in and out of a published object, being preempted and
 * yielding at odd places; a writer replaces it, waits, and spoils the old.
 */
#define OBJECTS 8

struct object {
	u64 alive;
	u64 serial;
};

static struct object objects[OBJECTS];
static struct object *published;

struct storm {
	u64 end;
	atomic_t trodden;
	void (*synchronize)(void);
};

static void spin_for(u64 ns)
{
	u64 end = ktime_ns() + ns;

	while (ktime_ns() < end)
		cpu_relax();
}

static int storm_reader(void *arg)
{
	struct storm *s = arg;
	unsigned int i, turns = 0;

	while (ktime_ns() < s->end) {
		struct object *o = READ_ONCE(published);
		u64 serial = o->serial;

		for (i = 0; i < (turns & 255); i++) /* inside */
			barrier();
		if (turns % 64 == 1) /* is preempted in here */
			spin_for(TICK_NS * 3 / 2);
		if (!READ_ONCE(o->alive) || o->serial != serial)
			atomic_inc(&s->trodden);
		if (turns++ % 64 == 0)
			yield();
		else
			cond_resched();
	}
	return 0;
}

static int storm_writer(void *arg)
{
	struct storm *s = arg;
	int replaced = 0;

	while (ktime_ns() < s->end || replaced < 3) {
		struct object *old = published;
		struct object *fresh = &objects[(old - objects + 1) % OBJECTS];

		fresh->serial = replaced + 1;
		fresh->alive = 1;
		smp_store_release(&published, fresh);
		s->synchronize();
		WRITE_ONCE(old->alive, 0);
		old->serial = ~0ULL;
		replaced++;
	}
	return replaced;
}

static int storm(void (*synchronize)(void), int *replaced)
{
	struct storm s = {
		.end = ktime_ns() + 300000000,
		.synchronize = synchronize,
	};
	struct task_struct *writer;

	memset(objects, 0, sizeof(objects));
	objects[0].alive = 1;
	published = &objects[0];
	writer = kthread_run(storm_writer, &s, "writer");
	if (!EXPECT(!IS_ERR(writer)))
		return 0;
	EXPECT_EQ(on_all_cpus_run(storm_reader, &s), 0);
	*replaced = kthread_join(writer);
	return atomic_read(&s.trodden);
}

/* Q3 */
KTEST(quiesce, storm_of_readers_and_a_writer)
{
	int replaced = 0;

	EXPECT_EQ(storm(synchronize_tasks, &replaced), 0);
	EXPECT(replaced >= 3);
}

KTEST(quiesce, without_waiting_the_storm_treads_on_freed_objects)
{
	int replaced, tries;

	for (tries = 0; tries < 20; tries++)
		if (storm(do_not_wait, &replaced))
			return;
	EXPECT(!"somebody stood in a freed object");
}

static int call_often(void *unused)
{
	int i;

	for (i = 0; i < 20; i++)
		synchronize_tasks();
	return 1;
}

KTEST(quiesce, all_cpus_call_at_once)
{
	EXPECT_EQ(on_all_cpus_run(call_often, NULL), num_online_cpus());
}
