// SPDX-License-Identifier: MIT
/*
 * synchronize_cpus(): sections with preemption off of every kind are waited
 * for, later ones and idle CPUs are not; and several waits at once.
 */
#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/quiesce.h"
#include "kernel/sched_internal.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/quiesce_probe.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/smp.h>

/* ---- a section that is held open ----------------------------------------- */

enum section_kind { PREEMPT_OFF, IRQS_OFF, IN_IRQ, IN_NMI };

/* One at a time, on the last CPU. */
static struct {
	enum section_kind kind;
	bool inside, leave;
	bool again; /* a second one follows at once */
	bool inside_again, leave_again;
} section;

static void stay_until(const bool *leave)
{
	u64 end = ktime_ns() + QUIESCE_WAIT_MS * 1000000ULL;

	while (!READ_ONCE(*leave) && ktime_ns() < end)
		cpu_relax();
}

static void stay_inside(void *unused)
{
	(void)unused;
	WRITE_ONCE(section.inside, true);
	stay_until(&section.leave);
	WRITE_ONCE(section.inside, false);
}

static bool nmi_inside(struct pt_regs *regs)
{
	(void)regs;
	if (smp_processor_id() != last_cpu() || READ_ONCE(section.leave))
		return false;
	stay_inside(NULL);
	return true;
}

static int section_thread(void *unused)
{
	(void)unused;
	if (section.kind == PREEMPT_OFF) {
		preempt_disable();
		stay_inside(NULL);
		preempt_enable();
	} else {
		local_irq_disable();
		stay_inside(NULL);
		local_irq_enable();
	}
	if (!section.again)
		return 0;
	preempt_disable();
	WRITE_ONCE(section.inside_again, true);
	stay_until(&section.leave_again);
	preempt_enable();
	return 0;
}

/*
 * Handlers come to a CPU that halts: there nothing else has a mark.
 * Return: the section's thread, NULL if it has none. It is inside.
 */
static struct task_struct *section_open(enum section_kind kind, bool again)
{
	struct task_struct *task = NULL;

	section = (typeof(section)){ .kind = kind, .again = again };
	if (kind >= IN_IRQ)
		wait_until(READ_ONCE(per_cpu(idle_quiet, last_cpu())),
			   QUIESCE_WAIT_MS);
	if (kind == IN_IRQ) {
		smp_call_function_single(last_cpu(), stay_inside, NULL, false);
	} else if (kind == IN_NMI) {
		EXPECT_EQ(nmi_handler_register(nmi_inside), 0);
		send_nmi(last_cpu());
	} else {
		task = kthread_create(section_thread, NULL, "section");
		kthread_bind(task, last_cpu());
		wake_up_process(task);
	}
	EXPECT(wait_until(READ_ONCE(section.inside), QUIESCE_WAIT_MS));
	return task;
}

static void section_close(struct task_struct *task)
{
	WRITE_ONCE(section.leave, true);
	WRITE_ONCE(section.leave_again, true);
	wait_until(!READ_ONCE(section.inside), QUIESCE_WAIT_MS);
	if (section.kind == IN_NMI)
		nmi_handler_unregister(nmi_inside);
	if (task)
		kthread_join(task);
}

/* ---- CPUs it waits for --------------------------------------------------- */

/* Return: whether synchronize() waits while the section is open. */
static bool waits_for(enum section_kind kind, void (*synchronize)(void))
{
	struct task_struct *task;
	struct waiter w;
	bool waits;

	kthread_bind(current, 0);
	task = section_open(kind, false);
	if (!waiter_start(&w, synchronize, 0))
		return false;
	waits = waiter_keeps_waiting(&w) && READ_ONCE(section.inside);
	section_close(task);
	waiter_end(&w);
	return waits;
}

#define NEEDS_ANOTHER_CPU                                          \
	do {                                                       \
		if (num_online_cpus() == 1)                        \
			KTEST_SKIP("needs another CPU's section"); \
	} while (0)

