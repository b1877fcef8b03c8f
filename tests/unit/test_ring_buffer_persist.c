// SPDX-License-Identifier: MIT
/*
 * Rings in memory that survives a reset (RB11, RB12): the machine stops at any
 * step of a writer or a reader, and any byte of the region is damaged.
 * host-sources: trace/ring/ring_buffer.c trace/ring/ring_buffer_event.c
 * host-sources: trace/ring/ring_buffer_read.c trace/ring/ring_buffer_ctl.c
 * host-sources: trace/ring/ring_buffer_persist.c kernel/base/fail.c
 */
#include "trace/ring/ring_buffer_persist.h"

#include "kernel/base/fail.h"
#include "kernel/lib/crc32.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/ring/ring_fast.h"

void synchronize_cpus(void)
{
	host_step();
}

static u64 read_tsc(void)
{
	return host_tsc += 3;
}

static const struct trace_clock clocks[] = {
	{ "fast", read_tsc, true, true },
	{ "slow", read_tsc, false, false },
};

struct trace_scale trace_clock_scale(const struct trace_clock *clock)
{
	return (struct trace_scale){ 0, 1ULL << (64 - TRACE_TSC_SHIFT) };
}

const struct trace_clock *trace_clock_get(unsigned int i)
{
	return i < ARRAY_SIZE(clocks) ? &clocks[i] : NULL;
}

const struct trace_clock *trace_clock_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(clocks); i++)
		if (!strcmp(clocks[i].name, name))
			return &clocks[i];
	return NULL;
}

#define BUILD 0x1234
#define TEXT  0xffffffff80000000
#define PAGES 4
#define SIZE  ((1 + 3 + PAGES + 1) * RB_PAGE_SIZE)

/* On the heap, so that the sanitizer sees a byte too far. */
static void *new_area(size_t size)
{
	return memset(host_aligned_alloc(RB_PAGE_SIZE, size), 0xa5, size);
}

static struct ring_buffer buffer;
#define EVENTS_MAX (1 << 16)

static u32 written; /* every event is its number */
/* It stands in front of events with lower numbers, which nested in it. */
static bool early[EVENTS_MAX];

static void write(u32 len)
{
	u32 *event = ring_buffer_lock_reserve(&buffer, len, NULL);

	if (!CHECK(event != NULL))
		return;
	*event = written++;
	ring_buffer_unlock_commit(&buffer);
}

static void write_fast(void)
{
	struct ring_buffer_per_cpu *rb = buffer.cpu[0];
	struct ring_buffer_fast f;
	u32 was = written;

	preempt_disable_notrace();
	if (ring_buffer_reserve_fast(rb, RB_FAST_MIN, &f)) {
		early[written] = written != was;
		*(u32 *)f.payload = written++;
		ring_buffer_commit_fast(rb, &f);
	}
	preempt_enable_notrace();
}

static u32 consume(void)
{
	struct ring_buffer_per_cpu *rb = buffer.cpu[0];
	struct ring_buffer_event event;
	bool found;

	mutex_lock(&rb->reader_lock);
	found = ring_buffer_peek(rb, &event);
	if (found)
		ring_buffer_consume(rb);
	mutex_unlock(&rb->reader_lock);
	return found;
}

static struct ring_area_found init(struct ring_buffer *b, u64 cpus, void *area,
				   size_t size)
{
	struct ring_area_found found;

	CHECK_EQ(
		ring_buffer_init_area(b, cpus, area, size, BUILD, TEXT, &found),
		0);
	return found;
}

/* ---- the machine stops at any step --------------------------------------- */

#define STEPS_MAX 4096

/* What the next boot finds after a stop at a step of one operation. */
static struct {
	u32 first, last, nr; /* events */
} stops[STEPS_MAX];
static u32 nr_stops, before; /* events written before the operation */
static void *area, *copy;
static u8 seen[EVENTS_MAX];

