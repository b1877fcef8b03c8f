// SPDX-License-Identifier: MIT
/*
 * trace_iter.c - read a trace: the events of all CPUs in order of time, as
 * text.
 *
 * Owns the readers. A reader of `trace` walks over copies of pages and removes
 * no event. A reader of `trace_pipe` consumes one event at a time, and only
 * when it prints the event's line, so that the next reader finds every unread
 * event. In both, the event being printed is a copy, so that its tracer may
 * look at the next event. ->event is NULL if the copy cannot be interpreted.
 *
 * IT1  Lines are in order of time; events of the same time are in order of CPU.
 *     The lines of one CPU are in the order in which they were written.
 *
 * A read of trace_pipe takes each reader_lock once, however many lines it
 * returns, and by calls that are not traced. A reader that added events for
 * each event it takes would never finish.
 *
 * Context: task, may sleep. Locks: trace_lock to open and close; reader_lock,
 * in trace_read() those of all CPUs that are read, by CPU.
 */
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"

/* ---- the next event ------------------------------------------------------ */

static void set_current(struct trace_iterator *iter,
			const struct trace_source *source,
			const struct ring_buffer_event *event)
{
	iter->cpu = source->cpu;
	iter->time = event->time;
	iter->lost = event->lost;
	iter->len = event->len;
	if (!iter->start)
		iter->start = event->time;
	if (unlikely(event->len < sizeof(iter->ent)))
		iter->ent = (struct trace_entry){ 0 };
	memcpy(iter->data, event->data, event->len);
	iter->event = trace_event_of(iter->data, event->len); /* E2 */
}

static __always_inline void walk_on(struct trace_source *source)
{
	ring_buffer_iter_next(&source->walk);
	source->valid = source->walk.valid;
	source->time = source->walk.event.time;
}

/*
 * Take the current event of a CPU. Pipes: false if a raw reader took it first.
 */
static noinline bool take_from_pipe(struct trace_iterator *iter,
				    struct trace_source *source)
{
	struct ring_buffer_event event;
	bool found = ring_buffer_peek(source->rb, &event);

	if (found) {
		set_current(iter, source, &event);
		ring_buffer_consume(source->rb);
	}
	source->valid = ring_buffer_peek(source->rb, &event);
	source->time = event.time;
	return found;
}

static __always_inline bool take_from(struct trace_iterator *iter,
				      struct trace_source *source)
{
	if (iter->pipe)
		return take_from_pipe(iter, source);
	set_current(iter, source, &source->walk.event);
	walk_on(source);
	return true;
}

/* Pipes only: check whether a CPU that was empty has an event now. */
static void look_again(struct trace_source *source)
{
	struct ring_buffer_event event;

	source->valid = ring_buffer_peek(source->rb, &event);
	if (source->valid)
		source->time = event.time;
}

/* Return: where the next event is; NULL: there is none. */
static __always_inline struct trace_source *
find_next(struct trace_iterator *iter)
{
	struct trace_source *source = iter->source, *best = NULL;
	const struct trace_source *end = source + iter->nr_cpus;

	for (; source < end; source++) {
		if (iter->pipe && source->rb && !source->valid)
			look_again(source);
		if (source->valid && (!best || source->time < best->time))
			best = source;
	}
	return best;
}

static bool next_event(struct trace_iterator *iter)
{
	struct trace_source *source;

	while ((source = find_next(iter))) {
		if (take_from(iter, source))
			return true;
	}
	return false;
}

bool trace_iter_peek(struct trace_iterator *iter,
		     struct ring_buffer_event *event)
{
	struct trace_source *source = &iter->source[iter->cpu];

	if (iter->pipe)
		return ring_buffer_peek(source->rb, event);
	*event = source->walk.event;
	return source->walk.valid;
}

void trace_iter_skip(struct trace_iterator *iter)
{
	struct trace_source *source = &iter->source[iter->cpu];

	if (!iter->pipe) {
		walk_on(source);
		return;
	}
	ring_buffer_consume(source->rb);
	look_again(source);
}

/* ---- lines --------------------------------------------------------------- */

/* Printed above a CPU's first line in the common form, as on Linux. */
static void put_started(struct trace_iterator *iter, struct trace_seq *s)
{
	struct trace_source *source = &iter->source[iter->cpu];

	if (!source->started && iter->annotate && iter->lines &&
	    trace_option(iter->tr, TRACE_OPT_annotate))
		trace_seq_printf(s, "##### CPU %u buffer started ####\n",
				 iter->cpu);
	source->started = true;
}

/* Return: where the event's own line begins in @s. */
static size_t put_event_line(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct tracer *tracer = iter->tracer;
	size_t start;

	if (unlikely(iter->lost))
		trace_seq_printf(s, "CPU:%u [LOST %llu EVENTS]\n", iter->cpu,
				 iter->lost);
	start = s->len;
	if (tracer->line && tracer->line(iter, s))
		return start;
	if (unlikely(!iter->source[iter->cpu].started))
		put_started(iter, s);
	start = s->len;
	trace_put_line(iter, s);
	return start;
}

