// SPDX-License-Identifier: MIT
/*
 * Run a function on other CPUs.
 *
 * Owns: a call slot for each pair of CPUs (the sender's per-CPU array, indexed
 * by receiver) and the list of slots queued for each receiver.
 *
 * CF1 A slot is filled only by its sender, with preemption off and while it is
 *    free; it is freed only by its receiver, after the function has returned.
 * CF2 A receiver takes its whole list at once, so a slot that is queued later
 *    causes an interrupt of its own.
 *
 * It needs no lock and no memory: a sender that finds its slot still busy (by
 * an earlier call without wait) spins until the receiver has freed it.
 */
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/irqflags.h>
#include <asm/tsc.h>
#include <asm/upcalls.h>

struct call_slot {
	struct call_slot *next; /* [A] in the receiver's list */
	smp_call_func_t fn;	/* [I] while busy */
	void *arg;		/* [I] while busy */
	bool busy;		/* [A] */
};

static DEFINE_PER_CPU(struct call_slot, call_slots[NR_CPUS]);
static DEFINE_PER_CPU(struct call_slot *, call_list); /* [A] newest first */

static void wait_free(struct call_slot *slot, unsigned int cpu)
{
	if (!spin_until(!smp_load_acquire(&slot->busy), smp_timeout_ns))
		panic("CPU %u does not run the function %ps", cpu,
		      (void *)slot->fn);
}

/* Context: preemption off. */
static struct call_slot *slot_for(unsigned int cpu)
{
	return &(*this_cpu_ptr(&call_slots))[cpu];
}

static void queue_call(unsigned int cpu, smp_call_func_t fn, void *arg)
{
	struct call_slot *slot = slot_for(cpu);
	struct call_slot **list = &per_cpu(call_list, cpu);
	struct call_slot *head = READ_ONCE(*list);

	wait_free(slot, cpu); /* CF1 */
	slot->fn = fn;
	slot->arg = arg;
	slot->busy = true;
	do {
		slot->next = head;
	} while (!try_cmpxchg(list, &head, slot));
	/* If the list was not empty, an interrupt is on its way: CF2. */
	if (!head)
		smp_send_call_function(cpu);
}

/* Turn the list from newest first to oldest first. */
static struct call_slot *reverse(struct call_slot *slot)
{
	struct call_slot *result = NULL;

	while (slot) {
		struct call_slot *next = slot->next;

		slot->next = result;
		result = slot;
		slot = next;
	}
	return result;
}

void smp_call_function_interrupt(void)
{
	struct call_slot *slot, *next;

	slot = reverse(xchg(this_cpu_ptr(&call_list), NULL)); /* CF2 */
	for (; slot; slot = next) {
		next = slot->next; /* a free slot belongs to the sender again */
		slot->fn(slot->arg);
		smp_store_release(&slot->busy, false); /* pairs: wait_free() */
	}
}

static void run_here(smp_call_func_t fn, void *arg)
{
	unsigned long flags;

	local_irq_save(flags);
	fn(arg);
	local_irq_restore(flags);
}

/*
 * Two CPUs that wait for each other with interrupts off would wait for ever,
 * and an interrupt handler could wait for the task that it has interrupted.
 */
static void assert_may_wait(void)
{
	if (num_online_cpus() == 1)
		return;
	assert_irqs_on();
	BUG_ON(!in_task());
}

void on_each_cpu(smp_call_func_t fn, void *arg, bool wait)
{
	u64 others, left;

	assert_may_wait();
	preempt_disable();
	others = READ_ONCE(cpu_online_mask) & ~BIT(smp_processor_id());
	for (left = others; left; left &= left - 1)
		queue_call(__builtin_ctzll(left), fn, arg);
	run_here(fn, arg);
	for (left = wait ? others : 0; left; left &= left - 1) {
		unsigned int cpu = __builtin_ctzll(left);

		wait_free(slot_for(cpu), cpu);
	}
	preempt_enable();
}

int smp_call_function_single(unsigned int cpu, smp_call_func_t fn, void *arg,
			     bool wait)
{
	if (!cpu_online(cpu))
		return -ENXIO;
	assert_may_wait();
	preempt_disable();
	if (cpu == smp_processor_id()) {
		run_here(fn, arg);
	} else {
		queue_call(cpu, fn, arg);
		if (wait)
			wait_free(slot_for(cpu), cpu);
	}
	preempt_enable();
	return 0;
}
