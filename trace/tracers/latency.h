/* SPDX-License-Identifier: MIT */
/*
 * latency.h - what the tracers of latencies share: the longest latency of a
 * trace, and its events, which are kept in the snapshot.
 *
 * One such tracer runs at a time. A latency is reported if it is at least
 * tracing_thresh or, with a threshold of 0, longer than the longest so far.
 */
#pragma once

#include "trace/trace_internal.h"
#include "trace/tracers/tracer_options.h"

/*
 * latency_begin() - the tracer of @tr becomes one of these: the snapshot is
 * allocated, the options overwrite and latency-format are set, the maximum is 0
 * latency_end() - the options get their old values, the snapshot is freed
 * [trace_lock held] Return: 0; -EBUSY another trace has such a tracer; -ENOMEM.
 */
int latency_begin(struct trace_array *tr);
void latency_end(struct trace_array *tr);

/* Is a latency of @ns to be reported? Context: any. */
bool latency_reported(const struct trace_array *tr, u64 ns);

/*
 * latency_keep() - report this latency: it is the longest now, and the events
 * of these CPUs are exchanged into the snapshot
 * If another CPU reports one at the same moment, this one is dropped. Context:
 * any but NMI, preemption off.
 */
void latency_keep(struct trace_array *tr, const struct trace_max *max,
		  u64 cpus);

/* The time on this CPU by the trace's clock. Context: preemption off. */
u64 latency_stamp(struct trace_array *tr);
