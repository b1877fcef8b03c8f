// SPDX-License-Identifier: MIT
/*
 * ring_buffer_ctl.c - create, resize, empty and stop per-CPU ring buffers.
 *
 * Owns the memory of the rings and the rule for changing one: stop its writers
 * first. A bit in ->slow refuses every later writer. A writer inside has
 * preemption off from its read of ->slow to its commit, so none is left after
 * synchronize_cpus().
 *
 * RB8  Everything that belongs to the events is in ->data and nowhere else. So
 *      one assignment gives a ring other contents: to resize it.
 * RB10 A buffer's rings are not exchanged while one of them is changed: both a
 *      change and a swap take ->busy; a change waits for it, a swap does not.
 *
 * Context: task, may sleep; callers exclude each other, except that
 * ring_buffer_swap() may be called at any time. Locks: reader_lock.
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
	struct ring_contents *data = &rb->data;
	u32 i;

	*data = (struct ring_contents){
		.tail_seq = 1,
		.commit_seq = 1,
		.commit_index = 1,
		.next_seq = 1,
		.nr_slots = data->nr_slots,
		.slots = data->slots,
		.info = data->info,
		.reader_index = data->nr_slots,
	};
	rb->generation++;
	for (i = 0; i <= data->nr_slots; i++) {
		data->info[i].end = 0;
		data->info[i].first = data->info[i].entries = 0;
		data->info[i].page->commit = 0;
		if (i < data->nr_slots)
			data->slots[i] = RB_SLOT(i == 1, i);
	}
	data->page = data->tail_page = data->info[1].page;
	data->page->time_stamp = data->last = now;
	data->tail = RB_TAIL_NONE;
}

/* ---- RB10 ---------------------------------------------------------------- */

static bool rb_try_busy(struct ring_buffer *buffer)
{
	u32 idle = 0;

	return !READ_ONCE(buffer->busy) && try_cmpxchg(&buffer->busy, &idle, 1);
}

/* A swap that another CPU is in takes some instructions. */
static void rb_change_begin(struct ring_buffer *buffer)
{
	while (!rb_try_busy(buffer))
		cpu_relax();
}

static void rb_change_end(struct ring_buffer *buffer)
{
	smp_store_release(&buffer->busy, 0);
}

/* ---- memory -------------------------------------------------------------- */

static void rb_contents_free(struct ring_contents *data)
{
	u32 i;

	for (i = 0; data->info && i <= data->nr_slots; i++) {
		if (data->info[i].page)
			free_page(data->info[i].page);
	}
	kfree(data->info);
	kfree(data->slots);
}

/* Return: 0; -ENOMEM, and *data is all zero. */
static int rb_contents_alloc(struct ring_contents *data, size_t pages)
{
	u32 i;

	*data = (struct ring_contents){ .nr_slots = pages };
	data->slots = kcalloc(pages, sizeof(*data->slots));
	data->info = kcalloc(pages + 1, sizeof(*data->info));
	if (!data->slots || !data->info)
		goto no_memory;
	for (i = 0; i <= data->nr_slots; i++) {
		data->info[i].page = alloc_page();
		if (!data->info[i].page)
			goto no_memory;
	}
	return 0;

no_memory:
	rb_contents_free(data);
	*data = (struct ring_contents){ 0 };
	return -ENOMEM;
}

static void rb_set_clock(struct ring_buffer_per_cpu *rb,
			 const struct trace_clock *clock)
{
	if (clock->scaled)
		rb->scale = trace_clock_scale(clock);
	if (clock->scaled && rb->scale.mult) {
		rb->clock = NULL;
		fetch_and(&rb->slow, ~RB_SLOW_CLOCK);
	} else {
		rb->clock = clock->read;
		fetch_or(&rb->slow, RB_SLOW_CLOCK);
	}
}

void rb_setup(struct ring_buffer_per_cpu *rb, const struct ring_buffer *buffer,
	      unsigned int cpu)
{
	rb->cpu = cpu;
	rb->overwrite = true;
	mutex_init(&rb->reader_lock);
	/* trace_pipe holds one of each CPU. */
	lock_order_rank(&rb->reader_lock.tag, cpu + 1);
	rb_set_clock(rb, buffer->clock);
}

static struct ring_buffer_per_cpu *rb_create(const struct ring_buffer *buffer,
					     unsigned int cpu, size_t pages)
{
	struct ring_buffer_per_cpu *rb = kzalloc(sizeof(*rb));

	if (!rb)
		return NULL;
	if (rb_contents_alloc(&rb->data, pages)) {
		kfree(rb);
		return NULL;
	}
	rb_setup(rb, buffer, cpu);
	rb_start_empty(rb);
	return rb;
}

