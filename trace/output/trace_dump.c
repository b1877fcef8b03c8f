// SPDX-License-Identifier: MIT
/*
 * trace_dump.c - print the newest events on the console, in a panic or when a
 * function command asks for it.
 *
 * Owns the panic's iterator, from trace_dump_prepare() on: a panic gets no
 * memory.
 *
 * TD1  A dump waits for nothing. A ring whose reader_lock is held by somebody
 *      else is left out, and named.
 * TD2  It prints at most TRACE_DUMP_MAX events, those with the latest times.
 *
 * Context: trace_dump(): panic, interrupts off, all other CPUs stopped.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "trace/trace_internal.h"

static struct trace_iterator *panic_dump; /* [I] after boot */

int trace_dump_prepare(void)
{
	if (!panic_dump)
		panic_dump = trace_iter_alloc(trace_top());
	return panic_dump ? 0 : -ENOMEM;
}

/* TD1: hold the locks of the rings to be read. */
static void take_rings(struct trace_iterator *dump, unsigned int asked)
{
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;

	for (cpu = 0; cpu < dump->nr_cpus; cpu++) {
		rb = trace_top()->buffer.cpu[cpu];
		dump->source[cpu].rb = NULL;
		if (!rb || (asked != TRACE_CPU_ALL && asked != cpu))
			continue;
		if (mutex_trylock(&rb->reader_lock))
			dump->source[cpu].rb = rb;
		else
			pr_emerg("CPU %u: its ring was being read", cpu);
	}
}

u64 trace_dump_unread(const struct ring_buffer_per_cpu *rb)
{
	u64 gone = rb->data.read_events + READ_ONCE(rb->data.overrun);

	/* Read last: it counts the events of the other two. */
	return READ_ONCE(rb->data.commit_entries) - gone;
}

/* Start at the oldest events. Return: how many there are. */
static u64 start_walks(struct trace_iterator *dump)
{
	struct ring_buffer_per_cpu *rb;
	struct trace_source *source;
	u64 events = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < dump->nr_cpus; cpu++) {
		source = &dump->source[cpu];
		rb = source->rb;
		source->valid = false;
		if (!rb)
			continue;
		ring_buffer_iter_start_held(&source->walk, rb,
					    source->walk.page);
		source->valid = source->walk.valid;
		source->time = source->walk.event.time;
		events += trace_dump_unread(rb);
	}
	return events;
}

/* An event may have several lines. */
static void print_lines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line)
			pr_emerg("%s", line);
}

void trace_dump_rings(struct trace_iterator *dump, unsigned int cpu)
{
	u64 events;

	dump->tracer = &nop_tracer; /* its lines need no memory */
	take_rings(dump, cpu);
	pr_emerg("Dumping ftrace buffer:");
	events = start_walks(dump);
	if (!events) {
		pr_emerg("   (ftrace buffer empty)");
		return;
	}
	pr_emerg("---------------------------------");
	if (events > TRACE_DUMP_MAX)
		pr_emerg("%llu older events are not shown",
			 events - TRACE_DUMP_MAX);
	for (; events && trace_iter_line(dump); events--)
		if (events <= TRACE_DUMP_MAX)
			print_lines(dump->seq.buf);
	pr_emerg("---------------------------------");
}

void trace_dump(unsigned int cpu)
{
	if (!panic_dump)
		return;
	trace_stop(trace_top());
	trace_cmdlines_freeze();
	trace_dump_rings(panic_dump, cpu);
}
