// SPDX-License-Identifier: MIT
/*
 * Probes while all CPUs call the probed functions, from tasks, interrupts and
 * NMIs: each call is one hit, for each mechanism (K4), also while other probes
 * of the same places come and go. And a handler under way (K5).
 */
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "trace/probes/kprobe.h"
#include <asm/cpu.h>
#include <asm/percpu.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

#define ROUNDS	  16
#define NR_PLACES 3
#define CALLS_MIN 200 /* of a task on each CPU */

static noinline int by_site(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static noinline notrace int by_slot(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 2;
}

static noinline notrace int by_emulation(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 4;
}

/* The address of the first RET of a function. */
static unsigned long ret_of(int (*fn)(int))
{
	unsigned long at = (unsigned long)fn;
	struct insn insn;

	do {
		if (insn_decode((const u8 *)at, 15, &insn))
			return 0;
		at += insn.len;
	} while (insn.class != INSN_RET);
	return at - insn.len;
}

static DEFINE_PER_CPU(unsigned long, calls);
static DEFINE_PER_CPU(unsigned long, wrong);
struct place_hits {
	unsigned long of[NR_PLACES];
};
static DEFINE_PER_CPU(struct place_hits, hits);
static bool leave;

/* In any context; the counts of an interrupted call nest. */
static void call_all(void)
{
	this_cpu_inc(calls);
	if (by_site(1) != 2 || by_slot(1) != 3 || by_emulation(1) != 5)
		this_cpu_inc(wrong);
}

static int count_hit(struct kprobe *p, struct pt_regs *regs);

static struct kprobe counted[NR_PLACES], guest[NR_PLACES];

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	(void)regs;
	switch (p - counted) {
	case 0:
		this_cpu_inc(hits.of[0]);
		break;
	case 1:
		this_cpu_inc(hits.of[1]);
		break;
	default:
		this_cpu_inc(hits.of[2]);
	}
	return 0;
}

static unsigned long guest_hits;

static int count_guest(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	guest_hits++; /* only whether there were any */
	return 0;
}

static void guest_post(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
	(void)p;
	(void)regs;
	(void)flags;
}

static int call_until_told(void *arg)
{
	unsigned long n = 0;

	(void)arg;
	while (!READ_ONCE(leave) || n++ < CALLS_MIN) {
		call_all();
		cond_resched();
	}
	return 0;
}

static bool nmi_calls(struct pt_regs *regs)
{
	(void)regs;
	call_all();
	return true;
}

static void irq_calls(void *arg)
{
	(void)arg;
	call_all();
}

/* Guests with and without post handlers, on all places at once. */
static void guests_come_and_go(void)
{
	static struct kprobe *list[NR_PLACES] = { &guest[0], &guest[1],
						  &guest[2] };
	unsigned int round, i, cpu;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < NR_PLACES; i++)
			guest[i] = (struct kprobe){
				.addr = counted[i].addr,
				.pre_handler = count_guest,
				.post_handler = round % 2 ? guest_post : NULL,
			};
		EXPECT_EQ(register_kprobes(list, NR_PLACES), 0);
		on_each_cpu(irq_calls, NULL, true);
		for_each_online_cpu(cpu)
			send_nmi(cpu);
		unregister_kprobes(list, NR_PLACES);
		cond_resched();
	}
}

static void check_counts(void)
{
	unsigned long made = 0, sum[NR_PLACES] = { 0 }, bad = 0;
	unsigned int cpu, i;

	for_each_online_cpu(cpu) {
		made += per_cpu(calls, cpu);
		bad += per_cpu(wrong, cpu);
		for (i = 0; i < NR_PLACES; i++)
			sum[i] += per_cpu(hits, cpu).of[i];
	}
	EXPECT_EQ(bad, 0);
	EXPECT(made >= CALLS_MIN * num_online_cpus());
	for (i = 0; i < NR_PLACES; i++) {
		EXPECT_EQ(sum[i], made);
		EXPECT_EQ(counted[i].nmissed, 0);
	}
}

KTEST_FLAGS(kprobe_load, each_call_is_one_hit_in_all_contexts_K4, 0, 120)
{
	struct task_struct *task[NR_CPUS];
	struct kprobe *list[NR_PLACES];
	unsigned long at[NR_PLACES] = { (unsigned long)by_site,
					(unsigned long)by_slot,
					ret_of(by_emulation) };
	unsigned int cpu, i;

	for_each_online_cpu(cpu) {
		per_cpu(calls, cpu) = per_cpu(wrong, cpu) = 0;
		memset(&per_cpu(hits, cpu), 0, sizeof(struct place_hits));
	}
	for (i = 0; i < NR_PLACES; i++) {
		counted[i] = (struct kprobe){ .addr = (u8 *)at[i],
					      .pre_handler = count_hit };
		list[i] = &counted[i];
	}
	leave = false;
	guest_hits = 0;
	ASSERT_EQ(register_kprobes(list, NR_PLACES), 0);
	EXPECT_EQ(nmi_handler_register(nmi_calls), 0);
	for_each_online_cpu(cpu) {
		task[cpu] = kthread_create(call_until_told, NULL, "probed");
		kthread_bind(task[cpu], cpu);
		wake_up_process(task[cpu]);
	}
	guests_come_and_go();
	WRITE_ONCE(leave, true);
	for_each_online_cpu(cpu)
		kthread_join(task[cpu]);
	nmi_handler_unregister(nmi_calls);
	unregister_kprobes(list, NR_PLACES);
	check_counts();
	EXPECT(guest_hits > 0);
}

