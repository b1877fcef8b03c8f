// SPDX-License-Identifier: MIT
/*
 * kernel/tick.c: the rhythm of the tick, and the share of the task that it
 * interrupts.
 *
 * host-sources: kernel/tick.c
 */
#include "kernel/sched.h"
#include "kernel/tick.h"
#include "tests/unit/unit.h"

#define START 1000000000ULL
#define US    1000ULL

UNIT(tick, comes_at_the_rate_asked_for)
{
	struct tick tick = { 0 };

	tick_ns = 1000000;
	CHECK_EQ(tick_after(&tick, START, START + US), 1000000 - US);
	CHECK_EQ(tick_after(&tick, tick.due, tick.due + US), 1000000 - US);
	tick_ns = TICK_NS;
}

UNIT(tick, the_first_begins_the_rhythm)
{
	struct tick tick = { 0 };

	CHECK_EQ(tick_after(&tick, START, START + US), TICK_NS - US);
	CHECK_EQ(tick.due, START + TICK_NS);
	CHECK_EQ(tick.missed, 0);
}

/* Lateness does not add up: 1,000 ticks, each a bit late, none missed. */
UNIT(tick, time_is_kept_by_the_clock)
{
	struct tick tick = { 0 };
	u64 now = START;

	for (u64 i = 0; i < 1000; i++) {
		u64 late = i * 37 % 100 * US;

		now += late;
		now += tick_after(&tick, now, now + US) + US;
		CHECK_EQ(now, START + (i + 1) * TICK_NS);
	}
	CHECK_EQ(tick.missed, 0);
}

/* One that fires before its time, as a timer measured badly does. */
UNIT(tick, an_early_one_does_not_come_twice)
{
	struct tick tick = { .due = START };
	u64 began = START - 100 * US;

	CHECK_EQ(tick_after(&tick, began, began + US), TICK_NS + 100 * US - US);
	CHECK_EQ(tick.missed, 0);
}

UNIT(tick, periods_that_passed_are_counted_and_not_made_up_for)
{
	struct tick tick = { .due = START };
	u64 began = START + 5 * TICK_NS + US;

	CHECK_EQ(tick_after(&tick, began, began + US), TICK_NS - 2 * US);
	CHECK_EQ(tick.missed, 5);
}

/* The heart: however long a tick takes, the task gets a multiple of it. */
UNIT(tick, the_interrupted_task_makes_progress)
{
	static const u64 lengths[] = {
		1,	 US,	      TICK_NS / 2, TICK_NS - 1,
		TICK_NS, TICK_NS + 1, 3 * TICK_NS, 20 * TICK_NS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct tick tick = { 0 };
		u64 now = START, in_ticks = 0, in_tasks = 0;

		for (int n = 0; n < 100; n++) {
			u64 rest = tick_after(&tick, now, now + lengths[i]);

			in_ticks += lengths[i];
			in_tasks += rest;
			now += lengths[i] + rest;
			CHECK(rest >= lengths[i] * TICK_REST);
		}
		CHECK(in_tasks >= in_ticks * TICK_REST);
		CHECK_EQ(100 + tick.missed, (now - START) / TICK_NS);
	}
}

/* A host that stopped this CPU in a tick does not stop its ticks for long. */
UNIT(tick, the_pause_has_an_end)
{
	struct tick tick = { 0 };
	u64 stopped = 3600 * 1000000000ULL;
	u64 rest = tick_after(&tick, START, START + stopped);

	CHECK(rest >= TICK_REST_MAX);
	CHECK(rest <= TICK_REST_MAX + TICK_NS);
}
