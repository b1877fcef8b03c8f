// SPDX-License-Identifier: MIT
/*
 * synchronize_tasks(): whom it waits for, whom it does not, what it says while
 * it waits; and that the version that looks only at who is preempted at the
 * call is wrong.
 *
 * A "trampoline" here is a stretch of code in which a flag is set. What the
 * caller frees after the wait is another flag: whoever is inside and sees it
 * has been freed under its feet.
 */
#include "kernel/console.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define WAIT_MS	 20000
#define SHORT_NS (6 * TICK_NS) /* long enough for a wrong return to show */

/* ---- a thread that waits, and how far it has got ------------------------- */

struct waiter {
	struct task_struct *task;
	bool called, returned;
	void (*synchronize)(void);
};

static int wait_thread(void *arg)
{
	struct waiter *w = arg;

	WRITE_ONCE(w->called, true);
	w->synchronize();
	WRITE_ONCE(w->returned, true);
	return 0;
}

/* On a CPU of its own if there is one, so that it runs while others spin. */
static bool waiter_start(struct waiter *w, void (*synchronize)(void),
			 unsigned int cpu)
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
static bool keeps_waiting(struct waiter *w)
{
	u64 end;

	if (!wait_until(READ_ONCE(w->called), WAIT_MS))
		return false;
	wait_until(READ_ONCE(w->returned) || !READ_ONCE(w->task->on_rq),
		   WAIT_MS);
	end = ktime_ns() + SHORT_NS;
	while (ktime_ns() < end && !READ_ONCE(w->returned))
		cond_resched();
	return !READ_ONCE(w->returned);
}

static void waiter_end(struct waiter *w)
{
	wait_until(READ_ONCE(w->returned), WAIT_MS);
	kthread_join(w->task);
}

/* ---- a thread inside a trampoline ---------------------------------------- */

enum leave_how { BY_COND_RESCHED, BY_YIELD, BY_SLEEP, BY_EXIT };

struct visitor {
	struct task_struct *task;
	bool inside; /* the trampoline */
	bool leave;  /* told to leave it */
	bool hold;   /* once outside, does not switch until this is clear */
	bool stop;
	bool freed;   /* the trampoline has been freed */
	bool trodden; /* seen while inside: the error */
	enum leave_how how;
};

static int visit(void *arg)
{
	struct visitor *v = arg;

	WRITE_ONCE(v->inside, true);
	while (!READ_ONCE(v->leave))
		if (READ_ONCE(v->freed))
			v->trodden = true;
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

static bool visitor_start(struct visitor *v, unsigned int cpu)
{
	v->task = kthread_create(visit, v, "visitor");
	if (!EXPECT(!IS_ERR(v->task)))
		return false;
	kthread_bind(v->task, cpu);
	wake_up_process(v->task);
	return wait_until(READ_ONCE(v->inside), WAIT_MS);
}

static void visitor_end(struct visitor *v)
{
	WRITE_ONCE(v->leave, true);
	WRITE_ONCE(v->hold, false);
	WRITE_ONCE(v->stop, true);
	kthread_join(v->task);
}

static unsigned int last_cpu(void)
{
	return num_online_cpus() - 1;
}

/* ---- whom it waits for --------------------------------------------------- */

KTEST(quiesce, returns_when_nobody_is_in_the_way)
{
	struct quiesce_stats before, after;

	quiesce_stats(&before);
	synchronize_tasks();
	synchronize_tasks();
	quiesce_stats(&after);
	EXPECT_EQ(after.calls, before.calls + 2);
	EXPECT_EQ(after.reports, before.reports);
}

/* The visitor is running (or, with one CPU, preempted) at the call. */
static void waits_until_it_leaves(enum leave_how how)
{
	struct visitor v = { .how = how, .hold = true };
	struct waiter w;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(keeps_waiting(&w));
	WRITE_ONCE(v.leave, true); /* outside, but nobody can know */
	EXPECT(keeps_waiting(&w));
	WRITE_ONCE(v.hold, false); /* the voluntary switch */
	waiter_end(&w);
	visitor_end(&v);
	EXPECT(!v.trodden);
}

KTEST(quiesce, cond_resched_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_COND_RESCHED);
}

KTEST(quiesce, yield_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_YIELD);
}

KTEST(quiesce, sleeping_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_SLEEP);
}

KTEST(quiesce, ending_is_a_voluntary_switch)
{
	waits_until_it_leaves(BY_EXIT);
}

/*
 * Preempted at a known place, at the call and again and again afterwards: no
 * preemption counts. Visitor, waiter and we share one CPU.
 */
KTEST(quiesce, preemption_is_no_voluntary_switch)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	unsigned long preempted;
	struct waiter w;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, 0));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	ASSERT(wait_until(READ_ONCE(w.called), WAIT_MS));
	preempted = READ_ONCE(v.task->nivcsw);
	EXPECT(wait_until(READ_ONCE(v.task->nivcsw) >= preempted + 5, WAIT_MS));
	EXPECT(READ_ONCE(v.task->quiesce_hold));
	EXPECT(!READ_ONCE(w.returned));
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	visitor_end(&v);
}

static bool sleep_stop;

static int sleep_long(void *unused)
{
	while (!READ_ONCE(sleep_stop)) {
		set_current_state(TASK_SLEEPING);
		if (!READ_ONCE(sleep_stop))
			schedule();
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

KTEST(quiesce, a_sleeper_is_not_waited_for)
{
	struct task_struct *task;

	sleep_stop = false;
	task = kthread_run(sleep_long, NULL, "sleeper");
	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq), WAIT_MS);
	synchronize_tasks();
	EXPECT(!task->quiesce_hold);
	EXPECT(!task->on_rq);
	WRITE_ONCE(sleep_stop, true);
	wake_up_process(task);
	kthread_join(task);
}

