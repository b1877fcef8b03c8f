// SPDX-License-Identifier: MIT
/*
 * trace_array.c - create and destroy traces.
 *
 * Owns the list of traces, which begins with the top trace, and what each trace
 * has for its whole life: rings, the tracers' data, and the parts of the table.
 *
 * V1  A trace has a ring for a CPU before that CPU is online, or from the
 *     creation of the trace on, so that writers need not check.
 * V2  A trace is freed only when no probe writes to it, it is not in the list,
 *     and no task switch is walking over it.
 *
 * V3  A part of a trace is destroyed once, also if it or one before it could
 *     not be made: of a trace that was in the list, after it has stopped.
 *
 * Context: task, may sleep. Locks: trace_lock.
 */
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include "trace/trace_area.h"
#include "trace/trace_internal.h"
#include "trace/trace_options.h"
#include <asm/atomic.h>

DEFINE_PER_CPU(struct ring_buffer_per_cpu *, trace_top_ring);

struct trace_array trace_top_array = {
	.ops.pids = &trace_top_array.pids,
	.pids.listed = &trace_top_array.listed,
	.tracer = &nop_tracer,
};

struct trace_array *trace_array_find(const char *name)
{
	struct trace_array *tr = trace_top();

	while (tr && strcmp(tr->name, name) != 0)
		tr = READ_ONCE(tr->next);
	return tr;
}

/* ---- making one ---------------------------------------------------------- */

/* V3: what has been destroyed is NULL, so a second call finds nothing. */
static void destroy_tracer_data(struct trace_array *tr)
{
	unsigned int i;

	for (i = 0; i < table_size(tracers); i++) {
		if (tr->tracer_data[i])
			tracers_first[i]->destroy(tr, tr->tracer_data[i]);
		tr->tracer_data[i] = NULL;
	}
}

/* What each tracer keeps for a trace. Return: 0; -ENOMEM, and none is left. */
static int create_tracer_data(struct trace_array *tr)
{
	unsigned int i;

	if (table_size(tracers) > TRACERS_MAX)
		panic("more than %u tracers", TRACERS_MAX);
	for (i = 0; i < table_size(tracers); i++) {
		if (!tracers_first[i]->create)
			continue;
		tr->tracer_data[i] = tracers_first[i]->create(tr);
		if (!tr->tracer_data[i]) {
			destroy_tracer_data(tr);
			return -ENOMEM;
		}
	}
	return 0;
}

DEFINE_TABLE(struct trace_part, trace_parts);

/*
 * In the order of the table, up to the first that fails; the caller then
 * destroys all of them.
 */
static int create_parts(struct trace_array *tr)
{
	const struct trace_part *const *at;
	int err = 0;

	for_each_entry(at, trace_parts)
	{
		if (!err && (*at)->create)
			err = (*at)->create(tr);
	}
	return err;
}

/* All of them, made or not: V3. */
static void destroy_parts(struct trace_array *tr)
{
	const struct trace_part *const *at;

	for_each_entry(at, trace_parts)
	{
		if ((*at)->destroy)
			(*at)->destroy(tr);
	}
}

/* Parts that write to the trace stop here, while the trace is still whole. */
static int stop_parts(struct trace_array *tr)
{
	const struct trace_part *const *at;
	int err = 0;

	for_each_entry(at, trace_parts)
	{
		if (!err && (*at)->stop)
			err = (*at)->stop(tr);
	}
	return err;
}

/*
 * A trace in memory that outlives a reset has its rings there; any other gets
 * small ones, which grow when somebody traces (tr->expanded).
 */
static int make_rings(struct trace_array *tr, u64 cpus)
{
	if (tr->area)
		return tr->area->rings(tr, cpus);
	return ring_buffer_init(&tr->buffer, cpus, TRACE_BOOT_PAGES,
				trace_clock_get(0));
}

static size_t ring_kb(const struct trace_array *tr)
{
	return tr->area ? tr->area->kb(tr) : TRACE_BUFFER_KB_DEFAULT;
}

/*
 * Everything that a trace has for its whole life. Return: 0, or an errno; the
 * trace is then as before.
 */