/* The line in the reader's own memory, which has room for the longest one. */
static void keep_event_line(struct trace_iterator *iter)
{
	struct trace_seq *s = &iter->seq;
	size_t start;

	trace_seq_reset(s);
	start = put_event_line(iter, s);
	if (s->overflow) {
		s->overflow = false;
		trace_seq_truncate(s, start);
		trace_seq_puts(s, "[LINE TOO BIG]\n");
	}
	iter->lines++;
}

/* Copy the rest of the current line to the caller. Return: bytes. */
static size_t hand_out(struct trace_iterator *iter, char *buf, size_t len)
{
	size_t n = min(len, iter->seq.len - iter->at);

	memcpy(buf, iter->seq.buf + iter->at, n);
	iter->at += n;
	return n;
}

#define STRAIGHT_MIN 512 /* bytes of room that are enough for most lines */

/*
 * The current event's line, straight into the caller's buffer if it fits there.
 * A tracer's own form is made only once: to make it consumes further events.
 * Return: bytes.
 */
static size_t read_line(struct trace_iterator *iter, char *buf, size_t len)
{
	struct trace_source *source = &iter->source[iter->cpu];
	bool started = source->started;
	struct trace_seq s;

	if (likely(len >= STRAIGHT_MIN && !iter->tracer->line)) {
		trace_seq_init(&s, buf, min(len, sizeof(iter->text)));
		put_event_line(iter, &s);
		if (likely(!s.overflow)) {
			iter->lines++;
			return s.len;
		}
		source->started = started;
	}
	iter->at = 0;
	keep_event_line(iter);
	return hand_out(iter, buf, len);
}

/* Lock the ring that its CPU writes now: a snapshot exchanges it. */
static void lock_source(struct trace_iterator *iter, unsigned int cpu)
{
	struct trace_source *source = &iter->source[cpu];
	struct ring_buffer_per_cpu **now = &iter->tr->buffer.cpu[cpu], *rb;

	while (mutex_lock_notrace(&(rb = READ_ONCE(*now))->reader_lock),
	       rb != READ_ONCE(*now))
		mutex_unlock_notrace(&rb->reader_lock);
	if (rb != source->rb)
		source->valid = false;
	source->rb = rb;
}

/* Only pipes lock here: a walk takes reader_lock for each page it copies. */
static void lock_pipe(struct trace_iterator *iter)
{
	unsigned int i;

	for (i = 0; iter->pipe && i < iter->nr_cpus; i++)
		if (iter->source[i].rb)
			lock_source(iter, i);
}

static void unlock_pipe(struct trace_iterator *iter)
{
	unsigned int i;

	for (i = iter->nr_cpus; iter->pipe && i--;)
		if (iter->source[i].rb)
			mutex_unlock_notrace(&iter->source[i].rb->reader_lock);
}

ssize_t trace_read(struct trace_iterator *iter, char *buf, size_t len)
{
	size_t done = hand_out(iter, buf, len);

	lock_pipe(iter);
	while (done < len && next_event(iter))
		done += read_line(iter, buf + done, len - done);
	unlock_pipe(iter);
	return done || !iter->pipe || !len ? (ssize_t)done : -EAGAIN;
}

bool trace_iter_line(struct trace_iterator *iter)
{
	trace_seq_reset(&iter->seq);
	if (!next_event(iter))
		return false;
	keep_event_line(iter);
	return true;
}

bool trace_readable(struct trace_iterator *iter)
{
	bool found;

	lock_pipe(iter);
	found = !iter->pipe || iter->at < iter->seq.len || find_next(iter);
	unlock_pipe(iter);
	return found;
}

/* ---- open and close ------------------------------------------------------ */

void trace_iter_free(struct trace_iterator *iter)
{
	unsigned int cpu;

	if (!iter)
		return;
	for (cpu = 0; cpu < iter->nr_cpus; cpu++) {
		if (iter->source[cpu].walk.page)
			free_page(iter->source[cpu].walk.page);
	}
	kfree(iter);
}

static bool is_asked(const struct trace_iterator *iter, unsigned int cpu)
{
	return iter->cpu_asked == TRACE_CPU_ALL || iter->cpu_asked == cpu;
}

static struct trace_iterator *alloc_iter(struct trace_array *tr,
					 unsigned int cpu_asked, bool pipe)
{
	unsigned int nr_cpus = 64 - __builtin_clzll(cpu_online_mask), cpu;
	struct trace_iterator *iter;

	iter = kzalloc(sizeof(*iter) + nr_cpus * sizeof(iter->source[0]));
	if (!iter)
		return NULL;
	iter->tr = tr;
	iter->pipe = pipe;
	iter->cpu_asked = cpu_asked;
	iter->nr_cpus = nr_cpus;
	trace_seq_init(&iter->seq, iter->text, sizeof(iter->text));
	trace_columns_init(iter);
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		struct trace_source *source = &iter->source[cpu];

		if (pipe || !is_asked(iter, cpu))
			continue;
		source->walk.page = alloc_page();
		if (!source->walk.page) {
			trace_iter_free(iter);
			return NULL;
		}
	}
	return iter;
}

