// SPDX-License-Identifier: MIT
/*
 * trace.c - one trace: its tracer, its buffer, on and off.
 *
 * Owns the operations on a trace_array; trace_array.c creates and destroys it.
 * Tracers, reading and options have their own files. No function here is called
 * from a probe.
 *
 * CT1  A tracer is current from a successful init to a successful reset. If a
 *     change fails in between, nop is current.
 *
 * Context: task, may sleep. Locks: trace_lock, taken before every lock of the
 * ring buffer and before ftrace_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "trace/trace_area.h"
#include "trace/trace_internal.h"
#include <asm/atomic.h>

#define BOOT_KB (TRACE_BOOT_PAGES * RB_DATA_SIZE / 1024)

DEFINE_MUTEX(trace_lock);
DEFINE_TABLE(struct tracer, tracers);

const struct tracer nop_tracer = { .name = "nop" };
TABLE_ENTRY(tracers, 90, nop_tracer);

/* ---- tracers ------------------------------------------------------------- */

const struct tracer *trace_tracer(unsigned int i)
{
	return i < table_size(tracers) ? tracers_first[i] : NULL;
}

const struct tracer *trace_current_tracer(struct trace_array *tr)
{
	return READ_ONCE(tr->tracer);
}

void *trace_tracer_data(const struct trace_array *tr,
			const struct tracer *tracer)
{
	unsigned int i = 0;

	while (tracers_first[i] != tracer)
		i++;
	return tr->tracer_data[i];
}

static const struct tracer *find_tracer(const char *name)
{
	const struct tracer *const *at;

	for_each_entry(at, tracers)
	{
		if (!strcmp((*at)->name, name))
			return *at;
	}
	return NULL;
}

static void reset_all(struct trace_array *tr)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		ring_buffer_reset(&tr->buffer, cpu);
}

int trace_stop_tracer(struct trace_array *tr)
{
	int err = tr->tracer->reset ? tr->tracer->reset(tr) : 0;

	if (!err)
		tr->tracer = &nop_tracer; /* CT1 */
	return err;
}

static int change_tracer(struct trace_array *tr, const struct tracer *next)
{
	int err = next == &nop_tracer ? 0 : trace_expand(tr);

	if (!err)
		err = trace_stop_tracer(tr);
	if (err)
		return err;
	trace_area_use(tr);
	reset_all(tr);
	if (next->init)
		err = next->init(tr);
	if (!err)
		tr->tracer = next;
	return err;
}

int trace_set_tracer(struct trace_array *tr, const char *name)
{
	const struct tracer *next = find_tracer(name);
	int err = 0;

	if (!next)
		return -EINVAL;
	mutex_lock(&trace_lock);
	if (next != tr->tracer)
		err = tr->pipes ? -EBUSY : change_tracer(tr, next);
	mutex_unlock(&trace_lock);
	return err;
}

/* ---- on and off ---------------------------------------------------------- */

bool trace_is_on(struct trace_array *tr)
{
	return READ_ONCE(tr->on);
}

static void set_on(struct trace_array *tr, bool on)
{
	assert_held(&trace_lock);
	if (on == tr->on)
		return;
	if (on && tr->tracer->start)
		tr->tracer->start(tr);
	WRITE_ONCE(tr->on, on);
}

void trace_set_on(struct trace_array *tr, bool on)
{
	mutex_lock(&trace_lock);
	/* TA1: also while a reader pauses it. */
	if (on)
		trace_area_use(tr);
	tr->paused_was_on = on; /* applies when no reader pauses it */
	if (!tr->paused)
		set_on(tr, on);
	mutex_unlock(&trace_lock);
}

void trace_stop(struct trace_array *tr)
{
	WRITE_ONCE(tr->paused_was_on, false);
	WRITE_ONCE(tr->on, false);
}

bool trace_switch(struct trace_array *tr, bool on)
{
	bool was = !on;

	if (on && trace_last_boot(tr))
		return false; /* a probe cannot remove those events */
	WRITE_ONCE(tr->paused_was_on, on);
	return !READ_ONCE(tr->paused) && try_cmpxchg(&tr->on, &was, on);
}

