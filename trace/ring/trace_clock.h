/* SPDX-License-Identifier: MIT */
/*
 * trace_clock.h - the clocks that events can be stamped with.
 *
 * Most of them are the time stamp counter, shifted and scaled: those a ring
 * buffer's fast path computes inline from a struct trace_scale. The others
 * are a function that its slow path calls.
 *
 * Context: any, NMI and tracing callbacks included; no locks.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/cpu.h>

/* time = (TSC - base) * mult / 2^32 */
struct trace_scale {
	u64 base;
	u64 mult;
};

struct trace_clock {
	const char *name;
	u64 (*read)(void); /* always works; the same time as the scale gives */
	bool scaled;	   /* may be computed from trace_clock_scale() */
	bool in_ns;	   /* else a number without a unit */
};

static __always_inline u64 trace_scale_now(const struct trace_scale *scale)
{
	return (unsigned __int128)(rdtsc() - scale->base) * scale->mult >> 32;
}

/* Clock number i, in the order of the file trace_clock; NULL past the end. */
const struct trace_clock *trace_clock_get(unsigned int i);

/* NULL if there is none of that name. */
const struct trace_clock *trace_clock_find(const char *name);

/* How to compute a clock with ->scaled. */
struct trace_scale trace_clock_scale(const struct trace_clock *clock);
