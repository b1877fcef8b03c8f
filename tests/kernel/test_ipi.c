// SPDX-License-Identifier: MIT
/*
 * Interrupts between CPUs: each call arrives exactly once, on the right CPU,
 * in the right context, in order; a sync round ends only after every CPU has
 * answered; NMIs reach the CPUs they are sent to.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trap_owner.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

/*
 * Storms end after so many calls or so long, whichever is first: an emulator
 * with more CPUs than its host has may need milliseconds for each.
 */
#define CALLS	 200
#define STORM_NS 100000000ULL

static bool storm_goes_on(int call, u64 start)
{
	return call < CALLS && ktime_ns() - start < STORM_NS;
}

static u64 calls_on[NR_CPUS]; /* [A] */
static unsigned int wrong_context;

static void count_call(void *arg)
{
	unsigned int sender = (unsigned long)arg;
	unsigned int me = smp_processor_id();
	bool remote = sender != me;

	fetch_add(&calls_on[me], 1);
	if (!irqs_disabled() || in_irq() != remote || in_task() == remote)
		fetch_add(&wrong_context, 1);
}

static void reset_counts(void)
{
	memset(calls_on, 0, sizeof(calls_on));
	wrong_context = 0;
}

static void expect_counts(u64 each)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		EXPECT_EQ(READ_ONCE(calls_on[cpu]), each);
	EXPECT_EQ(wrong_context, 0);
}

static void *my_number(void)
{
	return (void *)(unsigned long)smp_processor_id();
}

/* AP1 */
KTEST(ipi, call_single_reaches_each_cpu)
{
	unsigned int cpu;

	reset_counts();
	preempt_disable();
	for_each_online_cpu(cpu)
		for (int i = 0; i < 10; i++)
			EXPECT_EQ(smp_call_function_single(cpu, count_call,
							   my_number(), true),
				  0);
	preempt_enable();
	expect_counts(10);
}

KTEST(ipi, call_single_of_a_cpu_that_is_not_online)
{
	reset_counts();
	if (!cpu_online(NR_CPUS - 1))
		EXPECT_EQ(smp_call_function_single(NR_CPUS - 1, count_call,
						   NULL, true),
			  -ENXIO);
	EXPECT_EQ(smp_call_function_single(NR_CPUS, count_call, NULL, true),
		  -ENXIO);
	EXPECT_EQ(smp_call_function_single(~0U, count_call, NULL, true),
		  -ENXIO);
	expect_counts(0);
}

KTEST(ipi, on_each_cpu_waits)
{
	u64 start = ktime_ns(), i;

	reset_counts();
	preempt_disable();
	for (i = 1; i == 1 || storm_goes_on(i, start); i++) {
		unsigned int cpu;

		on_each_cpu(count_call, my_number(), true);
		for_each_online_cpu(cpu) /* at once, not some time later */
			EXPECT_EQ(READ_ONCE(calls_on[cpu]), i);
	}
	preempt_enable();
	expect_counts(i - 1);
}

/* Returns the number of calls made. */
static int storm(void *wait)
{
	u64 start = ktime_ns();
	int call;

	for (call = 0; storm_goes_on(call, start); call++)
		on_each_cpu(count_call, my_number(), wait != NULL);
	return call;
}

/* CF1 */
KTEST(ipi, storm_of_all_against_all)
{
	int calls;

	reset_counts();
	calls = on_all_cpus_run(storm, (void *)1);
	EXPECT(calls >= (int)num_online_cpus());
	expect_counts(calls);
}

static bool all_arrived(u64 each)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (READ_ONCE(calls_on[cpu]) < each)
			return false;
	return true;
}

KTEST(ipi, storm_without_waiting)
{
	int calls;

	reset_counts();
	calls = on_all_cpus_run(storm, NULL);
	EXPECT(calls >= (int)num_online_cpus());
	wait_until(all_arrived(calls), 20000);
	msleep(20); /* one too many would show by now */
	expect_counts(calls);
}

static u64 order_last[NR_CPUS];
static unsigned int out_of_order;

static void check_order(void *arg)
{
	u64 number = (u64)arg;
	u64 *last = &order_last[smp_processor_id()];

	if (number != *last + 1)
		fetch_add(&out_of_order, 1);
	*last = number;
}

/* CF2 */
KTEST(ipi, calls_arrive_in_order)
{
	u64 start = ktime_ns(), i;

	memset(order_last, 0, sizeof(order_last));
	out_of_order = 0;
	for (i = 1; storm_goes_on(i, start); i++)
		on_each_cpu(check_order, (void *)i, i % 7 == 0);
	on_each_cpu(check_order, (void *)i, true);
	EXPECT_EQ(out_of_order, 0);
}

