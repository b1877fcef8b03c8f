// SPDX-License-Identifier: MIT
/*
 * Rings that are exchanged beside writers: nothing waits, is lost or comes
 * twice, whichever writer is at whichever instruction (RB9, RB10).
 *
 * One CPU writes from task, interrupt and NMI. At every place where the code
 * touches a shared word (tests/host/step.h) a nested writer may run to its end,
 * or the buffer's ring be exchanged for its twin, by this CPU's interrupt or by
 * another CPU. At the end every event written stands in one of the two rings,
 * once, in order of time.
 * host-sources: trace/ring/ring_buffer.c trace/ring/ring_buffer_event.c
 * host-sources: trace/ring/ring_buffer_read.c trace/ring/ring_buffer_ctl.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/ring/ring_fast.h"

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

#define EVENTS_MAX 2048
#define NESTED_MAX 64 /* writers at once, also in a ring that refuses none */

static struct {
	struct ring_buffer live, other;
	u64 seed;
	u32 odds;	     /* of something at a step, in 1/1024 */
	u32 nr;		     /* events written */
	u64 refused;	     /* reservations that were not, each counted */
	u64 swaps, busy;     /* swaps that were done, and that were refused */
	u8 seen[EVENTS_MAX]; /* times */
} w;

static u32 dice(u32 sides)
{
	return host_random(&w.seed) % sides;
}

void synchronize_cpus(void)
{
	host_step(); /* no writer is inside another one's change */
}

/* Is the buffer being changed? */
static bool held(void)
{
	return w.live.cpu[0]->slow & RB_SLOW_HELD;
}

/* ---- writers ------------------------------------------------------------- */

static void fill(u32 *payload)
{
	u32 id = w.nr++;

	host_step();
	*payload = id;
	host_step();
}

static void write_slow(size_t len)
{
	u32 *payload = ring_buffer_lock_reserve(&w.live, len, NULL);

	if (!payload) {
		w.refused += !held();
		return;
	}
	fill(payload);
	ring_buffer_unlock_commit(&w.live);
}

static void write_fast(void)
{
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast f;

	preempt_disable_notrace();
	rb = w.live.cpu[0];
	host_step();
	if (ring_buffer_reserve_fast(rb, 16, &f)) {
		fill(f.payload);
		ring_buffer_commit_fast(rb, &f);
		preempt_enable_notrace();
		return;
	}
	preempt_enable_notrace();
	write_slow(16);
}

static void write_one(u32 ctx)
{
	u32 was = this_cpu_read(trace_context);

	if (w.nr + NESTED_MAX >= EVENTS_MAX)
		return;
	this_cpu_write(trace_context, ctx);
	if (dice(2))
		write_fast();
	else
		write_slow(dice(8) ? 4 + dice(40) : 1000);
	this_cpu_write(trace_context, was);
}

/* ---- schedules ----------------------------------------------------------- */

/* In the step of a swap itself it finds the buffer busy, as during a change. */
static void swap_rings(void)
{
	bool changing = held();
	int err = ring_buffer_swap(&w.live, &w.other, 1);

	w.swaps += !err;
	w.busy += err != 0;
	CHECK(!err || err == -EBUSY);
	CHECK(!changing || err); /* RB10 */
}

static void step(void)
{
	u32 ctx = this_cpu_read(trace_context);

	host_tsc += 1 + dice(3);
	if (dice(1024) >= w.odds)
		return;
	switch (dice(8)) {
	case 0 ... 2:
		swap_rings();
		break;
	case 3:
		write_one(ctx); /* recursion, if a writer is at this step */
		break;
	case 4 ... 5:
		if (ctx == CTX_TASK && !held())
			write_one(CTX_IRQ);
		break;
	default:
		if (ctx != CTX_NMI)
			write_one(CTX_NMI);
	}
}

static void begin(u64 seed, const struct trace_clock *clock)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.odds = dice(2) ? 60 : 250;
	host_tsc = 1000;
	CHECK_EQ(ring_buffer_init(&w.live, 1, 40, clock), 0);
	CHECK_EQ(ring_buffer_init(&w.other, 1, 40, clock), 0);
	ring_buffer_pair(&w.live, &w.other);
}

static void end(void)
{
	host_step_fn = NULL;
	ring_buffer_unpair(&w.live, &w.other);
	ring_buffer_destroy(&w.live);
	ring_buffer_destroy(&w.other);
	CHECK_EQ(host_live, 0);
}

