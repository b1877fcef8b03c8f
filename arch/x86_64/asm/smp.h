/* SPDX-License-Identifier: MIT */
/*
 * The CPUs of the machine: which are online, how to interrupt them, and how
 * to make all of them serialise.
 *
 * kernel/smp.h runs functions on other CPUs; this header has only what the
 * hardware does. CPU numbers start at 0 (the boot CPU) and follow MADT order.
 * The number of a CPU that was lost during its start is given to no other CPU.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

static_assert(NR_CPUS <= 64, "a set of CPUs is one u64");

/* [A] set by each CPU itself, never cleared */
extern u64 cpu_online_mask;

static __always_inline bool cpu_online(unsigned int cpu)
{
	return cpu < NR_CPUS && (READ_ONCE(cpu_online_mask) >> cpu & 1);
}

static __always_inline unsigned int num_online_cpus(void)
{
	u64 mask = READ_ONCE(cpu_online_mask);
	unsigned int n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

/* The first online CPU >= cpu, or NR_CPUS. */
static __always_inline unsigned int next_online_cpu(unsigned int cpu)
{
	u64 rest = cpu < NR_CPUS ? READ_ONCE(cpu_online_mask) >> cpu : 0;

	return rest ? cpu + (unsigned int)__builtin_ctzll(rest) : NR_CPUS;
}

#define for_each_online_cpu(cpu)                          \
	for ((cpu) = next_online_cpu(0); (cpu) < NR_CPUS; \
	     (cpu) = next_online_cpu((cpu) + 1))

/*
 * Make the boot CPU's per-CPU words valid: online, context TASK, offset 0.
 * Context: boot, the first C function called; GS base is 0.
 */
void smp_boot_cpu_init(void);

/*
 * Start every CPU of the MADT. A CPU that does not come up is reported by its
 * APIC id, and the others still start; num_online_cpus() is the number online.
 * Context: boot, task, interrupts on, after acpi_init(), apic_init() and the
 * scheduler.
 * Return: 0, even if some CPUs failed; -ENOMEM if there is no memory for the
 * start page. No other code is returned.
 */
int smp_init(void);

/* The id of a CPU's local APIC. */
u32 cpu_apic_id(unsigned int cpu);

/*
 * Interrupts the CPU. By itself this asks for no switch: the handler takes the
 * CPU's resched_request (SC6). Any context.
 */
void smp_send_reschedule(unsigned int cpu);
/* Makes the CPU call smp_call_function_interrupt(). Any context. */
void smp_send_call_function(unsigned int cpu);
/* Sends an NMI, to this CPU too. Any context. */
void send_nmi(unsigned int cpu);

/*
 * Every online CPU, including this one, executes a serialising instruction
 * between the call and the return. From then on each CPU executes the code
 * written before the call. Cost: one round of IPIs.
 * Context: task, interrupts on (both checked). Preemption may be off, but the
 * caller must not hold a spinlock that a CPU with interrupts off may wait for.
 * Concurrent callers each start a round of their own: an answer is the number
 * of a round that had begun, and it also answers all rounds before it. Panics
 * if a CPU does not answer within smp_timeout_ns.
 */
void sync_core_all(void);

/* The answer of one CPU to the last round. */
struct sync_core_ack {
	u64 round; /* number of the last round this CPU has answered */
	u64 tsc;   /* TSC of that answer */
};

/* [C] written by the IPI handler of each CPU, read by every CPU */
DECLARE_PER_CPU(struct sync_core_ack, sync_core_ack);

/* Number of rounds so far, the current one included. */
u64 sync_core_rounds(void);

/*
 * The limit of a wait for other CPUs, in nanoseconds of a spin_clock; a longer
 * wait is a failure. It is much longer than any CPU keeps its interrupts off,
 * because an emulator's host may run this CPU and not the other.
 */
extern u64 smp_timeout_ns; /* [A] only a test changes it */

/*
 * An NMI handler returns true if the NMI was for it, alone or among others. It
 * runs in context nmi. At most NMI_HANDLERS_MAX are registered at a time.
 * Return of register: 0; -ENOSPC. No other code is returned. unregister
 * returns when no CPU runs the handler any more.
 */
struct pt_regs;
typedef bool (*nmi_handler_t)(struct pt_regs *regs);
#define NMI_HANDLERS_MAX 8
int nmi_handler_register(nmi_handler_t fn);
void nmi_handler_unregister(nmi_handler_t fn);

/*
 * Stop all other CPUs for good; each first calls panic_stop_cpu(). Waits at
 * most one second for each. Context: any, once (later calls do nothing).
 */
void smp_stop_others(void);
