// SPDX-License-Identifier: MIT
/*
 * Tracepoints: the order of probes, what a register and an unregister refuse,
 * which tasks are waited for, data that belongs to its probe, and exact
 * accounting under load. tests/kernel/test_events.c has the events themselves.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/fail.h"
#include "kernel/jump_label.h"
#include "kernel/base/panic.h"
#include "kernel/timer.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/tracepoint.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/smp.h>

#define TP (&__tracepoint_testing_two)

/* ---- order and refusals -------------------------------------------------- */

static char order[8];
static unsigned int nr_order;

static notrace void note(void *data, unsigned int number, unsigned long value)
{
	if (nr_order < sizeof(order) - 1)
		order[nr_order++] = *(const char *)data;
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void call_says(const char *expected)
{
	memset(order, 0, sizeof(order));
	nr_order = 0;
	tp_call_two(1, 2);
	if (!EXPECT(!strcmp(order, expected)))
		ktest_note("\"%s\", expected \"%s\"", order, expected);
}

KTEST(tracepoint, probes_in_the_order_of_priority)
{
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), 0);
	EXPECT_EQ(tracepoint_probe_register_prio(TP, note, b, 20), 0);
	EXPECT_EQ(tracepoint_probe_register_prio(TP, note, c, -1), 0);
	EXPECT_EQ(tracepoint_probe_register(TP, note, d), 0);
	call_says("badc");
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, a), 0);
	call_says("bdc");
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), 0);
	call_says("bdac"); /* the last of equal ones */
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, b), 0);
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, c), 0);
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, d), 0);
	call_says("a");
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, a), 0);
	call_says("");
	EXPECT(!static_key_enabled(&TP->key.key));
}

KTEST(tracepoint, refusals_change_nothing)
{
	EXPECT_EQ(tracepoint_probe_register(TP, NULL, a), -EINVAL);
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, a), -ENOENT);
	fail_nth(1);
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), -ENOMEM);
	EXPECT(fail_end());
	EXPECT(!TP->funcs);
	EXPECT(!static_key_enabled(&TP->key.key));
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), 0);
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), -EEXIST);
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, b), -ENOENT);
	call_says("a");
	fail_nth(1); /* TP3 */
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, a), 0);
	EXPECT(!fail_end());
}

KTEST(tracepoint, a_session_is_one_batch)
{
	u64 rounds = sync_core_rounds();

	tracepoint_session_begin();
	EXPECT_EQ(tracepoint_probe_register(TP, note, a), 0);
	EXPECT_EQ(tracepoint_probe_register(&__tracepoint_testing_all, note, b),
		  0);
	call_says(""); /* not before the end */
	tracepoint_session_end();
	EXPECT_EQ(sync_core_rounds() - rounds, 3);
	call_says("a");
	rounds = sync_core_rounds();
	tracepoint_session_begin();
	EXPECT_EQ(tracepoint_probe_unregister(TP, note, a), 0);
	EXPECT_EQ(
		tracepoint_probe_unregister(&__tracepoint_testing_all, note, b),
		0);
	tracepoint_session_end();
	EXPECT_EQ(sync_core_rounds() - rounds, 3);
}

KTEST(tracepoint, found_by_name)
{
	EXPECT(tracepoint_find("testing_two") == TP);
	EXPECT(!tracepoint_find("testing_tw"));
}

/* ---- tasks inside -------------------------------------------------------- */

static bool probe_inside, probe_may_leave, probe_left;

static notrace void linger(void *data, unsigned int number, unsigned long value)
{
	WRITE_ONCE(probe_inside, true);
	while (!READ_ONCE(probe_may_leave))
		cpu_relax();
	WRITE_ONCE(probe_left, true);
}

static int call_once(void *unused)
{
	tp_call_two(0, 0);
	return 0;
}

static void let_leave(void *unused)
{
	WRITE_ONCE(probe_may_leave, true);
}

/* Return: a task whose call is inside the probe. */
static struct task_struct *someone_inside(void)
{
	struct task_struct *task;

	kthread_bind(current, 0);
	probe_inside = probe_may_leave = probe_left = false;
	EXPECT_EQ(tracepoint_probe_register(TP, linger, NULL), 0);
	task = kthread_create(call_once, NULL, "inside");
	BUG_ON(IS_ERR(task));
	kthread_bind(task, next_online_cpu(1));
	wake_up_process(task);
	while (!READ_ONCE(probe_inside))
		cpu_relax();
	return task;
}

KTEST(tracepoint, unregister_waits_for_who_is_inside_TP1)
{
	struct timer timer = TIMER_INIT(timer, let_leave, NULL);
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	task = someone_inside();
	timer_add(&timer, ktime_ns() + 5000000);
	EXPECT_EQ(tracepoint_probe_unregister(TP, linger, NULL), 0);
	EXPECT(READ_ONCE(probe_left));
	timer_cancel_sync(&timer);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
}