/* ---- rounds of serialising */

/* IP1 */
KTEST(ipi, sync_round_is_answered_by_all)
{
	u64 began = ktime_ns();

	for (int i = 0; i == 0 || storm_goes_on(i, began); i++) {
		u64 round = sync_core_rounds() + 1, start = rdtsc();
		unsigned int cpu;

		sync_core_all();
		EXPECT_EQ(sync_core_rounds(), round);
		for_each_online_cpu(cpu) {
			struct sync_core_ack *ack =
				&per_cpu(sync_core_ack, cpu);

			EXPECT_EQ(ack->round, round);
			EXPECT(ack->tsc >= start || tsc_warp_max);
			EXPECT(ack->tsc <= rdtsc() || tsc_warp_max);
		}
	}
}

/*
 * Of all callers together. Each costs one interrupt for every CPU, and time in
 * which the host runs every CPU, of which it may have fewer.
 */
#define ROUNDS_AT_ONCE 96

/* After a round all answers are to it or a later one, whatever others call. */
static int rounds_beside_others(void *arg)
{
	const unsigned int *each = arg;
	int bad = 0;

	for (unsigned int i = 0; i < *each; i++) {
		u64 before = sync_core_rounds();
		unsigned int cpu;

		sync_core_all();
		for_each_online_cpu(cpu)
			bad += READ_ONCE(per_cpu(sync_core_ack, cpu).round) <=
			       before;
	}
	return bad;
}

KTEST(ipi, sync_rounds_of_several_callers_at_once)
{
	unsigned int each = ROUNDS_AT_ONCE / num_online_cpus();
	u64 before = sync_core_rounds();

	EXPECT_EQ(on_all_cpus_run(rounds_beside_others, &each), 0);
	EXPECT_EQ(sync_core_rounds(), before + each * num_online_cpus());
}

static struct {
	bool deaf;	/* [A] the other CPU has its interrupts off */
	bool hearing;	/* [A] and is about to turn them on again */
	u64 seen_round; /* answered while deaf: must stay the old one */
} listener;

static int be_deaf_for_a_while(void *arg)
{
	u64 before;

	local_irq_disable();
	before = this_cpu_read(sync_core_ack.round);
	WRITE_ONCE(listener.deaf, true);
	ndelay(20000000);
	listener.seen_round = this_cpu_read(sync_core_ack.round) - before;
	smp_store_release(&listener.hearing, true);
	local_irq_enable();
	return 0;
}

KTEST(ipi, sync_round_waits_for_a_cpu_with_interrupts_off)
{
	struct task_struct *task;
	unsigned int other = num_online_cpus() - 1;

	if (other == 0)
		KTEST_SKIP("needs two CPUs");
	ASSERT_EQ(kthread_bind(current, 0), 0);
	memset(&listener, 0, sizeof(listener));
	task = kthread_create(be_deaf_for_a_while, NULL, "deaf");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, other);
	wake_up_process(task);
	wait_until(READ_ONCE(listener.deaf), 5000);
	sync_core_all();
	EXPECT(smp_load_acquire(&listener.hearing));
	kthread_join(task);
	EXPECT_EQ(listener.seen_round, 0);
	kthread_bind(current, CPU_ANY);
}

static bool storm_over;

static int sync_storm(void *arg)
{
	u64 start = ktime_ns();

	for (int i = 0; storm_goes_on(i, start); i++)
		sync_core_all();
	WRITE_ONCE(storm_over, true);
	return 0;
}

/* Both kinds at once: neither may hold up the other. */
KTEST(ipi, sync_rounds_amid_calls)
{
	struct task_struct *task;
	u64 sent = 0;

	reset_counts();
	storm_over = false;
	task = kthread_run(sync_storm, NULL, "sync");
	ASSERT(!IS_ERR(task));
	while (!READ_ONCE(storm_over)) {
		preempt_disable();
		on_each_cpu(count_call, my_number(), true);
		preempt_enable();
		sent++;
		cond_resched();
	}
	kthread_join(task);
	expect_counts(sent);
}

/* ---- NMIs and others */

static unsigned int nmis_on[NR_CPUS];
static unsigned int wrong_nmi_context;

static bool count_nmi(struct pt_regs *regs)
{
	fetch_add(&nmis_on[smp_processor_id()], 1);
	if (!in_nmi() || in_irq() || in_task() || !irqs_disabled())
		fetch_add(&wrong_nmi_context, 1);
	return true;
}

