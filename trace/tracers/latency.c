// SPDX-License-Identifier: MIT
/*
 * latency.c - the longest latency of a trace.
 *
 * LA10 The maximum and the snapshot belong together: both change under
 *      max_busy, which nobody waits for.
 */
#include "trace/tracers/latency.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/trace_snapshot.h"
#include <asm/atomic.h>

static u32 max_busy;		 /* [A] LA10 */
static struct trace_array *user; /* [trace_lock] the trace of the tracer */
static bool had_overwrite, had_format; /* [trace_lock] its options before */

int latency_begin(struct trace_array *tr)
{
	int err;

	if (user)
		return -EBUSY;
	err = trace_snapshot_alloc_locked(tr);
	if (err)
		return err;
	user = tr;
	had_overwrite = trace_option(tr, TRACE_OPT_overwrite);
	had_format = trace_option(tr, TRACE_OPT_latency_format);
	trace_set_option_locked(tr, TRACE_OPT_overwrite, true);
	trace_set_option_locked(tr, TRACE_OPT_latency_format, true);
	memset(&tr->max, 0, sizeof(tr->max));
	return 0;
}

void latency_end(struct trace_array *tr)
{
	trace_set_option_locked(tr, TRACE_OPT_overwrite, had_overwrite);
	trace_set_option_locked(tr, TRACE_OPT_latency_format, had_format);
	trace_snapshot_free_locked(tr);
	user = NULL;
}

bool latency_reported(const struct trace_array *tr, u64 ns)
{
	u64 thresh = trace_thresh();

	return thresh ? ns >= thresh : ns > READ_ONCE(tr->max.ns);
}

void latency_keep(struct trace_array *tr, const struct trace_max *max, u64 cpus)
{
	u32 idle = 0;

	if (!try_cmpxchg(&max_busy, &idle, 1))
		return;
	if (latency_reported(tr, max->ns)) {
		if (ring_buffer_swap(&tr->buffer, &tr->snapshot, cpus))
			trace_puts(tr, "Failed to swap buffers due to commit "
				       "or resize in progress\n");
		else
			tr->max = *max;
	}
	smp_store_release(&max_busy, 0);
}

u64 latency_stamp(struct trace_array *tr)
{
	return ring_buffer_time(tr->buffer.cpu[smp_processor_id()]);
}
