/* SPDX-License-Identifier: MIT */
/*
 * When the next tick of a CPU is due. The timer fires once and is set again
 * at the end of each tick; time is kept by the clock.
 */
#pragma once

#include "kernel/lib/types.h"

/* All zero at first. */
struct tick {
	u64 due;    /* [C] of the next one, on the clock of ktime_ns() */
	u64 missed; /* [C] periods without a tick of their own */
};

/*
 * tick_after() - a tick was served from @began to @ended: when is the next?
 *
 * Ticks are due at multiples of TICK_NS after the first. Where one took so
 * long that the interrupted task would get less than TICK_REST times as much
 * before the next, ticks are left out, and counted.
 * Pure. Return: nanoseconds from @ended on, more than 0.
 */
u64 tick_after(struct tick *tick, u64 began, u64 ended);

#define TICK_REST     4
#define TICK_REST_MAX 1000000000ULL /* nanoseconds */