static int nothing(void *unused)
{
	return 0;
}

KTEST(quiesce, a_thread_that_never_ran_is_not_waited_for)
{
	struct task_struct *task = kthread_create(nothing, NULL, "new");

	ASSERT(!IS_ERR(task));
	synchronize_tasks();
	wake_up_process(task);
	kthread_join(task);
}

/* Started after the call: cannot be in what was taken away before it. */
KTEST(quiesce, a_later_thread_is_not_waited_for)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	struct visitor late = { .how = BY_COND_RESCHED };
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("the waiter needs a CPU that is not full");
	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(keeps_waiting(&w));
	ASSERT(visitor_start(&late, last_cpu()));
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	EXPECT(late.inside);
	visitor_end(&late);
	visitor_end(&v);
}

/* ---- idle CPUs ----------------------------------------------------------- */

static bool irq_inside, irq_leave;

/* Then every CPU but ours has nothing but its idle task. */
static bool all_others_sleep(void)
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

static void long_irq(void *unused)
{
	u64 end = ktime_ns() + WAIT_MS * 1000000ULL;

	WRITE_ONCE(irq_inside, true);
	while (!READ_ONCE(irq_leave) && ktime_ns() < end)
		cpu_relax();
	WRITE_ONCE(irq_inside, false);
}

static void arm_long_irq(void *timer)
{
	timer_add(timer, ktime_ns());
}

/* Idle, but inside an interrupt that may be inside something. */
KTEST(quiesce, an_idle_cpu_in_an_interrupt_is_waited_for)
{
	struct quiesce_stats before, after;
	struct timer timer;
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a CPU that idles");
	kthread_bind(current, 0);
	quiesce_stats(&before);
	ASSERT(wait_until(all_others_sleep(), WAIT_MS));
	timer_setup(&timer, long_irq, NULL);
	irq_leave = false;
	smp_call_function_single(last_cpu(), arm_long_irq, &timer, true);
	ASSERT(wait_until(READ_ONCE(irq_inside), WAIT_MS));
	ASSERT(waiter_start(&w, synchronize_tasks, 0));
	EXPECT(keeps_waiting(&w));
	WRITE_ONCE(irq_leave, true);
	waiter_end(&w);
	timer_cancel_sync(&timer);
	quiesce_stats(&after);
	EXPECT(after.cpu_waits > before.cpu_waits);
}

KTEST(quiesce, idle_cpus_cost_nothing)
{
	struct quiesce_stats before, after;
	u64 start, best = ~0ULL;
	int i;

	kthread_bind(current, 0);
	ASSERT(wait_until(all_others_sleep(), WAIT_MS));
	quiesce_stats(&before);
	for (i = 0; i < 1000; i++) {
		start = ktime_ns();
		synchronize_tasks();
		best = min(best, ktime_ns() - start);
	}
	quiesce_stats(&after);
	EXPECT_EQ(after.task_waits, before.task_waits);
	/* A tick that strikes just then is seldom. */
	EXPECT(after.cpu_waits - before.cpu_waits < 500);
	EXPECT(best < TICK_NS); /* it did not sleep */
}

/* ---- what it says -------------------------------------------------------- */

static char said[2048];
static size_t said_len;

static bool listen(const char *buf, size_t len)
{
	len = min(len, sizeof(said) - 1 - said_len);
	memcpy(said + said_len, buf, len);
	said_len += len;
	said[said_len] = '\0';
	return true;
}

static u64 reports(void)
{
	const char *at = said;
	u64 n = 0;

	while ((at = strstr(at, "ms for visitor (pid "))) {
		at++;
		n++;
	}
	return n;
}

KTEST(quiesce, reports_who_holds_the_wait)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	u64 start = ktime_ns();
	struct waiter w;

	said_len = 0;
	said[0] = '\0';
	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	console_set_tap(listen);
	if (!waiter_start(&w, synchronize_tasks, 0))
		goto out;
	wait_until(reports() >= 2, WAIT_MS); /* the wait goes on */
	console_set_tap(NULL);
	EXPECT(ktime_ns() - start >= 2 * QUIESCE_REPORT_NS);
	EXPECT(!READ_ONCE(w.returned));
	EXPECT(strstr(said, "  visit+0x") != NULL); /* its backtrace */
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
out:
	console_set_tap(NULL);
	visitor_end(&v);
}

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
			   WAIT_MS);
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			wait_until(sched_nr_switches(cpu) != switches[cpu] ||
					   !sched_nr_running(cpu),
				   WAIT_MS);
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
	wait_until(READ_ONCE(snapshot_taken) || READ_ONCE(v.task->quiesce_hold),
		   WAIT_MS);
	wake_up_process(other); /* the visitor will be preempted now */
	wait_until(READ_ONCE(v.task->nivcsw) >= 3, WAIT_MS);
	keeps_waiting(&w);
	if (READ_ONCE(w.returned)) {
		WRITE_ONCE(v.freed, true);
		wait_until(READ_ONCE(v.trodden), WAIT_MS);
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

KTEST(quiesce, storm_of_readers_and_a_writer)
{
	int replaced = 0;

	EXPECT_EQ(storm(synchronize_tasks, &replaced), 0);
	EXPECT(replaced >= 3);
}

static void do_not_wait(void)
{
	cpu_relax();
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
