// SPDX-License-Identifier: MIT
/*
 * The ring buffer where something comes at one chosen step of a writer: a
 * nested writer, and another one in that; a reader; a look at the counts.
 * (Random schedules: test_ring_buffer.c.)
 * host-sources: trace/ring/ring_buffer.c trace/ring/ring_buffer_event.c
 * host-sources: trace/ring/ring_buffer_read.c trace/ring/ring_buffer_ctl.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/ring/ring_fast.h"

void synchronize_cpus(void)
{
	host_step(); /* no writer is inside another one's change */
}

static u64 read_tsc(void)
{
	return ++host_tsc;
}

static const struct trace_clock fast_clock = { "fast", read_tsc, true, true };

struct trace_scale trace_clock_scale(const struct trace_clock *clock)
{
	return (struct trace_scale){ 0, 1ULL << (64 - TRACE_TSC_SHIFT) };
}

static struct ring_buffer buffer;
static struct ring_buffer_per_cpu *rb;
static u32 written, read;
static u8 seen[256];	 /* by an event's number */
static u64 time_of[256]; /* as its writer has it */
static u64 last_time;

static void start(u32 pages)
{
	host_tsc = 1000;
	written = read = 0;
	last_time = 0;
	memset(seen, 0, sizeof(seen));
	CHECK_EQ(ring_buffer_init(&buffer, 1, pages, &fast_clock), 0);
	rb = buffer.cpu[0];
}

static void end(void)
{
	ring_buffer_destroy(&buffer);
	CHECK_EQ(preempt_count(), 0);
	CHECK_EQ(host_live, 0);
}

/* Every event is its number. Return: whether it took the fast path. */
static bool write_fast(void)
{
	struct ring_buffer_fast f;
	bool done;

	host_tsc++;
	preempt_disable_notrace();
	done = ring_buffer_reserve_fast(rb, RB_FAST_MIN, &f);
	if (done) {
		time_of[written] = f.time;
		*(u32 *)f.payload = written++;
		ring_buffer_commit_fast(rb, &f);
	}
	preempt_enable_notrace();
	return done;
}

static void write_slow(u32 len)
{
	u64 time;
	u32 *event = ring_buffer_lock_reserve(&buffer, len, &time);

	if (!event) {
		CHECK(!rb->overwrite); /* the ring is full */
		return;
	}
	time_of[written] = time;
	*event = written++;
	ring_buffer_unlock_commit(&buffer);
}

/*
 * Each event once, in the order of their times, nothing between. (A writer that
 * nests behind another one's place may get its number first.)
 */
static void check_event(const struct ring_buffer_event *event)
{
	u32 number = *(const u32 *)event->data;

	if (CHECK(number < written)) {
		CHECK_EQ(seen[number]++, 0);
		CHECK_EQ(event->time, time_of[number]);
	}
	CHECK(event->time >= last_time);
	last_time = event->time;
	read++;
}

