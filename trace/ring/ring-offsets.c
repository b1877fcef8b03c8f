// SPDX-License-Identifier: MIT
/*
 * Constants that a writer in assembly shares with C: the build makes
 * ring-offsets.inc for NASM from this file's assembly (ring_fast.inc).
 */
#include "kernel/sched.h"
#include "trace/ring/ring_buffer.h"

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))
#define RING(name, member) \
	DEFINE(name, offsetof(struct ring_buffer_per_cpu, member))

void ring_offsets(void);

void ring_offsets(void)
{
	RING(RB_INSIDE, inside);
	RING(RB_SLOW, slow);
	RING(RB_SCALE_BASE, scale.base);
	RING(RB_SCALE_MULT, scale.mult);
	RING(RB_TAIL, data.tail);
	RING(RB_TAIL_PAGE, data.tail_page);
	RING(RB_COMMIT_ENTRIES, data.commit_entries);
	DEFINE(RB_PAGE_COMMIT, offsetof(struct ring_buffer_page, commit));
	DEFINE(RB_NEST_FAST, RB_NEST_FAST);
	DEFINE(RB_PAGE_SIZE, RB_PAGE_SIZE);
	DEFINE(RB_HEADER_SIZE, RB_HEADER_SIZE);
	DEFINE(RB_DATA_SIZE, RB_DATA_SIZE);
	DEFINE(RB_EVENT_HEADER, RB_EVENT_HEADER);
	DEFINE(RB_TYPE_BITS, RB_TYPE_BITS);
	DEFINE(RB_TAIL_BITS, RB_TAIL_BITS);
	DEFINE(RB_TAIL_MASK, (u32)RB_TAIL_MASK);
	DEFINE(TRACE_TSC_SHIFT, TRACE_TSC_SHIFT);
	DEFINE(TASK_PID, offsetof(struct task_struct, pid));
}
