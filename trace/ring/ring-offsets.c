// SPDX-License-Identifier: MIT
/*
 * Constants that a writer in assembly shares with C: the build makes
 * ring-offsets.inc for NASM from this file's assembly (ring_fast.inc). So it
 * gets the order of the steps, too, as two macros.
 */
#include "trace/ring/ring_fast.h"

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))
#define RING(name, member) \
	DEFINE(name, offsetof(struct ring_buffer_per_cpu, member))

/* Every step's form in assembly gets all that is given to the list. */
#define STEP(name) asm volatile("\n->ring_" #name " %1, %2, %3");
#define MACRO(name, steps)                      \
	asm volatile("\n->%macro " #name " 3"); \
	steps(STEP);                            \
	asm volatile("\n->%endmacro")

void ring_offsets(void);

void ring_offsets(void)
{
	RING(RB_STATE, data.state);
	RING(RB_SLOW, slow);
	RING(RB_SCALE_BASE, scale.base);
	RING(RB_SCALE_MULT, scale.mult);
	RING(RB_PAGE, data.page);
	RING(RB_LAST, data.last);
	RING(RB_BEGUN, data.begun);
	RING(RB_COMMIT_ENTRIES, data.commit_entries);
	DEFINE(RING_REFUSED, RING_REFUSED);
	DEFINE(RB_STATE_BYTES, RB_STATE_BYTES);
	DEFINE(RB_STATE_SIZE_1, RB_STATE_INSIDE(1, 0));
	DEFINE(RB_HEADER_SIZE, RB_HEADER_SIZE);
	DEFINE(RB_DATA_SIZE, RB_DATA_SIZE);
	DEFINE(RB_EVENT_HEADER, RB_EVENT_HEADER);
	DEFINE(RB_TYPE_BITS, RB_TYPE_BITS);
	DEFINE(RB_DELTA_MAX, RB_DELTA_MAX);
	DEFINE(TRACE_TSC_SHIFT, TRACE_TSC_SHIFT);
	MACRO(ring_reserve_steps, RING_RESERVE);
	MACRO(ring_commit_steps, RING_COMMIT);
}
