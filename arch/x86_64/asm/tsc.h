/* SPDX-License-Identifier: MIT */
/*
 * Time from the time stamp counter: conversion, the fast clock for tracing,
 * and short busy waits. The clock for everything else is kernel/base/clock.h.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/cpu.h>

/* [I] after tsc_init(); 0 before it, so that early times read as 0 */
extern u64 tsc_mult; /* nanoseconds per cycle, times 2^32 */
/* TSC at the kernel's first C instructions; no online CPU reads less */
extern u64 tsc_base;
extern u64 tsc_hz;
/* [A] largest step back seen between two CPUs, in cycles; normally 0 */
extern u64 tsc_warp_max;

static __always_inline u64 tsc_to_ns(u64 cycles)
{
	return mul_shift32(cycles, tsc_mult);
}

/*
 * Nanoseconds since boot on this CPU. It makes no call and takes no lock, so
 * that tracing and NMI handlers may use it.
 * Two CPUs may disagree by the latency of an RDTSC; use ktime_ns() where
 * order across CPUs matters.
 */
static __always_inline u64 local_clock(void)
{
	return tsc_to_ns(rdtsc() - tsc_base);
}

/*
 * The time that a loop has waited for another CPU. Only time in which this CPU
 * ran counts. A long gap between two calls of spin_clock_look() means that this
 * CPU did not run, and perhaps no other CPU did, as when a host stops the
 * emulator. At most 1 ms of such a gap counts, so no stop uses up a limit.
 */
#define SPIN_GAP_NS 1000000ULL

struct spin_clock {
	u64 last;  /* TSC */
	u64 spent; /* nanoseconds */
};

static __always_inline struct spin_clock spin_clock_start(void)
{
	return (struct spin_clock){ .last = rdtsc() };
}

/* Nanoseconds up to this call. Any context; 0 before tsc_init(). */
static __always_inline u64 spin_clock_look(struct spin_clock *clock)
{
	u64 now = rdtsc();

	clock->spent += min(tsc_to_ns(now - clock->last), SPIN_GAP_NS);
	clock->last = now;
	return clock->spent;
}

/*
 * Spin until cond holds, for at most ns nanoseconds of a spin_clock. Value:
 * whether cond held. Before tsc_init() there is no limit. Any context.
 */
#define spin_until(cond, ns)                                        \
	({                                                          \
		struct spin_clock spin_clock_ = spin_clock_start(); \
		bool spin_held_;                                    \
		while (!(spin_held_ = !!(cond)) &&                  \
		       spin_clock_look(&spin_clock_) < (ns))        \
			cpu_relax();                                \
		spin_held_ || (cond);                               \
	})

/*
 * Measure the TSC against the PIT, for about 2 ms. PIT channel 0 is unchanged.
 * Context: boot.
 * Return: 0; -ENODEV if the PIT does not count; -EAGAIN if this CPU did not run
 * for 50 ms in each of many attempts. No other code is returned.
 */
int tsc_init(void);

/*
 * The same for a machine without a PIT, by the first of HPET, ACPI PM timer,
 * CPUID leaf 15h and CPUID leaf 16h that exists; *by is its name.
 * Context: boot, after acpi_init().
 * Return: 0; -ENODEV if none of them exists. No other code is returned.
 */
int tsc_init_late(const char **by);

/*
 * Measure the TSC against a counter that counts up hz times a second and wraps
 * after mask.
 * Context: boot.
 * Return: 0; -ENODEV if it stands still; -EAGAIN if no two measurements agree.
 * No other code is returned.
 */
int tsc_measure_by(u32 (*read_count)(void), u64 hz, u32 mask);

/* Return: 0; -ENODEV if hz is 0. No other code is returned. */
int tsc_set_hz(u64 hz);

/*
 * The rate of a counter that counts down, in counts per second, measured over
 * ns nanoseconds. It is exact even if the host sometimes does not run this CPU.
 * Context: boot, after tsc_init().
 */
u64 tsc_rate_of(u32 (*read_count)(void), u64 ns);

/*
 * A CPU passes its TSC before it comes online. If that TSC lags so far behind
 * the boot CPU's that time would be negative there, all clocks jump forward.
 * Context: bring-up, interrupts off, one CPU at a time.
 */
void tsc_base_at_most(u64 tsc);

/* Busy waits of at least that time. Any context, after tsc_init(). */
void ndelay(u64 ns);
void udelay(u64 us);
