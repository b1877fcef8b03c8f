// SPDX-License-Identifier: MIT
/*
 * ring_buffer_read.c - the reader's side of the per-CPU ring buffer.
 *
 * Owns the page outside the ring and the reader's position. A consuming reader
 * takes the oldest page out of its slot in exchange for its own page (RB4 in
 * ring_buffer.c). From then on no other code uses that page, except that the
 * writer still adds to it while it is the commit page. A walk copies a page and
 * then checks that the slot still holds the same page. If not, a writer has
 * overwritten the page, and the walk discards the copy.
 *
 * RB6  The reader gives its page back only when the commit page is a later one.
 *     Before that, the writer may still write to it.
 * RB7  Events are numbered by the writer (->first), so a reader knows exactly
 *     how many were lost.
 *
 * Context: task, may sleep. Locks: reader_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/ring/ring_buffer_internal.h"
#include <asm/atomic.h>

/* Find the oldest unread page that the writer has begun. */
static bool rb_oldest(struct ring_buffer_per_cpu *rb, u64 *slot)
{
	u64 commit_seq, held;

	for (;;) {
		commit_seq = smp_load_acquire(&rb->data.commit_seq);
		if (rb->data.next_seq > commit_seq)
			return false;
		*slot = READ_ONCE(*rb_slot(rb, rb->data.next_seq));
		held = RB_SLOT_SEQ(*slot);
		if (held == rb->data.next_seq)
			return true;
		/*
		 * This page and every page more than nr_slots behind is
		 * overwritten.
		 */
		rb->data.next_seq++;
		if (held >= rb->data.next_seq + rb->data.nr_slots)
			rb->data.next_seq = held - rb->data.nr_slots + 1;
	}
}

/* Exchange the reader's page, all read, for the oldest. Return: found one? */
static bool rb_take(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_info *info;
	u64 slot;

	do {
		if (!rb_oldest(rb, &slot))
			return false;
		info = &rb->data.info[RB_SLOT_INDEX(slot)];
		if (rb->data.next_seq ==
			    smp_load_acquire(&rb->data.commit_seq) &&
		    !rb_bytes(rb, info->page, rb->data.next_seq))
			return false; /* the page is empty: leave it */
	} while (!try_cmpxchg(rb_slot(rb, rb->data.next_seq), &slot,
			      RB_SLOT(0, rb->data.reader_index))); /* RB4 */
	/* In this order, should the machine stop here: RB12. */
	WRITE_ONCE(rb->data.reader_seq, rb->data.next_seq);
	barrier();
	WRITE_ONCE(rb->data.reader_index, RB_SLOT_INDEX(slot));
	barrier();
	WRITE_ONCE(rb->data.next_seq, rb->data.next_seq + 1);
	rb->data.reader_offset = 0;
	rb->data.reader_events = 0;
	rb->data.reader_stamp = info->page->time_stamp;
	rb->data.lost = info->first - rb->data.next_event; /* RB7 */
	rb->data.next_event = info->first;
	return true;
}

/*
 * Make sure that the reader's page has unread data. Return: bytes of data on
 * it, 0 if there is nothing to read.
 */
static u32 rb_reader_page(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_page *page;
	u64 commit_seq;
	u32 size;

	assert_held(&rb->reader_lock);
	for (;;) {
		/* Read the number before the size: see rb_commit_next(). */
		commit_seq = smp_load_acquire(&rb->data.commit_seq);
		if (rb->data.reader_seq) {
			page = rb->data.info[rb->data.reader_index].page;
			size = rb_bytes(rb, page, rb->data.reader_seq);
			if (rb->data.reader_offset < size)
				return size;
			if (rb->data.reader_seq == commit_seq)
				return 0; /* RB6 */
		}
		if (!rb_take(rb))
			return 0;
	}
}

