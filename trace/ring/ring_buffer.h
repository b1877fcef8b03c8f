/* SPDX-License-Identifier: MIT */
/*
 * ring_buffer.h - per-CPU buffers of events: layout and calls. The fast path of
 * a writer is in ring_fast.h.
 *
 * Each CPU has a ring of 4 KiB pages that only this CPU writes, from every
 * context: an interrupt's writer may nest in a task's, and an NMI's in both.
 * One reader at a time takes out a whole page by exchanging it for its spare
 * page. The top of ring_buffer.c explains how this works without a lock.
 *
 * Lock legend: [C] own CPU, preemption off, changed by one instruction each;
 * [R] reader_lock; [A] atomic; [W] only while no writer can run on this CPU;
 * [I] immutable.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/mutex.h"
#include "trace/ring/trace_clock.h"
#include <asm/context.h>
#include <asm/local.h>
#include <asm/percpu.h>

/* ---- layout: byte for byte that of Linux; stock tools read it ------------ */

#define RB_PAGE_SIZE   4096
#define RB_HEADER_SIZE 16
#define RB_DATA_SIZE   (RB_PAGE_SIZE - RB_HEADER_SIZE)

/* Bits of the commit word of a page given to a reader. */
#define RB_COMMIT_SIZE	 0x07ffffffULL /* bytes of data in use */
#define RB_MISSED_EVENTS (1ULL << 31)  /* events were lost before this page */
#define RB_MISSED_STORED (1ULL << 30)  /* a u64 count after the data */

struct ring_buffer_page {
	u64 time_stamp; /* of the first event */
	u64 commit;	/* bytes of data that are complete: see rb_bytes() */
	u8 data[RB_DATA_SIZE];
};

static_assert(sizeof(struct ring_buffer_page) == RB_PAGE_SIZE, "page");
static_assert(offsetof(struct ring_buffer_page, data) == RB_HEADER_SIZE,
	      "page header");

/*
 * An event starts with one u32: type in bits 0-4, time since the event before
 * (or the page's time stamp) in bits 5-31. Types 1 to RB_TYPE_DATA_MAX give the
 * number of payload words that follow.
 */
#define RB_TYPE_BITS	 5
#define RB_TYPE_MASK	 ((1U << RB_TYPE_BITS) - 1)
#define RB_DELTA_BITS	 27
#define RB_DELTA_MAX	 ((1ULL << RB_DELTA_BITS) - 1)
#define RB_TYPE_LONG	 0 /* the next u32 is payload bytes + 4 */
#define RB_TYPE_DATA_MAX 28
#define RB_TYPE_PADDING	 29 /* delta 0: rest of page; > 0: u32 bytes follow */
#define RB_TYPE_EXTEND	 30 /* delta |= next u32 << 27 */
#define RB_TYPE_STAMP	 31 /* the same, as a time instead of a delta */
#define RB_EVENT_HEADER	 4
#define RB_PAYLOAD_MAX	 (RB_DATA_SIZE - 2 * RB_EVENT_HEADER)

/* ---- one CPU's ring ------------------------------------------------------ */

/*
 * Reasons not to take the fast path; bits of ->slow, all above RB_STATE_BYTES:
 * the fast path looks at ->slow and ->state at once.
 */
#define RB_SLOW_MASKED 0x10000U /* this CPU is not recorded */
#define RB_SLOW_HELD   0x20000U /* nothing is: the ring is being changed */
#define RB_SLOW_CLOCK  0x40000U /* the clock is a function */

/*
 * ->state: what readers see, and who is inside. No value above RB_STATE_BYTES
 * allows the fast path.
 *
 *	bits 0-15	bytes of the commit page that readers see, or
 *			RB_TAIL_CLOSED: its ->commit says them, and the fast
 *			path finds no room
 *	bits 16-22	bytes that the fast writer inside needs; 0: none is
 *	bits 24-28	CTX_ bits of the other writers inside. The fast one sets
 *			none, so one of its own context that nests in it (of an
 *			exception) is not taken for recursion.
 *	bit 31		a nested writer has left its commit to the outermost
 */
