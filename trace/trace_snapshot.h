/* SPDX-License-Identifier: MIT */
/*
 * trace_snapshot.h - the snapshot of a trace: its events up to a moment, kept
 * while the trace goes on.
 *
 * A trace may have a second set of rings. To take a snapshot is to exchange the
 * two: the events recorded so far stand in the snapshot, with their counts and
 * reader positions, and recording goes on in what was the snapshot before. No
 * event is copied or lost, no writer waits (RB9 in trace/ring/ring_buffer.c).
 * The events of the snapshot before stay in the rings that record now, as on
 * Linux, and are overwritten by and by; trace_snapshot_clear() removes them.
 */
#pragma once

#include "trace/trace.h"

/*
 * tracing_snapshot() - take a snapshot of all CPUs, for a trigger or a command
 * tracing_snapshot_cpu() - of one
 * Without an allocated snapshot, a line of the trace says so and its recording
 * stops, as on Linux; in an NMI, a line says that nothing is done.
 * Context: any; not traceable. Return: 0; or with the rings as they were
 * -ENODEV it is not allocated; -EBUSY the buffer is being changed, another CPU
 * is taking one, or the tracer keeps its maximum in it; -EPERM in an NMI. No
 * other code is returned.
 */
int tracing_snapshot(struct trace_array *tr);
int tracing_snapshot_cpu(struct trace_array *tr, unsigned int cpu);

/*
 * tracing_alloc_snapshot() - give the trace a snapshot as large as its buffer,
 * unless it has one
 * tracing_snapshot_alloc() - the same, and take one
 * Context: task, may sleep. Return: 0; -ENOMEM, and nothing has changed; alloc
 * also as tracing_snapshot(). No other code is returned.
 */
int tracing_alloc_snapshot(struct trace_array *tr);
int tracing_snapshot_alloc(struct trace_array *tr);

/* Empty the snapshot and free it. Context: task, may sleep. */
void tracing_free_snapshot(struct trace_array *tr);

/* Empty the snapshot of one CPU, or of all (TRACE_CPU_ALL). Context: task. */
void trace_snapshot_clear(struct trace_array *tr, unsigned int cpu);

/* Does the trace have one? */
bool trace_snapshot_allocated(const struct trace_array *tr);

/* As trace_open(), for the snapshot's events. */
struct trace_iterator *trace_snapshot_open(struct trace_array *tr,
					   unsigned int cpu);
/* As trace_read_raw(); the caller keeps the trace by trace_use(). */
ssize_t trace_snapshot_read_raw(struct trace_array *tr, unsigned int cpu,
				struct ring_buffer_page *page);
