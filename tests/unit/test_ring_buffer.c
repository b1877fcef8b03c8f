// SPDX-License-Identifier: MIT
/*
 * The ring buffer against an oracle, by random schedules.
 *
 * One CPU writes from task, interrupt and NMI; another one reads. At every
 * place where the code touches a shared word (tests/host/step.h) something
 * else may run: a nested writer to its end, or a whole operation of the
 * reader; and within the reader, writers. The oracle knows every event ever
 * reserved, with its time.
 * host-sources: trace/ring/ring_buffer.c trace/ring/ring_buffer_event.c
 * host-sources: trace/ring/ring_buffer_read.c trace/ring/ring_buffer_ctl.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/ring/ring_fast.h"

/* ---- what the ring buffer wants of the kernel ---------------------------- */

void synchronize_cpus(void)
{
	host_step(); /* no writer is inside another one's change */
}

static u64 read_tsc(void)
{
	return rdtsc();
}

static const struct trace_clock fast_clock = { "fast", read_tsc, true, true };
static const struct trace_clock slow_clock = { "slow", read_tsc, false, true };

struct trace_scale trace_clock_scale(const struct trace_clock *clock)
{
	return (struct trace_scale){ 0, 1ULL << (64 - TRACE_TSC_SHIFT) };
}

/* ---- the oracle ---------------------------------------------------------- */

#define EVENTS_MAX 4096
#define NESTED_MAX 64 /* writers at once, also in a ring that refuses none */

struct payload {
	u32 id;
	u32 words; /* of filler, which repeats the id */
	u32 filler[];
};

struct oracle {
	u64 time[EVENTS_MAX];  /* of event id */
	bool done[EVENTS_MAX]; /* written completely */
	bool seen[EVENTS_MAX]; /* consumed */
	u32 nr;		       /* events reserved */
	u64 refused;	       /* reservations that were not */
	u64 read, lost;	       /* by the consumer */
	u64 last_time;
	bool strict; /* the clock never gives a time twice */
};

struct world {
	struct ring_buffer buffer;
	struct ring_buffer_per_cpu *rb;
	struct oracle o;
	u64 seed;
	u32 odds;	/* of something at a step, in 1/1024 */
	u32 clock_step; /* largest advance of the clock per step */
	bool reading;	/* an operation of the reader is on */
	bool big;	/* events of half a page, so that pages turn fast */
	struct ring_buffer_page page, walk;
};

static struct world w;

static u32 dice(u32 sides)
{
	return host_random(&w.seed) % sides;
}

/* Events older than this one, all of them. */
static u64 events_before(u64 time)
{
	u64 n = 0;

	for (u32 i = 0; i < w.o.nr; i++)
		n += w.o.time[i] < time;
	return n;
}

static void check_payload(const struct ring_buffer_event *event)
{
	const struct payload *p = event->data;

	if (!CHECK(event->len >= sizeof(*p)) || !CHECK(p->id < w.o.nr))
		return;
	CHECK(w.o.done[p->id]);			/* RB2 */
	CHECK_EQ(event->time, w.o.time[p->id]); /* RB1 */
	CHECK_EQ(event->len, sizeof(*p) + 4 * p->words);
	for (u32 i = 0; i < p->words; i++) {
		if (!CHECK_EQ(p->filler[i], p->id))
			break;
	}
}

static void consumed(const struct ring_buffer_event *event, u64 lost)
{
	const struct payload *p = event->data;

	check_payload(event);
	if (p->id >= w.o.nr)
		return;
	CHECK(!w.o.seen[p->id]); /* RB4, RB6 */
	CHECK(event->time >= w.o.last_time);
	w.o.seen[p->id] = true;
	w.o.last_time = event->time;
	w.o.lost += lost;
	if (w.o.strict) /* RB7 */
		CHECK_EQ(events_before(event->time), w.o.read + w.o.lost);
	w.o.read++;
}

