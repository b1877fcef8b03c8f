/* SPDX-License-Identifier: MIT */
/*
 * ring_steps.h - what a writer does in the common case, step by step.
 *
 * This is the one description. Two back ends make code of it. ring_fast.h makes
 * C, for all writers that have a frame. ring_asm.h makes assembly, for those
 * without: what the generator of trampolines copies, and graph_handler(). A
 * back end knows how each operation is written down, and nothing of the order.
 * tests/kernel/test_ring_fast_pages.c compares, byte for byte, the pages that
 * both write.
 *
 * The event is written behind the bytes of the page that readers see, and
 * becomes visible by the last step alone. A writer that nests in between finds
 * how many bytes the interrupted one needs, and when that began: so it writes
 * behind it (rb_open(), ring_buffer.c), and leaves what it has written to be
 * published by the outermost writer.
 *
 * Preemption is off from before the first step until after the last.
 */
#pragma once

/*
 * The steps, in their order. No nested writer changes what the steps from
 * `place` on read: it finds one inside. The caller writes its payload behind
 * RING_RESERVE.
 */
#define RING_RESERVE(STEP) \
	STEP(gate)         \
	STEP(clock)        \
	STEP(begin)        \
	STEP(enter)        \
	STEP(place)        \
	STEP(delta)        \
	STEP(header)

#define RING_COMMIT(STEP) \
	STEP(count)       \
	STEP(publish)

/*
 * A step is a few operations, DO(operation, operands). Operands are
 *
 *	registers	word, now, event, delta: 64 bits each. word and delta
 *			may be the same one, and tsc may change now
 *	members		of struct ring_buffer_per_cpu. An operation on one is a
 *			single access, before or after a nested writer
 *	constants	of the event: payload, size; and of ring_buffer.h
 *	ways out	refused: nothing has happened. undo: the writer is
 *			inside, ring_buffer_undo() follows. rest: the event is
 *			published, ring_buffer_commit_rest() follows
 *
 * The operations:
 *
 *	load16, load32 register, member		the other bits become 0
 *	or32 register, member
 *	add, sub register, member
 *	copy register, register
 *	tsc word, constant			time-stamp counter << constant
 *	mul_high now, word, member		the product's upper 64 bits
 *	shift_left, add_const register, constant
 *	store member, register
 *	put32 event, constant, register		at that offset from event
 *	add32 member, constant			by one instruction
 *	add32_sign member, constant, way	the same; if the sum is
 *						negative, go to way
 *	count member				add 1, by one instruction
 *	above register, constant, way		if register > constant,
 *						unsigned, go to way
 *	differ register, member, way		if they differ, go to way
 */

/* Nobody may be inside, nothing be pending, no RB_SLOW_ bit be set. */
#define RING_gate(DO)                \
	DO(load32, word, data.state) \
	DO(or32, word, slow)         \
	DO(above, word, RB_STATE_BYTES, refused)

/* Read the time: trace_scale_now(). */
#define RING_clock(DO)                 \
	DO(tsc, word, TRACE_TSC_SHIFT) \
	DO(sub, word, scale.base)      \
	DO(mul_high, now, word, scale.mult)

/* Announce the time, before the next step announces the size. */
#define RING_begin(DO) DO(store, data.begun, now)

/* Be inside, for so many bytes. */
#define RING_enter(DO) DO(add32, data.state, RB_STATE_INSIDE(size, 0))

/* Behind what is visible, if there is room. */
#define RING_place(DO)                \
	DO(load16, event, data.state) \
	DO(above, event, RB_DATA_SIZE - size, undo)

/*
 * If ->begun has another time, a writer came before `enter`. The time since
 * ->last may be negative, or too long for a header.
 */
#define RING_delta(DO)                       \
	DO(differ, now, data.begun, undo)    \
	DO(copy, delta, now)                 \
	DO(sub, delta, data.last)            \
	DO(above, delta, RB_DELTA_MAX, undo) \
	DO(store, data.last, now)

/* The place becomes an address, less RB_HEADER_SIZE; the header. */
#define RING_header(DO)                     \
	DO(add, event, data.page)           \
	DO(shift_left, delta, RB_TYPE_BITS) \
	DO(add_const, delta, payload / 4)   \
	DO(put32, event, RB_HEADER_SIZE, delta)

/* Before a reader can see the event. */
#define RING_count(DO) DO(count, data.commit_entries)

/* Make it visible and leave. Negative: a nested writer has left a commit. */
#define RING_publish(DO) \
	DO(add32_sign, data.state, size - RB_STATE_INSIDE(size, 0), rest)