static void read_all(void)
{
	struct ring_buffer_event event;

	mutex_lock(&rb->reader_lock);
	while (ring_buffer_peek(rb, &event)) {
		check_event(&event);
		CHECK_EQ(event.lost, 0);
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
}

/* The same by pages: each decodes from its first to its last byte. */
static void read_pages(void)
{
	static struct ring_buffer_page page;
	struct ring_buffer_event event;
	u32 size, offset;
	u64 time;

	while ((size = ring_buffer_read_page(rb, &page, false)) != 0) {
		CHECK_EQ(page.commit, size);
		offset = 0;
		time = page.time_stamp;
		while (ring_buffer_decode(&page, size, &offset, &time, &event) >
		       0)
			check_event(&event);
		CHECK_EQ(offset, size);
	}
}

/* A walk finds what is there. */
static void walk_all(void)
{
	static struct ring_buffer_page page;
	struct ring_buffer_iter iter;
	u32 found = 0, number;

	ring_buffer_iter_start(&iter, rb, &page);
	for (; iter.valid; ring_buffer_iter_next(&iter), found++) {
		number = *(const u32 *)iter.event.data;
		CHECK_EQ(iter.event.time, time_of[number]);
	}
	CHECK_EQ(found, written - read);
}

/* ---- a refused fast path ------------------------------------------------- */

static u32 steps_left, nested;

/* An interrupt that writes, at one step only. */
static void interrupt(void)
{
	u32 ctx = this_cpu_read(trace_context);

	if (--steps_left)
		return;
	host_step_fn = NULL;
	this_cpu_write(trace_context, CTX_IRQ);
	for (u32 i = 0; i < nested; i++)
		write_slow(1600);
	this_cpu_write(trace_context, ctx);
}

/* The writer does not try again: tracing just went off. */
static void refused_at(u32 at, u32 pages)
{
	struct ring_buffer_stats stats;

	start(4);
	CHECK(write_fast());
	host_tsc += RB_DELTA_MAX + 1; /* so it is refused, unless an event */
	steps_left = at;	      /* comes first */
	nested = pages;
	host_step_fn = interrupt;
	write_fast();
	host_step_fn = NULL;
	ring_buffer_stats(rb, &stats);
	CHECK_EQ(stats.written, written);
	CHECK(rb_is_idle(rb));
}

UNIT(ring_buffer_edges, what_came_into_a_refused_fast_path_is_seen)
{
	for (u32 at = 1; at < 12; at++) {
		refused_at(at, 2);
		read_all();
		CHECK_EQ(read, written);
		end();
	}
}

UNIT(ring_buffer_edges, a_ring_resized_after_a_refused_fast_path_is_whole)
{
	for (u32 at = 1; at < 12; at++) {
		refused_at(at, 5);
		CHECK_EQ(ring_buffer_resize(&buffer, (u32[NR_CPUS]){ 7 }), 0);
		write_slow(4);
		read_all();
		CHECK_EQ(read, written);
		end();
	}
}

/* ---- counts beside a writer ---------------------------------------------- */

static void read_and_count(void)
{
	struct ring_buffer_stats stats;

	host_step_fn = NULL;
	read_all();
	ring_buffer_stats(rb, &stats);
	CHECK(stats.entries <= 1); /* counted, and not yet to be read */
	host_step_fn = read_and_count;
}

UNIT(ring_buffer_edges, what_is_read_has_been_counted)
{
	start(3);
	host_step_fn = read_and_count;
	for (u32 i = 0; i < 20; i++) {
		write_fast(); /* or is refused at the end of a page */
		write_slow(1200);
	}
	host_step_fn = NULL;
	read_all();
	CHECK_EQ(read, written);
	end();
}

/* ---- writers that nest --------------------------------------------------- */

/* What comes at a step of the writer of a level; it is a level above. */
static struct coming {
	u32 level, at;
	void (*act)(void);
} coming[3];

static u32 steps[4], level, came;

static void come(void)
{
	static const u32 contexts[] = { CTX_TASK, CTX_IRQ, CTX_NMI, CTX_NMI };
	u32 step = steps[level]++, i;

	for (i = 0; i < ARRAY_SIZE(coming); i++) {
		if (!coming[i].act || coming[i].level != level ||
		    coming[i].at != step)
			continue;
		came++;
		this_cpu_write(trace_context, contexts[++level]);
		steps[level] = 0;
		coming[i].act();
		this_cpu_write(trace_context, contexts[--level]);
	}
}

/* As the tracers do: what the fast path refuses takes the slow one. */
static void write_event(void)
{
	if (!write_fast())
		write_slow(RB_FAST_MIN);
}

static void write_large(void)
{
	write_slow(1600);
}

/* It fits where no event of the fast path does. */
static void write_small(void)
{
	write_slow(4);
}

/* Of a time before and behind that of the writer below. */
static void write_late(void)
{
	host_tsc += 100;
	write_event();
}

static void write_early(void)
{
	host_tsc -= 90;
	write_event();
}

static void write_far(void)
{
	host_tsc += RB_DELTA_MAX + 1;
	write_event();
}

static void (*const writers[])(void) = { write_event, write_large, write_small,
					 write_late,  write_early, write_far };

/* What a fast writer meets. */
enum meets {
	ROOM,
	NO_ROOM,
	LITTLE_ROOM, /* for itself */
	LONG_DELTA,
	NO_DELTA,
	NEGATIVE_DELTA,
	MEETS
};

static void prepare(enum meets what)
{
	start(12);
	write_slow(what == NO_ROOM     ? RB_PAYLOAD_MAX - 8 :
		   what == LITTLE_ROOM ? RB_PAYLOAD_MAX - 16 :
					 200);
	if (what == LONG_DELTA)
		host_tsc += RB_DELTA_MAX + 1;
	else if (what == NO_DELTA)
		host_tsc -= 1; /* write_fast() adds it */
	else if (what == NEGATIVE_DELTA)
		host_tsc -= 50;
}

/* Write with what is coming. Return: whether all of it came. */
static bool write_with(struct coming a, struct coming b, struct coming c)
{
	coming[0] = a;
	coming[1] = b;
	coming[2] = c;
	level = came = steps[0] = 0;
	host_step_fn = come;
	write_event();
	host_step_fn = NULL;
	return came == 0U + !!a.act + !!b.act + !!c.act;
}

#define NOTHING         \
	(struct coming) \
	{               \
		0       \
	}

/* Whatever has happened, nothing is left over, and all is read. */
static void check_all(u32 by_pages)
{
	struct ring_buffer_stats stats;

	CHECK(rb_is_idle(rb));
	CHECK_EQ(rb->data.tail, RB_TAIL_NONE);
	ring_buffer_stats(rb, &stats);
	CHECK_EQ(stats.written, written);
	write_event();
	walk_all();
	if (by_pages)
		read_pages();
	else
		read_all();
	CHECK_EQ(read, written);
	end();
}

/* Does the fast path write, with this room, so long after the last event? */
static bool fast_at(u32 room, u64 delta)
{
	bool done;

	start(2);
	write_slow(RB_PAYLOAD_MAX - room);
	host_tsc += delta - 1; /* write_fast() adds it */
	done = write_fast();
	read_all();
	CHECK_EQ(read, written);
	end();
	return done;
}

UNIT(ring_buffer_edges, the_fast_path_is_for_what_fits)
{
	const u32 size = RB_EVENT_HEADER + RB_FAST_MIN;

	CHECK(fast_at(size, 1));
	CHECK(!fast_at(size - 4, 1));
	CHECK(fast_at(size, RB_DELTA_MAX));
	CHECK(!fast_at(size, RB_DELTA_MAX + 1));
	CHECK(fast_at(size, 0));
	CHECK(!fast_at(size, -1ULL));
}

/* The next digit of a number that stands for a case. */
static u32 digit(u32 *number, u32 base)
{
	u32 value = *number % base;

	*number /= base;
	return value;
}

static struct coming comes(u32 at_level, u32 at, void (*act)(void))
{
	return (struct coming){ at_level, at, act };
}

#define STEPS 60 /* more than any of these writers has, its second try too */
#define KINDS ARRAY_SIZE(writers)

UNIT(ring_buffer_edges, a_nested_writer_comes_at_each_step)
{
	u32 i, n, at;
	bool came_in;

	for (i = 0; i < STEPS * KINDS * MEETS; i++) {
		n = i;
		at = digit(&n, STEPS);
		prepare(n / KINDS);
		came_in = write_with(comes(0, at, writers[n % KINDS]), NOTHING,
				     NOTHING);
		CHECK(!came_in || at < STEPS - 1);
		check_all(at & 1);
	}
}

UNIT(ring_buffer_edges, an_nmi_comes_in_that_at_each_step)
{
	u32 i, n, at, then, kind;

	for (i = 0; i < 20 * 40 * KINDS * KINDS * MEETS; i++) {
		n = i;
		at = digit(&n, 20);
		then = digit(&n, 40);
		kind = digit(&n, KINDS);
		prepare(n / KINDS);
		write_with(comes(0, at, writers[kind]),
			   comes(1, then, writers[n % KINDS]), NOTHING);
		check_all(i & 1);
	}
}

UNIT(ring_buffer_edges, two_come_one_after_the_other)
{
	u32 i, n, at, then, kind;

	for (i = 0; i < 20 * 20 * KINDS * KINDS * MEETS; i++) {
		n = i;
		at = digit(&n, 20);
		then = at + digit(&n, 20);
		kind = digit(&n, KINDS);
		prepare(n / KINDS);
		write_with(comes(0, at, writers[kind]),
			   comes(0, then, writers[n % KINDS]), NOTHING);
		check_all(i & 1);
	}
}

/* The reader, too, at each step, between the nested writers or behind them. */
UNIT(ring_buffer_edges, a_reader_comes_at_each_step)
{
	u32 i, n, at, then;

	for (i = 0; i < STEPS * STEPS * KINDS * MEETS; i++) {
		n = i;
		at = digit(&n, STEPS);
		then = digit(&n, STEPS);
		prepare(n / KINDS);
		write_with(comes(0, at, writers[n % KINDS]),
			   comes(0, then, i & 2 ? read_all : read_pages),
			   NOTHING);
		check_all(i & 1);
	}
}

/* ---- a ring that is full and not overwritten ----------------------------- */

static void write_too_much(void)
{
	write_slow(RB_PAYLOAD_MAX);
}

/* Two pages: the first is full, the second has @used bytes, or is closed. */
static void prepare_full(u32 used, bool closed)
{
	start(2);
	ring_buffer_set_overwrite(&buffer, false);
	write_slow(RB_PAYLOAD_MAX);
	host_tsc += 10;
	write_slow(used);
	if (closed)
		write_too_much();
}

static void check_full(u32 by_pages)
{
	CHECK(rb_is_idle(rb));
	walk_all();
	read_all();
	CHECK_EQ(read, written);
	write_event();
	write_too_much(); /* on a page that is free again */
	check_all(by_pages);
}

UNIT(ring_buffer_edges, a_closed_page_of_a_full_ring)
{
	u32 i, n, at, then;

	for (i = 0; i < STEPS * STEPS * KINDS; i++) {
		n = i;
		at = digit(&n, STEPS);
		then = digit(&n, STEPS);
		prepare_full(200, true);
		write_with(comes(0, at, i & 1 ? read_all : read_pages),
			   comes(0, then, writers[n]), NOTHING);
		check_full(i & 2);
	}
}

/*
 * The nested writer does not fit and closes the page: the gap is its end, with
 * nothing behind it.
 */
UNIT(ring_buffer_edges, a_gap_that_ends_its_page)
{
	u32 i, n, at, then;

	for (i = 0; i < STEPS * STEPS * 2; i++) {
		n = i;
		at = digit(&n, STEPS);
		then = digit(&n, STEPS);
		prepare_full(200, false);
		host_tsc += n ? RB_DELTA_MAX + 1 : -20ULL;
		write_with(comes(0, at, write_too_much),
			   comes(0, then, i & 1 ? read_all : read_pages),
			   NOTHING);
		check_full(i & 2);
	}
}