KTEST(quiesce, a_section_with_preemption_off_is_waited_for)
{
	NEEDS_ANOTHER_CPU;
	EXPECT(waits_for(PREEMPT_OFF, synchronize_cpus));
}

KTEST(quiesce, a_section_with_interrupts_off_is_waited_for)
{
	NEEDS_ANOTHER_CPU;
	EXPECT(waits_for(IRQS_OFF, synchronize_cpus));
}

KTEST(quiesce, a_handler_of_an_interrupt_is_waited_for)
{
	NEEDS_ANOTHER_CPU;
	EXPECT(waits_for(IN_IRQ, synchronize_cpus));
}

KTEST(quiesce, a_handler_of_an_nmi_is_waited_for)
{
	NEEDS_ANOTHER_CPU;
	EXPECT(waits_for(IN_NMI, synchronize_cpus));
}

KTEST(quiesce, not_waiting_for_sections_is_noticed)
{
	enum section_kind kind;

	NEEDS_ANOTHER_CPU;
	for (kind = PREEMPT_OFF; kind <= IN_NMI; kind++)
		EXPECT(!waits_for(kind, do_not_wait));
}

/* ---- CPUs it does not wait for ------------------------------------------- */

KTEST(quiesce, a_later_section_is_not_waited_for)
{
	struct quiesce_wait w;
	struct task_struct *task;

	NEEDS_ANOTHER_CPU;
	kthread_bind(current, 0);
	task = section_open(PREEMPT_OFF, true);
	quiesce_begin(&w, QUIESCE_CPUS);
	EXPECT(!quiesce_passed(&w));
	WRITE_ONCE(section.leave, true);
	EXPECT(wait_until(READ_ONCE(section.inside_again), QUIESCE_WAIT_MS));
	EXPECT(wait_until(quiesce_passed(&w), QUIESCE_WAIT_MS));
	EXPECT(!READ_ONCE(section.leave_again));
	section_close(task);
	quiesce_end(&w);
}

/* A task with preemption on passes at once, however long it runs. */
KTEST(quiesce, a_task_that_never_switches_is_not_waited_for)
{
	struct visitor v = { .how = BY_COND_RESCHED };
	struct quiesce_wait w;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	quiesce_begin(&w, QUIESCE_CPUS);
	EXPECT(wait_until(quiesce_passed(&w), 1000));
	EXPECT(READ_ONCE(v.inside));
	visitor_end(&v);
	quiesce_end(&w);
}

KTEST(quiesce, idle_cpus_and_our_own_have_no_section)
{
	struct quiesce_wait w;
	unsigned int i, waits = 0;

	kthread_bind(current, 0);
	ASSERT(wait_until(all_others_sleep(), QUIESCE_WAIT_MS));
	for (i = 0; i < 1000; i++) {
		quiesce_begin(&w, QUIESCE_CPUS);
		waits += w.cpus;
		EXPECT_EQ(w.tasks, 0);
		EXPECT(w.cpus || quiesce_passed(&w));
		quiesce_end(&w);
	}
	/* A tick that strikes just then is seldom. */
	EXPECT(waits < (num_online_cpus() == 1 ? 1 : 500));
}

/* ---- at each moment ------------------------------------------------------ */

#define MOMENTS 4001
#define TURNS	6

static struct {
	bool alive[2];
	unsigned int now; /* the one in use */
	bool stop;
	unsigned int trodden, turns;
} object;

static int use_object(void *unused)
{
	unsigned int n;
	bool *alive;

	(void)unused;
	while (!READ_ONCE(object.stop)) {
		preempt_disable();
		alive = &object.alive[READ_ONCE(object.now)];
		for (n = object.turns++ * 97 % 1024; n; n--)
			barrier();
		if (!READ_ONCE(*alive))
			object.trodden++;
		preempt_enable();
	}
	return 0;
}

