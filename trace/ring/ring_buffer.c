// SPDX-License-Identifier: MIT
/*
 * ring_buffer.c - the writer's side of the per-CPU ring buffer.
 *
 * Owns how room is reserved and how events become visible. No function here
 * waits or takes a lock. An interrupt or NMI may bring a nested writer at any
 * instruction; the nested writer runs to its end first. So the writers of one
 * CPU nest like brackets, and only the outermost one commits.
 *
 * The pages of a CPU's stream are numbered 1, 2, 3 ...; page seq is in slot seq
 * % nr_slots. The slot's word holds the page's number and the index of its
 * memory. Always:
 *
 *	next_seq - 1 <= commit_seq <= tail_seq < commit_seq + nr_slots
 *	(reader)        (outermost)   (any writer)
 *
 * In the common case a writer finds nobody inside, and its event fits on the
 * commit page. It writes it behind what readers see, then makes it visible by
 * one addition to ->state (ring_steps.h). All other writers reserve their room
 * first, by a second word:
 *
 * ->tail holds the time of the last event and the bytes in use of the tail
 * page. One compare-and-exchange of it reserves room and fixes the time, so the
 * delta of an event always counts from the event directly before it, however
 * writers nest. A writer that was interrupted finds a changed word and reads
 * the clock again. The first writer that needs the word makes it (rb_open()),
 * behind the fast writer that it has interrupted, if there is one. The
 * outermost writer publishes everything, and then the word is RB_TAIL_NONE
 * again (rb_commit_all()).
 *
 * A writer closes a page that is full: ->tail keeps the time but no offset, and
 * the page's ->end holds the offset where it ends. Then the writer claims the
 * next slot, advances ->tail_seq, sets ->tail_page, and opens ->tail with the
 * first event on the new page. Each step is a compare-and-exchange that a
 * nested writer may already have done. A nested writer never waits: ->end shows
 * which steps are done, and it does the others.
 *
 * RB1  A writer inside never finds ->tail as it was if another one has written:
 *     time does not go back, the offset rises within a page, and a new page
 *     begins later than the old one ended. So an exchange that succeeds proves
 *     that no other writer ran in between. Only the outermost writer stores
 *     RB_TAIL_NONE: nobody inside finds that it has come and gone.
 * RB2  ->commit_seq, ->state and a page's ->commit cover complete events only.
 * RB3  When ->state says that nobody is inside and nothing is pending, every
 *     event written is committed. The fast path is taken only then.
 * RB4  A slot changes owner by one locked exchange: a page is overwritten by
 *     the writer or taken by the reader, never both.
 * RB5  Every event is either read or counted in overrun, commit_overrun or
 *     dropped.
 * RB9 At any instruction of a writer its buffer's ring may be exchanged for the
 *     twin (ring_buffer_swap()). A writer ends in the ring where it began: the
 *     fast path keeps its address, and the slow path finds it by its context's
 *     bit in ->state, which only one of the twins can have.
 *
 * Context: any, NMI included; not traceable. Locks: none.
 */
#include "kernel/lib/errno.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/ring/ring_fast.h"
#include <asm/atomic.h>

/* The place reserved for an event. */
struct rb_room {
	struct ring_buffer_page *page;
	u32 offset;
	bool extend; /* a time extend goes before the event */
	u64 delta;
	u64 time;
};

#define RB_EXTEND_SIZE 8

static_assert(RB_STATE_CTX(RB_STATE_INSIDE(0, CTX_TRANSITION)) ==
		      CTX_TRANSITION,
	      "room for all contexts");
static_assert(RB_EVENT_HEADER + RB_TYPE_DATA_MAX * 4 <= RB_STATE_SIZE(~0U),
	      "room for all sizes");
static_assert(RB_TAIL_CLOSED > RB_DATA_SIZE, "no event fits on a closed page");

/*
 * Inline also with -Os: the proof of `make lint` knows where the clock is
 * called.
 */