void trace_pause(struct trace_array *tr)
{
	if (tr->paused++)
		return;
	tr->paused_was_on = tr->on;
	WRITE_ONCE(tr->on, false);
}

void trace_unpause(struct trace_array *tr)
{
	if (!--tr->paused)
		WRITE_ONCE(tr->on, tr->paused_was_on);
}

void trace_reset_locked(struct trace_array *tr)
{
	assert_held(&trace_lock);
	reset_all(tr);
}

void trace_reset(struct trace_array *tr, unsigned int cpu)
{
	mutex_lock(&trace_lock);
	trace_area_use(tr);
	if (cpu == TRACE_CPU_ALL)
		reset_all(tr);
	else
		ring_buffer_reset(&tr->buffer, cpu);
	mutex_unlock(&trace_lock);
}

/* ---- buffer -------------------------------------------------------------- */

static void note_kb(struct trace_array *tr, u64 cpus, size_t kb)
{
	unsigned int i;

	for (i = 0; i < NR_CPUS; i++) {
		if (tr->buffer.cpu[i] && cpus >> i & 1)
			tr->buffer_kb[i] = kb;
	}
}

/*
 * Set the buffers of these CPUs to kb. Buffers that still have the boot size
 * grow to the size set for them. On an error nothing has changed.
 */
static int resize(struct trace_array *tr, u64 cpus, size_t kb)
{
	u32 pages[NR_CPUS] = { 0 };
	unsigned int i;
	int err;

	for_each_online_cpu(i) {
		if (cpus >> i & 1)
			pages[i] = trace_kb_to_pages(kb);
		else if (!tr->expanded)
			pages[i] = trace_kb_to_pages(tr->buffer_kb[i]);
	}
	err = trace_snapshot_resize(tr, pages);
	if (err)
		return err;
	note_kb(tr, cpus, kb);
	tr->expanded = true;
	return 0;
}

int trace_expand(struct trace_array *tr)
{
	assert_held(&trace_lock);
	return tr->expanded ? 0 : resize(tr, 0, 0);
}

size_t trace_buffer_kb(struct trace_array *tr, unsigned int cpu)
{
	size_t kb = tr->buffer_kb[cpu == TRACE_CPU_ALL ? 0 : cpu];
	unsigned int i;

	for_each_online_cpu(i) {
		if (cpu == TRACE_CPU_ALL && tr->buffer_kb[i] != kb)
			return 0;
	}
	return kb;
}

static int set_kb(struct trace_array *tr, unsigned int cpu, size_t kb,
		  bool later)
{
	u64 cpus = cpu == TRACE_CPU_ALL ? ~0ULL : 1ULL << cpu;
	int err = 0;

	if (!kb)
		return -EINVAL;
	if (kb > (size_t)RB_PAGES_MAX * RB_DATA_SIZE / 1024)
		return -ENOMEM;
	mutex_lock(&trace_lock);
	if (later && !tr->expanded)
		note_kb(tr, cpus, kb);
	else
		err = resize(tr, cpus, kb);
	mutex_unlock(&trace_lock);
	return err;
}

int trace_set_buffer_kb(struct trace_array *tr, unsigned int cpu, size_t kb)
{
	return set_kb(tr, cpu, kb, false);
}

int trace_set_buffer_kb_later(struct trace_array *tr, unsigned int cpu,
			      size_t kb)
{
	return set_kb(tr, cpu, kb, true);
}

/*
 * A trace beside the top one shows the size that it is to have, as on Linux,
 * where it has it from the beginning.
 */
static void show_kb(struct trace_array *tr, size_t kb, size_t boot_kb,
		    struct trace_seq *s)
{
	if (tr->expanded || *tr->name)
		trace_seq_printf(s, "%zu\n", kb);
	else
		trace_seq_printf(s, "%zu (expanded: %zu)\n", boot_kb, kb);
}

void trace_buffer_size_show(struct trace_array *tr, unsigned int cpu,
			    struct trace_seq *s)
{
	size_t kb = trace_buffer_kb(tr, cpu);

