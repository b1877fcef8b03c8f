// SPDX-License-Identifier: MIT
/*
 * Stack walks: plain, through an interrupt, an exception and an NMI, of other
 * tasks and CPUs. At the edges of functions: test_stacktrace_edges.c.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/stack_probe.h"
#include "tests/kernel/trap_owner.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

#define WAIT_MS 20000

static struct trace got; /* what the probe of the running test has saved */

/* ---- plain --------------------------------------------------------------- */

static noinline void st_inner(void)
{
	got.n = stack_trace_save(got.ip, TRACE_DEPTH, 0);
	barrier();
}

static noinline void st_middle(void)
{
	st_inner();
	barrier();
}

static noinline void st_outer(void)
{
	st_middle();
	barrier();
}

KTEST(stacktrace, names_the_callers)
{
	st_outer();
	EXPECT_CHAIN(&got, "st_inner", "st_middle", "st_outer",
		     "ktest_stacktrace_names_the_callers", "test_thread",
		     "kthread_main");
	EXPECT_EQ(trace_find(&got, "st_inner"), 0);
	EXPECT_EQ(trace_find(&got, "kthread_main"), got.n - 1);
}

KTEST(stacktrace, skip_and_max)
{
	unsigned long ip[3] = { 0, 0, 77 };
	struct trace all;

	all.n = stack_trace_save(all.ip, TRACE_DEPTH, 0);
	EXPECT_EQ(stack_trace_save(ip, 2, 1), 2);
	EXPECT_EQ(ip[0], all.ip[1]);
	EXPECT_EQ(ip[1], all.ip[2]);
	EXPECT_EQ(ip[2], 77);
	EXPECT_EQ(stack_trace_save(ip, 3, 100), 0);
	EXPECT_EQ(stack_trace_save(ip, 0, 0), 0);
}

/* ---- through what interrupts --------------------------------------------- */

static bool irq_seen;

static void save_in_irq(void *unused)
{
	got.n = stack_trace_save(got.ip, TRACE_DEPTH, 0);
	WRITE_ONCE(irq_seen, true);
}

static noinline void st_spin(void)
{
	while (!READ_ONCE(irq_seen))
		cpu_relax();
}

static noinline void st_interrupted(void)
{
	st_spin();
	barrier();
}

/* EN3 */
KTEST(stacktrace, through_an_interrupt)
{
	struct timer timer;

	timer_setup(&timer, save_in_irq, NULL);
	irq_seen = false;
	kthread_bind(current, smp_processor_id());
	preempt_disable(); /* the interrupt shall find us here */
	timer_add(&timer, ktime_ns() + 5 * TICK_NS);
	st_interrupted();
	preempt_enable();
	timer_cancel_sync(&timer);
	EXPECT_CHAIN(&got, "save_in_irq", "timers_run", "timer_tick");
	EXPECT_CHAIN(&got, "st_spin", "st_interrupted",
		     "ktest_stacktrace_through_an_interrupt", "test_thread");
}

static bool save_at_bp(struct pt_regs *regs)
{
	got.n = stack_trace_save(got.ip, TRACE_DEPTH, 0);
	return true;
}

static noinline void st_breakpoint(void)
{
	__asm__ volatile("int3");
	barrier();
}

static noinline void st_calls_breakpoint(void)
{
	st_breakpoint();
	barrier();
}

KTEST(stacktrace, through_an_exception)
{
	got.n = 0;
	trap_set_int3_hook(save_at_bp);
	st_calls_breakpoint();
	trap_set_int3_hook(NULL);
	EXPECT_EQ(trace_find(&got, "save_at_bp"), 0);
	EXPECT_CHAIN(&got, "int3_common", "st_breakpoint",
		     "st_calls_breakpoint",
		     "ktest_stacktrace_through_an_exception", "test_thread");
}

static atomic_t nmi_seen;

static notrace bool save_in_nmi(struct pt_regs *regs)
{
	got.n = stack_trace_save(got.ip, TRACE_DEPTH, 0);
	atomic_inc(&nmi_seen);
	return true;
}

static noinline void st_nmi_to_self(void)
{
	atomic_set(&nmi_seen, 0);
	send_nmi(smp_processor_id());
	while (!atomic_read(&nmi_seen))
		cpu_relax();
}