#define RB_STATE_BYTES		   0xffffU
#define RB_STATE_SIZE(state)	   ((state) >> 16 & 0x7fU)
#define RB_STATE_CTX(state)	   ((state) >> 24 & 0x1fU)
#define RB_STATE_WRITERS(state)	   ((state)&0x1f7f0000U)
#define RB_STATE_INSIDE(size, ctx) ((u32)(size) << 16 | (u32)(ctx) << 24)
#define RB_STATE_PENDING	   0x80000000U

/* The state of each page, by its index. */
struct ring_buffer_info {
	struct ring_buffer_page *page; /* [W] */
	u64 end;     /* [C] sequence number << 12 | bytes, set on close */
	u64 first;   /* [C] events of this CPU before this page's first */
	u64 entries; /* [C] its events; final once the commit page is later */
};

/*
 * The contents of a ring as a value: everything that belongs to the events, and
 * nothing that belongs to the CPU or to the owner's settings. A ring gets other
 * contents by one assignment of this struct (RB8 in ring_buffer_ctl.c).
 */
struct ring_contents {
	/* These five are in the writer's cache line. */
	u32 state;		       /* [C] see RB_STATE_BYTES */
	struct ring_buffer_page *page; /* [C] the commit page: outermost only */
	u64 last;		       /* [C] time of the last event on it */
	u64 begun;		       /* [C] of the fast writer inside */
	u64 commit_entries; /* [C] events committed since the reset */

	/* [C] time of last event << 12 | bytes in use; or RB_TAIL_NONE */
	u64 tail;
	struct ring_buffer_page *tail_page; /* [C] */
	u64 tail_seq;	  /* [C] sequence number of the tail page */
	u64 commit_seq;	  /* [C] of the commit page: outermost writer only */
	u32 commit_index; /* [C] its index */
	u32 nr_slots;	  /* [W] */
	u64 *slots;	  /* [A] sequence number << 16 | page index */
	struct ring_buffer_info *info; /* [W] nr_slots + 1 with the reader's */

	u64 overrun;	    /* [C] events overwritten before they were read */
	u64 commit_overrun; /* [C] not written: nested writers fill the ring */
	u64 dropped;	    /* [C] not written: ring full, no overwriting */
	u64 recursed;	    /* [C] not written: same context already inside */

	u32 reader_index;  /* [R] the page outside the ring */
	u32 reader_offset; /* [R] bytes of it already read */
	u64 reader_seq;	   /* [R] the page it holds; 0: none */
	u64 reader_stamp;  /* [R] time of the last event read from it */
	u64 reader_events; /* [R] events read from it */
	u64 next_seq;	   /* [R] the page to take next, unless overwritten */
	u64 next_event;	   /* [R] number of the next event to read */
	u64 lost;	   /* [R] events lost just before reader_offset */
	u64 read_events;   /* [R] */
};

struct ring_buffer_per_cpu {
	/* The writer's cache line: the fast path touches no other. */
	u32 slow;		   /* [A] RB_SLOW_ bits */
	struct trace_scale scale;  /* [W] */
	struct ring_contents data; /* its first five words are in this line */

	u64 (*clock)(void); /* [W] */
	bool overwrite;	    /* [W] a full ring overwrites its oldest page */
	u32 generation;	    /* [R] times that all its events were removed */
	unsigned int cpu;   /* [I] */
	/* [W] the ring that it may be exchanged with; NULL: none */
	struct ring_buffer_per_cpu *twin;
	struct mutex reader_lock;
} __aligned(64);

static_assert(offsetof(struct ring_buffer_per_cpu, data.tail) <= 64,
	      "what the fast path touches lies in one cache line");

struct ring_buffer {
	/* [A] never NULL again; only ring_buffer_swap() exchanges one */
	struct ring_buffer_per_cpu *cpu[NR_CPUS];
	/* Called when a CPU has got another ring; NULL: not needed. [I] */
	void (*moved)(unsigned int cpu, struct ring_buffer_per_cpu *rb);
	const struct trace_clock *clock; /* buffer's owner */
	bool overwrite;			 /* buffer's owner */
	u32 busy;   /* [A] its rings are being exchanged, or may not be */
	bool fixed; /* [I] in a region: ring_buffer_persist.h */
};