	if (kb)
		show_kb(tr, kb, BOOT_KB, s);
	else
		trace_seq_puts(s, "X\n");
}

void trace_buffer_total_show(struct trace_array *tr, struct trace_seq *s)
{
	size_t kb = 0;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		kb += tr->buffer_kb[cpu];
	show_kb(tr, kb, num_online_cpus() * BOOT_KB, s);
}

u64 trace_cpumask(struct trace_array *tr)
{
	return tr->cpumask & cpu_online_mask;
}

int trace_set_cpumask(struct trace_array *tr, u64 mask)
{
	unsigned int cpu;

	if (mask && !(mask & cpu_online_mask))
		return -EINVAL;
	mask &= cpu_online_mask;
	mutex_lock(&trace_lock);
	for_each_online_cpu(cpu) {
		if (!((mask ^ tr->cpumask) >> cpu & 1))
			continue;
		ring_buffer_record(&tr->buffer, cpu, mask >> cpu & 1);
		ring_buffer_record(&tr->snapshot, cpu, mask >> cpu & 1);
	}
	tr->cpumask = mask;
	mutex_unlock(&trace_lock);
	return 0;
}

/* ---- clock and counts ---------------------------------------------------- */

void trace_clock_show(struct trace_array *tr, struct trace_seq *s)
{
	const struct trace_clock *clock;
	unsigned int i;

	for (i = 0; (clock = trace_clock_get(i)); i++)
		trace_seq_printf(s, clock == tr->clock ? "%s[%s]" : "%s%s",
				 i ? " " : "", clock->name);
	trace_seq_putc(s, '\n');
}

static void tell_clock(struct trace_array *tr, const struct trace_clock *clock,
		       bool before)
{
	const struct tracer *const *at;

	for_each_entry(at, tracers)
	{
		if ((*at)->clock_change)
			(*at)->clock_change(tr, clock, before);
	}
}

void trace_use_clock(struct trace_array *tr, const struct trace_clock *clock)
{
	assert_held(&trace_lock);
	trace_area_use(tr);
	tell_clock(tr, clock, true);
	tr->clock = clock;
	ring_buffer_set_clock(&tr->buffer, clock);
	ring_buffer_set_clock(&tr->snapshot, clock);
	tell_clock(tr, clock, false);
	if (tr->area)
		tr->area->clock(tr);
}

int trace_set_clock(struct trace_array *tr, const char *name)
{
	const struct trace_clock *clock = trace_clock_find(name);

	if (!clock)
		return -EINVAL;
	mutex_lock(&trace_lock);
	trace_use_clock(tr, clock);
	mutex_unlock(&trace_lock);
	return 0;
}

static void show_time(struct trace_array *tr, const char *what, u64 time,
		      struct trace_seq *s)
{
	u64 us = (time + 500) / 1000;

	if (tr->clock->in_ns)
		trace_seq_printf(s, "%s: %5llu.%06llu\n", what, us / 1000000,
				 us % 1000000);
	else
		trace_seq_printf(s, "%s: %llu\n", what, time);
}

void trace_stats_show(struct trace_array *tr, unsigned int cpu,
		      struct trace_seq *s)
{
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_stats stats;

	mutex_lock(&trace_lock); /* the ring is not freed */
	rb = tr->buffer.cpu[cpu];
	ring_buffer_stats(rb, &stats);
	trace_seq_printf(s, "entries: %llu\n", stats.entries);
	trace_seq_printf(s, "overrun: %llu\n", stats.overrun);
	trace_seq_printf(s, "commit overrun: %llu\n", stats.commit_overrun);
	trace_seq_printf(s, "bytes: %llu\n", stats.bytes);
	show_time(tr, "oldest event ts", stats.oldest, s);
	show_time(tr, "now ts", ring_buffer_time(rb), s);
	trace_seq_printf(s, "dropped events: %llu\n", stats.dropped);
	trace_seq_printf(s, "read events: %llu\n", stats.read);
	mutex_unlock(&trace_lock);
}
