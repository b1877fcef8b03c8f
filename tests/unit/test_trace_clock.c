// SPDX-License-Identifier: MIT
/*
 * The scale of a trace clock gives the clock's own time, at each rate of the
 * TSC for which it exists; for a slower TSC it says that there is none.
 *
 * host-sources: trace/ring/trace_clock.c
 */
#include "kernel/base/clock.h"
#include "tests/unit/unit.h"
#include "trace/ring/trace_clock.h"
#include <asm/tsc.h>

u64 ktime_ns(void)
{
	return local_clock();
}

/* Does the scale of "local" give the time that is read, at @hz? */
static bool scales_at(u64 hz)
{
	const struct trace_clock *clock = trace_clock_find("local");
	struct trace_scale scale;

	tsc_base = 123456789;
	tsc_mult = (1000000000ULL << 32) / hz;
	scale = trace_clock_scale(clock);
	for (u64 ticks = 1; scale.mult && ticks < 1ULL << 48; ticks *= 3) {
		host_tsc = tsc_base + ticks;
		CHECK_EQ(trace_scale_now(&scale), clock->read());
	}
	return scale.mult;
}

UNIT(trace_clock, a_scale_is_exact_or_there_is_none)
{
	CHECK(scales_at(2600000000));
	CHECK(scales_at(200000000));
	CHECK(scales_at(125000001));
	CHECK(!scales_at(125000000));
	CHECK(!scales_at(4000000));
}

UNIT(trace_clock, the_tsc_itself_has_a_scale_at_each_rate)
{
	const struct trace_clock *clock = trace_clock_find("x86-tsc");
	struct trace_scale scale;

	tsc_mult = 250ULL << 32;
	scale = trace_clock_scale(clock);
	host_tsc = 1ULL << 40 | 5;
	CHECK_EQ(trace_scale_now(&scale), host_tsc);
}
