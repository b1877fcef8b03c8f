/* SPDX-License-Identifier: MIT */
/*
 * ring_fast.h - the common case of a writer in C: the steps of ring_steps.h.
 *
 * Context: any, NMI included; preemption off.
 */
#pragma once

#include "trace/ring/ring_buffer.h"
#include "trace/ring/ring_steps.h"

/* A reservation by the fast path. */
struct ring_buffer_fast {
	u8 *event; /* RB_EVENT_HEADER bytes, then the payload */
	u64 time;
	u32 size; /* bytes of it, a constant */
};

/* The payload of the shortest event: ring_buffer_undo() needs that much. */
#define RB_FAST_MIN 12

/*
 * ring_buffer_undo() - leave without an event, if a step has failed
 * @size: bytes of the event
 * What a nested writer has left is committed. All registers are kept.
 */
void ring_buffer_undo(struct ring_buffer_per_cpu *rb,
		      u32 size) __keeps_registers;

/*
 * Code in assembly tells C by a word what is left to do. 0: the event is
 * written. RING_REFUSED: it is not, and nothing has happened. Else: it is not,
 * and the writer is inside for so many bytes: ring_buffer_undo().
 */
#define RING_REFUSED 1U

/* The rare cases of a commit: see ring_buffer.c. */
void ring_buffer_commit_rest(struct ring_buffer_per_cpu *rb);

/* The forms of the steps: statements of the two functions below. */
#define RING_C(step) RING_C_##step
#define RING_C_gate                                                        \
	if (unlikely((local_read(&rb->data.state) | READ_ONCE(rb->slow)) > \
		     RB_STATE_BYTES))                                      \
		return false;
#define RING_C_clock                           \
	f->time = trace_scale_now(&rb->scale); \
	if (stamp)                             \
		*stamp = f->time;
#define RING_C_begin local_set(&rb->data.begun, f->time);
#define RING_C_enter    \
	f->size = size; \
	local_add_sign(&rb->data.state, RB_STATE_INSIDE(size, 0));
#define RING_C_place                                 \
	offset = local_read((u16 *)&rb->data.state); \
	if (unlikely(offset > RB_DATA_SIZE - size))  \
		goto undo;
#define RING_C_delta                                          \
	if (unlikely(local_read(&rb->data.begun) != f->time)) \
		goto undo;                                    \
	delta = f->time - local_read(&rb->data.last);         \
	if (unlikely(delta > RB_DELTA_MAX))                   \
		goto undo;                                    \
	local_set(&rb->data.last, f->time);
#define RING_C_header                                         \
	f->event = local_read(&rb->data.page)->data + offset; \
	*(u32 *)f->event = (u32)delta << RB_TYPE_BITS | payload / 4;
#define RING_C_count local_inc(&rb->data.commit_entries);
#define RING_C_publish                                                       \
	/* The event is stored before; pairs with rb_bytes(). */             \
	if (unlikely(local_add_sign(&rb->data.state,                         \
				    f->size - RB_STATE_INSIDE(f->size, 0)))) \
		ring_buffer_commit_rest(rb);

/*
 * ring_buffer_reserve_fast() - reserve room for an event in the common case
 * @payload: bytes, a constant multiple of 4 from RB_FAST_MIN to
 *	4 * RB_TYPE_DATA_MAX
 * @stamp:   NULL, or where to store the time, even if the result is false
 *
 * The caller keeps preemption off from before the call until after the commit.
 * Return: true, and ring_buffer_commit_fast() must follow; false, and nothing
 * has been reserved: call ring_buffer_lock_reserve().
 */
static __always_inline bool
ring_buffer_reserve_fast(struct ring_buffer_per_cpu *rb, u32 payload,
			 struct ring_buffer_fast *f, u64 *stamp)
{
	const u32 size = RB_EVENT_HEADER + payload;
	u64 delta;
	u32 offset;

	RING_RESERVE(RING_C);
	return true;

undo:
	call_keeping(ring_buffer_undo, rb, size);
	return false;
}

/* The end of code in assembly that has not written its event. */
static __always_inline void
ring_buffer_not_written(struct ring_buffer_per_cpu *rb, u32 refused)
{
	if (refused != RING_REFUSED)
		ring_buffer_undo(rb, refused);
}

static __always_inline void
ring_buffer_commit_fast(struct ring_buffer_per_cpu *rb,
			const struct ring_buffer_fast *f)
{
	RING_COMMIT(RING_C);
}
