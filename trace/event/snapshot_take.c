// SPDX-License-Identifier: MIT
/*
 * snapshot_take.c - take a snapshot, at an event or a call, or because a file
 * asks for it.
 *
 * Owns nothing. trace_snapshot.c owns the memory; this file is here because
 * what keeps a snapshot from being taken is an event of the trace.
 *
 * Context: any; not traceable.
 */
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"

static int cannot(struct trace_array *tr)
{
	if (in_nmi()) {
		trace_puts(tr, "*** SNAPSHOT CALLED FROM NMI CONTEXT ***\n");
		trace_puts(tr, "*** snapshot is being ignored        ***\n");
		return -EPERM;
	}
	trace_puts(tr, "*** SNAPSHOT NOT ALLOCATED ***\n");
	trace_puts(tr, "*** stopping trace here!   ***\n");
	trace_stop(tr);
	return -ENODEV;
}

static int take(struct trace_array *tr, u64 cpus)
{
	int err = -ENODEV;

	if (trace_current_tracer(tr)->keeps_max)
		return -EBUSY;
	preempt_disable_notrace();
	if (!in_nmi() && trace_snapshot_allocated(tr)) /* TS1 */
		err = ring_buffer_swap(&tr->buffer, &tr->snapshot, cpus);
	preempt_enable_notrace();
	return err == -ENODEV ? cannot(tr) : err;
}

int tracing_snapshot(struct trace_array *tr)
{
	return take(tr, trace_ring_cpus(tr));
}

int tracing_snapshot_cpu(struct trace_array *tr, unsigned int cpu)
{
	return take(tr, BIT(cpu));
}

int tracing_snapshot_alloc(struct trace_array *tr)
{
	int err = tracing_alloc_snapshot(tr);

	return err ? err : tracing_snapshot(tr);
}
