// SPDX-License-Identifier: MIT
/*
 * ring_buffer_ctl.c - make, resize, empty and stop per-CPU ring buffers.
 *
 * Owns the memory of the rings and the rule of changing one: its writers are
 * stopped first. A bit refuses all later writers; those inside run with
 * preemption off from looking at ->gate to their commit, so none is left after
 * synchronize_cpus().
 *
 * Context: task, may sleep; callers exclude each other. Locks: reader_lock.
 */
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "trace/ring/ring_buffer_internal.h"
#include <asm/atomic.h>

void rb_hold(struct ring_buffer_per_cpu *rb, u32 reason)
{
	fetch_or(&rb->slow, reason);
	synchronize_cpus();
}

void rb_release(struct ring_buffer_per_cpu *rb, u32 reason)
{
	fetch_and(&rb->slow, ~reason);
}

void rb_start_empty(struct ring_buffer_per_cpu *rb)
{
	u64 now = ring_buffer_time(rb);
	u32 i;

	rb->tail_seq = 1;
	rb->commit_seq = 1;
	rb->reader_seq = 0;
	rb->next_seq = 1;
	rb->next_event = 0;
	rb->commit_entries = 0;
	rb->overrun = rb->commit_overrun = rb->dropped = rb->recursed = 0;
	rb->read_events = rb->lost = 0;
	rb->generation++;
	rb->reader_index = rb->nr_slots;
	for (i = 0; i <= rb->nr_slots; i++) {
		rb->info[i].end = rb->info[i].first = rb->info[i].entries = 0;
		rb->info[i].page->commit = 0;
		if (i < rb->nr_slots)
			rb->slots[i] = RB_SLOT(0, i);
	}
	i = 1 % rb->nr_slots;
	rb->slots[i] = RB_SLOT(1, i);
	rb->commit_index = i;
	rb->tail_page = rb->info[i].page;
	rb->tail_page->time_stamp = now;
	rb->tail = now << RB_TAIL_BITS;
}

/* ---- memory -------------------------------------------------------------- */

/* What a ring of some size needs. */
struct rb_memory {
	u64 *slots;
	struct ring_buffer_info *info;
	u32 nr_slots;
};

static void rb_memory_free(struct rb_memory *m)
{
	u32 i;

	for (i = 0; m->info && i <= m->nr_slots; i++) {
		if (m->info[i].page)
			free_page(m->info[i].page);
	}
	kfree(m->info);
	kfree(m->slots);
}

static int rb_memory_alloc(struct rb_memory *m, size_t pages)
{
	u32 i;

	m->nr_slots = pages;
	m->slots = kcalloc(pages, sizeof(*m->slots));
	m->info = kcalloc(pages + 1, sizeof(*m->info));
	if (!m->slots || !m->info)
		goto no_memory;
	for (i = 0; i <= m->nr_slots; i++) {
		m->info[i].page = alloc_page();
		if (!m->info[i].page)
			goto no_memory;
	}
	return 0;

no_memory:
	rb_memory_free(m);
	*m = (struct rb_memory){ 0 };
	return -ENOMEM;
}

/* Give the ring this memory; m gets what it had. No writer, reader_lock. */
static void rb_memory_swap(struct ring_buffer_per_cpu *rb, struct rb_memory *m)
{
	swap(rb->slots, m->slots);
	swap(rb->info, m->info);
	swap(rb->nr_slots, m->nr_slots);
}

static void rb_set_clock(struct ring_buffer_per_cpu *rb,
			 const struct trace_clock *clock)
{
	if (clock->scaled) {
		rb->scale = trace_clock_scale(clock);
		rb->clock = NULL;
		fetch_and(&rb->slow, ~RB_SLOW_CLOCK);
	} else {
		rb->clock = clock->read;
		fetch_or(&rb->slow, RB_SLOW_CLOCK);
	}
}

