/* SPDX-License-Identifier: MIT */
/*
 * ring_buffer_internal.h - shared by the ring buffer's files.
 *
 * ring_buffer.c writes, ring_buffer_read.c reads, ring_buffer_ctl.c creates and
 * changes the rings. The top of ring_buffer.c explains the algorithm.
 */
#pragma once

#include "trace/ring/ring_buffer.h"

/* A slot: the number of the page it holds (0: none) and its memory's index. */
#define RB_SLOT_BITS	    16
#define RB_SLOT(seq, index) ((u64)(seq) << RB_SLOT_BITS | (index))
#define RB_SLOT_SEQ(slot)   ((slot) >> RB_SLOT_BITS)
#define RB_SLOT_INDEX(slot) ((u32)(slot) & ((1U << RB_SLOT_BITS) - 1))

/* In place of ->tail: only the fast path has written since the last commit. */
#define RB_TAIL_NONE (~0ULL)

static inline u64 *rb_slot(const struct ring_buffer_per_cpu *rb, u64 seq)
{
	return &rb->data.slots[seq % rb->data.nr_slots];
}

/*
 * The info of page seq, which exists and is commit_seq or later. (The reader
 * may already have taken the commit page.)
 */
static inline struct ring_buffer_info *
rb_info(const struct ring_buffer_per_cpu *rb, u64 seq)
{
	if (seq == rb->data.commit_seq)
		return &rb->data.info[rb->data.commit_index];
	return &rb->data.info[RB_SLOT_INDEX(READ_ONCE(*rb_slot(rb, seq)))];
}

/*
 * The bytes of page seq that a reader may read. Those of the commit page are in
 * ->state, those of a closed page are in its ->commit. While a writer
 * advances ->commit_seq, ->state has RB_TAIL_CLOSED (rb_commit_next()).
 */
static inline u32 rb_bytes(const struct ring_buffer_per_cpu *rb,
			   const struct ring_buffer_page *page, u64 seq)
{
	u64 commit_seq;
	u32 bytes;

	do {
		commit_seq = smp_load_acquire(&rb->data.commit_seq);
		bytes = smp_load_acquire(&rb->data.state) & RB_STATE_BYTES;
	} while (READ_ONCE(rb->data.commit_seq) != commit_seq);
	if (seq == commit_seq && bytes != RB_TAIL_CLOSED)
		return bytes;
	return smp_load_acquire(&page->commit);
}

/* For tests: is no writer inside, nothing left to commit, nothing slow? */
static inline bool rb_is_idle(const struct ring_buffer_per_cpu *rb)
{
	return (rb->data.state | rb->slow) <= RB_STATE_BYTES;
}

/*
 * rb_hold() stops the writers of a CPU and waits until none is inside;
 * rb_release() lets them continue.
 * Context: task, may sleep.
 */
void rb_hold(struct ring_buffer_per_cpu *rb, u32 reason);
void rb_release(struct ring_buffer_per_cpu *rb, u32 reason);

/* Drop all events and zero all counts. Context: no writer, reader_lock held. */
void rb_start_empty(struct ring_buffer_per_cpu *rb);

/* Set what belongs to the CPU and the owner's settings; ->data is untouched. */
void rb_setup(struct ring_buffer_per_cpu *rb, const struct ring_buffer *buffer,
	      unsigned int cpu);

/*
 * rb_decode_data() - ring_buffer_decode() for an event of the common form, data
 * whose length is in its header
 * Return: false: it has another form, or there is none; nothing has changed.
 */
static __always_inline bool rb_decode_data(const struct ring_buffer_page *page,
					   u32 size, u32 *offset, u64 *time,
					   struct ring_buffer_event *event)
{
	u32 at = *offset, header, len;

	if (size > RB_DATA_SIZE || at % 4 || (u64)at + RB_EVENT_HEADER > size)
		return false;
	header = *(const u32 *)(page->data + at);
	at += RB_EVENT_HEADER;
	len = (header & RB_TYPE_MASK) * 4;
	if (!len || len > RB_TYPE_DATA_MAX * 4 || at + len > size)
		return false;
	*time += header >> RB_TYPE_BITS;
	*offset = at + len;
	*event = (struct ring_buffer_event){
		.data = page->data + at,
		.len = len,
		.time = *time,
	};
	return true;
}
