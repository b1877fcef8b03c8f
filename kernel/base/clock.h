/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock. (<asm/tsc.h> adds tsc_to_ns(), the tracing clock
 * local_clock(), udelay() and ndelay().)
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/tsc.h>

/*
 * Nanoseconds since boot. Never goes back: a value obtained after another
 * was published, on whatever CPU, is not smaller.
 * Context: any, tracing callbacks and NMI included.
 */
u64 ktime_ns(void);

/*
 * Returns the later of now and *last, and raises *last to it. ktime_ns() uses
 * it when the CPUs' counters disagree. Context: any.
 */
u64 clock_not_before(u64 *last, u64 now);
