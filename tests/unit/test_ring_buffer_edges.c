// SPDX-License-Identifier: MIT
/*
 * The ring buffer where something comes at one chosen step of a writer: a
 * nested writer while the fast path is refused, a look at the counts.
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
static u8 seen[256]; /* by an event's number */
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
	done = ring_buffer_reserve_fast(rb, RB_FAST_MIN, &f, NULL);
	if (done) {
		*(u32 *)(f.event + RB_EVENT_HEADER) = written++;
		ring_buffer_commit_fast(rb, &f);
	} else {
		ring_buffer_refused(rb);
	}
	preempt_enable_notrace();
	return done;
}

static void write_slow(u32 len)
{
	u32 *event = ring_buffer_lock_reserve(&buffer, len, NULL);

	if (!CHECK(event != NULL))
		return;
	*event = written++;
	ring_buffer_unlock_commit(&buffer);
}

/*
 * Each event once, in the order of their times, nothing between. (A writer that
 * nests behind another one's place may get its number first.)
 */
static void read_all(void)
{
	struct ring_buffer_event event;
	u32 number;

	mutex_lock(&rb->reader_lock);
	while (ring_buffer_peek(rb, &event)) {
		number = *(const u32 *)event.data;
		if (CHECK(number < ARRAY_SIZE(seen)))
			CHECK_EQ(seen[number]++, 0);
		CHECK(event.time >= last_time);
		last_time = event.time;
		read++;
		CHECK_EQ(event.lost, 0);
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
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
	steps_left = at;
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
