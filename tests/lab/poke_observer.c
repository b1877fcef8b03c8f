// SPDX-License-Identifier: MIT
/*
 * The observer with interrupts off.
 *
 * Owns one thread, on a CPU of its own.
 *
 * Context: task; the watching itself with interrupts off, bounded.
 */
#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/lab/poke_observer.h"
#include "tests/kernel/poke_slices.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/smp.h>

/*
 * Cycles: how long to stand in the way, several times what a step of the batch
 * takes with slices_stagger(), and how long to wait for something to watch.
 */
static u64 hold, patience;

static struct task_struct *task;
static unsigned long site;
static u64 old_word, new_word; /* [A] announced */
static u64 base;	       /* [A] rounds before the batch */
static bool leaving;
static struct observation seen;

static u8 first_byte(void)
{
	return *(volatile u8 *)site;
}

static u32 tail(void)
{
	u32 bytes = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		bytes |= (u32)((volatile u8 *)site)[1 + i] << (8 * i);
	return bytes;
}

/* Have I answered the n-th synchronisation of this batch? */
static bool answered(u64 n)
{
	return this_cpu_read(sync_core_ack.round) >= READ_ONCE(base) + n;
}

/* The first byte is INT3 and I have not answered: the tail must stay. */
static void watch_first_phase(void)
{
	u64 start = rdtsc();
	u32 before = insn_tail(READ_ONCE(old_word));

	if (answered(1) || tail() != before)
		return;
	seen.watched1++;
	while (rdtsc() - start < hold)
		if (tail() != before && !answered(1)) {
			seen.violations1++;
			return;
		}
}

/* The tail is new and I have not answered: the first byte must stay INT3. */
static void watch_second_phase(void)
{
	u64 start = rdtsc();

	if (answered(2) || first_byte() != INSN_OP_INT3)
		return;
	seen.watched2++;
	while (rdtsc() - start < hold)
		if (first_byte() != INSN_OP_INT3 && !answered(2)) {
			seen.violations2++;
			return;
		}
}

/* Without PAUSE: under -icount it would give the turn away, and the moment. */
#define WAIT_FOR(cond)                                              \
	({                                                          \
		u64 wait_start_ = rdtsc();                          \
		while (!(cond) && rdtsc() - wait_start_ < patience) \
			;                                           \
		cond;                                               \
	})

static void watch_one_batch(void)
{
	local_irq_disable();
	if (WAIT_FOR(first_byte() == INSN_OP_INT3))
		watch_first_phase();
	/* Let one interrupt in: the synchronisation that waits for me. */
	local_irq_enable();
	__asm__ volatile("nop");
	local_irq_disable();
	if (WAIT_FOR(tail() == insn_tail(READ_ONCE(new_word))))
		watch_second_phase();
	local_irq_enable();
}

static int watch(void *arg)
{
	while (!READ_ONCE(leaving)) {
		watch_one_batch();
		/* Now nothing is missed by it; the patcher may be starving. */
		cpu_relax();
		cond_resched();
	}
	return 0;
}

int observer_begin(unsigned long ip)
{
	unsigned int me = smp_processor_id(), cpu;

	kthread_bind(current, me);
	for_each_online_cpu(cpu)
		if (cpu != me)
			break;
	if (cpu >= NR_CPUS)
		return -ENODEV;
	memset(&seen, 0, sizeof(seen));
	site = ip;
	hold = slices_exact() ? 30000 : 600000;
	patience = 10 * hold;
	leaving = false;
	base = ~0ULL >> 1;
	task = kthread_create(watch, NULL, "observer");
	if (IS_ERR(task))
		return -ENOMEM;
	kthread_bind(task, cpu);
	wake_up_process(task);
	return 0;
}

void observer_announce(u64 old, u64 new)
{
	WRITE_ONCE(old_word, old);
	WRITE_ONCE(new_word, new);
	WRITE_ONCE(base, sync_core_rounds());
}

const struct observation *observer_seen(void)
{
	return &seen;
}

struct observation observer_end(void)
{
	WRITE_ONCE(leaving, true);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
	return seen;
}
