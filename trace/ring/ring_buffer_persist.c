// SPDX-License-Identifier: MIT
/*
 * ring_buffer_persist.c - rings in memory that survives a reset.
 *
 * Owns the layout of a region, and the check of what an earlier boot left in
 * it. That boot may have ended between any two instructions of a writer or of
 * the reader, and any byte may be damaged.
 *
 * RB11 Nothing of the region is used before it is checked: the head is compared
 *      with what this boot computes, pointers are not read, a number of a page
 *      or of an event that is wrong only loses pages or counts others as lost,
 *      and a page whose events do not decode from its first to its last byte is
 *      dropped and counted.
 * RB12 The page of an event that is committed is found. A slot names its page;
 *      the one page that no slot names is the reader's (rb_take() orders its
 *      stores for this).
 *
 * Context: task, may sleep, no writer. Locks: none.
 */
#include "trace/ring/ring_buffer_persist.h"

#include "kernel/base/slab.h"
#include "kernel/lib/crc32.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/ring/ring_buffer_internal.h"

#define SLOTS_AT  RB_PAGE_SIZE
#define TIME_BITS (64 - RB_TAIL_BITS)
#define LOST_MAX  (1ULL << 40) /* more have not been lost: a damaged number */

static_assert(sizeof(struct ring_buffer_per_cpu) <= SLOTS_AT, "its own page");
static_assert(sizeof(struct ring_area) <= RB_PAGE_SIZE, "its own page");

/* ---- layout -------------------------------------------------------------- */

static u32 head_crc(const struct ring_area *area)
{
	return crc32(area, offsetof(struct ring_area, crc));
}

static void layout(struct ring_area *area, u32 pages)
{
	area->pages = pages;
	area->at_info = SLOTS_AT + ALIGN_UP(pages * sizeof(u64), RB_PAGE_SIZE);
	area->at_page = area->at_info +
			ALIGN_UP((pages + 1) * sizeof(struct ring_buffer_info),
				 RB_PAGE_SIZE);
	area->stride = area->at_page + (pages + 1) * RB_PAGE_SIZE;
}

/* Return: the head that this boot writes; ->pages is 0 without room. */
static struct ring_area make_head(u64 cpus, u64 size, u64 build, u64 text)
{
	struct ring_area head = {
		.magic = RING_AREA_MAGIC,
		.size = size,
		.cpus = cpus,
		.build = build,
		.text = text,
		.info_size = sizeof(struct ring_buffer_info),
		.at_info_first = offsetof(struct ring_buffer_info, first),
		.at_state = offsetof(struct ring_buffer_per_cpu, data.state),
		.at_commit_seq =
			offsetof(struct ring_buffer_per_cpu, data.commit_seq),
		.at_reader_seq =
			offsetof(struct ring_buffer_per_cpu, data.reader_seq),
		.at_next_seq =
			offsetof(struct ring_buffer_per_cpu, data.next_seq),
		.at_reader_index =
			offsetof(struct ring_buffer_per_cpu, data.reader_index),
	};
	u32 nr = 0, pages, cpu;
	u64 room;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		nr += cpus >> cpu & 1;
	room = nr && size > RB_PAGE_SIZE ? (size - RB_PAGE_SIZE) / nr : 0;
	pages = min(room / RB_PAGE_SIZE, (u64)RB_PAGES_MAX);

	do {
		layout(&head, pages);
	} while (head.stride > room && pages-- > RB_PAGES_MIN);
	if (pages < RB_PAGES_MIN || head.stride > room)
		head.pages = 0;
	head.crc = head_crc(&head);
	return head;
}

/* ---- what the earlier boot left for one CPU ------------------------------ */

struct rb_check {
	const struct ring_area *head; /* this boot's */
	u8 *part;		      /* the CPU's part of the region */
	u32 *order;		      /* pages by their number: scratch */
	bool *named;		      /* by a slot: scratch */
	u32 nr;			      /* pages in order */
	u64 next;		      /* number of the event after those kept */
	struct ring_area_found *found;
};