/* ---- writing: every context, NMI included -------------------------------- */

#define RB_TAIL_BITS 12
#define RB_TAIL_MASK ((1ULL << RB_TAIL_BITS) - 1)

/* In place of an offset: the page takes no more events. */
#define RB_TAIL_CLOSED RB_TAIL_MASK

/*
 * ring_buffer_lock_reserve() - reserve room for an event of any size
 * @len:  payload bytes, at most RB_PAYLOAD_MAX
 * @time: NULL, or where to store the event's time
 *
 * Return: the payload, with preemption off until ring_buffer_unlock_commit() on
 * the same CPU; NULL (preemption as before) if this CPU is not recorded, the
 * event is too long, the ring is full, or this context is already inside a
 * writer. All but the first two cases are counted.
 */
void *ring_buffer_lock_reserve(struct ring_buffer *buffer, size_t len,
			       u64 *time);
void ring_buffer_unlock_commit(struct ring_buffer *buffer);

/* The time now, by the clock of the buffer. */
u64 ring_buffer_time(const struct ring_buffer_per_cpu *rb);

/* ---- reading: task, may sleep -------------------------------------------- */

/* An event as a reader sees it. */
struct ring_buffer_event {
	const void *data;
	u32 len; /* payload bytes, rounded up to 4 by the format */
	u64 time;
	u64 lost; /* events lost between this one and the one before */
};

/*
 * ring_buffer_decode() - decode the event at *@offset of a page
 * @size:   bytes of data to look at, at most RB_DATA_SIZE
 * @offset: advanced to the end of the event
 * @time:   of the event before; start with the page's time_stamp
 *
 * Never reads outside the page, whatever its content. Pure.
 * Return: 1; 0 no event follows; -EINVAL the data that follows is no event. No
 * other code is returned.
 */
int ring_buffer_decode(const struct ring_buffer_page *page, u32 size,
		       u32 *offset, u64 *time, struct ring_buffer_event *event);

/*
 * ring_buffer_peek() - return the oldest event and leave it in the ring
 * The data stays valid as long as reader_lock is held.
 * Context: reader_lock held. Return: whether there is one.
 */
bool ring_buffer_peek(struct ring_buffer_per_cpu *rb,
		      struct ring_buffer_event *event);

/* Remove the event that the last peek returned. Context: reader_lock held. */
void ring_buffer_consume(struct ring_buffer_per_cpu *rb);

/* Return: pages with events not read yet, but for the one that is being read.
 * Takes reader_lock. */
u64 ring_buffer_pages_unread(struct ring_buffer_per_cpu *rb);

/* Return: whether a peek finds no event. Takes reader_lock. */
bool ring_buffer_empty(struct ring_buffer_per_cpu *rb);

/*
 * ring_buffer_read_page() - take a whole page, in the form stock tools read
 * @full: do not take a page that the writer is still filling
 *
 * Events that an earlier ring_buffer_consume() took are left out. Takes
 * reader_lock. Return: bytes of data, 0 when there is none.
 */
u32 ring_buffer_read_page(struct ring_buffer_per_cpu *rb,
			  struct ring_buffer_page *page, bool full);

/* A walk over the events in the ring at its start. It removes none. */
struct ring_buffer_iter {
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_page *page; /* a copy */
	u64 seq;		       /* the page copied */
	u64 event_nr;		       /* number of the next event */
	u64 last_seq;		       /* the last page of the walk */
	u32 last_size;
	u32 size, offset; /* of the copy */
	u64 time;
	u32 generation;
	bool valid;
	bool held; /* the caller holds reader_lock all the time */
	struct ring_buffer_event event; /* the current event, if valid */
};

/*
 * After the start the first event is current. The caller owns the page. Both
 * functions take reader_lock. Call ring_buffer_iter_next() only while ->valid.
 */
void ring_buffer_iter_start(struct ring_buffer_iter *iter,
			    struct ring_buffer_per_cpu *rb,
			    struct ring_buffer_page *page);
