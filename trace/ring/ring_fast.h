/* SPDX-License-Identifier: MIT */
/*
 * ring_fast.h - the common case of a writer in C, made of ring_steps.h.
 *
 * Context: any, NMI included; preemption off.
 */
#pragma once

#include "trace/ring/ring_buffer.h"
#include "trace/ring/ring_steps.h"

/* A reservation by the fast path. */
struct ring_buffer_fast {
	void *payload;
	u64 time;
	u32 size; /* bytes, with RB_EVENT_HEADER; a constant */
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

/* The operations of ring_steps.h in C. */
#define RING_C(step)		 RING_##step(RING_C_DO)
#define RING_C_DO(op, ...)	 RING_C_##op(__VA_ARGS__)
#define RING_C_load16(r, m)	 r = local_read((const u16 *)&rb->m);
#define RING_C_load32(r, m)	 r = local_read(&rb->m);
#define RING_C_or32(r, m)	 r |= local_fold(&rb->m);
#define RING_C_add(r, m)	 r += (u64)local_fold(&rb->m);
#define RING_C_sub(r, m)	 r -= local_fold(&rb->m);
#define RING_C_copy(r, s)	 r = s;
#define RING_C_tsc(r, c)	 r = rdtsc_shifted(c);
#define RING_C_mul_high(r, s, m) r = mul_high(s, local_fold(&rb->m));
#define RING_C_shift_left(r, c)	 r <<= (c);
#define RING_C_add_const(r, c)	 r += (c);
#define RING_C_store(m, r)	 local_set(&rb->m, r);
#define RING_C_put32(r, c, s)	 *(u32 *)((u8 *)r + (c)) = (u32)s;
#define RING_C_add32(m, c)	 local_add_sign(&rb->m, c);
#define RING_C_count(m)		 local_inc(&rb->m);
#define RING_C_add32_sign(m, c, way)             \
	if (unlikely(local_add_sign(&rb->m, c))) \
		goto way;
#define RING_C_above(r, c, way) \
	if (unlikely(r > (c)))  \
		goto way;
#define RING_C_differ(r, m, way)               \
	if (unlikely(local_fold(&rb->m) != r)) \
		goto way;

/*
 * ring_buffer_reserve_fast() - reserve room for an event in the common case
 * @payload: bytes, a constant multiple of 4 from RB_FAST_MIN to
 *	4 * RB_TYPE_DATA_MAX
 *
 * The caller keeps preemption off from before the call until after the commit.
 * Return: true, and ring_buffer_commit_fast() must follow; false, and nothing
 * has been reserved: call ring_buffer_lock_reserve().
 */
static __always_inline bool
ring_buffer_reserve_fast(struct ring_buffer_per_cpu *rb, u32 payload,
			 struct ring_buffer_fast *f)
{
	const u32 size = RB_EVENT_HEADER + payload;
	u64 word, now, event, delta;

	RING_RESERVE(RING_C);
	f->payload = (u8 *)event + RB_HEADER_SIZE + RB_EVENT_HEADER;
	f->time = now;
	f->size = size;
	return true;

undo:
	call_keeping(ring_buffer_undo, rb, size);
refused:
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
	const u32 size = f->size;

	/* The event is stored before; pairs with rb_bytes(). */
	RING_COMMIT(RING_C);
	return;

rest:
	ring_buffer_commit_rest(rb);
}