static int init_trace(struct trace_array *tr, u64 cpus)
{
	unsigned int i;
	int err = create_tracer_data(tr);

	if (err)
		return err;
	err = create_parts(tr);
	if (!err)
		err = make_rings(tr, cpus); /* V1 */
	if (err) {
		destroy_parts(tr);
		destroy_tracer_data(tr);
		return err;
	}
	tr->clock = tr->buffer.clock;
	tr->cpumask = cpus;
	for (i = 0; i < NR_CPUS; i++)
		tr->buffer_kb[i] = cpus >> i & 1 ? ring_kb(tr) : 0;
	tr->expanded = tr->area;
	trace_options_init(tr);
	tr->buffer_percent = TRACE_PERCENT_DEFAULT;
	tr->on = true;
	return 0;
}

/* Writers of the top trace find their ring by one load (trace_record.h). */
static void set_top_ring(unsigned int cpu, struct ring_buffer_per_cpu *rb)
{
	WRITE_ONCE(per_cpu(trace_top_ring, cpu), rb);
}

/* The top trace is static, so callers need not check that it is there. */
int trace_init(void)
{
	unsigned int cpu;
	int err;

	mutex_lock(&trace_lock);
	err = init_trace(trace_top(), cpu_online_mask);
	mutex_unlock(&trace_lock);
	if (err)
		return err;
	for_each_online_cpu(cpu)
		set_top_ring(cpu, trace_top()->buffer.cpu[cpu]);
	trace_top()->buffer.moved = set_top_ring;
	return 0;
}

static u64 serials; /* [trace_lock] of the last trace */

/* [trace_lock held] */
static int add_trace(struct trace_array *tr)
{
	struct trace_array *top = trace_top();
	int err;

	if (trace_array_find(tr->name))
		return -EEXIST;
	/* CPUs online or about to be. */
	err = init_trace(tr, trace_ring_cpus(top));
	if (err)
		return err;
	trace_options_inherit(tr);
	ring_buffer_set_overwrite(&tr->buffer,
				  trace_option(tr, TRACE_OPT_overwrite));
	tr->serial = ++serials;
	tr->next = top->next;
	smp_store_release(&top->next, tr); /* initialised before found */
	return 0;
}

struct trace_array *trace_array_create(const char *name)
{
	return trace_array_create_in(name, NULL);
}

/*
 * A name is a directory in instances/, so it has to be one. The trace is found
 * by others as soon as it is in the list; everything in it is ready by then.
 */
struct trace_array *trace_array_create_in(const char *name,
					  struct trace_area *area)
{
	struct trace_array *tr;
	int err;