static __always_inline u64 rb_time(const struct ring_buffer_per_cpu *rb)
{
	return rb->clock ? rb->clock() : trace_scale_now(&rb->scale);
}

u64 ring_buffer_time(const struct ring_buffer_per_cpu *rb)
{
	return rb_time(rb);
}

/* now - time of tail, which has 52 bits: 26 days each way */
static s64 rb_delta(u64 now, u64 tail)
{
	return (s64)((now << RB_TAIL_BITS) - (tail & ~RB_TAIL_MASK)) >>
	       RB_TAIL_BITS;
}

/* Raise *p to val unless it is larger. Safe against nested writers. */
static void rb_raise(u64 *p, u64 val)
{
	u64 old = local_read(p);

	while (old < val && !local_try_cmpxchg(p, &old, val))
		;
}

/*
 * Claim the slot for page seq. An unread page in it is overwritten. Return:
 * false if overwriting is not allowed: the ring is full.
 */
static bool rb_claim(struct ring_buffer_per_cpu *rb, u64 seq)
{
	u64 *slot = rb_slot(rb, seq);
	u64 old = READ_ONCE(*slot);
	struct ring_buffer_info *info;

	for (;;) {
		if (RB_SLOT_SEQ(old) == seq)
			return true; /* a writer we interrupted did it */
		if (RB_SLOT_SEQ(old) && !rb->overwrite)
			return false;
		/* RB4; pairs with rb_take(), ring_buffer_read.c */
		if (try_cmpxchg(slot, &old, RB_SLOT(seq, RB_SLOT_INDEX(old))))
			break;
	}
	if (RB_SLOT_SEQ(old)) {
		info = &rb->data.info[RB_SLOT_INDEX(old)];
		local_add(&rb->data.overrun, info->entries);
	}
	return true;
}

/*
 * Put the first event on page tail_seq; the tail page is closed. Return: 1
 * done; 0 look again, a nested writer changed ->tail.
 */
static int rb_open_page(struct ring_buffer_per_cpu *rb, u64 tail, u64 seq,
			u64 now, u32 size, struct rb_room *room)
{
	struct ring_buffer_page *page = rb_info(rb, seq)->page;
	u64 tail_page = local_read((u64 *)&rb->data.tail_page);
	s64 delta = rb_delta(now, tail);

	/*
	 * ->tail is still closed, so tail_page is the closed page or the next
	 * one.
	 */
	if (local_read(&rb->data.tail) != tail)
		return 0;
	if (tail_page != (u64)page)
		local_try_cmpxchg((u64 *)&rb->data.tail_page, &tail_page,
				  (u64)page);
	if (delta <= 0)
		now += 1 - delta; /* RB1 */
	if (!local_try_cmpxchg(&rb->data.tail, &tail,
			       (now << RB_TAIL_BITS) + size))
		return 0;
	/*
	 * No reader reads these before the page is the commit page. Old bytes
	 * never have the new time, even if the machine stops here (RB11).
	 */
	WRITE_ONCE(page->commit, 0);
	barrier();
	WRITE_ONCE(page->time_stamp, now);
	*room = (struct rb_room){ .page = page, .time = now };
	return 1;
}

/*
 * The event does not fit on the tail page. Return: 1 reserved on the next page;
 * 0 look again; -ENOSPC no next page is free, counted.
 */