/* Decode the event at the reader's offset and leave the offset. */
static bool rb_reader_event(struct ring_buffer_per_cpu *rb, u32 *offset,
			    struct ring_buffer_event *event)
{
	u32 size;

	while ((size = rb_reader_page(rb)) != 0) {
		u64 time = rb->data.reader_stamp;

		*offset = rb->data.reader_offset;
		if (ring_buffer_decode(
			    rb->data.info[rb->data.reader_index].page, size,
			    offset, &time, event) > 0) {
			event->lost = rb->data.lost;
			return true;
		}
		/* Only padding is left, and a time to count from. */
		rb->data.reader_offset = size;
		rb->data.reader_stamp = time;
	}
	return false;
}

bool ring_buffer_peek(struct ring_buffer_per_cpu *rb,
		      struct ring_buffer_event *event)
{
	u32 offset;

	return rb_reader_event(rb, &offset, event);
}

void ring_buffer_consume(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;
	u32 offset;

	if (!rb_reader_event(rb, &offset, &event))
		return;
	rb->data.reader_offset = offset;
	rb->data.reader_stamp = event.time;
	rb->data.reader_events++;
	rb->data.next_event++;
	rb->data.read_events++;
	rb->data.lost = 0;
}

u64 ring_buffer_pages_unread(struct ring_buffer_per_cpu *rb)
{
	u64 end, pages;

	mutex_lock_notrace(&rb->reader_lock);
	end = smp_load_acquire(&rb->data.commit_seq) + 1;
	pages = end > rb->data.next_seq ? end - rb->data.next_seq : 0;
	mutex_unlock_notrace(&rb->reader_lock);
	return min(pages, (u64)rb->data.nr_slots);
}

bool ring_buffer_empty(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;
	bool empty;

	mutex_lock_notrace(&rb->reader_lock);
	empty = !ring_buffer_peek(rb, &event);
	mutex_unlock_notrace(&rb->reader_lock);
	return empty;
}

/* ---- whole pages --------------------------------------------------------- */

/* Read the rest of the reader's page. Return: events read. */
static u32 rb_read_rest(struct ring_buffer_per_cpu *rb, u32 size)
{
	const struct ring_buffer_page *page =
		rb->data.info[rb->data.reader_index].page;
	struct ring_buffer_event event;
	u32 n = 0;

	while (ring_buffer_decode(page, size, &rb->data.reader_offset,
				  &rb->data.reader_stamp, &event) > 0)
		n++;
	return n;
}

/* Store the number of events lost before a page where stock tools read it. */
static void rb_mark_lost(struct ring_buffer_page *page, u32 size, u64 lost)
{
	page->commit = size;
	if (!lost)
		return;
	page->commit |= RB_MISSED_EVENTS;
	if (size + sizeof(lost) <= RB_DATA_SIZE) {
		memcpy(page->data + size, &lost, sizeof(lost));
		page->commit |= RB_MISSED_STORED;
	}
}

u32 ring_buffer_read_page(struct ring_buffer_per_cpu *rb,
			  struct ring_buffer_page *page, bool full)
{
	struct ring_buffer_info *info;
	u32 size, events, bytes = 0;
	bool complete;

	mutex_lock_notrace(&rb->reader_lock);
	size = rb_reader_page(rb);
	complete = rb->data.reader_seq !=
		   smp_load_acquire(&rb->data.commit_seq);
	if (!size || (full && !complete))
		goto unlock;
	info = &rb->data.info[rb->data.reader_index];
	if (complete) /* the count is final, so the size must be, too */
		size = rb_bytes(rb, info->page, rb->data.reader_seq);
	bytes = size - rb->data.reader_offset;
	memcpy(page->data, info->page->data + rb->data.reader_offset, bytes);
	page->time_stamp = rb->data.reader_stamp; /* deltas count from it */
	rb_mark_lost(page, bytes, rb->data.lost);
	events = complete ? info->entries - rb->data.reader_events :
			    rb_read_rest(rb, size);
	rb->data.reader_offset = size;
	rb->data.reader_events += events;
	rb->data.next_event += events;
	rb->data.read_events += events;
	rb->data.lost = 0;
unlock:
	mutex_unlock_notrace(&rb->reader_lock);
	return bytes;
}