/* ---- a handler under way ---- */

static struct {
	struct kprobe p;
	bool inside, leave, done, gone;
	unsigned long addr; /* as the handler sees it last */
	int (*fn)(int);
} slow;

/* On the other CPU. */
static int stay(struct kprobe *p, struct pt_regs *regs)
{
	u64 end = ktime_ns() + 5000000000;

	(void)regs;
	WRITE_ONCE(slow.inside, true);
	while (!READ_ONCE(slow.leave) && ktime_ns() < end)
		cpu_relax();
	slow.addr = (unsigned long)READ_ONCE(p->addr);
	WRITE_ONCE(slow.done, p == &slow.p && !READ_ONCE(slow.gone));
	return 0;
}

static int call_slow(void *arg)
{
	(void)arg;
	return slow.fn(1);
}

static int remove_slow(void *arg)
{
	(void)arg;
	unregister_kprobe(&slow.p);
	WRITE_ONCE(slow.gone, true);
	return 0;
}

static void remove_while_inside(unsigned long at, int (*fn)(int), int result)
{
	struct kprobe company = { .addr = (u8 *)at, .pre_handler = count_hit };
	struct task_struct *caller, *remover;
	unsigned long off;

	memset(&slow, 0, sizeof(slow));
	slow.fn = fn;
	slow.p = (struct kprobe){
		.symbol_name = kallsyms_lookup((unsigned long)fn, &off, NULL),
		.offset = at - (unsigned long)fn,
		.pre_handler = stay,
	};
	/* The place stays armed, so nothing else is waited for. */
	ASSERT_EQ(register_kprobe(&company), 0);
	ASSERT_EQ(register_kprobe(&slow.p), 0);
	caller = kthread_create(call_slow, NULL, "caller");
	kthread_bind(caller, 1);
	wake_up_process(caller);
	EXPECT(wait_until(READ_ONCE(slow.inside), 5000));
	remover = kthread_create(remove_slow, NULL, "remover");
	kthread_bind(remover, 0);
	wake_up_process(remover);
	msleep(20);
	EXPECT(!READ_ONCE(slow.gone));
	WRITE_ONCE(slow.leave, true);
	kthread_join(remover);
	EXPECT(slow.done);
	EXPECT_EQ(slow.addr, at);
	EXPECT_EQ(kthread_join(caller), result);
	unregister_kprobe(&company);
}

/* A probe may be freed once it is unregistered. */
KTEST(kprobe_load, removal_waits_for_a_handler_under_way_K5)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("needs two CPUs");
	kthread_bind(current, 0);
	remove_while_inside((unsigned long)by_site, by_site, 2);
	remove_while_inside((unsigned long)by_slot, by_slot, 3);
	remove_while_inside(ret_of(by_emulation), by_emulation, 5);
}

/* ---- a list that is read ---- */

static struct {
	struct kprobe first, second;
	int (*fn)(int a);
	bool inside, leave;
} held;

static int hold_hit(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	WRITE_ONCE(held.inside, true);
	while (!READ_ONCE(held.leave))
		cpu_relax();
	return 0;
}

static int call_held(void *unused)
{
	(void)unused;
	held.fn(1);
	return 0;
}

static void remove_second(void)
{
	unregister_kprobe(&held.second);
}

static void list_is_kept(unsigned long at, int (*fn)(int a))
{
	struct task_struct *task;
	struct waiter waiter;

	held.first =
		(struct kprobe){ .addr = (u8 *)at, .pre_handler = hold_hit };
	held.second =
		(struct kprobe){ .addr = (u8 *)at, .pre_handler = count_hit };
	held.fn = fn;
	held.inside = held.leave = false;
	ASSERT_EQ(register_kprobe(&held.first), 0);
	ASSERT_EQ(register_kprobe(&held.second), 0);
	task = kthread_create(call_held, NULL, "held");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	EXPECT(wait_until(READ_ONCE(held.inside), QUIESCE_WAIT_MS));
	if (waiter_start(&waiter, remove_second, 0)) {
		EXPECT(waiter_keeps_waiting(&waiter));
		WRITE_ONCE(held.leave, true);
		waiter_end(&waiter);
	}
	WRITE_ONCE(held.leave, true);
	kthread_join(task);
	unregister_kprobe(&held.first);
}

/* A CPU is in a hit: the list that it reads is not freed under it. */
KTEST(kprobe_load, a_list_outlives_the_hit_that_reads_it_K5)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	kthread_bind(current, 0);
	list_is_kept((unsigned long)by_site, by_site);
	list_is_kept((unsigned long)by_slot, by_slot);
	list_is_kept(ret_of(by_emulation), by_emulation);
	kthread_bind(current, CPU_ANY);
}