struct trace_iterator *trace_iter_alloc(struct trace_array *tr)
{
	return alloc_iter(tr, TRACE_CPU_ALL, false);
}

/*
 * Open the tracer's side of the reader and count the reader. [trace_lock held]
 */
static int begin_reading(struct trace_iterator *iter)
{
	const struct ring_buffer *buffer =
		iter->snapshot ? &iter->tr->snapshot : &iter->tr->buffer;
	unsigned int cpu;
	int err;

	iter->tracer = iter->tr->tracer;
	if (iter->tracer->keeps_max && !iter->pipe) {
		iter->snapshot = true;
		buffer = &iter->tr->snapshot;
	}
	err = iter->tracer->open ? iter->tracer->open(iter) : 0;
	if (err)
		return err;
	iter->tr->readers++;
	for (cpu = 0; cpu < iter->nr_cpus; cpu++) {
		if (is_asked(iter, cpu) &&
		    (!iter->snapshot || trace_snapshot_allocated(iter->tr)))
			iter->source[cpu].rb = buffer->cpu[cpu];
	}
	return 0;
}

static bool has_events(const struct trace_iterator *iter)
{
	unsigned int cpu;

	for (cpu = 0; cpu < iter->nr_cpus; cpu++)
		if (iter->source[cpu].valid)
			return true;
	return false;
}

/* Start the walk of each CPU and print the header. [trace_lock held] */
static void start_walks(struct trace_iterator *iter)
{
	const struct tracer *tracer = iter->tracer;
	unsigned int i;

	if (trace_option(iter->tr, TRACE_OPT_pause_on_trace)) {
		trace_pause(iter->tr);
		iter->paused = true;
	}
	for (i = 0; i < iter->nr_cpus; i++) {
		struct trace_source *source = &iter->source[i];

		if (!source->rb)
			continue;
		iter->annotate |= READ_ONCE(source->rb->data.overrun) != 0;
		ring_buffer_iter_start(&source->walk, source->rb,
				       source->walk.page);
		while (iter->tracer->keeps_max && source->walk.valid &&
		       source->walk.event.time < iter->tr->max.from)
			ring_buffer_iter_next(&source->walk);
		source->valid = source->walk.valid;
		source->time = source->walk.event.time;
	}
	trace_seq_printf(&iter->seq, "# tracer: %s\n#\n", tracer->name);
	if (iter->snapshot && !has_events(iter)) {
		if (!tracer->keeps_max)
			trace_snapshot_put_help(iter, &iter->seq);
	} else if (tracer->header)
		tracer->header(iter, &iter->seq);
	else
		trace_put_header(iter, &iter->seq);
}

static struct trace_iterator *open_walk(struct trace_array *tr,
					unsigned int cpu, bool snapshot)
{
	struct trace_iterator *iter = alloc_iter(tr, cpu, false);
	int err;

	if (!iter)
		return ERR_PTR(-ENOMEM);
	iter->snapshot = snapshot;
	mutex_lock(&trace_lock);
	err = begin_reading(iter);
	if (!err)
		start_walks(iter);
	mutex_unlock(&trace_lock);
	if (!err)
		return iter;
	trace_iter_free(iter);
	return ERR_PTR(err);
}

struct trace_iterator *trace_open(struct trace_array *tr, unsigned int cpu)
{
	return open_walk(tr, cpu, false);
}

struct trace_iterator *trace_snapshot_open(struct trace_array *tr,
					   unsigned int cpu)
{
	return open_walk(tr, cpu, true);
}

/* Does another reader consume from any of these CPUs? [trace_lock held] */
static bool is_taken(const struct trace_array *tr, unsigned int cpu)
{
	return tr->pipe_all ||
	       (cpu == TRACE_CPU_ALL ? tr->pipe_cpus != 0 :
				       tr->pipe_cpus >> cpu & 1);
}

/* [trace_lock held] */
static void count_pipe(struct trace_array *tr, unsigned int cpu, bool open)
{
	tr->pipes += open ? 1 : -1;
	if (cpu == TRACE_CPU_ALL)
		tr->pipe_all = open;
	else
		tr->pipe_cpus ^= 1ULL << cpu;
}

struct trace_iterator *trace_pipe_open(struct trace_array *tr, unsigned int cpu)
{
	struct trace_iterator *iter = alloc_iter(tr, cpu, true);
	int err;

	if (!iter)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&trace_lock);
	err = is_taken(tr, cpu) ? -EBUSY : begin_reading(iter);
	if (!err)
		count_pipe(tr, cpu, true);
	mutex_unlock(&trace_lock);
	if (!err)
		return iter;
	trace_iter_free(iter);
	return ERR_PTR(err);
}

void trace_close(struct trace_iterator *iter)
{
	struct trace_array *tr = iter->tr;

	mutex_lock(&trace_lock);
	if (iter->tracer->close)
		iter->tracer->close(iter);
	tr->readers--;
	if (iter->paused)
		trace_unpause(tr);
	if (iter->pipe)
		count_pipe(tr, iter->cpu_asked, false);
	mutex_unlock(&trace_lock);
	trace_iter_free(iter);
}