static struct ring_buffer_page *page_at(const struct rb_check *c, u32 index)
{
	return (void *)(c->part + c->head->at_page + (u64)index * RB_PAGE_SIZE);
}

static u64 *slots_of(const struct rb_check *c)
{
	return (void *)(c->part + SLOTS_AT);
}

static const struct ring_contents *left(const struct rb_check *c)
{
	return &((const struct ring_buffer_per_cpu *)c->part)->data;
}

/*
 * The commit page's bytes were in ->state: write them to the page, as
 * rb_commit_page() would have done. See rb_bytes().
 */
static void commit_last(const struct rb_check *c, u32 index)
{
	struct ring_buffer_page *page = page_at(c, index);
	u32 bytes = left(c)->state & RB_STATE_BYTES;

	if (bytes != RB_TAIL_CLOSED)
		page->commit = bytes;
}

/* A page that two slots name is damage: it is taken once. */
static void add_page(struct rb_check *c, u32 index, u64 seq)
{
	if (index > c->head->pages || c->named[index]) {
		c->found->bad_pages++;
		return;
	}
	c->named[index] = true;
	c->order[c->nr++] = index;
	if (seq == left(c)->commit_seq)
		commit_last(c, index);
}

/*
 * RB12: the reader's page and its number, if it has one.
 */
static u64 reader_page(const struct rb_check *c, u32 *index)
{
	const u64 *slots = slots_of(c);
	u32 pages = c->head->pages, i, at;

	*index = ~0U;
	memset(c->named, 0, pages + 1);
	for (i = 0; i < pages; i++) {
		at = RB_SLOT_INDEX(slots[i]);
		if (at <= pages)
			c->named[at] = true;
	}
	for (i = 0; i <= pages; i++) {
		if (!c->named[i])
			*index = i;
	}
	memset(c->named, 0, pages + 1);
	if (*index == left(c)->reader_index)
		return left(c)->reader_seq;
	return left(c)->next_seq; /* it was being taken */
}

/* List the pages that the earlier boot committed to, the oldest first. */
static void list_pages(struct rb_check *c)
{
	u64 last = left(c)->commit_seq, pages = c->head->pages, seq;
	const u64 *slots = slots_of(c);
	u32 index;
	u64 mine = reader_page(c, &index);

	if (index == ~0U || mine > last)
		mine = 0;
	seq = last > pages ? last - pages + 1 : 1;
	if (mine && mine < seq)
		add_page(c, index, mine);
	for (; seq <= last && seq; seq++) {
		if (seq == mine)
			add_page(c, index, seq);
		else if (RB_SLOT_SEQ(slots[seq % pages]) ==
			 (seq & (~0ULL >> RB_SLOT_BITS)))
			add_page(c, RB_SLOT_INDEX(slots[seq % pages]), seq);
	}
}

/* ---- the check of a page ------------------------------------------------- */

/* What a page has that passed the check. */
struct rb_kept {
	u32 size;
	u64 entries, last; /* time of its last event */
};

/*
 * Do the page's events decode, in the order of their times, none later than
 * @before? Then *kept says what it has; ->size is 0 if it has no event.
 */
static bool check_page(const struct ring_buffer_page *page, u64 before,
		       struct rb_kept *kept)
{
	u64 time = page->time_stamp, commit = page->commit;
	struct ring_buffer_event event;
	u32 offset = 0;
	int ret;

	*kept = (struct rb_kept){ .last = time };
	if (!commit)
		return true;
	if (commit > RB_DATA_SIZE || commit % 4)
		return false;
	while ((ret = ring_buffer_decode(page, commit, &offset, &time,
					 &event)) > 0) {
		if (event.time < kept->last)
			return false;
		kept->last = event.time;
		kept->entries++;
	}
	/* A gap at the end has a time, too: the next event counts from it. */
	if (time < kept->last || time > before)
		return false;
	kept->last = time;
	kept->size = kept->entries ? commit : 0; /* padding alone */
	return !ret && offset == commit;
}

