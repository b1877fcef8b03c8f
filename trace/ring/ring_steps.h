/* SPDX-License-Identifier: MIT */
/*
 * ring_steps.h - the steps of a writer in the common case, in their order.
 *
 * This is the one description. Each step has two forms: in C in ring_fast.h,
 * and in assembly, for code without a frame, in ring_fast.inc. Both put their
 * forms together by these lists, so that neither can have another order.
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
 * Each step is STEP(name). No nested writer changes what the steps from `place`
 * on read: it finds one inside.
 *
 *	gate	nobody may be inside, nothing be pending, no RB_SLOW_ bit be
 *		set; else: refused
 *	clock	read the time
 *	begin	announce the time, before the next step announces the size
 *	enter	be inside, for so many bytes: one instruction
 *	place	behind what is visible; no room: undo
 *	delta	from ->last to the time announced. Negative or too long: undo.
 *		->begun has another time: a writer came before `enter`: undo
 *	header	of the event; then the caller writes its payload
 */
#define RING_RESERVE(STEP) \
	STEP(gate)         \
	STEP(clock)        \
	STEP(begin)        \
	STEP(enter)        \
	STEP(place)        \
	STEP(delta)        \
	STEP(header)

/*
 *	count	the event, before a reader can see it
 *	publish	make it visible and leave: one instruction. If a nested writer
 *		has left its commit: do that
 */
#define RING_COMMIT(STEP) \
	STEP(count)       \
	STEP(publish)
