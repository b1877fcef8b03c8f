// SPDX-License-Identifier: MIT
/*
 * The ring buffer on real CPUs: readers of every kind beside writers in every
 * context. (All schedules of one writer CPU and a reader are gone through on
 * the host: tests/unit/test_ring_buffer.c.)
 */
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_test.h"
#include <asm/atomic.h>

#define PATTERN 0x5ca1ab1e0ddba11ULL

/* An event whose words all follow from the first. */
struct checked {
	u64 serial;
	u64 words;
	u64 filler[];
};

static struct ring_buffer ring;
static atomic64_t serial, refused;

/* Sizes from 16 bytes to half a page, so that pages end everywhere. */
static void write_checked(void *unused)
{
	u64 n = atomic64_inc_return(&serial), words = n * n % 37, i;
	struct checked *e;

	(void)unused;
	if (n % 97 == 0)
		words = 200;
	e = ring_buffer_lock_reserve(&ring, sizeof(*e) + words * 8, NULL);
	if (!e) {
		atomic64_inc(&refused);
		return;
	}
	e->serial = n;
	e->words = words;
	for (i = 0; i < words; i++)
		e->filler[i] = n ^ PATTERN;
	ring_buffer_unlock_commit(&ring);
}

static bool is_whole(const struct ring_buffer_event *event)
{
	const struct checked *e = event->data;
	u64 i;

	if (event->len < sizeof(*e) || event->len != sizeof(*e) + e->words * 8)
		return false;
	for (i = 0; i < e->words; i++) {
		if (e->filler[i] != (e->serial ^ PATTERN))
			return false;
	}
	return true;
}

static void begin(size_t pages)
{
	EXPECT_EQ(ring_buffer_init(&ring, cpu_online_mask, pages,
				   trace_clock_get(0)),
		  0);
	atomic64_set(&serial, 0);
	atomic64_set(&refused, 0);
}

/* ---- readers beside writers ---------------------------------------------- */

struct reader {
	void (*read)(struct reader *r, struct ring_buffer_per_cpu *rb);
	bool stop;
	u64 events, lost, untold, damaged, backwards;
	u64 last[NR_CPUS];
	struct ring_buffer_page *page;
};

static void saw(struct reader *r, struct ring_buffer_per_cpu *rb,
		const struct ring_buffer_event *event)
{
	r->events++;
	r->lost += event->lost;
	r->damaged += !is_whole(event);
	r->backwards += event->time < r->last[rb->cpu];
	r->last[rb->cpu] = event->time;
}