KTEST(stacktrace, through_an_nmi)
{
	ASSERT_EQ(nmi_handler_register(save_in_nmi), 0);
	preempt_disable();
	st_nmi_to_self();
	preempt_enable();
	nmi_handler_unregister(save_in_nmi);
	EXPECT_EQ(trace_find(&got, "save_in_nmi"), 0);
	EXPECT_CHAIN(&got, "st_nmi_to_self", "ktest_stacktrace_through_an_nmi",
		     "test_thread", "kthread_main");
	EXPECT(trace_find(&got, "nmi_common") <
	       trace_find(&got, "st_nmi_to_self"));
}

/* Task, interrupt, NMI and breakpoint on top of each other. */
static notrace bool breakpoint_in_nmi(struct pt_regs *regs)
{
	__asm__ volatile("int3");
	atomic_inc(&nmi_seen);
	return true;
}

static void nmi_in_irq(void *unused)
{
	st_nmi_to_self();
	WRITE_ONCE(irq_seen, true);
}

KTEST(stacktrace, through_breakpoint_nmi_and_interrupt)
{
	struct timer timer;

	ASSERT_EQ(nmi_handler_register(breakpoint_in_nmi), 0);
	trap_set_int3_hook(save_at_bp);
	timer_setup(&timer, nmi_in_irq, NULL);
	irq_seen = false;
	kthread_bind(current, smp_processor_id());
	preempt_disable();
	timer_add(&timer, ktime_ns() + 5 * TICK_NS);
	st_interrupted();
	preempt_enable();
	timer_cancel_sync(&timer);
	trap_set_int3_hook(NULL);
	nmi_handler_unregister(breakpoint_in_nmi);
	EXPECT_CHAIN(&got, "int3_common", "breakpoint_in_nmi");
	EXPECT_CHAIN(&got, "st_nmi_to_self", "nmi_in_irq", "timers_run");
	EXPECT_CHAIN(&got, "st_spin", "st_interrupted",
		     "ktest_stacktrace_through_breakpoint_nmi_and_interrupt",
		     "test_thread", "kthread_main");
}

/* ---- other tasks and CPUs ------------------------------------------------ */

static bool let_go;

static noinline int st_sleeps(void *unused)
{
	while (!READ_ONCE(let_go))
		msleep(1);
	return 0;
}

KTEST(stacktrace, of_a_sleeping_task)
{
	struct task_struct *task;
	struct trace t = { .n = 0 };

	let_go = false;
	task = kthread_run(st_sleeps, NULL, "sleeps");
	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq) && !READ_ONCE(task->on_cpu),
		   WAIT_MS);
	/* It may run again at any moment, so a walk may go wrong; not crash. */
	for (int i = 0; i < 50 && trace_find(&t, "st_sleeps") == TRACE_DEPTH;
	     i++)
		t.n = stack_trace_save_task(task, t.ip, TRACE_DEPTH, 0);
	EXPECT(trace_find(&t, "schedule_timeout") <
	       trace_find(&t, "st_sleeps"));
	EXPECT_CHAIN(&t, "st_sleeps", "kthread_main");
	WRITE_ONCE(let_go, true);
	kthread_join(task);
}

static noinline int st_busy(void *unused)
{
	while (!READ_ONCE(let_go))
		cpu_relax();
	return 0;
}

KTEST(stacktrace, of_another_cpu)
{
	struct task_struct *task;
	struct trace t = { .n = 0 };
	unsigned int i;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	let_go = false;
	kthread_bind(current, 0);
	task = kthread_create(st_busy, NULL, "busy");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	for (i = 0; i < 200 && trace_find(&t, "st_busy") == TRACE_DEPTH; i++) {
		t.n = cpu_backtrace(1, t.ip, TRACE_DEPTH, WAIT_MS);
		EXPECT(t.n > 0);
	}
	EXPECT_CHAIN(&t, "st_busy", "kthread_main");
	WRITE_ONCE(let_go, true);
	kthread_join(task);
}

KTEST(stacktrace, of_a_cpu_that_is_not_there)
{
	unsigned long ip[2];

	EXPECT_EQ(cpu_backtrace(NR_CPUS - 1, ip, 2, 10), 0);
	EXPECT_EQ(cpu_backtrace(NR_CPUS, ip, 2, 10), 0);
}

/* One question at a time: the askers wait for each other. */
static int ask_next(void *unused)
{
	unsigned int cpu = (smp_processor_id() + 1) % num_online_cpus();
	struct trace t;

	t.n = cpu_backtrace(cpu, t.ip, TRACE_DEPTH, WAIT_MS);
	EXPECT(t.n > 0);
	return 1;
}

/* BT1 */
KTEST(stacktrace, all_cpus_ask_at_once)
{
	EXPECT_EQ(on_all_cpus_run(ask_next, NULL), num_online_cpus());
}