/* Is the ring being changed, or masked? Then nothing is counted. */
static bool held(void)
{
	return w.rb->slow & (RB_SLOW_HELD | RB_SLOW_MASKED);
}

/* ---- writers ------------------------------------------------------------- */

static void fill(struct payload *p, u32 words, u64 time)
{
	u32 id = w.o.nr++;

	w.o.time[id] = time;
	p->id = id;
	host_step();
	p->words = words;
	for (u32 i = 0; i < words; i++)
		p->filler[i] = id;
	host_step();
	w.o.done[id] = true;
}

#define FAST_WORDS 4

static void write_fast(void)
{
	const u32 len = sizeof(struct payload) + 4 * FAST_WORDS;
	struct ring_buffer_fast f;
	struct payload *p;
	u64 time;

	struct ring_buffer_per_cpu *rb;

	preempt_disable_notrace();
	rb = w.buffer.cpu[0];
	host_step();
	if (ring_buffer_reserve_fast(rb, len, &f)) {
		fill(f.payload, FAST_WORDS, f.time);
		ring_buffer_commit_fast(rb, &f);
	} else {
		p = ring_buffer_lock_reserve(&w.buffer, len, &time);
		if (p) {
			fill(p, FAST_WORDS, time);
			ring_buffer_unlock_commit(&w.buffer);
		} else if (!held()) {
			w.o.refused++;
		}
	}
	preempt_enable_notrace();
}

static void write_slow(u32 words)
{
	u64 time;
	struct payload *p = ring_buffer_lock_reserve(
		&w.buffer, sizeof(*p) + 4 * words, &time);

	if (!p) {
		w.o.refused += !held();
		return;
	}
	fill(p, words, time);
	ring_buffer_unlock_commit(&w.buffer);
}

static void write_one(u32 ctx)
{
	u32 was = this_cpu_read(trace_context);

	if (w.o.nr + NESTED_MAX >= EVENTS_MAX)
		return;
	this_cpu_write(trace_context, ctx);
	if (dice(2))
		write_fast();
	else
		write_slow(w.big ? 200 + dice(600) : dice(40));
	this_cpu_write(trace_context, was);
}

/* ---- the reader ---------------------------------------------------------- */

static void read_some_events(u32 n)
{
	struct ring_buffer_event event;

	mutex_lock(&w.rb->reader_lock);
	while (n-- && ring_buffer_peek(w.rb, &event)) {
		consumed(&event, event.lost);
		ring_buffer_consume(w.rb);
	}
	mutex_unlock(&w.rb->reader_lock);
}

static void read_a_page(bool full)
{
	u32 size = ring_buffer_read_page(w.rb, &w.page, full), offset = 0;
	u64 time = w.page.time_stamp, lost = 0;
	struct ring_buffer_event event;

	if (!size)
		return;
	CHECK_EQ(w.page.commit & RB_COMMIT_SIZE, size);
	if (w.page.commit & RB_MISSED_EVENTS) {
		CHECK(w.page.commit & RB_MISSED_STORED ||
		      size > RB_DATA_SIZE - 8);
		memcpy(&lost, w.page.data + size, sizeof(lost));
		if (!(w.page.commit & RB_MISSED_STORED))
			w.o.strict = false, lost = 0;
	}
	while (ring_buffer_decode(&w.page, size, &offset, &time, &event) > 0) {
		consumed(&event, lost);
		lost = 0;
	}
	CHECK_EQ(offset, size);
}

static void walk(void)
{
	struct ring_buffer_iter iter;
	u64 last = 0;

	ring_buffer_iter_start(&iter, w.rb, &w.walk);
	for (; iter.valid; ring_buffer_iter_next(&iter)) {
		check_payload(&iter.event);
		CHECK(iter.event.time >= last);
		last = iter.event.time;
	}
}

