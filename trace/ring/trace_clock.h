/* SPDX-License-Identifier: MIT */
/*
 * trace_clock.h - the clocks that events can be stamped with.
 *
 * Most clocks are the time stamp counter, shifted and scaled. The fast path of
 * a ring buffer computes such a clock inline from a struct trace_scale. The
 * other clocks are functions that its slow path calls.
 *
 * Context: any, NMI and tracing callbacks included; no locks.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/cpu.h>

/*
 * time = (8 * TSC - base) * mult / 2^64: the upper half of a product, which
 * costs no shift. Equal to (TSC - base / 8) * (mult / 2^29) / 2^32: the 8 makes
 * room for the 32 bits of a factor below 8.
 */
#define TRACE_TSC_SHIFT 3

struct trace_scale {
	u64 base;
	u64 mult;
};

struct trace_clock {
	const char *name;
	u64 (*read)(void); /* always works; equals the time by the scale */
	bool scaled;	   /* may be computed from trace_clock_scale() */
	bool in_ns;	   /* false: a number without a unit */
};

static __always_inline u64 trace_scale_now(const struct trace_scale *scale)
{
	return mul_high(rdtsc_shifted(TRACE_TSC_SHIFT) - scale->base,
			scale->mult);
}

/* Clock number i, in the order of the file trace_clock; NULL past the end. */
const struct trace_clock *trace_clock_get(unsigned int i);

/* Return: NULL if no clock has that name. */
const struct trace_clock *trace_clock_find(const char *name);

/*
 * The scale to compute a clock with; it must be ->scaled. Return: ->mult is 0
 * if a tick of the TSC takes 8 ns or more, as in an emulator that executes few
 * instructions per second: then the clock is to be ->read.
 */
struct trace_scale trace_clock_scale(const struct trace_clock *clock);