static struct ring_buffer_per_cpu *rb_create(unsigned int cpu, size_t pages,
					     const struct trace_clock *clock)
{
	struct ring_buffer_per_cpu *rb = kzalloc(sizeof(*rb));
	struct rb_memory m;

	if (!rb)
		return NULL;
	if (rb_memory_alloc(&m, pages)) {
		kfree(rb);
		return NULL;
	}
	rb->slots = m.slots;
	rb->info = m.info;
	rb->nr_slots = m.nr_slots;
	rb->cpu = cpu;
	rb->overwrite = true;
	mutex_init(&rb->reader_lock);
	lock_order_rank(&rb->reader_lock.tag, cpu + 1); /* trace_pipe: all */
	rb_set_clock(rb, clock);
	rb_start_empty(rb);
	return rb;
}

int ring_buffer_init(struct ring_buffer *buffer, u64 cpus, size_t pages,
		     const struct trace_clock *clock)
{
	unsigned int cpu;

	if (pages < RB_PAGES_MIN || pages > RB_PAGES_MAX)
		return -EINVAL;
	*buffer = (struct ring_buffer){ .clock = clock, .overwrite = true };
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		buffer->cpu[cpu] = rb_create(cpu, pages, clock);
		if (!buffer->cpu[cpu]) {
			ring_buffer_destroy(buffer);
			return -ENOMEM;
		}
	}
	return 0;
}

int ring_buffer_add_cpu(struct ring_buffer *buffer, unsigned int cpu,
			size_t pages)
{
	struct ring_buffer_per_cpu *rb = rb_create(cpu, pages, buffer->clock);

	if (!rb)
		return -ENOMEM;
	rb->overwrite = buffer->overwrite;
	WRITE_ONCE(buffer->cpu[cpu], rb);
	return 0;
}

void ring_buffer_destroy(struct ring_buffer *buffer)
{
	struct ring_buffer_per_cpu *rb;
	struct rb_memory m;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		rb = buffer->cpu[cpu];
		if (!rb)
			continue;
		buffer->cpu[cpu] = NULL;
		m = (struct rb_memory){ rb->slots, rb->info, rb->nr_slots };
		rb_memory_free(&m);
		kfree(rb);
	}
}

/* ---- resize -------------------------------------------------------------- */

/*
 * Move page seq of the old memory to a ring that has taken over: its memory
 * and what is known of it go to the slot it now belongs in.
 */
static void rb_move_page(struct ring_buffer_per_cpu *rb, u64 seq,
			 struct ring_buffer_info *from)
{
	u32 index = seq % rb->nr_slots;

	swap(rb->info[index].page, from->page);
	rb->info[index].end = from->end;
	rb->info[index].first = from->first;
	rb->info[index].entries = from->entries;
	rb->slots[index] = RB_SLOT(seq, index);
}

/*
 * The ring has new, empty memory; old holds the events. Keep the newest. The
 * page numbers stay; the reader's page goes along as the one outside.
 */
static void rb_move_events(struct ring_buffer_per_cpu *rb,
			   const struct rb_memory *old)
{
	struct ring_buffer_info *tail = &old->info[rb->commit_index];
	struct ring_buffer_info *reader = &old->info[rb->reader_index];
	u64 seq = rb->commit_seq + 1;
	bool mine = rb->reader_seq == rb->commit_seq;
	u32 i;

	for (i = 0; i < rb->nr_slots; i++)
		rb->slots[i] = RB_SLOT(0, i);
	swap(rb->info[rb->nr_slots].page, reader->page);
	rb->info[rb->nr_slots].first = reader->first;
	rb->info[rb->nr_slots].entries = reader->entries;
	rb->info[rb->nr_slots].end = reader->end;
	rb->reader_index = rb->nr_slots;
	rb->commit_index = mine ? rb->nr_slots : rb->commit_seq % rb->nr_slots;
	rb->tail_page = mine ? rb->info[rb->nr_slots].page : tail->page;
	for (i = 0; i < old->nr_slots; i++) {
		u64 slot = old->slots[--seq % old->nr_slots];

		if (!RB_SLOT_SEQ(slot) || RB_SLOT_SEQ(slot) != seq)
			continue;
		if (rb->commit_seq - seq < rb->nr_slots)
			rb_move_page(rb, seq, &old->info[RB_SLOT_INDEX(slot)]);
		else
			rb->overrun += old->info[RB_SLOT_INDEX(slot)].entries;
	}
}

