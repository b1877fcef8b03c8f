/* SPDX-License-Identifier: MIT */
/*
 * ring_buffer_internal.h - what the ring buffer's files share.
 *
 * ring_buffer.c writes, ring_buffer_read.c reads, ring_buffer_ctl.c makes and
 * changes the rings. The algorithm is told at the top of ring_buffer.c.
 */
#pragma once

#include "trace/ring/ring_buffer.h"

/* A slot: which page of the stream it holds (0: none), in which memory. */
#define RB_SLOT_BITS	    16
#define RB_SLOT(seq, index) ((u64)(seq) << RB_SLOT_BITS | (index))
#define RB_SLOT_SEQ(slot)   ((slot) >> RB_SLOT_BITS)
#define RB_SLOT_INDEX(slot) ((u32)(slot) & ((1U << RB_SLOT_BITS) - 1))

/* In place of the offset in ->tail: nothing more goes into this page. */
#define RB_TAIL_CLOSED RB_TAIL_MASK

static inline u64 *rb_slot(const struct ring_buffer_per_cpu *rb, u64 seq)
{
	return &rb->data.slots[seq % rb->data.nr_slots];
}

/*
 * Memory of the page with sequence number seq, which is commit_seq or later
 * and exists. (The commit page may be the reader's already.)
 */
static inline struct ring_buffer_info *
rb_info(const struct ring_buffer_per_cpu *rb, u64 seq)
{
	if (seq == rb->data.commit_seq)
		return &rb->data.info[rb->data.commit_index];
	return &rb->data.info[RB_SLOT_INDEX(READ_ONCE(*rb_slot(rb, seq)))];
}

/* Bytes of a page that a reader may look at. */
static inline u32 rb_committed(const struct ring_buffer_page *page)
{
	return smp_load_acquire(&page->commit);
}

/*
 * Stop the writers of a CPU and wait until none is inside; let them go on.
 * Context: task, may sleep.
 */
void rb_hold(struct ring_buffer_per_cpu *rb, u32 reason);
void rb_release(struct ring_buffer_per_cpu *rb, u32 reason);

/* Forget all events and counts. Context: no writer, reader_lock held. */
void rb_start_empty(struct ring_buffer_per_cpu *rb);