static void replace_object(unsigned int moment, void (*synchronize)(void))
{
	unsigned int old = object.now;

	slices_wait(moment * 7919 % MOMENTS); /* the other one stays freed */
	WRITE_ONCE(object.alive[!old], true);
	smp_store_release(&object.now, !old);
	synchronize();
	WRITE_ONCE(object.alive[old], false);
}

/*
 * Where time is real it goes on for @ms, or until the object in use is freed.
 * Return: how often it was.
 */
static unsigned int freed_in_use(void (*synchronize)(void), u64 ms)
{
	u64 end = ktime_ns() + ms * 1000000;
	struct task_struct *task;
	unsigned int turn, i;

	object = (typeof(object)){ .alive = { true } };
	kthread_bind(current, 0);
	task = kthread_create(use_object, NULL, "user");
	kthread_bind(task, last_cpu());
	wake_up_process(task);
	for (turn = SLICES_SHORT; turn < TURNS && slices_exact(); turn++) {
		slices_set(turn);
		for (i = 0; i < MOMENTS; i++)
			replace_object(i, synchronize);
	}
	for (i = 0;
	     !slices_exact() && ktime_ns() < end && !READ_ONCE(object.trodden);
	     i++)
		replace_object(i, synchronize);
	slices_set(0);
	WRITE_ONCE(object.stop, true);
	kthread_join(task);
	return object.trodden;
}

KTEST_FLAGS(quiesce, a_cpu_in_a_section_is_waited_for_at_each_moment, 0, 120)
{
	EXPECT_EQ(freed_in_use(synchronize_cpus, 300), 0);
}

KTEST_FLAGS(quiesce, a_cpu_in_a_section_is_trodden_on_without, 0, 120)
{
	NEEDS_ANOTHER_CPU;
	EXPECT(freed_in_use(do_not_wait, 60000));
}

/* ---- several waits at once (Q2) ------------------------------------------ */

KTEST(quiesce, two_waits_end_each_on_its_own)
{
	struct visitor old = { .how = BY_COND_RESCHED };
	struct visitor young = { .how = BY_COND_RESCHED };
	struct quiesce_wait first, second, cpus;

	kthread_bind(current, 0);
	ASSERT(visitor_start(&old, last_cpu()));
	quiesce_begin(&first, QUIESCE_TASKS);
	ASSERT(visitor_start(&young, last_cpu()));
	quiesce_begin(&second, QUIESCE_TASKS);
	EXPECT(first.tasks >= 1);
	EXPECT(second.tasks >= 2);
	quiesce_begin(&cpus, QUIESCE_CPUS); /* not lengthened by the tasks */
	EXPECT(wait_until(quiesce_passed(&cpus), QUIESCE_WAIT_MS));
	EXPECT(!quiesce_passed(&first));
	EXPECT(!quiesce_passed(&second));
	visitor_end(&old);
	EXPECT(wait_until(quiesce_passed(&first), 1000));
	EXPECT(!quiesce_passed(&second)); /* nor ended by another */
	visitor_end(&young);
	EXPECT(wait_until(quiesce_passed(&second), QUIESCE_WAIT_MS));
	quiesce_end(&cpus);
	quiesce_end(&second);
	quiesce_end(&first);
}

KTEST(quiesce, a_wait_that_finds_no_mark_queues_up)
{
	struct quiesce_wait w[QUIESCE_MARKS];
	unsigned int i;
	u32 used = 0;
	struct waiter late;

	for (i = 0; i < QUIESCE_MARKS; i++) {
		quiesce_begin(&w[i], i % 2 ? QUIESCE_CPUS : QUIESCE_TASKS);
		EXPECT(!(used & w[i].mark));
		used |= w[i].mark;
	}
	EXPECT_EQ(used, (1U << QUIESCE_MARKS) - 1);
	ASSERT(waiter_start(&late, synchronize_cpus, 0));
	EXPECT(waiter_keeps_waiting(&late));
	quiesce_end(&w[3]);
	waiter_end(&late);
	for (i = 0; i < QUIESCE_MARKS; i++)
		if (i != 3)
			quiesce_end(&w[i]);
}
