// SPDX-License-Identifier: MIT
/*
 * trace_persist.c - a trace whose rings are in memory that survives a reset.
 *
 * TA1 The events of the last boot and those of this one never stand in one
 *     buffer: a trace that has events of the last boot is off, and the first
 *     use removes them.
 *
 * Context: task. Locks: trace_lock where trace_area.h says so.
 */
#include "trace/trace_persist.h"

#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/trace_internal.h"

struct persist {
	struct trace_area area;
	struct ring_area *base; /* [I] */
	u64 size;		/* [I] */
	struct ring_area_found found;
};

static struct persist *persist_of(const struct trace_array *tr)
{
	return container_of(tr->area, struct persist, area);
}

static int make_rings(struct trace_array *tr, u64 cpus)
{
	struct persist *p = persist_of(tr);
	unsigned long text = 0;

	kallsyms_symbol(0, &text, NULL);
	return ring_buffer_init_area(&tr->buffer, cpus, p->base, p->size,
				     kallsyms_build_id(), text, &p->found);
}

static size_t ring_kb(const struct trace_array *tr)
{
	return (size_t)persist_of(tr)->base->pages * RB_DATA_SIZE / 1024;
}

static void forget_last_boot(struct trace_array *tr)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		ring_buffer_reset(&tr->buffer, cpu); /* TA1 */
	WRITE_ONCE(tr->area->last_boot, false);
}

static void note_clock(struct trace_array *tr)
{
	ring_buffer_area_clock(persist_of(tr)->base, tr->clock);
}

/* The log says what was found. */
static void report(const char *name, const struct ring_area_found *found)
{
	if (found->events)
		pr_info("trace %s: %llu events of the last boot, on %u pages",
			name, found->events, found->pages);
	else
		pr_info("trace %s: no events of the last boot%s%s", name,
			found->refused ? ": " : "", found->refused ?: "");
	if (found->bad_pages)
		pr_warn("trace %s: %u damaged pages of the last boot are left "
			"out",
			name, found->bad_pages);
}

struct trace_array *trace_persist_create(const char *name, void *base, u64 size)
{
	struct persist *p = kzalloc(sizeof(*p));
	struct trace_array *tr;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->area = (struct trace_area){ .rings = make_rings,
				       .kb = ring_kb,
				       .use = forget_last_boot,
				       .clock = note_clock };
	p->base = base;
	p->size = size;
	tr = trace_array_create_in(name, &p->area);
	if (IS_ERR(tr)) {
		kfree(p);
		return tr;
	}
	if (p->found.events) {
		trace_set_on(tr, false); /* TA1 */
		WRITE_ONCE(p->area.last_boot, true);
	}
	report(name, &p->found);
	return tr;
}

void trace_last_boot_show(const struct trace_array *tr, struct trace_seq *s)
{
	const struct ring_area_found *found = &persist_of(tr)->found;

	if (trace_last_boot(tr)) {
		trace_seq_printf(s, "%llx\t[kernel]\n", found->text);
		return;
	}
	trace_seq_puts(s, "# Current\n");
	if (found->refused && found->build)
		trace_seq_printf(s, "# the last boot is not shown: %s\n",
				 found->refused);
}

void trace_buffer_meta_show(struct trace_array *tr, unsigned int cpu,
			    struct trace_seq *s)
{
	struct ring_buffer_per_cpu *rb = tr->buffer.cpu[cpu];
	const struct ring_contents *data = &rb->data;
	u32 i;

	mutex_lock(&rb->reader_lock);
	i = RB_SLOT_INDEX(data->slots[data->next_seq % data->nr_slots]);
	trace_seq_printf(s, "head_buffer:   %u\n", i);
	trace_seq_printf(s, "commit_buffer: %u\n", data->commit_index);
	trace_seq_printf(s, "subbuf_size:   %u\n", RB_PAGE_SIZE);
	trace_seq_printf(s, "nr_subbufs:    %u\n", data->nr_slots + 1);
	trace_seq_printf(s, "buffer[0]:    %u\n", data->reader_index);
	for (i = 0; i < data->nr_slots; i++)
		trace_seq_printf(s, "buffer[%u]:    %u\n", i + 1,
				 RB_SLOT_INDEX(READ_ONCE(data->slots[i])));
	mutex_unlock(&rb->reader_lock);
}
