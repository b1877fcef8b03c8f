// SPDX-License-Identifier: MIT
/*
 * The rhythm of the tick.
 *
 * With everything traced, a tick may take longer than its period. A periodic
 * timer has the next one pending by then, and no task ever makes a step. So
 * the pause after a tick is in proportion to its length: TICK_REST times as
 * much, since the switch to another task comes after the tick and costs about
 * as much again. A host that stops this CPU in a tick makes it look long; the
 * pause has an end therefore.
 *
 * Pure: runs on the host under the sanitizers.
 */
#include "kernel/tick.h"
#include "kernel/sched.h"

u64 tick_after(struct tick *tick, u64 began, u64 ended)
{
	u64 rest = min(TICK_REST * (ended - began), TICK_REST_MAX);
	u64 due = tick->due ? tick->due : began, periods = 1;

	if (ended + rest > due + TICK_NS)
		periods = DIV_ROUND_UP(ended + rest - due, TICK_NS);
	tick->due = due + periods * TICK_NS;
	tick->missed += periods - 1;
	return tick->due - ended;
}
