// SPDX-License-Identifier: MIT
/*
 * tracers.c - rows of the tracers: calls that write events, the size of the
 * events, and what it costs to read them.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "tests/bench/kernel/bench.h"
#include "trace/trace.h"

#define TARGET	    "bench_target"
#define READ_EVENTS 20000

static struct ftrace_ops extra;

static void set_tracer(const char *name)
{
	bench_ok(name, trace_set_tracer(trace_top(), name));
}

static void call_target(unsigned int times)
{
	while (times--)
		bench_target();
}

/* Bytes of the events of one call, page headers left out. */
static void measure_bytes(const char *row)
{
	struct ring_buffer_per_cpu *rb = trace_top()->buffer.cpu[0];
	struct ring_buffer_stats stats;

	trace_reset(trace_top(), TRACE_CPU_ALL);
	call_target(1000);
	ring_buffer_stats(rb, &stats);
	bench_row(row, stats.bytes / 10, "B");
}

/* The file trace, to its end. */
static void read_text(char *buf)
{
	u64 start = bench_busy();
	struct trace_iterator *iter = trace_open(trace_top(), TRACE_CPU_ALL);

	if (IS_ERR(iter)) {
		bench_ok("trace_open", PTR_ERR(iter));
		return;
	}
	while (trace_read(iter, buf, PAGE_SIZE) > 0)
		;
	trace_close(iter);
	bench_row("read.text_per_event",
		  (bench_busy() - start) * 100 / READ_EVENTS, "insn");
}

/* The file trace_pipe_raw, to its end. */
static void read_raw(struct ring_buffer_page *page)
{
	u64 start = bench_busy();

	while (trace_read_raw(trace_top(), 0, page, false) > 0)
		;
	bench_row("read.raw_per_event",
		  (bench_busy() - start) * 100 / READ_EVENTS, "insn");
}

static void measure_reading(void)
{
	char *page = alloc_page();

	if (!page) {
		bench_ok("alloc_page", -ENOMEM);
		return;
	}
	trace_reset(trace_top(), TRACE_CPU_ALL);
	call_target(READ_EVENTS);
	trace_set_on(trace_top(), false);
	read_text(page);
	read_raw((struct ring_buffer_page *)page);
	trace_set_on(trace_top(), true);
	free_page(page);
}

static void measure_function(void)
{
	set_tracer("function");
	bench_sample("call.function_ring");
	measure_bytes("mem.function_event");
	measure_reading();
	trace_set_on(trace_top(), false);
	bench_sample("call.function_tracing_off");
	trace_set_on(trace_top(), true);
	bench_attach(&extra, (unsigned long)bench_target, 0);
	bench_sample("call.function_ring_ops1");
	bench_detach(&extra);
}

static void measure_graph(void)
{
	set_tracer("function_graph");
	bench_sample("call.graph_ring");
	measure_bytes("mem.graph_call");
	trace_set_on(trace_top(), false);
	bench_sample("call.graph_tracing_off");
	trace_set_on(trace_top(), true);
}

void bench_tracers(void)
{
	struct ftrace_ops *ops = &trace_top()->ops;

	bench_ok("trace_clock", trace_set_clock(trace_top(), "local"));
	bench_ok(TARGET, ftrace_set_filter(ops, TARGET, strlen(TARGET), 1));
	measure_function();
	measure_graph();
	set_tracer("nop");
	bench_ok("no filter", ftrace_set_filter(ops, NULL, 0, 1));
}