/* ---- walks --------------------------------------------------------------- */

/*
 * Copy page iter->seq. Return: false if the page was overwritten.
 */
static bool rb_iter_copy(struct ring_buffer_iter *iter)
{
	struct ring_buffer_per_cpu *rb = iter->rb;
	u64 *slot_word = rb_slot(rb, iter->seq);
	u64 slot = READ_ONCE(*slot_word);
	bool mine = rb->data.reader_seq == iter->seq;
	const struct ring_buffer_info *info;
	u32 size;
	u64 first;

	if (!mine && RB_SLOT_SEQ(slot) != iter->seq)
		return false;
	info = &rb->data.info[mine ? rb->data.reader_index :
				     RB_SLOT_INDEX(slot)];
	size = rb_bytes(rb, info->page, iter->seq);
	if (iter->seq == iter->last_seq)
		size = min(size, iter->last_size);
	iter->time = info->page->time_stamp;
	first = info->first;
	memcpy(iter->page->data, info->page->data, size);
	smp_rmb(); /* copy before the second read; pairs with rb_claim() */
	if (!mine && READ_ONCE(*slot_word) != slot)
		return false;
	/* What a consuming reader has taken is not lost. */
	iter->event_nr = max(iter->event_nr, rb->data.next_event);
	if (first > iter->event_nr)
		iter->event.lost += first - iter->event_nr;
	iter->event_nr = first;
	iter->size = size;
	iter->offset = 0;
	return true;
}

static void rb_iter_lock(const struct ring_buffer_iter *iter)
{
	if (!iter->held)
		mutex_lock_notrace(&iter->rb->reader_lock);
}

static void rb_iter_unlock(const struct ring_buffer_iter *iter)
{
	if (!iter->held)
		mutex_unlock_notrace(&iter->rb->reader_lock);
}

/* Copy the next page that is not overwritten. Return: whether there is one. */
static bool rb_iter_page(struct ring_buffer_iter *iter)
{
	bool found = false;

	rb_iter_lock(iter);
	if (iter->generation != iter->rb->generation)
		iter->seq = iter->last_seq; /* the ring was emptied: end here */
	while (!found && ++iter->seq <= iter->last_seq)
		found = rb_iter_copy(iter);
	rb_iter_unlock(iter);
	return found;
}

static noinline void rb_iter_next_slow(struct ring_buffer_iter *iter)
{
	struct ring_buffer_event *event = &iter->event;

	event->lost = 0;
	for (;;) {
		u64 lost = event->lost;

		if (ring_buffer_decode(iter->page, iter->size, &iter->offset,
				       &iter->time, event) > 0) {
			event->lost = lost;
			iter->event_nr++;
			return;
		}
		if (!rb_iter_page(iter))
			break;
	}
	iter->valid = false;
}

void ring_buffer_iter_next(struct ring_buffer_iter *iter)
{
	iter->valid = true;
	if (likely(rb_decode_data(iter->page, iter->size, &iter->offset,
				  &iter->time, &iter->event)))
		iter->event_nr++;
	else
		rb_iter_next_slow(iter);
}

/* Record where the stream ends now. */
static void rb_iter_end(struct ring_buffer_iter *iter)
{
	struct ring_buffer_per_cpu *rb = iter->rb;
	u64 slot;
	u32 index;

	do {
		iter->last_seq = smp_load_acquire(&rb->data.commit_seq);
		slot = READ_ONCE(*rb_slot(rb, iter->last_seq));
		index = iter->last_seq == rb->data.reader_seq ?
				rb->data.reader_index :
				RB_SLOT_INDEX(slot);
		iter->last_size =
			rb_bytes(rb, rb->data.info[index].page, iter->last_seq);
	} while (smp_load_acquire(&rb->data.commit_seq) != iter->last_seq);
}