/* Read a ring. Return: events that were not written because of it. */
static u64 read_ring(struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;
	struct ring_buffer_stats stats;
	u64 last = 0, n = 0;

	mutex_lock(&rb->reader_lock);
	for (; ring_buffer_peek(rb, &event); n++) {
		u32 id = *(const u32 *)event.data;

		CHECK_EQ(event.lost, 0);
		CHECK(event.time >= last);
		last = event.time;
		if (CHECK(id < w.nr))
			w.seen[id]++;
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
	ring_buffer_stats(rb, &stats);
	CHECK_EQ(stats.written, n);
	CHECK_EQ(stats.overrun, 0);
	CHECK(rb->data.state <= RB_STATE_BYTES); /* RB3 */
	return stats.dropped + stats.commit_overrun + stats.recursed;
}

static void check_all(void)
{
	u64 refused = read_ring(w.live.cpu[0]) + read_ring(w.other.cpu[0]);
	u32 id;

	CHECK_EQ(refused, w.refused);
	for (id = 0; id < w.nr; id++)
		CHECK_EQ(w.seen[id], 1);
	CHECK_EQ(preempt_count(), 0);
}

static void change(void)
{
	ring_buffer_record(&w.live, 0, true);
	CHECK_EQ(ring_buffer_resize(&w.live, (u32[NR_CPUS]){ 39 + dice(3) }),
		 0);
}

static void run(u64 seed0, const struct trace_clock *clock)
{
	u64 seed, swaps = 0, busy = 0;

	for (seed = seed0; seed < seed0 + 1500; seed++) {
		begin(seed, clock);
		host_step_fn = step;
		for (u32 n = 10 + dice(60); n; n--) {
			if (dice(40) == 0)
				change();
			else
				write_one(CTX_TASK);
		}
		host_step_fn = NULL;
		check_all();
		swaps += w.swaps;
		busy += w.busy;
		end();
	}
	CHECK(swaps > 10000);
	CHECK(busy > 100);
}

UNIT(ring_buffer_swap, every_event_once_RB9)
{
	run(1, &fast_clock);
}

UNIT(ring_buffer_swap, every_event_once_slow_clock)
{
	run(50001, &slow_clock);
}

/* ---- single rules -------------------------------------------------------- */

static void write_n(u32 n)
{
	while (n--)
		write_slow(8);
}

/* RB8 */
UNIT(ring_buffer_swap, counts_and_positions_go_along)
{
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_event event;
	struct ring_buffer_stats s;

	begin(1, &fast_clock);
	write_n(5);
	rb = w.live.cpu[0];
	mutex_lock(&rb->reader_lock);
	CHECK(ring_buffer_peek(rb, &event));
	ring_buffer_consume(rb);
	mutex_unlock(&rb->reader_lock);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 1), 0);
	write_n(3);
	ring_buffer_stats(w.other.cpu[0], &s);
	CHECK_EQ(s.written, 5);
	CHECK_EQ(s.read, 1);
	ring_buffer_stats(w.live.cpu[0], &s);
	CHECK_EQ(s.written, 3);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 1), 0);
	ring_buffer_stats(w.live.cpu[0], &s);
	CHECK_EQ(s.written, 5);
	CHECK_EQ(s.read, 1);
	end();
}

static unsigned int moves;

static void count_move(unsigned int cpu, struct ring_buffer_per_cpu *rb)
{
	CHECK_EQ(cpu, 0);
	CHECK(rb == w.live.cpu[0]);
	moves++;
}

UNIT(ring_buffer_swap, only_pairs_are_swapped)
{
	struct ring_buffer_per_cpu *rb;

	begin(1, &fast_clock);
	rb = w.live.cpu[0];
	moves = 0;
	w.live.moved = count_move;
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 3), (u64)-ENODEV);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.live, 1), (u64)-EINVAL);
	CHECK(w.live.cpu[0] == rb);
	CHECK_EQ(moves, 0);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 1), 0);
	CHECK(w.other.cpu[0] == rb);
	CHECK_EQ(moves, 1);
	ring_buffer_unpair(&w.live, &w.other);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 1), (u64)-EINVAL);
	ring_buffer_pair(&w.live, &w.other);
	CHECK_EQ(ring_buffer_swap(&w.live, &w.other, 0), 0);
	CHECK(w.other.cpu[0] == rb);
	end();
}
