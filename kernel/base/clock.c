// SPDX-License-Identifier: MIT
/*
 * The monotonic clock. While the TSCs of all CPUs agree, the clock is the TSC,
 * which one instruction reads. Otherwise it is the later of the TSC and the
 * largest value returned so far.
 *
 * Owns: the largest value returned.
 *
 * CL1 ktime_ns() never goes back, on one CPU or across CPUs. The TSC is read
 *    after all earlier loads. If the TSCs of two CPUs disagreed when one of
 *    them was started (tsc_warp_max), each value is also compared with the
 *    last one that any CPU returned.
 *
 * Nothing here is traceable: tracing callbacks and the log read the clock.
 */
#include "kernel/base/clock.h"
#include <asm/atomic.h>

static u64 last_given; /* [A] */

notrace u64 clock_not_before(u64 *last, u64 now)
{
	u64 seen = READ_ONCE(*last);

	while (now > seen)
		if (try_cmpxchg(last, &seen, now))
			return now;
	return seen;
}

notrace u64 ktime_ns(void)
{
	u64 now = tsc_to_ns(rdtsc_ordered() - tsc_base);

	if (likely(!READ_ONCE(tsc_warp_max)))
		return now;
	return clock_not_before(&last_given, now); /* CL1 */
}
