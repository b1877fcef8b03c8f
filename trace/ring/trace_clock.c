// SPDX-License-Identifier: MIT
/*
 * trace_clock.c - the trace clocks, found by name.
 *
 * Owns the table and the two clocks that are not the time stamp counter:
 *
 * TC1  "global" never goes back, on whichever CPU it is read; "counter" returns
 *     every number once, from 1.
 *
 * Context: any, NMI and tracing callbacks included; not traceable, no locks.
 */
#include "kernel/base/clock.h"
#include "kernel/lib/string.h"
#include "trace/ring/trace_clock.h"
#include <asm/atomic.h>

static u64 global_last;	 /* [A] */
static u64 counter_last; /* [A] */

static u64 clock_local(void)
{
	return local_clock();
}

static u64 clock_global(void)
{
	u64 last = READ_ONCE(global_last);
	u64 now;

	/* Read the last value before the clock: now can only be too late. */
	do {
		now = max(local_clock(), last);
	} while (!try_cmpxchg(&global_last, &last, now)); /* TC1 */
	return now;
}

static u64 clock_counter(void)
{
	return fetch_add(&counter_last, 1) + 1; /* TC1 */
}

static u64 clock_tsc(void)
{
	return rdtsc();
}

/* As on Linux: a count of ticks, of which a second has 100. */
static u64 clock_uptime(void)
{
	return ktime_ns() / (1000000000ULL / 100);
}

/*
 * Linux's names. Here every clock starts at boot, nothing adjusts its rate and
 * the machine never sleeps: "mono", "mono_raw" and "boot" are one clock. There
 * is no time of day, so there is no "tai".
 */
static const struct trace_clock clocks[] = {
	{ "local", clock_local, .scaled = true, .in_ns = true },
	{ "global", clock_global, .in_ns = true },
	{ "counter", .read = clock_counter },
	{ "uptime", .read = clock_uptime },
	{ "perf", clock_local, .scaled = true, .in_ns = true },
	{ "mono", ktime_ns, .in_ns = true },
	{ "mono_raw", ktime_ns, .in_ns = true },
	{ "boot", ktime_ns, .in_ns = true },
	{ "x86-tsc", clock_tsc, .scaled = true },
};

const struct trace_clock *trace_clock_get(unsigned int i)
{
	return i < ARRAY_SIZE(clocks) ? &clocks[i] : NULL;
}

const struct trace_clock *trace_clock_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (!strcmp(clocks[i].name, name))
			return &clocks[i];
	}
	return NULL;
}

struct trace_scale trace_clock_scale(const struct trace_clock *clock)
{
	u64 base = clock->in_ns ? tsc_base : 0;
	u64 mult = clock->in_ns ? tsc_mult : 1ULL << 32; /* times 2^32 */

	if (mult >> (32 + TRACE_TSC_SHIFT))
		return (struct trace_scale){ 0 };
	return (struct trace_scale){
		.base = base << TRACE_TSC_SHIFT,
		.mult = mult << (32 - TRACE_TSC_SHIFT),
	};
}
