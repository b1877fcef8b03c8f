// SPDX-License-Identifier: MIT
/*
 * traces.c - rows of several traces: what a snapshot costs, and another trace.
 */
#include "tests/bench/kernel/bench.h"
#include "trace/trace_snapshot.h"

/* Called by the assembly below. */
void bench_snapshot(void);
void bench_snapshot(void)
{
	tracing_snapshot(trace_top());
}

static void measure_snapshot(void)
{
	bench_ok("snapshot", tracing_alloc_snapshot(trace_top()));
	bench_row("trace.snapshot",
		  bench_measure("call bench_snapshot\n\t") * 100, "insn");
	tracing_free_snapshot(trace_top());
}

void bench_traces(void)
{
	measure_snapshot();
}
