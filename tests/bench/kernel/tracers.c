// SPDX-License-Identifier: MIT
/*
 * tracers.c - rows of the tracers: calls that write events, the size of the
 * events, and what it costs to read them.
 */
#include "kernel/lib/errno.h"
#include "tests/bench/kernel/bench.h"
#include "trace/trace.h"

#define TARGET	    "bench_target"
#define READ_EVENTS 20000

static struct ftrace_ops extra;

static void call_target(unsigned int times)
{
	while (times--)
		bench_target();
}

/*
 * Bytes of the events of one call, page headers left out; and no event of
 * those expected may be missing.
 */
static void measure_bytes(const char *row, unsigned int events)
{
	struct ring_buffer_per_cpu *rb = trace_top()->buffer.cpu[0];
	struct ring_buffer_stats stats;

	bench_echo("", "trace");
	call_target(1000);
	ring_buffer_stats(rb, &stats);
	bench_ok(row, stats.entries == 1000 * events ? 0 : -EIO);
	bench_row(row, stats.bytes / 10, "B");
}

static void measure_cat(const char *row, const char *name)
{
	u64 start = bench_busy();

	bench_cat(name);
	bench_row(row, (bench_busy() - start) * 100 / READ_EVENTS, "insn");
}

static void measure_reading(void)
{
	bench_echo("", "trace");
	call_target(READ_EVENTS);
	bench_echo("0", "tracing_on");
	measure_cat("read.text_per_event", "trace");
	measure_cat("read.raw_per_event", "per_cpu/cpu0/trace_pipe_raw");
	bench_echo("1", "tracing_on");
}

static void measure_function(void)
{
	bench_echo("function", "current_tracer");
	bench_sample("call.function_ring");
	measure_bytes("mem.function_event", 1);
	measure_reading();
	bench_echo("0", "tracing_on");
	bench_sample("call.function_tracing_off");
	bench_echo("1", "tracing_on");
	bench_attach(&extra, (unsigned long)bench_target, 0);
	bench_sample("call.function_ring_ops1");
	bench_detach(&extra);
}

static void measure_graph(void)
{
	bench_echo("function_graph", "current_tracer");
	bench_sample("call.graph_ring");
	measure_bytes("mem.graph_call", 2);
	bench_echo("0", "tracing_on");
	bench_sample("call.graph_tracing_off");
	bench_echo("1", "tracing_on");
}

void bench_tracers(void)
{
	bench_echo("local", "trace_clock");
	bench_echo(TARGET, "set_ftrace_filter");
	measure_function();
	measure_graph();
	bench_echo("nop", "current_tracer");
	bench_echo("", "set_ftrace_filter");
}