/* Negative control: in a session an unregister has not waited yet. */
KTEST(tracepoint, without_the_wait_a_probe_is_inside_TP1)
{
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	task = someone_inside();
	tracepoint_session_begin();
	EXPECT_EQ(tracepoint_probe_unregister(TP, linger, NULL), 0);
	EXPECT(!READ_ONCE(probe_left));
	let_leave(NULL);
	tracepoint_session_end();
	EXPECT(READ_ONCE(probe_left));
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
}

/*
 * The scheduler's own section is not waited for from its switch on, so the
 * tracepoint of a switch comes before that.
 */
static notrace void linger_at_switch(void *data, bool preempt,
				     const struct task_struct *prev,
				     const struct task_struct *next)
{
	u64 end = ktime_ns() + 2000000;

	if (smp_processor_id() != 1)
		return;
	WRITE_ONCE(probe_inside, true);
	while (ktime_ns() < end)
		cpu_relax();
	WRITE_ONCE(probe_inside, false);
}

static bool yielding;

static int keep_yielding(void *unused)
{
	while (READ_ONCE(yielding))
		yield();
	return 0;
}

KTEST(tracepoint, unregister_waits_for_a_probe_at_a_switch_TP1)
{
	struct tracepoint *tp = tracepoint_find("sched_switch");
	struct task_struct *task[2];
	unsigned int i, turn;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	kthread_bind(current, 0);
	yielding = true;
	for (i = 0; i < 2; i++) {
		task[i] = kthread_create(keep_yielding, NULL, "yield/%u", i);
		BUG_ON(IS_ERR(task[i]));
		kthread_bind(task[i], 1);
		wake_up_process(task[i]);
	}
	for (turn = 0; turn < 10; turn++) {
		probe_inside = false;
		EXPECT_EQ(tracepoint_probe_register(tp, linger_at_switch, NULL),
			  0);
		while (!READ_ONCE(probe_inside))
			cpu_relax();
		EXPECT_EQ(
			tracepoint_probe_unregister(tp, linger_at_switch, NULL),
			0);
		EXPECT(!READ_ONCE(probe_inside));
	}
	WRITE_ONCE(yielding, false);
	kthread_join(task[0]);
	kthread_join(task[1]);
	kthread_bind(current, CPU_ANY);
}

/* ---- data and its probe -------------------------------------------------- */

static u64 data_one = 1, data_two = 2;
static atomic64_t mixed, probed;

static notrace void expect_one(void *data, unsigned int number,
			       unsigned long value)
{
	if (data != &data_one)
		atomic64_inc(&mixed);
	atomic64_inc(&probed);
}

static notrace void expect_two(void *data, unsigned int number,
			       unsigned long value)
{
	if (data != &data_two)
		atomic64_inc(&mixed);
	atomic64_inc(&probed);
}

static void change_probes(unsigned int turn)
{
	tracepoint_probe_register(TP, expect_one, &data_one);
	tracepoint_probe_unregister(TP, expect_one, &data_one);
	tracepoint_probe_register(TP, expect_two, &data_two);
	yield();
	tracepoint_probe_register(TP, expect_one, &data_one);
	tracepoint_probe_unregister(TP, expect_two, &data_two);
	tracepoint_probe_unregister(TP, expect_one, &data_one);
}

static void call_two(void *unused)
{
	tp_call_two(1, 2);
}

/* Linux bug: after 1 -> 0 -> 1 probes a call met the new probe, old data. */
KTEST_FLAGS(tracepoint, data_stays_with_its_probe_TP2, 0, 90)
{
	atomic64_set(&mixed, 0);
	atomic64_set(&probed, 0);
	tt_storm_beside(change_probes, call_two, 20000, 2);
	EXPECT_EQ(atomic64_read(&mixed), 0);
	EXPECT(atomic64_read(&probed) > 0);
	EXPECT(!TP->funcs);
}

/* ---- cost ---------------------------------------------------------------- */

static u64 cycles_of(void (*fn)(unsigned int number, unsigned long value))
{
	unsigned long flags;
	u64 start, n, i;

	local_irq_save(flags);
	start = rdtsc();
	for (i = 0; i < 100; i++)
		fn(1, 2);
	n = rdtsc() - start;
	local_irq_restore(flags);
	return n;
}

KTEST(tracepoint, disabled_it_is_one_nop)
{
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0, 0 };
	const u8 *code = (const u8 *)tp_call_two;
	unsigned int i, found = 0;

	for (i = 5; i < 24; i++) /* behind the function's own site */
		found += !memcmp(code + i, nop, sizeof(nop));
	EXPECT(found > 0); /* one more may be padding */
	EXPECT_EQ(TP->key.key.nr, 1);
	if (!cmdline_u64("icount", 0) || num_online_cpus() > 1)
		KTEST_SKIP("counts instructions: icount, one CPU");
	EXPECT_EQ(cycles_of(tp_call_two), cycles_of(tp_call_none) + 100);
}