KTEST(ipi, nmi_reaches_each_cpu_and_no_other)
{
	unsigned int to, cpu;

	wrong_nmi_context = 0;
	ASSERT_EQ(nmi_handler_register(count_nmi), 0);
	for_each_online_cpu(to) {
		memset(nmis_on, 0, sizeof(nmis_on));
		for (unsigned int i = 1; i <= 5; i++) {
			send_nmi(to);
			/* Two that wait at once would become one. */
			wait_until(READ_ONCE(nmis_on[to]) == i, 5000);
		}
		for_each_online_cpu(cpu)
			EXPECT_EQ(READ_ONCE(nmis_on[cpu]), cpu == to ? 5 : 0);
	}
	nmi_handler_unregister(count_nmi);
	EXPECT_EQ(wrong_nmi_context, 0);
}

static bool no_nmi(struct pt_regs *regs)
{
	return false;
}

/* IR1 */
KTEST(ipi, nmi_handlers_are_limited_and_removed)
{
	unsigned long before = nmi_unexpected();
	int n = 0;

	while (nmi_handler_register(no_nmi) == 0)
		n++;
	EXPECT(n > 0 && n <= NMI_HANDLERS_MAX);
	EXPECT_EQ(nmi_handler_register(no_nmi), -ENOSPC);
	while (n--)
		nmi_handler_unregister(no_nmi);
	EXPECT_EQ(nmi_handler_register(count_nmi), 0);
	nmi_handler_unregister(count_nmi);
	EXPECT_EQ(nmi_unexpected(), before);
}

static void tick_check(void *arg)
{
	u64 *ticks = arg;

	ticks[smp_processor_id()] = irq_timer_ticks(smp_processor_id());
}

KTEST(ipi, timer_ticks_on_each_cpu)
{
	static u64 before[NR_CPUS], after[NR_CPUS];
	unsigned int cpu;

	on_each_cpu(tick_check, before, true);
	msleep(200);
	on_each_cpu(tick_check, after, true);
	for_each_online_cpu(cpu)
		EXPECT(after[cpu] > before[cpu]);
}

static void no_irq(struct pt_regs *regs)
{
}

KTEST(ipi, vectors_have_one_owner)
{
	EXPECT_EQ(irq_register(VECTOR_TIMER, no_irq), -EINVAL);
	EXPECT_EQ(irq_register(3, no_irq), -EINVAL);
	EXPECT_EQ(irq_register(VECTOR_TEST, no_irq), 0);
	EXPECT_EQ(irq_register(VECTOR_TEST, no_irq), -EBUSY);
	irq_register(VECTOR_TEST, NULL);
}

KTEST(ipi, nothing_came_that_nobody_serves)
{
	/* Not NMIs: a test may end before the last one it sent arrives. */
	EXPECT_EQ(irq_unexpected(), 0);
	EXPECT_EQ(apic_errors(), 0);
}

/* ---- a command in two writes --------------------------------------------- */

extern void *lapic_mmio;		 /* apic.c */
void ftrace_step_call(void (*fn)(void)); /* ftrace_probe.asm */

#define ICR_HIGH  0x310
#define OTHER	  (0xeeU << 24) /* of a command that was interrupted */
#define TRAP_FLAG 0x100UL
#define IRQ_FLAG  0x200UL

static unsigned int between, between_open;
static bool nested;

/* Between the two writes: interrupts are off, and an NMI sends a command. */
static notrace bool on_send_step(struct pt_regs *regs)
{
	u32 high = readl((u8 *)lapic_mmio + ICR_HIGH);

	if (high == OTHER)
		return true;
	between++;
	between_open += !!(regs->flags & IRQ_FLAG);
	if (nested)
		return true;
	nested = true;
	apic_send(apic_id(), VECTOR_RESCHEDULE);
	EXPECT_EQ(readl((u8 *)lapic_mmio + ICR_HIGH), high);
	return true;
}

static void send_to_myself(void)
{
	apic_send(apic_id(), VECTOR_RESCHEDULE);
}

KTEST(ipi, a_command_is_not_torn_LA1)
{
	u32 before;

	if (apic_is_x2apic())
		KTEST_SKIP("x2APIC: a command is one write");
	between = between_open = 0;
	nested = false;
	preempt_disable();
	before = readl((u8 *)lapic_mmio + ICR_HIGH);
	writel((u8 *)lapic_mmio + ICR_HIGH, OTHER);
	trap_set_step_hook(on_send_step);
	ftrace_step_call(send_to_myself);
	trap_set_step_hook(NULL);
	EXPECT_EQ(readl((u8 *)lapic_mmio + ICR_HIGH), OTHER);
	writel((u8 *)lapic_mmio + ICR_HIGH, before);
	preempt_enable();
	EXPECT(between > 0);
	EXPECT_EQ(between_open, 0);
}