static void reader_operation(void)
{
	if (w.reading)
		return;
	w.reading = true;
	switch (dice(6)) {
	case 0:
		read_some_events(1 + dice(20));
		break;
	case 1:
		read_a_page(dice(2));
		break;
	case 2:
		walk();
		break;
	}
	w.reading = false;
}

/* ---- schedules ----------------------------------------------------------- */

static void step(void)
{
	u32 ctx = this_cpu_read(trace_context);

	if (w.o.strict)
		host_tsc += 1 + dice(w.clock_step);
	else if (dice(w.clock_step) == 0)
		host_tsc += dice(20) ? 2 : -2; /* stands still, goes back */
	if (dice(1024) >= w.odds)
		return;
	if (w.o.strict && dice(200) == 0)
		host_tsc += RB_DELTA_MAX + dice(1000);
	switch (dice(16)) {
	case 0 ... 3:
		reader_operation();
		break;
	case 4 ... 7:
		if (ctx == CTX_TASK && !held())
			write_one(CTX_IRQ);
		break;
	case 8:
		write_one(ctx); /* recursion, if a writer is at this step */
		break;
	default:
		if (ctx != CTX_NMI)
			write_one(CTX_NMI);
	}
}

static void begin(u64 seed, u32 pages, bool overwrite, bool slow)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.odds = dice(2) ? 40 : 200;
	w.clock_step = dice(2) ? 3 : 1000;
	w.big = dice(4);
	w.o.strict = dice(4);
	host_tsc = 1000;
	CHECK_EQ(ring_buffer_init(&w.buffer, 1, pages,
				  slow ? &slow_clock : &fast_clock),
		 0);
	w.rb = w.buffer.cpu[0];
	ring_buffer_set_overwrite(&w.buffer, overwrite);
}

static void end(void)
{
	struct ring_buffer_stats s;

	host_step_fn = NULL;
	read_some_events(EVENTS_MAX);
	ring_buffer_stats(w.rb, &s);
	CHECK_EQ(s.entries, 0);
	CHECK_EQ(s.written, w.o.nr);
	CHECK_EQ(s.read, w.o.read);
	CHECK_EQ(s.overrun + s.read, s.written); /* RB5 */
	CHECK_EQ(s.dropped + s.commit_overrun + s.recursed, w.o.refused);
	CHECK(w.rb->overwrite || !s.overrun);
	CHECK(w.rb->data.state <= RB_STATE_BYTES);
	CHECK_EQ(preempt_count(), 0);
	ring_buffer_destroy(&w.buffer);
	CHECK_EQ(host_live, 0);
}

#define RUNS 1500

/* NMIs write all the while, and are refused. Growing loses nothing. */
static void resize(void)
{
	u32 pages = w.rb->overwrite ? 2 + dice(7) :
				      w.rb->data.nr_slots + dice(2);

	w.reading = true;
	CHECK_EQ(ring_buffer_resize(&w.buffer, (u32[NR_CPUS]){ pages }), 0);
	w.reading = false;
}

static void run(u32 pages, bool overwrite, bool slow, u64 seed0)
{
	for (u64 seed = seed0; seed < seed0 + RUNS; seed++) {
		begin(seed, pages, overwrite, slow);
		host_step_fn = step;
		for (u32 n = 20 + dice(60); n; n--) {
			if (dice(30) == 0)
				resize();
			else if (dice(3))
				write_one(CTX_TASK);
			else
				reader_operation();
		}
		end();
	}
}

UNIT(ring_buffer, model_two_pages_overwrite)
{
	run(2, true, false, 1);
}

/* I8 */
UNIT(ring_buffer, model_three_pages_overwrite)
{
	run(3, true, false, 10001);
}

UNIT(ring_buffer, model_seven_pages_overwrite)
{
	run(7, true, false, 20001);
}

UNIT(ring_buffer, model_three_pages_no_overwrite)
{
	run(3, false, false, 30001);
}

UNIT(ring_buffer, model_slow_clock)
{
	run(3, true, true, 40001);
}

