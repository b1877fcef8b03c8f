// SPDX-License-Identifier: MIT
/*
 * When the next tick is due.
 *
 * With everything traced, a tick may take longer than its period. With a
 * periodic timer the next tick would then be pending already, and no task would
 * ever make progress. So the pause after a tick is proportional to its length:
 * TICK_REST times as long, because the switch to another task comes after the
 * tick and costs about as much again. A host that stops this CPU during a tick
 * makes the tick look long, so the pause has a maximum.
 *
 * Pure: runs on the host under the sanitizers.
 */
#include "kernel/tick.h"
#include "kernel/sched.h"

u64 tick_ns = TICK_NS;

u64 tick_after(struct tick *tick, u64 began, u64 ended)
{
	u64 rest = min(TICK_REST * (ended - began), TICK_REST_MAX);
	u64 due = tick->due ? tick->due : began, periods = 1;

	if (ended + rest > due + tick_ns)
		periods = DIV_ROUND_UP(ended + rest - due, tick_ns);
	tick->due = due + periods * tick_ns;
	tick->missed += periods - 1;
	return tick->due - ended;
}