/*
 * The same for a panic, which cannot sleep: the caller holds reader_lock until
 * the walk has ended, and no CPU writes. Context: any.
 */
void ring_buffer_iter_start_held(struct ring_buffer_iter *iter,
				 struct ring_buffer_per_cpu *rb,
				 struct ring_buffer_page *page);
void ring_buffer_iter_next(struct ring_buffer_iter *iter);

struct ring_buffer_stats {
	u64 entries; /* in the ring, unread */
	u64 written; /* entries plus read and overwritten events */
	u64 overrun, commit_overrun, dropped, recursed;
	u64 bytes; /* in the ring, unread, event headers included */
	u64 read;
	u64 oldest; /* time of the oldest event, 0: none */
};

/* Takes reader_lock. While a writer runs, its figures are approximate. */
void ring_buffer_stats(struct ring_buffer_per_cpu *rb,
		       struct ring_buffer_stats *stats);

/* ---- managing: task, may sleep; callers exclude each other --------------- */

/*
 * ring_buffer_init() - create rings of @pages pages for the CPUs in @cpus
 * Return: 0; -ENOMEM (nothing allocated); -EINVAL pages not in
 * RB_PAGES_MIN..RB_PAGES_MAX. No other code is returned.
 */
int ring_buffer_init(struct ring_buffer *buffer, u64 cpus, size_t pages,
		     const struct trace_clock *clock);
/*
 * ring_buffer_add_cpu() - create a ring of @pages pages for one more CPU
 * Return: 0; -ENOMEM. No other code is returned.
 */
int ring_buffer_add_cpu(struct ring_buffer *buffer, unsigned int cpu,
			size_t pages);
/* Free the rings. The caller guarantees that no writer or reader is left. */
void ring_buffer_destroy(struct ring_buffer *buffer);

#define RB_PAGES_MIN 2
#define RB_PAGES_MAX 65535

/*
 * ring_buffer_resize() - give each CPU with pages[cpu] != 0 that many pages, or
 * change no CPU
 * The newest events that fit are kept; the others count as overrun. The new
 * memory of all CPUs is allocated before any old memory is freed.
 * Return: 0; or with nothing changed -ENOMEM; -EINVAL below RB_PAGES_MIN or
 * above RB_PAGES_MAX; -ENODEV no such CPU; -EBUSY the rings are in a region
 * (ring_buffer_persist.h). No other code is returned.
 */
int ring_buffer_resize(struct ring_buffer *buffer, const u32 pages[NR_CPUS]);

/*
 * ring_buffer_pair() - let the rings of two buffers be exchanged from now on
 * ring_buffer_unpair() - no longer; then @b may be destroyed
 * Both have rings for the same CPUs, and the same clock. Call pair again when a
 * CPU has been added to both.
 */
void ring_buffer_pair(struct ring_buffer *a, struct ring_buffer *b);
void ring_buffer_unpair(struct ring_buffer *a, struct ring_buffer *b);

/*
 * ring_buffer_swap() - exchange the rings of two paired buffers
 * @cpus: one bit for each CPU
 *
 * Afterwards @b has the events, reader positions and counts of @a, and @a has
 * those of @b, also if the rings differ in size. No writer waits or is refused:
 * an event whose writer is inside is completed in its ring (RB9).
 * Context: any, NMI included. Return: 0; or with nothing changed -EBUSY one of
 * the buffers is being changed or swapped; -EINVAL the buffers are not paired;
 * -ENODEV one of them has no ring for one of the CPUs. No other code is
 * returned.
 */
int ring_buffer_swap(struct ring_buffer *a, struct ring_buffer *b, u64 cpus);

/* Empty the CPU's ring and zero its counts. */
void ring_buffer_reset(struct ring_buffer *buffer, unsigned int cpu);

/* On return no writer uses the old clock, and the rings are empty. */
void ring_buffer_set_clock(struct ring_buffer *buffer,
			   const struct trace_clock *clock);

void ring_buffer_set_overwrite(struct ring_buffer *buffer, bool overwrite);

/* If @on is false, no writer is inside on return. */
void ring_buffer_record(struct ring_buffer *buffer, unsigned int cpu, bool on);