static void read_events(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;

	mutex_lock(&rb->reader_lock);
	while (ring_buffer_peek(rb, &event)) {
		saw(r, rb, &event);
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
}

static void read_pages(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;
	u64 time, lost;
	u32 size, offset;

	while ((size = ring_buffer_read_page(rb, r->page, false)) != 0) {
		offset = 0;
		lost = 0;
		time = r->page->time_stamp;
		if (r->page->commit & RB_MISSED_STORED)
			memcpy(&lost, r->page->data + size, sizeof(lost));
		else if (r->page->commit & RB_MISSED_EVENTS)
			r->untold++; /* no room for the number */
		r->lost += lost;
		while (ring_buffer_decode(r->page, size, &offset, &time,
					  &event) > 0)
			saw(r, rb, &event);
		r->damaged += offset != size;
	}
}

static void walk_events(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_iter iter;

	r->last[rb->cpu] = 0;
	ring_buffer_iter_start(&iter, rb, r->page);
	for (; iter.valid; ring_buffer_iter_next(&iter))
		saw(r, rb, &iter.event);
}

static int keep_reading(void *arg)
{
	struct reader *r = arg;
	unsigned int cpu;
	bool last;

	do {
		last = READ_ONCE(r->stop);
		for_each_online_cpu(cpu)
			r->read(r, ring.cpu[cpu]);
		cond_resched();
	} while (!last);
	return 0;
}

/* Return: what the reader saw, of as many events as were written. */
static struct reader read_beside_storm(
	void (*read)(struct reader *r, struct ring_buffer_per_cpu *rb))
{
	struct reader r = { .read = read, .page = alloc_page() };
	struct task_struct *task;

	if (!EXPECT(r.page != NULL))
		return r;
	task = kthread_run(keep_reading, &r, "reader");
	tt_storm(write_checked, NULL, 6000, 2, false);
	WRITE_ONCE(r.stop, true);
	kthread_join(task);
	free_page(r.page);
	EXPECT_EQ(r.damaged, 0);
	EXPECT_EQ(r.backwards, 0);
	return r;
}

static void consumer_accounts_for_all(
	void (*read)(struct reader *r, struct ring_buffer_per_cpu *rb),
	bool overwrite)
{
	struct ring_buffer_stats stats;
	u64 dropped = 0, overrun = 0;
	struct reader r;
	unsigned int cpu;

	begin(5);
	ring_buffer_set_overwrite(&ring, overwrite);
	r = read_beside_storm(read);
	for_each_online_cpu(cpu) {
		ring_buffer_stats(ring.cpu[cpu], &stats);
		dropped += stats.dropped + stats.commit_overrun;
		overrun += stats.overrun;
		EXPECT_EQ(stats.entries, 0);
		EXPECT_EQ(stats.recursed, 0);
	}
	EXPECT(r.untold ? r.lost < overrun : r.lost == overrun);
	EXPECT_EQ(dropped, atomic64_read(&refused));
	EXPECT_EQ(r.events + overrun + dropped, atomic64_read(&serial));
	EXPECT(overwrite || !overrun);
	ring_buffer_destroy(&ring);
}

KTEST_FLAGS(ring_buffer, events_read_beside_writers, 0, 120)
{
	consumer_accounts_for_all(read_events, true);
}

KTEST_FLAGS(ring_buffer, pages_read_beside_writers, 0, 120)
{
	consumer_accounts_for_all(read_pages, true);
}

KTEST_FLAGS(ring_buffer, pages_read_without_overwriting, 0, 120)
{
	consumer_accounts_for_all(read_pages, false);
}

KTEST_FLAGS(ring_buffer, walks_beside_writers, 0, 120)
{
	begin(5);
	EXPECT(read_beside_storm(walk_events).events);
	ring_buffer_destroy(&ring);
}

/* ---- changes beside writers and readers ---------------------------------- */

static void read_and_change(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	static unsigned int n;
	u32 pages[NR_CPUS] = { 0 };

	pages[rb->cpu] = 2 + n++ % 7;
	read_events(r, rb);
	EXPECT_EQ(ring_buffer_resize(&ring, pages), 0);
	if (n % 5 == 0) {
		ring_buffer_record(&ring, rb->cpu, false);
		ring_buffer_record(&ring, rb->cpu, true);
	}
}

KTEST_FLAGS(ring_buffer, resized_and_masked_beside_writers, 0, 120)
{
	struct ring_buffer_stats stats;
	u64 overrun = 0;
	struct reader r;
	unsigned int cpu;

	begin(5);
	r = read_beside_storm(read_and_change);
	for_each_online_cpu(cpu) {
		read_events(&r, ring.cpu[cpu]);
		ring_buffer_stats(ring.cpu[cpu], &stats);
		overrun += stats.overrun;
	}
	EXPECT_EQ(r.damaged, 0);
	EXPECT_EQ(r.events + overrun + atomic64_read(&refused),
		  atomic64_read(&serial));
	EXPECT_EQ(r.lost, overrun);
	ring_buffer_destroy(&ring);
}

/* ---- rings swapped beside writers ---------------------------------------- */

#define SERIALS (1U << 18)

static struct ring_buffer spare; /* what was written before the last swap */
static u64 seen[SERIALS / 64];
static u64 twice;

static void see(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	struct ring_buffer_event event;
	const struct checked *e;

	/* A writer inside at the swap adds its event, an older one, later. */
	r->last[rb->cpu] = 0;
	mutex_lock(&rb->reader_lock);
	while (ring_buffer_peek(rb, &event)) {
		e = event.data;
		saw(r, rb, &event);
		twice += seen[e->serial % SERIALS / 64] >> e->serial % 64 & 1;
		seen[e->serial % SERIALS / 64] |= BIT(e->serial % 64);
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
}

/* One swap of all CPUs in each round; then what each had is read. */
static void swap_and_read(struct reader *r, struct ring_buffer_per_cpu *rb)
{
	if (rb->cpu == 0)
		EXPECT_EQ(ring_buffer_swap(&ring, &spare, cpu_online_mask), 0);
	see(r, spare.cpu[rb->cpu]);
}

KTEST_FLAGS(ring_buffer, swapped_beside_writers, 0, 120)
{
	struct ring_buffer_stats a, b;
	u64 overrun = 0, read = 0, written = 0, counted = 0;
	struct reader r;
	unsigned int cpu;

	begin(9);
	ASSERT_EQ(ring_buffer_init(&spare, cpu_online_mask, 4, ring.clock), 0);
	ring_buffer_pair(&ring, &spare);
	memset(seen, 0, sizeof(seen));
	twice = 0;
	r = read_beside_storm(swap_and_read);
	for_each_online_cpu(cpu) {
		see(&r, ring.cpu[cpu]);
		ring_buffer_stats(ring.cpu[cpu], &a);
		ring_buffer_stats(spare.cpu[cpu], &b);
		EXPECT_EQ(a.entries + b.entries, 0);
		overrun += a.overrun + b.overrun;
		read += a.read + b.read;
		written += a.written + b.written;
		counted += a.dropped + a.commit_overrun + a.recursed;
		counted += b.dropped + b.commit_overrun + b.recursed;
	}
	EXPECT(atomic64_read(&serial) < SERIALS);
	EXPECT_EQ(twice, 0);
	EXPECT_EQ(r.damaged + r.backwards, 0);
	EXPECT_EQ(r.events, read); /* the counts went along */
	EXPECT_EQ(r.lost, overrun);
	EXPECT_EQ(read + overrun, written);
	EXPECT_EQ(written + atomic64_read(&refused), atomic64_read(&serial));
	EXPECT_EQ(counted, atomic64_read(&refused)); /* none by the swaps */
	ring_buffer_unpair(&ring, &spare);
	ring_buffer_destroy(&ring);
	ring_buffer_destroy(&spare);
}

/* ---- a writer that is held ----------------------------------------------- */

static bool inside, leave;

static int stay_in_writer(void *unused)
{
	(void)unused;
	EXPECT(ring_buffer_lock_reserve(&ring, 8, NULL) != NULL);
	WRITE_ONCE(inside, true);
	while (!READ_ONCE(leave))
		cpu_relax();
	WRITE_ONCE(inside, false);
	ring_buffer_unlock_commit(&ring);
	return 0;
}

static void reset_last(void)
{
	ring_buffer_reset(&ring, last_cpu());
}

KTEST(ring_buffer, a_writer_inside_is_waited_for_by_a_change)
{
	struct task_struct *task;
	struct waiter w;

	if (num_online_cpus() == 1)
		KTEST_SKIP("a writer cannot be inside while we run");
	begin(3);
	inside = leave = false;
	kthread_bind(current, 0);
	task = kthread_create(stay_in_writer, NULL, "writer");
	kthread_bind(task, last_cpu());
	wake_up_process(task);
	EXPECT(wait_until(READ_ONCE(inside), QUIESCE_WAIT_MS));
	ASSERT(waiter_start(&w, reset_last, 0));
	EXPECT(waiter_keeps_waiting(&w));
	EXPECT(READ_ONCE(inside));
	WRITE_ONCE(leave, true);
	kthread_join(task);
	waiter_end(&w);
	EXPECT(ring_buffer_empty(ring.cpu[last_cpu()])); /* reset after it */
	ring_buffer_destroy(&ring);
}

KTEST(ring_buffer, no_memory_changes_nothing)
{
	unsigned int n;
	int err;

	for (n = 1;; n++) {
		slab_drain(); /* else an empty slab replaces the page */
		fail_nth(n);
		err = ring_buffer_init(&ring, cpu_online_mask, 3,
				       trace_clock_get(0));
		if (!fail_end())
			break;
		ASSERT_EQ(err, -ENOMEM);
	}
	EXPECT(n > 5);
	ASSERT_EQ(err, 0);
	write_checked(NULL);
	for (n = 1;; n++) {
		slab_drain();
		fail_nth(n);
		err = ring_buffer_resize(&ring, (u32[NR_CPUS]){ 5 });
		if (!fail_end())
			break;
		ASSERT_EQ(err, -ENOMEM);
		EXPECT_EQ(ring.cpu[0]->data.nr_slots, 3);
	}
	EXPECT_EQ(err, 0);
	EXPECT_EQ(ring_buffer_resize(&ring, (u32[NR_CPUS]){ RB_PAGES_MAX + 1 }),
		  -EINVAL);
	EXPECT_EQ(
		ring_buffer_resize(&ring, (u32[NR_CPUS]){ [NR_CPUS - 1] = 5 }),
		-ENODEV);
	ring_buffer_destroy(&ring);
	EXPECT_EQ(ring_buffer_init(&ring, 1, 1, trace_clock_get(0)), -EINVAL);
}

/* The buffers of a trace are resized all, or none. */
KTEST(ring_buffer, no_memory_for_one_cpu_changes_none)
{
	struct trace_array *tr = trace_top();
	unsigned int n, cpu;
	int err;

	ASSERT(tt_begin("nop", NULL, 16));
	for (n = 1; n < 20 * num_online_cpus() + 20; n++) {
		fail_nth(n);
		err = trace_set_buffer_kb(tr, TRACE_CPU_ALL, 40);
		if (!fail_end())
			break;
		EXPECT_EQ(err, -ENOMEM);
		EXPECT_EQ(trace_buffer_kb(tr, TRACE_CPU_ALL), 16);
		for_each_online_cpu(cpu)
			EXPECT_EQ(tr->buffer.cpu[cpu]->data.nr_slots, 5);
	}
	EXPECT_EQ(err, 0);
	EXPECT(n > num_online_cpus() * 11);
	EXPECT_EQ(trace_buffer_kb(tr, TRACE_CPU_ALL), 40);
	for_each_online_cpu(cpu)
		EXPECT_EQ(tr->buffer.cpu[cpu]->data.nr_slots, 11);
	tt_end();
}
