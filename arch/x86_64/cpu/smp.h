/* SPDX-License-Identifier: MIT */
/* What the files of arch/x86_64 share about the other CPUs. */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;

/* Is somebody stopping all other CPUs, and is this one of the others? */
bool smp_stopping(void);
/* Report to panic_stop_cpu() and halt. Context: nmi. */
void smp_stop_this_cpu(struct pt_regs *regs) __noreturn;

/*
 * How long a CPU that has begun may take to come online, by a spin_clock.
 */
extern u64 smp_finish_ns; /* [A] only a test changes it */

/* Is every CPU of the machine online? notrace, any context. */
bool smp_all_online(void);

/*
 * Start one CPU as number cpu. Its area and stacks are made if they are not
 * there yet.
 * Context: task, one caller at a time.
 * Return: 0; -ENOMEM; -ERANGE if the id cannot be addressed (above 254 without
 * x2APIC); -ETIMEDOUT if it never began; -EIO if it began and did not finish in
 * smp_finish_ns: it will never be online, and the number stays its own, for a
 * start after a reset; -EBUSY if the number is another's. No other code is
 * returned.
 */
int smp_start_cpu(unsigned int cpu, u32 apic_id, u64 timeout_ns);

/*
 * Start each CPU of acpi_info that is not online, and report by its APIC id
 * each one that does not begin within the timeout. After smp_init().
 * Context: task, one caller at a time, interrupts on.
 */
void smp_start_listed(u64 timeout_ns);

/*
 * Take the page that other CPUs start in from the boot memory map, and keep
 * the rest of the first MiB out of use. If there is no such page, smp_init()
 * says so.
 * Context: boot, before the page allocator takes over.
 * Return: 0; -E2BIG for too many ranges. No other code is returned.
 */
int smp_reserve_start_page(void);

/*
 * Compare the clocks of two CPUs: both call this at the same time with one
 * zeroed tsc_sync, one of them as first. They read in turns; for each turn of
 * the other's a CPU waits limit_ns at most, and if it gives up, both do.
 * *step_back: by how much the largest step back was, from one's reading to the
 * other's next; seen by this CPU.
 * Context: any, not preempted for long. notrace.
 * Return: whether neither has given up.
 */
struct tsc_sync {
	u32 turn;      /* [A] number of readings made */
	bool given_up; /* [A] */
	u64 last;      /* [turn] */
};
bool tsc_compare(struct tsc_sync *sync, bool first, u64 limit_ns,
		 u64 (*clock)(void), u64 *step_back);