int ring_buffer_init(struct ring_buffer *buffer, u64 cpus, size_t pages,
		     const struct trace_clock *clock)
{
	unsigned int cpu;

	if (pages < RB_PAGES_MIN || pages > RB_PAGES_MAX)
		return -EINVAL;
	*buffer = (struct ring_buffer){
		.clock = clock,
		.overwrite = true,
	};
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		buffer->cpu[cpu] = rb_create(buffer, cpu, pages);
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
	struct ring_buffer_per_cpu *rb = rb_create(buffer, cpu, pages);

	if (!rb)
		return -ENOMEM;
	rb->overwrite = buffer->overwrite;
	WRITE_ONCE(buffer->cpu[cpu], rb);
	if (buffer->moved)
		buffer->moved(cpu, rb);
	return 0;
}

void ring_buffer_destroy(struct ring_buffer *buffer)
{
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		rb = buffer->cpu[cpu];
		if (!rb)
			continue;
		buffer->cpu[cpu] = NULL;
		if (buffer->fixed)
			continue; /* it has no memory of its own */
		rb_contents_free(&rb->data);
		kfree(rb);
	}
}

/* ---- resize -------------------------------------------------------------- */

/* Move the memory of a page, and its counts, between two contents. */
static void rb_move_page(struct ring_buffer_info *to,
			 struct ring_buffer_info *from)
{
	swap(to->page, from->page);
	to->end = from->end;
	to->first = from->first;
	to->entries = from->entries;
}

/*
 * Move the newest events that fit to memory of another size, with positions and
 * counts. The page numbers stay. The reader's page stays outside the ring.
 * Context: no writer, reader_lock held.
 */
static void rb_move_events(struct ring_contents *to, struct ring_contents *from)
{
	bool mine = from->reader_seq == from->commit_seq;
	struct ring_contents memory = *to;
	u64 slot, seq = from->commit_seq + 1;
	u32 i;

	*to = *from;
	to->slots = memory.slots;
	to->info = memory.info;
	to->nr_slots = memory.nr_slots;
	for (i = 0; i < to->nr_slots; i++)
		to->slots[i] = RB_SLOT(0, i);
	to->reader_index = to->nr_slots;
	rb_move_page(&to->info[to->reader_index],
		     &from->info[from->reader_index]);
	for (i = 0; i < from->nr_slots; i++) {
		slot = from->slots[--seq % from->nr_slots];
		if (!RB_SLOT_SEQ(slot) || RB_SLOT_SEQ(slot) != seq)
			continue;
		if (from->commit_seq - seq >= to->nr_slots) {
			to->overrun += from->info[RB_SLOT_INDEX(slot)].entries;
			continue;
		}
		to->slots[seq % to->nr_slots] =
			RB_SLOT(seq, seq % to->nr_slots);
		rb_move_page(&to->info[seq % to->nr_slots],
			     &from->info[RB_SLOT_INDEX(slot)]);
	}
	to->commit_index = mine ? to->reader_index :
				  to->commit_seq % to->nr_slots;
	to->page = to->tail_page = to->info[to->commit_index].page;
}

/* Return: as ring_buffer_resize(); *m is NULL if the size is the same. */
static int rb_prepare(const struct ring_buffer *buffer, unsigned int cpu,
		      size_t pages, struct ring_contents **m)
{
	if (pages < RB_PAGES_MIN || pages > RB_PAGES_MAX)
		return -EINVAL;
	if (cpu >= NR_CPUS || !buffer->cpu[cpu])
		return -ENODEV;
	if (pages == buffer->cpu[cpu]->data.nr_slots)
		return 0;
	*m = kzalloc(sizeof(**m));
	return *m ? rb_contents_alloc(*m, pages) : -ENOMEM;
}

/* Give the ring the memory prepared for it; m then has the old memory. */
static void rb_replace(struct ring_buffer_per_cpu *rb, struct ring_contents *m)
{
	rb_hold(rb, RB_SLOW_HELD);
	mutex_lock_notrace(&rb->reader_lock);
	rb_move_events(m, &rb->data);
	swap(rb->data, *m); /* RB8 */
	mutex_unlock_notrace(&rb->reader_lock);
	rb_release(rb, RB_SLOW_HELD);
}