static int rb_next_page(struct ring_buffer_per_cpu *rb, u64 tail, u64 now,
			u32 size, struct rb_room *room)
{
	u64 seq = local_read(&rb->data.tail_seq);
	struct ring_buffer_info *info = rb_info(rb, seq);
	u64 next = seq;

	if (local_read(&rb->data.tail) != tail)
		return 0; /* seq may be of another page than tail */
	if ((tail & RB_TAIL_MASK) != RB_TAIL_CLOSED) {
		rb_raise(&info->end,
			 seq << RB_TAIL_BITS | (tail & RB_TAIL_MASK));
		if (!local_try_cmpxchg(&rb->data.tail, &tail,
				       tail | RB_TAIL_CLOSED))
			return 0;
		tail |= RB_TAIL_CLOSED;
	}
	/*
	 * If ->end names another page, we interrupted a writer that has already
	 * advanced tail_seq.
	 */
	if (local_read(&info->end) >> RB_TAIL_BITS == seq) {
		next = seq + 1;
		if (next - rb->data.commit_seq >= rb->data.nr_slots) {
			local_inc(&rb->data.commit_overrun);
			return -ENOSPC;
		}
		if (!rb_claim(rb, next)) {
			local_inc(&rb->data.dropped);
			return -ENOSPC;
		}
		local_try_cmpxchg(&rb->data.tail_seq, &seq, next);
	}
	return rb_open_page(rb, tail, next, now, size, room);
}

/* Return: 1 reserved; 0 look again; -ENOSPC no room, counted. */
static int rb_reserve(struct ring_buffer_per_cpu *rb, u32 size,
		      struct rb_room *room)
{
	u64 tail = local_read(&rb->data.tail);
	u64 now = rb_time(rb);
	s64 delta = rb_delta(now, tail);
	u32 offset = tail & RB_TAIL_MASK;
	u32 whole = size;

	if (delta < 0) {
		now -= delta; /* the clock went back: use the tail's time */
		delta = 0;
	}
	if (delta > (s64)RB_DELTA_MAX)
		whole += RB_EXTEND_SIZE;
	if (offset + whole > RB_DATA_SIZE)
		return rb_next_page(rb, tail, now, size, room);
	*room = (struct rb_room){
		.page = (void *)local_read((u64 *)&rb->data.tail_page),
		.offset = offset,
		.extend = whole != size,
		.delta = delta,
		.time = now,
	};
	return local_try_cmpxchg(&rb->data.tail, &tail,
				 (now << RB_TAIL_BITS) + offset + whole);
}

/* Write the headers. Return: the payload. */
static void *rb_write_header(const struct rb_room *room, u32 len)
{
	u32 *word = (u32 *)(room->page->data + room->offset);
	u32 words = DIV_ROUND_UP(len, 4);
	u32 delta = room->delta;

	if (room->extend) {
		*word++ = ((u32)room->delta & RB_DELTA_MAX) << RB_TYPE_BITS |
			  RB_TYPE_EXTEND;
		*word++ = room->delta >> RB_DELTA_BITS;
		delta = 0;
	}
	if (words && words <= RB_TYPE_DATA_MAX) {
		*word++ = delta << RB_TYPE_BITS | words;
	} else {
		*word++ = delta << RB_TYPE_BITS | RB_TYPE_LONG;
		*word++ = words * 4 + 4;
	}
	return word;
}

static u32 rb_event_size(u32 len)
{
	u32 words = DIV_ROUND_UP(len, 4);
	bool is_long = !words || words > RB_TYPE_DATA_MAX;

	return RB_EVENT_HEADER + words * 4 + (is_long ? 4 : 0);
}

/* Count the events between two offsets of a page. Both are event borders. */
static u32 rb_count(const struct ring_buffer_page *page, u32 from, u32 to)
{
	struct ring_buffer_event event;
	u64 time = 0;
	u32 n = 0;

	while (from != to &&
	       (rb_decode_data(page, to, &from, &time, &event) ||
		ring_buffer_decode(page, to, &from, &time, &event) > 0))
		n++;
	return n;
}

/* Commit the events of the commit page up to offset end. */
static void rb_commit_page(struct ring_buffer_per_cpu *rb, u32 end, bool closed)
{
	struct ring_buffer_page *page = rb->data.page;
	u32 bytes = local_read(&rb->data.state) & RB_STATE_BYTES;
	u32 from = bytes == RB_TAIL_CLOSED ? page->commit : bytes;

	rb->data.commit_entries += rb_count(page, from, end);
	/* RB2: store the events before the bytes; pairs with rb_bytes() */
	smp_store_release(&page->commit, end);
	local_add_sign(&rb->data.state,
		       (closed ? RB_TAIL_CLOSED : end) - bytes);
}

