/* SPDX-License-Identifier: MIT */
/* What the files of arch/x86_64 share about the other CPUs. */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;

/* Is somebody stopping all other CPUs, and is this one of the others? */
bool smp_stopping(void);
/* Report to panic_stop_cpu() and halt. Context: nmi. */
void smp_stop_this_cpu(struct pt_regs *regs) __noreturn;

/* Is every CPU of the machine online? notrace, any context. */
bool smp_all_online(void);

/*
 * Start one CPU as number cpu. Its area and stacks are made if they are not
 * there yet.
 * Context: task, one caller at a time.
 * Return: 0; -ENOMEM; -ETIMEDOUT if it never began (the number may be used for
 * another); -EIO if it began and got lost. No other code is returned.
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
 * zeroed tsc_sync, one of them as first. They read in turns.
 * Context: any, not preempted for long.
 * Return: by how much the largest step back was, from one's reading to the
 * other's next; seen by this CPU.
 */
struct tsc_sync {
	u32 turn; /* [A] number of readings made */
	u64 last; /* [turn] */
};
u64 tsc_compare(struct tsc_sync *sync, bool first, u64 (*clock)(void));