/* ---- rebuilding ---------------------------------------------------------- */

/*
 * Leave in order[] the pages that pass, the oldest first. Checked from the
 * newest page on: a page that says a time in the future is dropped, not all
 * those behind it.
 */
static void drop_pages(struct rb_check *c, struct ring_buffer_info *info)
{
	u64 before = (1ULL << TIME_BITS) - 1;
	u32 i = c->nr, kept_nr = 0;
	struct rb_kept kept;

	while (i--) {
		struct ring_buffer_page *page = page_at(c, c->order[i]);

		if (!check_page(page, before, &kept)) {
			c->found->bad_pages++;
			continue;
		}
		if (!kept.size)
			continue;
		info[c->order[i]].entries = kept.entries;
		info[c->order[i]].end = kept.last; /* until keep_page() */
		before = page->time_stamp;
		c->order[c->nr - ++kept_nr] = c->order[i];
	}
	memmove(c->order, c->order + c->nr - kept_nr,
		kept_nr * sizeof(*c->order));
	c->nr = kept_nr;
}

/* The events missing before a page: a damaged number only gives another one. */
static u64 lost_before(const struct rb_check *c, u64 first)
{
	u64 lost = first - c->next;

	return lost < LOST_MAX ? lost : 0;
}

/* Make the page number seq of the new contents. */
static void keep_page(struct rb_check *c, struct ring_contents *data, u32 index)
{
	struct ring_buffer_info *info = &data->info[index];
	u64 last = info->end, seq = ++data->commit_seq;
	u64 lost = seq > 1 ? lost_before(c, info->first) : 0;

	c->next = info->first + info->entries;
	data->overrun += lost;
	data->commit_entries += lost; /* RB7 */
	info->first = data->commit_entries;
	info->end = seq << RB_TAIL_BITS | info->page->commit;
	data->commit_entries += info->entries;
	data->tail_seq = seq;
	data->commit_index = index;
	data->page = data->tail_page = info->page;
	data->state = info->page->commit;
	data->last = last;
	c->found->events += info->entries;
	c->found->pages++;
}

/*
 * Write the slots: pages 1 to commit_seq are order[]; of pages + 1 of them the
 * reader has the first one.
 */
static void write_slots(struct rb_check *c, struct ring_contents *data)
{
	u32 pages = data->nr_slots, i, next = 0;
	u64 seq, from = data->commit_seq > pages ? 2 : 1;

	memset(c->named, 0, pages + 1);
	for (seq = 1; seq <= data->commit_seq; seq++)
		c->named[c->order[seq - 1]] = true;
	for (i = 0; i < pages; i++)
		data->slots[i] = ~0ULL;
	for (seq = from; seq <= data->commit_seq; seq++)
		data->slots[seq % pages] = RB_SLOT(seq, c->order[seq - 1]);
	for (i = 0; i < pages; i++) {
		if (data->slots[i] != ~0ULL)
			continue;
		while (c->named[next])
			next++;
		data->slots[i] = RB_SLOT(0, next++);
	}
	while (next <= pages && c->named[next])
		next++;
	data->reader_index = from == 2 ? c->order[0] : next;
	data->reader_seq = from - 1;
	data->next_seq = from;
	if (from == 2)
		data->reader_stamp =
			data->info[data->reader_index].page->time_stamp;
}

