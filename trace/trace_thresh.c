// SPDX-License-Identifier: MIT
/*
 * trace_thresh.c - tracing_thresh: tracers that measure record only what takes
 * at least so long.
 *
 * Context: task, may sleep. Locks: trace_lock.
 */
#include "kernel/mutex.h"
#include "trace/trace_internal.h"

static u64 thresh_ns; /* [A] */

u64 trace_thresh(void)
{
	return READ_ONCE(thresh_ns);
}

void trace_set_thresh(u64 ns)
{
	const struct tracer *const *at;
	struct trace_array *tr;

	mutex_lock(&trace_lock);
	WRITE_ONCE(thresh_ns, ns);
	for (tr = trace_top(); tr; tr = READ_ONCE(tr->next))
		for_each_entry(at, tracers) if ((*at)->thresh_change)(*at)
			->thresh_change(tr);
	mutex_unlock(&trace_lock);
}