static void boot_again(void)
{
	struct ring_area_found found;
	struct ring_buffer_event event;
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer next;
	u32 n, first = ~0U, last = 0, nr = 0, old = 0, maybe = 0;
	u64 lost = 0;

	memcpy(copy, area, SIZE);
	found = init(&next, 1, copy, SIZE);
	CHECK(!found.refused);
	CHECK_EQ(found.bad_pages, 0);
	rb = next.cpu[0];
	mutex_lock(&rb->reader_lock);
	for (; ring_buffer_peek(rb, &event); nr++) {
		n = *(const u32 *)event.data;
		if (!CHECK(n < sizeof(seen)) || !CHECK(!seen[n]))
			break;
		seen[n] = 1;
		first = min(first, n);
		last = max(last, n);
		old += n < before;
		lost += event.lost; /* behind the reader's page */
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
	CHECK_EQ(nr, found.events);
	for (n = first; n < before; n++)
		maybe += early[n] && !seen[n]; /* overwritten with its page */
	memset(seen, 0, sizeof(seen));
	if (old) /* none is missing; those of the operation come one by one */
		CHECK(before - first - old - lost <= maybe);
	stops[nr_stops].first = first;
	stops[nr_stops].last = last;
	stops[nr_stops++].nr = nr;
}

static u64 chance;
static u32 depth;

/* The machine stops here; or an interrupt or an NMI comes first. */
static void stop_here(void)
{
	u32 ctx = this_cpu_read(trace_context);

	host_step_fn = NULL;
	boot_again();
	if (depth < 2 && host_random(&chance) % 64 == 0) {
		depth++;
		this_cpu_write(trace_context, depth == 1 ? CTX_IRQ : CTX_NMI);
		host_step_fn = stop_here;
		write(4 + host_random(&chance) % 1500);
		this_cpu_write(trace_context, ctx);
		depth--;
	}
	host_step_fn = nr_stops < STEPS_MAX - 1 ? stop_here : NULL;
}

/* The first event that is in the ring and not read. */
static u32 first_unread(void)
{
	struct ring_buffer_stats stats;

	ring_buffer_stats(buffer.cpu[0], &stats);
	CHECK_EQ(stats.written, written);
	return written - stats.entries;
}

/* Judge the stops of an operation. */
static void judge_stops(void)
{
	u32 unread = first_unread(), i;

	for (i = 0; i < nr_stops; i++) {
		if (before > unread) /* there was one all the time: RB12 */
			CHECK(stops[i].nr && stops[i].first <= unread);
		if (!stops[i].nr)
			continue;
		CHECK(stops[i].last + 1 >= before);
		CHECK(stops[i].last < written);
	}
}

UNIT(ring_buffer_persist, every_stop_leaves_what_is_committed_RB12)
{
	u32 i;

	area = new_area(SIZE);
	copy = new_area(SIZE);
	chance = 1;
	written = 0;
	init(&buffer, 1, area, SIZE);
	for (i = 0; i < 400; i++) {
		before = written;
		nr_stops = 0;
		if (host_random(&chance) % 4 == 0)
			host_tsc += RB_DELTA_MAX; /* the fast path is undone */
		host_step_fn = stop_here;
		if (host_random(&chance) % 3 == 0)
			consume();
		else if (host_random(&chance) % 2)
			write_fast();
		else
			write(4 + host_random(&chance) % 1500);
		host_step_fn = NULL;
		judge_stops();
	}
	CHECK(written > 200);
	host_free(area);
	host_free(copy);
	CHECK_EQ(host_live, 0);
	CHECK_EQ(preempt_count(), 0);
}

/* An NMI that needs a page of its own, at one step only. */
static void fill_page(void)
{
	if (--depth)
		return;
	host_step_fn = NULL;
	this_cpu_write(trace_context, CTX_NMI);
	write(RB_PAYLOAD_MAX);
	this_cpu_write(trace_context, CTX_TASK);
}

/* The writer of the first page is undone, and the next event is on another. */
UNIT(ring_buffer_persist, a_page_of_padding_alone_is_not_damaged)
{
	struct ring_area_found found;
	void *base = new_area(SIZE);
	u32 at;

	for (at = 1; at < 15; at++) {
		memset(base, 0, SIZE);
		init(&buffer, 1, base, SIZE);
		written = 0;
		host_tsc += RB_DELTA_MAX + 1;
		depth = at;
		host_step_fn = fill_page;
		write_fast();
		host_step_fn = NULL;
		found = init(&buffer, 1, base, SIZE);
		CHECK_EQ(found.bad_pages, 0);
		CHECK_EQ(found.events, written);
		CHECK_EQ(found.pages, written);
		CHECK_EQ(consume(), written);
	}
	depth = 0;
	host_free(base);
}

/* ---- damage -------------------------------------------------------------- */

#define CPUS  0x5 /* a ring, a hole, a ring */
#define SIZE2 (RB_PAGE_SIZE + 2 * (SIZE - RB_PAGE_SIZE))

/* Words with a meaning, and values at which a check decides. */
static u64 edge(u64 *random)
{
	static const u64 edges[] = { 0,
				     1,
				     2,
				     3,
				     PAGES,
				     PAGES + 1,
				     4,
				     RB_DATA_SIZE - 4,
				     RB_DATA_SIZE,
				     RB_DATA_SIZE + 4,
				     RB_PAGE_SIZE,
				     0xffff,
				     1ULL << 31,
				     ~0U,
				     1ULL << 48,
				     1ULL << 52,
				     1ULL << 63,
				     ~0ULL - 3,
				     ~0ULL };
	u64 r = host_random(random);

	return r % 8 ? edges[r / 8 % ARRAY_SIZE(edges)] : host_random(random);
}

static struct ring_buffer_page *page_of(u8 *base, const struct ring_area *head,
					u64 r)
{
	return (void *)(base + RB_PAGE_SIZE + r % 2 * head->stride +
			head->at_page + r / 2 % (PAGES + 1) * RB_PAGE_SIZE);
}

static void damage_head(struct ring_area *head, u64 *random)
{
	u64 r = host_random(random);

	((u32 *)head)[r % (sizeof(*head) / 4)] = edge(random);
	if (r >> 32 & 1) /* with a checksum that is right */
		head->crc = crc32(head, offsetof(struct ring_area, crc));
}

static void damage_ring(u8 *part, u64 *random)
{
	struct ring_contents *data =
		&((struct ring_buffer_per_cpu *)part)->data;
	u64 *slots = (u64 *)(part + RB_PAGE_SIZE);
	u64 r = host_random(random);

	switch (r % 8) {
	case 0:
		data->commit_seq = edge(random);
		break;
	case 1:
		data->commit_seq += r >> 32 & 7;
		break;
	case 2:
		data->reader_seq = edge(random);
		break;
	case 3:
		data->next_seq = edge(random);
		break;
	case 4:
		data->reader_index = edge(random);
		break;
	case 5: /* the order of the pages */
		swap(slots[r / 8 % PAGES], slots[r / 64 % PAGES]);
		break;
	case 6: /* a page that two slots name */
		slots[r / 8 % PAGES] = RB_SLOT(
			RB_SLOT_SEQ(slots[r / 8 % PAGES]), edge(random));
		break;
	default:
		slots[r / 8 % PAGES] = edge(random);
	}
}

static void damage_page(struct ring_buffer_page *page,
			struct ring_buffer_page *other, u64 *random)
{
	u64 r = host_random(random);
	u32 *word = (u32 *)(page->data + r / 8 % RB_DATA_SIZE / 4 * 4);

	switch (r % 8) {
	case 0:
		page->commit = edge(random);
		break;
	case 1:
		page->commit += (r >> 32 & 15) - 8;
		break;
	case 2:
		page->time_stamp = edge(random);
		break;
	case 3: /* two pages change places */
		swap(*page, *other);
		break;
	case 4: /* the first event's type and length */
		*(u32 *)page->data = edge(random);
		break;
	case 5: /* a type without a payload, anywhere */
		*word = (edge(random) << 5) | (29 + r / 8 % 3);
		break;
	case 6:
		word[0] = edge(random) << 5;
		break;
	default:
		*word = host_random(random);
	}
}

static void damage(u8 *base, u64 *random)
{
	const struct ring_area head = *(struct ring_area *)base;
	u64 r = host_random(random), n = 1 + r % 4;

	while (n--) {
		r = host_random(random);
		if (r % 16 == 0)
			damage_head((void *)base, random);
		else if (r % 4 == 1)
			damage_ring(base + RB_PAGE_SIZE +
					    r / 16 % 2 * head.stride,
				    random);
		else if (r % 4 == 2)
			damage_page(page_of(base, &head, r / 16),
				    page_of(base, &head, r / 256), random);
		else
			base[r / 16 % SIZE2] = r >> 56;
	}
}

/* Read all, by both readers. Return: the number of events. */
static u64 read_all(struct ring_buffer_per_cpu *rb, void *page)
{
	struct ring_buffer_event event;
	struct ring_buffer_iter iter;
	struct ring_buffer_stats stats;
	u64 nr = 0, walked = 0, time = 0;
	u32 sum = 0;

	ring_buffer_stats(rb, &stats);
	ring_buffer_iter_start(&iter, rb, page);
	for (; iter.valid; walked++)
		ring_buffer_iter_next(&iter);
	mutex_lock(&rb->reader_lock);
	for (; ring_buffer_peek(rb, &event); nr++) {
		CHECK(event.time >= time);
		time = event.time;
		for (u32 i = 0; i < event.len; i++)
			sum += ((const u8 *)event.data)[i];
		ring_buffer_consume(rb);
	}
	mutex_unlock(&rb->reader_lock);
	CHECK_EQ(walked, nr);
	CHECK_EQ(stats.entries, nr);
	*(u32 *)page = sum;
	return nr;
}

static u64 found_whole, found_part, found_none;

/* Boot on a damaged region, read it, and use it. */
static void boot_on(void *base, void *page, u64 events)
{
	struct ring_area_found found = init(&buffer, CPUS, base, SIZE2);
	u64 nr = read_all(buffer.cpu[0], page) + read_all(buffer.cpu[2], page);

	CHECK_EQ(nr, found.events);
	found_whole += nr == events;
	found_part += nr && nr < events;
	found_none += !nr;
	if (found.refused)
		CHECK_EQ(nr, 0);
	ring_buffer_reset(&buffer, 0);
	written = 0;
	for (u32 i = 0; i < 3; i++)
		write(1000);
	CHECK_EQ(read_all(buffer.cpu[0], page), 3);
	CHECK(!buffer.cpu[1]);
}

/* Fill a region: @reads events are read in between. Return: events left. */
static u64 fill(void *base, u32 events, u32 reads)
{
	host_tsc = 1000;
	written = 0;
	init(&buffer, CPUS, base, SIZE2);
	for (u32 i = 0; i < events; i++) {
		write(100 + i * 37 % 400);
		if (i < reads)
			consume();
		host_tsc += i == 5 ? 1ULL << 30 : 10; /* a long delta */
		if (i == 3) {
			host_cpu = 2;
			write(40);
			host_cpu = 0;
		}
	}
	return init(&buffer, CPUS, base, SIZE2).events;
}

UNIT(ring_buffer_persist, damage_never_breaks_the_reader_RB11)
{
	void *image = new_area(SIZE2), *base = new_area(SIZE2);
	void *page = host_aligned_alloc(RB_PAGE_SIZE, RB_PAGE_SIZE);
	u64 random = 7, events = 0;

	found_whole = found_part = found_none = 0;
	for (u32 i = 0; i < 100000; i++) {
		if (i % 1000 == 0)
			events = fill(image, 5 + host_random(&random) % 90,
				      i / 1000 % 3 * 5);
		memcpy(base, image, SIZE2);
		if (i % 1000)
			damage(base, &random);
		boot_on(base, page, events);
	}
	/* Most damage is of one page or of nothing that is used. */
	CHECK(found_whole > 20000);
	CHECK(found_part > 20000);
	CHECK(found_none > 2000);
	host_free(image);
	host_free(base);
	host_free(page);
	CHECK_EQ(host_live, 0);
}

/* ---- what is refused ----------------------------------------------------- */

UNIT(ring_buffer_persist, a_region_of_another_machine_is_refused)
{
	void *base = new_area(SIZE2);
	struct ring_area *head = base;
	struct ring_area_found found;

	found = init(&buffer, CPUS, base, SIZE2);
	CHECK_STR(found.refused, "it holds no trace");
	CHECK_EQ(found.build, 0);
	write(100);
	CHECK_EQ(ring_buffer_init_area(&buffer, CPUS, base, SIZE2, BUILD + 1,
				       TEXT, &found),
		 0);
	CHECK_STR(found.refused, "its trace is of another build of the kernel");
	CHECK_EQ(found.build, BUILD);
	CHECK_EQ(found.text, TEXT);
	CHECK_EQ(found.events, 0);

	init(&buffer, CPUS, base, SIZE2);
	write(100);
	found = init(&buffer, 1, base, SIZE2);
	CHECK_STR(found.refused,
		  "its trace is of another number of CPUs or size");
	write(100);
	head->stride++;
	found = init(&buffer, 1, base, SIZE2);
	CHECK_STR(found.refused, "its head is damaged");
	CHECK(!consume());
	write(100);
	CHECK_EQ(init(&buffer, 1, base, SIZE2).events, 1);
	host_free(base);
}

UNIT(ring_buffer_persist, sizes)
{
	void *base = new_area(SIZE);
	struct ring_area_found found;
	u32 pages;

	/* A head; state, slots, infos, and three pages for two slots. */
	CHECK_EQ(ring_buffer_init_area(&buffer, 1, base, 6 * RB_PAGE_SIZE,
				       BUILD, TEXT, &found),
		 -ENOSPC);
	CHECK_EQ(ring_buffer_init_area(&buffer, 0, base, SIZE, BUILD, TEXT,
				       &found),
		 -ENOSPC);
	CHECK_EQ(((u8 *)base)[0], 0xa5);
	for (pages = 2; pages <= PAGES; pages++) {
		init(&buffer, 1, base, (5 + pages) * RB_PAGE_SIZE);
		CHECK_EQ(buffer.cpu[0]->data.nr_slots, pages);
	}
	CHECK_EQ(ring_buffer_resize(&buffer, (u32[NR_CPUS]){ 7 }), -EBUSY);
	host_free(base);
}

UNIT(ring_buffer_persist, without_memory_the_region_is_unchanged)
{
	void *base = new_area(SIZE);
	struct ring_area_found found;

	init(&buffer, 1, base, SIZE);
	written = 0;
	write(100);
	for (u32 n = 1; n <= 2; n++) {
		fail_nth(n);
		CHECK_EQ(ring_buffer_init_area(&buffer, 1, base, SIZE,
					       BUILD + 1, TEXT, &found),
			 -ENOMEM);
		CHECK(fail_end());
	}
	CHECK_EQ(init(&buffer, 1, base, SIZE).events, 1);
	CHECK_EQ(host_live, 0);
	host_free(base);
}

UNIT(ring_buffer_persist, the_clock_is_that_of_the_events)
{
	void *base = new_area(SIZE);
	struct ring_area *head = base;

	init(&buffer, 1, base, SIZE);
	CHECK(buffer.clock == &clocks[0]);
	ring_buffer_set_clock(&buffer, &clocks[1]);
	ring_buffer_area_clock(base, &clocks[1]);
	CHECK_EQ(init(&buffer, 1, base, SIZE).events, 0);
	CHECK(buffer.clock == &clocks[0]); /* nothing wants the other one */
	ring_buffer_area_clock(base, &clocks[1]);
	write(4);
	CHECK_EQ(init(&buffer, 1, base, SIZE).events, 1);
	CHECK(buffer.clock == &clocks[1]);
	memset(head->clock, 'x', sizeof(head->clock));
	CHECK_EQ(init(&buffer, 1, base, SIZE).events, 1);
	CHECK(buffer.clock == &clocks[0]);
	host_free(base);
}

/* ---- damage with a known outcome ----------------------------------------- */

/* A ring whose pages 1 to 3 have @each events, and what it is. */
static struct ring_contents *three_pages(void *base, u32 each)
{
	memset(base, 0, SIZE);
	init(&buffer, 1, base, SIZE);
	written = 0;
	for (u32 i = 0; i < 3 * each; i++)
		write(3000 / each);
	return &buffer.cpu[0]->data;
}

UNIT(ring_buffer_persist, one_damaged_page_costs_one_page)
{
	void *base = new_area(SIZE);
	struct ring_contents *data = three_pages(base, 2);
	struct ring_buffer_event event;
	struct ring_area_found found;

	/* It ends within its last event. */
	data->info[RB_SLOT_INDEX(data->slots[2])].page->commit -= 4;
	found = init(&buffer, 1, base, SIZE);
	CHECK_EQ(found.bad_pages, 1);
	CHECK_EQ(found.events, 4);
	mutex_lock(&buffer.cpu[0]->reader_lock);
	CHECK(ring_buffer_peek(buffer.cpu[0], &event) && !event.lost);
	ring_buffer_consume(buffer.cpu[0]);
	CHECK(ring_buffer_peek(buffer.cpu[0], &event) && !event.lost);
	ring_buffer_consume(buffer.cpu[0]);
	CHECK(ring_buffer_peek(buffer.cpu[0], &event));
	CHECK_EQ(event.lost, 2); /* those of that page */
	mutex_unlock(&buffer.cpu[0]->reader_lock);

	/* A time far in the future. */
	data = three_pages(base, 2);
	data->info[RB_SLOT_INDEX(data->slots[1])].page->time_stamp |= 1ULL
								      << 40;
	found = init(&buffer, 1, base, SIZE);
	CHECK_EQ(found.bad_pages, 1);
	CHECK_EQ(found.events, 4);
	host_free(base);
}

/* What an undone writer leaves, with nothing behind it yet. */
static void leave_gap(struct ring_contents *data, u64 time)
{
	u32 *word = (u32 *)(data->page->data + (data->state & RB_STATE_BYTES));

	word[0] = 1 << RB_TYPE_BITS | RB_TYPE_PADDING;
	word[1] = 4;
	word[2] = (u32)time << RB_TYPE_BITS | RB_TYPE_STAMP;
	word[3] = time >> RB_DELTA_BITS;
	data->state += 16;
}

UNIT(ring_buffer_persist, a_ring_goes_on_behind_what_it_has)
{
	void *base = new_area(SIZE);
	struct ring_buffer_event event;
	struct ring_buffer_per_cpu *rb;
	u32 way, n;
	u64 time;

	for (way = 0; way < 4; way++) {
		memset(base, 0, SIZE);
		init(&buffer, 1, base, SIZE);
		written = 0;
		for (n = 0; n < 3; n++)
			write(100);
		if (way & 2) {
			host_tsc += 2 * RB_DELTA_MAX;
			leave_gap(&buffer.cpu[0]->data, host_tsc);
		}
		CHECK_EQ(init(&buffer, 1, base, SIZE).events, 3);
		rb = buffer.cpu[0];
		host_tsc += 10;
		time = host_tsc;
		if (way & 1)
			write(20);
		else
			write_fast();
		mutex_lock(&rb->reader_lock);
		for (n = 0; ring_buffer_peek(rb, &event); n++) {
			CHECK_EQ(*(const u32 *)event.data, n);
			CHECK((event.time == time) == (n == 3));
			ring_buffer_consume(rb);
		}
		mutex_unlock(&rb->reader_lock);
		CHECK_EQ(n, 4);
	}
	host_free(base);
}

UNIT(ring_buffer_persist, a_page_that_two_slots_name_is_taken_once)
{
	void *base = new_area(SIZE);
	struct ring_contents *data = three_pages(base, 1);
	struct ring_area_found found;

	data->slots[1] = RB_SLOT(1, RB_SLOT_INDEX(data->slots[2]));
	found = init(&buffer, 1, base, SIZE);
	CHECK_EQ(found.events, 2);
	CHECK_EQ(found.bad_pages, 1);
	host_free(base);
}
