// SPDX-License-Identifier: MIT
/*
 * Interrupts between CPUs: reschedule, call, NMI, stop, and the sync round, in
 * which every CPU serialises.
 *
 * Owns: the number of the current round, the stop request.
 *
 * IP1 sync_core_all() returns only after each CPU that was online when the
 *    round began has executed a serialising instruction that began after the
 *    caller's stores. A CPU that comes online later serialises by itself after
 *    it has become visible (smp.c).
 *
 * sync_core_all() and its callees are notrace: between two rounds every other
 * CPU traps at the sites of the batch, and this one would too.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/irq_events.h"
#include "arch/x86_64/cpu/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include <asm/upcalls.h>

#define NOBODY		~0U
#define STOP_TIMEOUT_NS 1000000000ULL

DEFINE_PER_CPU(struct sync_core_ack, sync_core_ack);
u64 smp_timeout_ns = 30000000000ULL;
u64 sync_core_round; /* [A] read by the handler in entry.asm */

static u32 stopper = NOBODY; /* [A] the CPU that stops others */
static DEFINE_PER_CPU(bool, smp_has_stopped); /* [C] */

void smp_send_reschedule(unsigned int cpu)
{
	apic_send(cpu_apic_id(cpu), APIC_DM_FIXED | VECTOR_RESCHEDULE);
}

void smp_send_call_function(unsigned int cpu)
{
	apic_send(cpu_apic_id(cpu), APIC_DM_FIXED | VECTOR_CALL_FUNCTION);
}

void send_nmi(unsigned int cpu)
{
	apic_send(cpu_apic_id(cpu), APIC_DM_NMI);
}

/*
 * Send a command to all online CPUs but this one. If all CPUs of the machine
 * are online, one command reaches them all. Otherwise it would also wake a CPU
 * that failed to start.
 */
static notrace void send_to_others(u64 others, u32 command)
{
	if (smp_all_online()) {
		apic_send_others(command);
		return;
	}
	for (; others; others &= others - 1)
		apic_send(cpu_apic_id(__builtin_ctzll(others)), command);
}

notrace u64 sync_core_rounds(void)
{
	return READ_ONCE(sync_core_round);
}

static notrace bool has_answered(unsigned int cpu, u64 round)
{
	return READ_ONCE(per_cpu(sync_core_ack, cpu).round) >= round;
}

/* The same as the handler on the other CPUs, with interrupts off as there. */
static notrace void answer_myself(void)
{
	unsigned long flags;
	struct sync_core_ack *ack;
	u64 round;

	local_irq_save(flags);
	round = sync_core_rounds();
	sync_core();
	ack = this_cpu_ptr(&sync_core_ack);
	ack->tsc = rdtsc();
	smp_store_release(&ack->round, round);
	local_irq_restore(flags);
}

static notrace void wait_for_answer(unsigned int cpu, u64 round)
{
	if (!spin_until(has_answered(cpu, round), smp_timeout_ns))
		panic("CPU %u does not answer sync round %llu", cpu, round);
}

notrace void sync_core_all(void)
{
	u64 round, others;

	/* With interrupts off, two CPUs could wait for each other for ever. */
	BUG_ON(!in_task());
	preempt_disable_notrace();
	round = fetch_add(&sync_core_round, 1) + 1; /* full barrier: IP1 */
	others = READ_ONCE(cpu_online_mask) & ~BIT(smp_processor_id());
	if (others) {
		assert_irqs_on();
		send_to_others(others, APIC_DM_FIXED | VECTOR_SYNC_CORE);
	}
	answer_myself();
	for (u64 left = others; left; left &= left - 1)
		wait_for_answer(__builtin_ctzll(left), round);
	preempt_enable_notrace();
}

/* Nothing in here is traceable or tests a key: entry.asm says why. */
notrace void sync_core_traced(void)
{
	trace_sync_core_entry_unkeyed(VECTOR_SYNC_CORE);
	sync_core_answer();
	trace_sync_core_exit_unkeyed(VECTOR_SYNC_CORE);
}

bool smp_stopping(void)
{
	u32 who = READ_ONCE(stopper);

	return who != NOBODY && who != smp_processor_id();
}

void smp_stop_this_cpu(struct pt_regs *regs)
{
	panic_stop_cpu(regs);
	this_cpu_write(smp_has_stopped, true);
	halt_forever();
}

void smp_stop_others(void)
{
	u32 nobody = NOBODY;
	unsigned int cpu;

	if (!try_cmpxchg(&stopper, &nobody, smp_processor_id()))
		return;
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			send_nmi(cpu);
	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			spin_until(READ_ONCE(per_cpu(smp_has_stopped, cpu)),
				   STOP_TIMEOUT_NS);
}