/* Finish the commit page and make the next page the commit page. */
static void rb_commit_next(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_info *info = &rb->data.info[rb->data.commit_index];
	u64 seq = rb->data.commit_seq + 1;
	u32 index = RB_SLOT_INDEX(READ_ONCE(*rb_slot(rb, seq)));

	rb_commit_page(rb, info->end & RB_TAIL_MASK, true);
	info->entries = rb->data.commit_entries - info->first;
	rb->data.info[index].first = rb->data.commit_entries;
	rb->data.commit_index = index;
	rb->data.page = rb->data.info[index].page;
	/*
	 * Store the words of both pages before the number; pairs with
	 * rb_take(). ->state has RB_TAIL_CLOSED, no page's bytes.
	 */
	smp_store_release(&rb->data.commit_seq, seq);
}

/*
 * Commit everything reserved so far; then the fast path may write. A writer
 * that nests before ->tail is RB_TAIL_NONE changes it, and one that nests after
 * finds the words that rb_open() reads as they are now. Both leave a note, so
 * this is called again.
 */
static void rb_commit_all(struct ring_buffer_per_cpu *rb)
{
	u64 tail, seq;
	bool closed;
	u32 end;

	do {
		tail = local_read(&rb->data.tail);
		seq = local_read(&rb->data.tail_seq);
	} while (local_read(&rb->data.tail) != tail);
	if (tail == RB_TAIL_NONE)
		return;
	while (rb->data.commit_seq != seq)
		rb_commit_next(rb);
	end = tail & RB_TAIL_MASK;
	closed = end == RB_TAIL_CLOSED;
	if (closed)
		end = rb->data.info[rb->data.commit_index].end & RB_TAIL_MASK;
	rb_commit_page(rb, end, closed);
	rb->data.last -= rb_delta(rb->data.last, tail);
	local_try_cmpxchg(&rb->data.tail, &tail, RB_TAIL_NONE);
}

/*
 * Leave as the outermost writer. A writer that nested while one was inside left
 * its commit to this one and set RB_STATE_PENDING. A writer that arrives once
 * nobody is inside is itself outermost; it finds the bit and commits
 * everything.
 */
void ring_buffer_commit_rest(struct ring_buffer_per_cpu *rb)
{
	u32 ctx = RB_STATE_INSIDE(0, this_cpu_read(trace_context));

	do {
		local_or(&rb->data.state, ctx);
		local_and(&rb->data.state, ~RB_STATE_PENDING);
		rb_commit_all(rb);
		local_and(&rb->data.state, ~ctx);
	} while (local_read(&rb->data.state) & RB_STATE_PENDING); /* RB3 */
}

/* Is there room on the commit page for the fast writer inside? */
static bool rb_has_room(u32 state)
{
	return RB_STATE_SIZE(state) &&
	       (state & RB_STATE_BYTES) + RB_STATE_SIZE(state) <= RB_DATA_SIZE;
}

/* What a nested writer counts from. If ->last is later, undo will follow. */
static u64 rb_begun(const struct ring_buffer_per_cpu *rb)
{
	return max(local_read(&rb->data.begun), local_read(&rb->data.last));
}

/*
 * Make ->tail, unless it is there: behind the fast writer inside. That one may
 * have stored ->last or not, but the later of the two times is the same, and
 * the rest does not change while anybody is inside. So all who nest here make
 * the same word.
 */
static void rb_open(struct ring_buffer_per_cpu *rb)
{
	u64 tail = local_read(&rb->data.tail);
	u32 state = local_read(&rb->data.state);
	u64 offset = state & RB_STATE_BYTES, time = local_read(&rb->data.last);

	if (tail != RB_TAIL_NONE)
		return;
	if (rb_has_room(state)) {
		offset += RB_STATE_SIZE(state);
		time = rb_begun(rb);
	}
	local_try_cmpxchg(&rb->data.tail, &tail, time << RB_TAIL_BITS | offset);
}

