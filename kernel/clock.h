/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock. (<asm/tsc.h> adds tsc_to_ns(), the tracing clock
 * local_clock(), udelay() and ndelay().)
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/tsc.h>

/*
 * By a clock that ACPI names, if clock_init() has found none; *by is its name.
 * Context: boot, after acpi_init(). Return: as clock_init().
 */
int clock_init_late(const char **by);

/*
 * Calibrate; before it ktime_ns() returns 0.
 * Context: boot.
 * Return: 0; -ENODEV if there is nothing to calibrate by. No other code.
 */
int clock_init(void);

/*
 * Nanoseconds since boot. Never goes back: a value obtained after another
 * was published, on whatever CPU, is not smaller.
 * Context: any, tracing callbacks and NMI included.
 */
u64 ktime_ns(void);

/*
 * The later of now and *last, which is raised to it. What ktime_ns() does
 * where the CPUs' counters disagree. Context: any.
 */
u64 clock_not_before(u64 *last, u64 now);
