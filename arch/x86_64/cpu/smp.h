/* SPDX-License-Identifier: MIT */
/* Starting and stopping other CPUs: shared by the files of arch/x86_64. */
#pragma once

#include "kernel/lib/types.h"
#include <asm/percpu.h>

struct pt_regs;

/* Is another CPU stopping all the others, this one included? */
bool smp_stopping(void);
/* Report to panic_stop_cpu() and halt. Context: nmi. */
void smp_stop_this_cpu(struct pt_regs *regs) __noreturn;

/*
 * The limit for a CPU that has claimed its block to come online, in nanoseconds
 * of a spin_clock.
 */
extern u64 smp_finish_ns; /* [A] only a test changes it */

#define NO_APIC_ID ~0U

/* cpus.c; smp.c alone writes them, on the boot CPU. */
extern u32 cpu_apic_ids[NR_CPUS]; /* [A] NO_APIC_ID: the number is free */
extern unsigned int cpus_wanted;  /* [A] CPUs of the machine */

/* Is every CPU of the machine online? notrace, any context. */
bool smp_all_online(void);

/*
 * Start one CPU as number cpu. Its area and stacks are allocated unless they
 * exist.
 * Context: task, one caller at a time.
 * Return: 0; -ENOMEM; -ERANGE if the id cannot be addressed (above 254 without
 * x2APIC); -ETIMEDOUT if the CPU did not claim its block within timeout_ns;
 * -EIO if it claimed it and did not finish within smp_finish_ns: this start
 * never brings it online, and it keeps the number, for a start after a reset;
 * -EBUSY if another CPU has the number. No other code is returned.
 */
int smp_start_cpu(unsigned int cpu, u32 apic_id, u64 timeout_ns);

/*
 * Start each CPU of acpi_info that is not online. Each one that does not come
 * up is reported by its APIC id.
 * Context: task, after smp_init(), one caller at a time, interrupts on.
 */
void smp_start_listed(u64 timeout_ns);

/*
 * Take the page that other CPUs start in from the boot memory map, and reserve
 * the rest of the first MiB. If there is no such page, smp_init() returns
 * -ENOMEM.
 * Context: boot, before the page allocator takes over.
 * Return: 0; -E2BIG for too many ranges. No other code is returned.
 */
int smp_reserve_start_page(void);

/*
 * Compare the clocks of two CPUs. Both call this at the same time with the same
 * zeroed tsc_sync, and one of them with first set. They read their clocks in
 * turns. A CPU waits at most limit_ns for each turn of the other; if one gives
 * up, both do.
 * *step_back: the largest step back that this CPU saw, from the other CPU's
 * reading to its own next one, in units of clock.
 * Context: any, not preempted for long. notrace.
 * Return: true if neither CPU has given up.
 */
struct tsc_sync {
	u32 turn;      /* [A] number of readings made */
	bool given_up; /* [A] */
	u64 last;      /* [turn] */
};
bool tsc_compare(struct tsc_sync *sync, bool first, u64 limit_ns,
		 u64 (*clock)(void), u64 *step_back);