/*
 * Fill the room that a fast writer has needed, and a nested one has left to it:
 * a padding, and the time that the next event counts from.
 */
static void rb_fill_gap(struct ring_buffer_per_cpu *rb, u32 state)
{
	u32 offset = state & RB_STATE_BYTES, size = RB_STATE_SIZE(state);
	u32 *word = (u32 *)(rb->data.page->data + offset);
	u64 time = rb_begun(rb);

	word[0] = 1 << RB_TYPE_BITS | RB_TYPE_PADDING;
	word[1] = size - 8 - RB_EVENT_HEADER;
	word += size / 4 - 2;
	word[0] = (u32)time << RB_TYPE_BITS | RB_TYPE_STAMP;
	word[1] = time >> RB_DELTA_BITS;
}

void ring_buffer_undo(struct ring_buffer_per_cpu *rb, u32 size)
{
	u32 state = local_read(&rb->data.state);

	do {
		if (state & RB_STATE_PENDING && rb_has_room(state))
			rb_fill_gap(rb, state);
	} while (!local_try_cmpxchg32(&rb->data.state, &state,
				      state - RB_STATE_INSIDE(size, 0)));
	if (state & RB_STATE_PENDING)
		ring_buffer_commit_rest(rb);
}

static bool rb_enter(struct ring_buffer_per_cpu *rb)
{
	const struct ring_buffer_per_cpu *twin = READ_ONCE(rb->twin);
	u32 ctx = this_cpu_read(trace_context);
	u32 state = local_read(&rb->data.state);

	if (READ_ONCE(rb->slow) & (RB_SLOW_MASKED | RB_SLOW_HELD))
		return false;
	if (twin)
		state |= local_read(&twin->data.state);
	if (RB_STATE_CTX(state) & ctx) { /* RB9 */
		local_inc(&rb->data.recursed);
		return false;
	}
	local_or(&rb->data.state, RB_STATE_INSIDE(0, ctx));
	rb_open(rb);
	return true;
}

/* The writers that nest here put back what they find. */
static void rb_leave(struct ring_buffer_per_cpu *rb)
{
	u32 ctx = RB_STATE_INSIDE(0, this_cpu_read(trace_context));
	u32 state = local_read(&rb->data.state) & ~ctx;

	if (RB_STATE_WRITERS(state))
		local_set(&rb->data.state, state | RB_STATE_PENDING);
	else
		ring_buffer_commit_rest(rb);
}

void *ring_buffer_lock_reserve(struct ring_buffer *buffer, size_t len,
			       u64 *time)
{
	struct ring_buffer_per_cpu *rb;
	struct rb_room room;
	int done;

	if (len > RB_PAYLOAD_MAX)
		return NULL;
	preempt_disable_notrace();
	rb = READ_ONCE(buffer->cpu[smp_processor_id()]);
	if (!rb || !rb_enter(rb))
		goto refuse;
	do {
		done = rb_reserve(rb, rb_event_size(len), &room);
	} while (!done);
	if (done < 0) {
		rb_leave(rb);
		goto refuse;
	}
	if (time)
		*time = room.time;
	return rb_write_header(&room, len);

refuse:
	preempt_enable_notrace();
	return NULL;
}

void ring_buffer_unlock_commit(struct ring_buffer *buffer)
{
	struct ring_buffer_per_cpu *rb =
		READ_ONCE(buffer->cpu[smp_processor_id()]);

	if (unlikely(!(RB_STATE_CTX(local_read(&rb->data.state)) &
		       this_cpu_read(trace_context))))
		rb = rb->twin; /* RB9: exchanged since the event was reserved */
	rb_leave(rb);
	preempt_enable_notrace();
}
