/* SPDX-License-Identifier: MIT */
/*
 * When the next tick of a CPU is due. The timer fires once and is armed again
 * at the end of each tick; the clock keeps the time.
 */
#pragma once

#include "kernel/lib/types.h"

/* Initially all zero. */
struct tick {
	u64 due;    /* [C] time of the next tick, by ktime_ns() */
	u64 missed; /* [C] periods without a tick of their own */
};

/* Nanoseconds between two ticks: TICK_NS, or as the word tick= says. [I] after
 * boot. */
extern u64 tick_ns;

/*
 * tick_after() - the time of the next tick after one from @began to @ended
 *
 * Ticks are due at multiples of tick_ns after the first. If a tick took so long
 * that the interrupted task would get less than TICK_REST times as much time
 * before the next, ticks are left out and counted.
 * Pure. Return: nanoseconds after @ended, more than 0.
 */
u64 tick_after(struct tick *tick, u64 began, u64 ended);

#define TICK_REST     4
#define TICK_REST_MAX 1000000000ULL /* nanoseconds */