/* Give the ring its memory, and the events that pass the check. */
static void rebuild(struct rb_check *c, struct ring_contents *data)
{
	struct ring_contents new = {
		.nr_slots = c->head->pages,
		.slots = slots_of(c),
		.info = (void *)(c->part + c->head->at_info),
		.tail = RB_TAIL_NONE,
	};
	u32 i;

	for (i = 0; i <= new.nr_slots; i++) {
		new.info[i] = (struct ring_buffer_info){
			.page = page_at(c, i),
			.first = new.info[i].first, /* until keep_page() */
		};
	}
	drop_pages(c, new.info);
	for (i = 0; i < c->nr; i++)
		keep_page(c, &new, c->order[i]);
	if (new.commit_seq)
		write_slots(c, &new);
	*data = new;
}

/* ---- the region ---------------------------------------------------------- */

/* Return: NULL, or why nothing of the region is used. Fills build and text. */
static const char *check_head(const struct ring_area *left,
			      const struct ring_area *now,
			      struct ring_area_found *found)
{
	if (left->magic != RING_AREA_MAGIC)
		return "it holds no trace";
	if (left->crc != head_crc(left))
		return "its head is damaged";
	found->build = left->build;
	found->text = left->text;
	if (left->build != now->build)
		return "its trace is of another build of the kernel";
	if (memcmp(left, now, offsetof(struct ring_area, clock)) != 0)
		return "its trace is of another number of CPUs or size";
	return NULL;
}

/* One ring: with the events left in it if @use. */
static struct ring_buffer_per_cpu *init_ring(struct rb_check *c,
					     struct ring_buffer *buffer,
					     unsigned int cpu, bool use)
{
	struct ring_buffer_per_cpu *rb = (void *)c->part;
	struct ring_contents data;

	c->nr = 0;
	if (use)
		list_pages(c);
	rebuild(c, &data);
	memset(rb, 0, sizeof(*rb));
	rb->data = data;
	rb_setup(rb, buffer, cpu);
	if (!data.commit_seq)
		rb_start_empty(rb);
	return rb;
}

static bool alloc_scratch(struct rb_check *c)
{
	c->order = kcalloc(c->head->pages + 1, sizeof(*c->order));
	c->named = kcalloc(c->head->pages + 1, sizeof(*c->named));
	return c->order && c->named;
}

static void init_rings(struct ring_buffer *buffer, struct rb_check *c,
		       u8 *first, bool use)
{
	unsigned int cpu;

	c->part = first;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!(c->head->cpus >> cpu & 1))
			continue;
		buffer->cpu[cpu] = init_ring(c, buffer, cpu, use);
		c->part += c->head->stride;
	}
}

void ring_buffer_area_clock(struct ring_area *head,
			    const struct trace_clock *clock)
{
	strscpy(head->clock, clock->name, sizeof(head->clock));
}

/* The clock of the events; clock 0 if there are none or it has no such name. */
static const struct trace_clock *clock_of(struct ring_area *left, bool use)
{
	const struct trace_clock *clock = NULL;

	if (use && !left->clock[sizeof(left->clock) - 1])
		clock = trace_clock_find(left->clock);
	return clock ?: trace_clock_get(0);
}

int ring_buffer_init_area(struct ring_buffer *buffer, u64 cpus, void *area,
			  u64 size, u64 build, u64 text,
			  struct ring_area_found *found)
{
	struct ring_area head = make_head(cpus, size, build, text);
	struct rb_check check = { .head = &head, .found = found };
	bool room;

	*found = (struct ring_area_found){ 0 };
	if (!head.pages)
		return -ENOSPC;
	found->refused = check_head(area, &head, found);
	*buffer = (struct ring_buffer){
		.clock = clock_of(area, !found->refused),
		.overwrite = true,
		.fixed = true,
	};
	room = alloc_scratch(&check);
	if (room)
		init_rings(buffer, &check, (u8 *)area + RB_PAGE_SIZE,
			   !found->refused);
	kfree(check.order);
	kfree(check.named);
	if (!room)
		return -ENOMEM;
	if (!found->events)
		ring_buffer_set_clock(buffer, trace_clock_get(0));
	ring_buffer_area_clock(&head, buffer->clock);
	memcpy(area, &head, sizeof(head));
	return 0;
}