/* ---- single rules -------------------------------------------------------- */

static void start(u32 pages)
{
	begin(1, pages, true, false);
	w.o.strict = false;
	host_step_fn = NULL;
}

UNIT(ring_buffer, header_bytes_are_linuxs)
{
	u32 *data;

	start(2);
	host_tsc += 7;
	CHECK(ring_buffer_lock_reserve(&w.buffer, 24, NULL) != NULL);
	ring_buffer_unlock_commit(&w.buffer);
	host_tsc += 5;
	CHECK(ring_buffer_lock_reserve(&w.buffer, 117, NULL) != NULL);
	ring_buffer_unlock_commit(&w.buffer);
	host_tsc += 3 + (5ULL << 27);
	CHECK(ring_buffer_lock_reserve(&w.buffer, 20, NULL) != NULL);
	ring_buffer_unlock_commit(&w.buffer);
	CHECK_EQ(ring_buffer_read_page(w.rb, &w.page, false),
		 28 + 8 + 120 + 8 + 24);
	CHECK_EQ(w.page.time_stamp, 1000);
	CHECK_EQ(w.page.commit, 28 + 8 + 120 + 8 + 24);
	data = (u32 *)w.page.data;
	CHECK_EQ(data[0], 7 << 5 | 6);
	CHECK_EQ(data[7], 5 << 5);
	CHECK_EQ(data[8], 124);
	CHECK_EQ(data[39], 3 << 5 | 30);
	CHECK_EQ(data[40], 5);
	CHECK_EQ(data[41], 5);
	ring_buffer_destroy(&w.buffer);
}

UNIT(ring_buffer, longest_event_fits_and_longer_is_refused)
{
	struct ring_buffer_event event;

	start(2);
	CHECK(!ring_buffer_lock_reserve(&w.buffer, RB_PAYLOAD_MAX + 1, NULL));
	CHECK(ring_buffer_lock_reserve(&w.buffer, RB_PAYLOAD_MAX, NULL));
	ring_buffer_unlock_commit(&w.buffer);
	mutex_lock(&w.rb->reader_lock);
	CHECK(ring_buffer_peek(w.rb, &event));
	CHECK_EQ(event.len, RB_PAYLOAD_MAX);
	mutex_unlock(&w.rb->reader_lock);
	ring_buffer_destroy(&w.buffer);
}

UNIT(ring_buffer, reset_and_masking_and_sizes)
{
	struct ring_buffer_stats stats;

	start(2);
	write_slow(3);
	ring_buffer_record(&w.buffer, 0, false);
	write_slow(3);
	write_fast();
	ring_buffer_record(&w.buffer, 0, true);
	ring_buffer_stats(w.rb, &stats);
	CHECK_EQ(stats.entries, 1);
	CHECK_EQ(stats.bytes, 4 + 8 + 12);
	CHECK(!ring_buffer_empty(w.rb));
	ring_buffer_reset(&w.buffer, 0);
	ring_buffer_stats(w.rb, &stats);
	CHECK_EQ(stats.entries, 0);
	CHECK_EQ(stats.written, 0);
	CHECK(ring_buffer_empty(w.rb));
	CHECK_EQ(ring_buffer_resize(&w.buffer, (u32[NR_CPUS]){ 1 }),
		 (u64)-EINVAL);
	CHECK_EQ(ring_buffer_resize(&w.buffer, (u32[NR_CPUS]){ [1] = 4 }),
		 (u64)-ENODEV);
	for (int n = 1; n <= 8; n++) { /* no half-made ring is left behind */
		fail_nth(n);
		CHECK_EQ(ring_buffer_resize(&w.buffer, (u32[NR_CPUS]){ 4 }),
			 (u64)-ENOMEM);
		CHECK(fail_end());
	}
	ring_buffer_destroy(&w.buffer);
	CHECK_EQ(host_live, 0);
}