int ring_buffer_resize(struct ring_buffer *buffer, const u32 pages[NR_CPUS])
{
	struct ring_contents **m;
	unsigned int cpu;
	int err = 0;

	if (buffer->fixed)
		return -EBUSY;
	m = kcalloc(NR_CPUS, sizeof(*m));
	if (!m)
		return -ENOMEM;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (pages[cpu] && !err)
			err = rb_prepare(buffer, cpu, pages[cpu], &m[cpu]);
	}
	rb_change_begin(buffer);
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (m[cpu] && !err)
			rb_replace(buffer->cpu[cpu], m[cpu]);
	}
	rb_change_end(buffer);
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!m[cpu])
			continue;
		rb_contents_free(m[cpu]);
		kfree(m[cpu]);
	}
	kfree(m);
	return err;
}

/* ---- swap ---------------------------------------------------------------- */

void ring_buffer_pair(struct ring_buffer *a, struct ring_buffer *b)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!a->cpu[cpu] || !b->cpu[cpu])
			continue;
		WRITE_ONCE(a->cpu[cpu]->twin, b->cpu[cpu]);
		WRITE_ONCE(b->cpu[cpu]->twin, a->cpu[cpu]);
	}
}

void ring_buffer_unpair(struct ring_buffer *a, struct ring_buffer *b)
{
	unsigned int cpu;

	rb_change_begin(a);
	rb_change_begin(b);
	synchronize_cpus(); /* a writer inside has to find its ring (RB9) */
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!a->cpu[cpu])
			continue;
		WRITE_ONCE(a->cpu[cpu]->twin, NULL);
		WRITE_ONCE(b->cpu[cpu]->twin, NULL);
	}
	synchronize_cpus(); /* another one may be looking at the twin's state */
	rb_change_end(b);
	rb_change_end(a);
}

static void rb_set_ring(struct ring_buffer *buffer, unsigned int cpu,
			struct ring_buffer_per_cpu *rb)
{
	WRITE_ONCE(buffer->cpu[cpu], rb);
	if (buffer->moved)
		buffer->moved(cpu, rb);
}

/* Return: as ring_buffer_swap(). */
static int rb_may_swap(const struct ring_buffer *a, const struct ring_buffer *b,
		       u64 cpus)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		if (!a->cpu[cpu] || !b->cpu[cpu])
			return -ENODEV;
		if (a->cpu[cpu]->twin != b->cpu[cpu])
			return -EINVAL;
	}
	return 0;
}

static void rb_swap(struct ring_buffer *a, struct ring_buffer *b, u64 cpus)
{
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		rb = a->cpu[cpu];
		rb_set_ring(a, cpu, b->cpu[cpu]);
		rb_set_ring(b, cpu, rb);
	}
}

int ring_buffer_swap(struct ring_buffer *a, struct ring_buffer *b, u64 cpus)
{
	unsigned long flags = arch_irq_save();
	int err = -EBUSY;

	if (rb_try_busy(a)) {
		if (a == b || rb_try_busy(b)) {
			err = rb_may_swap(a, b, cpus);
			if (!err)
				rb_swap(a, b, cpus);
			if (a != b)
				rb_change_end(b);
		}
		rb_change_end(a);
	}
	arch_irq_restore(flags);
	return err;
}

/* ---- the rest ------------------------------------------------------------ */

void ring_buffer_reset(struct ring_buffer *buffer, unsigned int cpu)
{
	struct ring_buffer_per_cpu *rb;

	if (!READ_ONCE(buffer->cpu[cpu]))
		return;
	rb_change_begin(buffer);
	rb = buffer->cpu[cpu];
	rb_hold(rb, RB_SLOW_HELD);
	mutex_lock_notrace(&rb->reader_lock);
	rb_start_empty(rb);
	mutex_unlock_notrace(&rb->reader_lock);
	rb_release(rb, RB_SLOW_HELD);
	rb_change_end(buffer);
}

void ring_buffer_set_clock(struct ring_buffer *buffer,
			   const struct trace_clock *clock)
{
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;

	rb_change_begin(buffer);
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
	rb_change_end(buffer);
}

void ring_buffer_set_overwrite(struct ring_buffer *buffer, bool overwrite)
{
	unsigned int cpu;

	rb_change_begin(buffer);
	buffer->overwrite = overwrite;
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (buffer->cpu[cpu])
			WRITE_ONCE(buffer->cpu[cpu]->overwrite, overwrite);
	}
	rb_change_end(buffer);
}

void ring_buffer_record(struct ring_buffer *buffer, unsigned int cpu, bool on)
{
	if (!READ_ONCE(buffer->cpu[cpu]))
		return;
	rb_change_begin(buffer);
	if (on)
		rb_release(buffer->cpu[cpu], RB_SLOW_MASKED);
	else
		rb_hold(buffer->cpu[cpu], RB_SLOW_MASKED);
	rb_change_end(buffer);
}