/* Return: as ring_buffer_resize(); m->info is NULL if nothing is to change. */
static int rb_prepare(const struct ring_buffer *buffer, unsigned int cpu,
		      size_t pages, struct rb_memory *m)
{
	*m = (struct rb_memory){ 0 };
	if (pages < RB_PAGES_MIN || pages > RB_PAGES_MAX)
		return -EINVAL;
	if (cpu >= NR_CPUS || !buffer->cpu[cpu])
		return -ENODEV;
	if (pages == buffer->cpu[cpu]->nr_slots)
		return 0;
	return rb_memory_alloc(m, pages);
}

/* The ring gets the memory prepared for it; what it had is freed. */
static void rb_replace(struct ring_buffer_per_cpu *rb, struct rb_memory *m)
{
	rb_hold(rb, RB_SLOW_HELD);
	mutex_lock_notrace(&rb->reader_lock);
	rb_memory_swap(rb, m);
	rb_move_events(rb, m);
	mutex_unlock_notrace(&rb->reader_lock);
	rb_release(rb, RB_SLOW_HELD);
	rb_memory_free(m);
}

int ring_buffer_resize(struct ring_buffer *buffer, const u32 pages[NR_CPUS])
{
	struct rb_memory *m = kcalloc(NR_CPUS, sizeof(*m));
	unsigned int cpu;
	int err = 0;

	if (!m)
		return -ENOMEM;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (pages[cpu] && !err)
			err = rb_prepare(buffer, cpu, pages[cpu], &m[cpu]);
	}
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!err && m[cpu].info)
			rb_replace(buffer->cpu[cpu], &m[cpu]);
		else
			rb_memory_free(&m[cpu]);
	}
	kfree(m);
	return err;
}

/* ---- the rest ------------------------------------------------------------ */

void ring_buffer_reset(struct ring_buffer *buffer, unsigned int cpu)
{
	struct ring_buffer_per_cpu *rb = buffer->cpu[cpu];

	if (!rb)
		return;
	rb_hold(rb, RB_SLOW_HELD);
	mutex_lock_notrace(&rb->reader_lock);
	rb_start_empty(rb);
	mutex_unlock_notrace(&rb->reader_lock);
	rb_release(rb, RB_SLOW_HELD);
}

void ring_buffer_set_clock(struct ring_buffer *buffer,
			   const struct trace_clock *clock)
{
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;

	buffer->clock = clock;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		rb = buffer->cpu[cpu];
		if (!rb)
			continue;
		rb_hold(rb, RB_SLOW_HELD);
		mutex_lock_notrace(&rb->reader_lock);
		rb_set_clock(rb, clock);
		rb_start_empty(rb);
		mutex_unlock_notrace(&rb->reader_lock);
		rb_release(rb, RB_SLOW_HELD);
	}
}

void ring_buffer_set_overwrite(struct ring_buffer *buffer, bool overwrite)
{
	unsigned int cpu;

	buffer->overwrite = overwrite;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (buffer->cpu[cpu])
			WRITE_ONCE(buffer->cpu[cpu]->overwrite, overwrite);
	}
}

void ring_buffer_record(struct ring_buffer *buffer, unsigned int cpu, bool on)
{
	struct ring_buffer_per_cpu *rb = buffer->cpu[cpu];

	if (!rb)
		return;
	if (on)
		rb_release(rb, RB_SLOW_MASKED);
	else
		rb_hold(rb, RB_SLOW_MASKED);
}