static void rb_iter_start(struct ring_buffer_iter *iter)
{
	struct ring_buffer_per_cpu *rb = iter->rb;
	u64 slot;

	rb_iter_lock(iter);
	iter->generation = rb->generation;
	rb_iter_end(iter);
	if (rb->data.reader_seq) {
		iter->seq = rb->data.reader_seq;
		rb_iter_copy(iter);
		/* Begin at the consuming reader's position. */
		iter->event.lost = 0;
		iter->offset = rb->data.reader_offset;
		iter->time = rb->data.reader_stamp;
		iter->event_nr = rb->data.next_event;
	} else if (rb_oldest(rb, &slot)) {
		iter->seq = rb->data.next_seq - 1;
		iter->event_nr = rb->data.info[RB_SLOT_INDEX(slot)].first;
	} else {
		iter->seq = iter->last_seq;
	}
	rb_iter_unlock(iter);
	ring_buffer_iter_next(iter);
}

void ring_buffer_iter_start(struct ring_buffer_iter *iter,
			    struct ring_buffer_per_cpu *rb,
			    struct ring_buffer_page *page)
{
	*iter = (struct ring_buffer_iter){ .rb = rb, .page = page };
	rb_iter_start(iter);
}

void ring_buffer_iter_start_held(struct ring_buffer_iter *iter,
				 struct ring_buffer_per_cpu *rb,
				 struct ring_buffer_page *page)
{
	*iter = (struct ring_buffer_iter){ .rb = rb,
					   .page = page,
					   .held = true };
	rb_iter_start(iter);
}

/* ---- counts -------------------------------------------------------------- */

/* Add a page to the counts; its data from offset on is unread. */
static void rb_stats_page(struct ring_buffer_stats *stats,
			  const struct ring_buffer_page *page, u32 size,
			  u32 offset, u64 time)
{
	struct ring_buffer_event event;

	stats->bytes += size - offset;
	if (!stats->oldest &&
	    ring_buffer_decode(page, size, &offset, &time, &event) > 0)
		stats->oldest = event.time;
}

void ring_buffer_stats(struct ring_buffer_per_cpu *rb,
		       struct ring_buffer_stats *stats)
{
	const struct ring_buffer_page *page;
	u64 slot, seq, last;

	*stats = (struct ring_buffer_stats){
		.overrun = READ_ONCE(rb->data.overrun),
		.commit_overrun = READ_ONCE(rb->data.commit_overrun),
		.dropped = READ_ONCE(rb->data.dropped),
		.recursed = READ_ONCE(rb->data.recursed),
	};
	mutex_lock_notrace(&rb->reader_lock);
	stats->read = rb->data.read_events;
	/*
	 * Read last of the three: it counts at least the events of the others.
	 */
	stats->written = READ_ONCE(rb->data.commit_entries);
	stats->entries = stats->written - stats->read - stats->overrun;
	if (rb->data.reader_seq) {
		page = rb->data.info[rb->data.reader_index].page;
		rb_stats_page(stats, page,
			      rb_bytes(rb, page, rb->data.reader_seq),
			      rb->data.reader_offset, rb->data.reader_stamp);
	}
	rb_oldest(rb, &slot); /* next_seq is now the ring's first page */
	last = smp_load_acquire(&rb->data.commit_seq);
	for (seq = rb->data.next_seq; seq <= last; seq++) {
		slot = READ_ONCE(*rb_slot(rb, seq));
		page = rb->data.info[RB_SLOT_INDEX(slot)].page;
		if (RB_SLOT_SEQ(slot) == seq)
			rb_stats_page(stats, page, rb_bytes(rb, page, seq), 0,
				      page->time_stamp);
	}
	mutex_unlock_notrace(&rb->reader_lock);
}
