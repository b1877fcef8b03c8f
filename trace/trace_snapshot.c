// SPDX-License-Identifier: MIT
/*
 * trace_snapshot.c - allocate, empty and free the snapshot of a trace.
 *
 * Owns a trace's second set of rings. They have the size, the clock and the
 * settings of the first, so after an exchange everything goes on as before.
 *
 * TS1 The rings are exchanged only while ->snapshot_allocated, and not after
 *     forbid() has returned.
 * TS2 A snapshot is not freed while a reader of the trace is open: after an
 *     exchange a walk goes on in the ring that it began with. It is emptied and
 *     cut down then, and freed with the next one or with the trace.
 *
 * Context: task, trace_lock held, unless stated otherwise.
 */
#include "trace/trace_snapshot.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/smp.h"
#include "trace/trace_internal.h"

bool trace_snapshot_allocated(const struct trace_array *tr)
{
	return READ_ONCE(tr->snapshot_allocated);
}

/* ---- memory -------------------------------------------------------------- */

/* Give each ring of the snapshot the size of the buffer's. */
static int match_size(struct trace_array *tr)
{
	u32 pages[NR_CPUS] = { 0 };
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		if (tr->buffer.cpu[cpu])
			pages[cpu] = tr->buffer.cpu[cpu]->data.nr_slots;
	}
	return ring_buffer_resize(&tr->snapshot, pages);
}

int trace_snapshot_resize(struct trace_array *tr, const u32 pages[NR_CPUS])
{
	int err = 0;

	if (tr->snapshot_allocated)
		err = ring_buffer_resize(&tr->snapshot, pages);
	if (err)
		return err;
	err = ring_buffer_resize(&tr->buffer, pages);
	/* Without memory even for this, the next snapshot tries again. */
	if (err && tr->snapshot_allocated)
		match_size(tr);
	return err;
}

static bool has_rings(const struct trace_array *tr)
{
	return tr->snapshot.cpu[0];
}

/* Rings that were cut down (TS2) have missed the changes since then. */
static void copy_settings(struct trace_array *tr)
{
	unsigned int cpu;

	if (tr->snapshot.clock != tr->clock)
		ring_buffer_set_clock(&tr->snapshot, tr->clock);
	ring_buffer_set_overwrite(&tr->snapshot, tr->buffer.overwrite);
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		ring_buffer_record(&tr->snapshot, cpu, tr->cpumask >> cpu & 1);
}

void trace_snapshot_destroy(struct trace_array *tr)
{
	if (!has_rings(tr))
		return;
	ring_buffer_unpair(&tr->buffer, &tr->snapshot);
	ring_buffer_destroy(&tr->snapshot);
}

int trace_snapshot_alloc_locked(struct trace_array *tr)
{
	int err = 0;

	if (tr->area)
		return -EBUSY;
	if (tr->snapshot_allocated)
		return match_size(tr);
	if (!has_rings(tr))
		err = ring_buffer_init(&tr->snapshot, trace_ring_cpus(tr),
				       RB_PAGES_MIN, tr->clock);
	if (err)
		return err;
	err = match_size(tr);
	if (err) {
		if (!tr->readers)
			trace_snapshot_destroy(tr);
		return err;
	}
	copy_settings(tr);
	ring_buffer_pair(&tr->buffer, &tr->snapshot);
	WRITE_ONCE(tr->snapshot_allocated, true);
	return 0;
}

int tracing_alloc_snapshot(struct trace_array *tr)
{
	int err;

	mutex_lock(&trace_lock);
	err = trace_snapshot_alloc_locked(tr);
	mutex_unlock(&trace_lock);
	return err;
}

static void clear(struct trace_array *tr, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < NR_CPUS; i++) {
		if (cpu == TRACE_CPU_ALL || cpu == i)
			ring_buffer_reset(&tr->snapshot, i);
	}
}

/* TS1: on return, no CPU exchanges the rings. */
static void forbid(struct trace_array *tr)
{
	WRITE_ONCE(tr->snapshot_allocated, false);
	synchronize_cpus();
}

void trace_snapshot_free_locked(struct trace_array *tr)
{
	u32 pages[NR_CPUS];
	unsigned int cpu;

	if (tr->snapshot_allocated)
		forbid(tr);
	if (!tr->readers) {
		trace_snapshot_destroy(tr);
		return;
	}
	if (!has_rings(tr))
		return;
	clear(tr, TRACE_CPU_ALL); /* TS2 */
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		pages[cpu] = tr->snapshot.cpu[cpu] ? RB_PAGES_MIN : 0;
	if (ring_buffer_resize(&tr->snapshot, pages))
		return; /* no memory to cut it down: it stays as it is */
}

void tracing_free_snapshot(struct trace_array *tr)
{
	mutex_lock(&trace_lock);
	trace_snapshot_free_locked(tr);
	mutex_unlock(&trace_lock);
}

void trace_snapshot_clear(struct trace_array *tr, unsigned int cpu)
{
	mutex_lock(&trace_lock);
	if (tr->snapshot_allocated)
		clear(tr, cpu);
	mutex_unlock(&trace_lock);
}

int trace_snapshot_add_cpu(struct trace_array *tr, unsigned int cpu,
			   size_t pages)
{
	int err;

	if (!has_rings(tr))
		return 0;
	err = ring_buffer_add_cpu(&tr->snapshot, cpu, pages);
	if (err)
		return err;
	ring_buffer_pair(&tr->buffer, &tr->snapshot);
	return 0;
}

/* ---- its text when it is empty, word for word Linux's -------------------- */

void trace_snapshot_put_help(const struct trace_iterator *iter,
			     struct trace_seq *s)
{
	bool all = iter->cpu_asked == TRACE_CPU_ALL;

	trace_seq_printf(
		s, "#\n# * Snapshot is %s *\n#\n# Snapshot commands:\n",
		trace_snapshot_allocated(iter->tr) ? "allocated" : "freed");
	trace_seq_puts(s, all ? "# echo 0 > snapshot : Clears and frees "
				"snapshot buffer\n" :
				"# echo 0 > snapshot : Invalid for per_cpu "
				"snapshot file.\n");
	trace_seq_puts(s, "# echo 1 > snapshot : Allocates snapshot buffer, if "
			  "not already allocated.\n");
	trace_seq_printf(s,
			 "#                      Takes a snapshot of the main "
			 "buffer%s.\n",
			 all ? "" : " for this cpu");
	trace_seq_puts(s, all ? "# echo 2 > snapshot : Clears snapshot buffer "
				"(but does not allocate or free)\n" :
				"# echo 2 > snapshot : Clears this cpu's "
				"snapshot buffer (but does not allocate)\n");
	trace_seq_puts(s,
		       "#                      (Doesn't have to be '2' works "
		       "with any number that\n"
		       "#                       is not a '0' or '1')\n");
}