	if (!*name || strlen(name) >= TRACE_NAME_MAX || strchr(name, '/') ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return ERR_PTR(-EINVAL);
	tr = kzalloc(sizeof(*tr));
	if (!tr)
		return ERR_PTR(-ENOMEM);
	strscpy(tr->name, name, TRACE_NAME_MAX);
	tr->tracer = &nop_tracer;
	tr->ops.pids = &tr->pids;
	tr->pids.listed = &tr->listed;
	tr->area = area;
	tr->held = area != NULL; /* for ever */
	mutex_lock(&trace_lock);
	err = add_trace(tr);
	mutex_unlock(&trace_lock);
	if (!err)
		return tr;
	kfree(tr);
	return ERR_PTR(err);
}

/* ---- its end ------------------------------------------------------------- */

/* Stop all tracing into the trace. [trace_lock held] */
static int quiet(struct trace_array *tr)
{
	int err = trace_stop_tracer(tr);

	if (!err)
		err = stop_parts(tr);
	if (!err)
		err = ftrace_set_pids(&tr->pids, NULL, 0, false);
	if (!err)
		err = ftrace_set_pids(&tr->pids, NULL, 0, true);
	if (!err)
		err = ftrace_free_filter(&tr->ops);
	return err;
}

/* Return: as trace_array_destroy(). [trace_lock held] */
static int unlink_trace(struct trace_array *tr)
{
	struct trace_array *before = trace_top();
	int err;

	if (tr == trace_top())
		return -EINVAL;
	if (tr->readers || tr->held)
		return -EBUSY;
	err = quiet(tr);
	if (err)
		return err;
	while (before->next != tr)
		before = before->next;
	WRITE_ONCE(before->next, tr->next);
	destroy_parts(tr);
	return 0;
}

/*
 * The trace is in no list any more. Context: trace_lock not held, since the
 * wait may take long.
 */
static void free_trace(struct trace_array *tr)
{
	synchronize_tasks(); /* V2 */
	destroy_tracer_data(tr);
	trace_snapshot_destroy(tr);
	ring_buffer_destroy(&tr->buffer);
	kfree(tr);
}

int trace_array_destroy(struct trace_array *tr)
{
	int err;

	mutex_lock(&trace_lock);
	err = unlink_trace(tr);
	mutex_unlock(&trace_lock);
	if (!err)
		free_trace(tr);
	return err;
}

/*
 * By name, under one hold of the lock: between a search and a destruction
 * another task could destroy it.
 */
int trace_array_remove(const char *name)
{
	struct trace_array *tr;
	int err;

	mutex_lock(&trace_lock);
	tr = trace_array_find(name);
	err = tr ? unlink_trace(tr) : -ENOENT;
	mutex_unlock(&trace_lock);
	if (!err)
		free_trace(tr);
	return err;
}

/* ---- finding one --------------------------------------------------------- */

/* Held, a trace cannot be destroyed (-EBUSY). NULL: there is none. */
struct trace_array *trace_array_get(const char *name)
{
	struct trace_array *tr;

	mutex_lock(&trace_lock);
	tr = trace_array_find(name);
	if (tr)
		tr->held++;
	mutex_unlock(&trace_lock);
	return tr;
}

void trace_array_put(struct trace_array *tr)
{
	mutex_lock(&trace_lock);
	tr->held--;
	mutex_unlock(&trace_lock);
}

/*
 * In the order of creation. A cursor of serials survives that traces come and
 * go between two calls, which a position in the list would not.
 */
bool trace_array_next(u64 *serial, char name[TRACE_NAME_MAX])
{
	const struct trace_array *tr, *found = NULL;

	mutex_lock(&trace_lock);
	for (tr = trace_top()->next; tr; tr = tr->next) {
		if (tr->serial >= *serial &&
		    (!found || tr->serial < found->serial))
			found = tr;
	}
	if (found) {
		*serial = found->serial;
		strscpy(name, found->name, TRACE_NAME_MAX);
	}
	mutex_unlock(&trace_lock);
	return found;
}

/* ---- CPUs that are started late ------------------------------------------ */

/* For a CPU that was not there when the trace was created. */
static int make_ring(struct trace_array *tr, unsigned int cpu)
{
	size_t pages = tr->expanded && !tr->area ?
			       trace_kb_to_pages(TRACE_BUFFER_KB_DEFAULT) :
			       TRACE_BOOT_PAGES;
	int err = ring_buffer_add_cpu(&tr->buffer, cpu, pages); /* V1 */

	if (err)
		return err;
	tr->buffer_kb[cpu] = TRACE_BUFFER_KB_DEFAULT;
	tr->cpumask |= BIT(cpu);
	return trace_snapshot_add_cpu(tr, cpu, pages);
}

/*
 * Context: task, on the CPU that starts the other one. An error keeps the CPU
 * from starting: V1.
 */
static int trace_cpu_starting(unsigned int cpu)
{
	struct trace_array *tr = trace_top();
	int err = 0;

	if (!tr->clock) /* trace_init() has not run yet */
		return 0;
	mutex_lock(&trace_lock);
	for (; tr && !err; tr = tr->next) {
		if (!tr->buffer.cpu[cpu])
			err = make_ring(tr, cpu);
	}
	mutex_unlock(&trace_lock);
	return err;
}

static const struct task_hooks cpu_hooks = {
	.cpu_starting = trace_cpu_starting,
};
TABLE_ENTRY(task_hooks, 30, cpu_hooks);
