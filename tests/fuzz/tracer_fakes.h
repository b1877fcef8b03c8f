/* SPDX-License-Identifier: MIT */
/*
 * Two tracers, the sets of the graph, and the stack tracer, for fuzz targets of
 * the files of tracers. No trace is read or written.
 */
#pragma once

#include "kernel/lib/string.h"
#include "tests/fuzz/control_fakes.h"
#include "trace/core/ftrace.h"
#include "trace/tracers/function_graph.h"
#include "trace/tracers/stack.h"

static struct ftrace_ops stack_ops;
static struct ftrace_hash *graph_sets[2];
static unsigned long max_size;
static unsigned int max_depth;
static bool stack_on;

static const struct tracer function_tracer = { .name = "function" };
static const struct tracer graph_tracer = { .name = "function_graph" };
TABLE_ENTRY(tracers, 10, graph_tracer);
TABLE_ENTRY(tracers, 20, function_tracer);

struct ftrace_ops *stack_tracer_ops(void)
{
	return &stack_ops;
}

int stack_tracer_set(bool on)
{
	stack_on = on;
	return 0;
}

bool stack_tracer_on(void)
{
	return stack_on;
}

unsigned long stack_max_size(void)
{
	return max_size;
}

void stack_set_max_size(unsigned long bytes)
{
	max_size = bytes;
}

unsigned int trace_graph_depth(struct trace_array *tr)
{
	return max_depth;
}

void trace_set_graph_depth(struct trace_array *tr, unsigned int depth)
{
	max_depth = depth;
}

int trace_graph_hash_get(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash **copy)
{
	const struct ftrace_hash *set = graph_sets[notrace_set];

	*copy = set ? ftrace_hash_begin(set) : NULL;
	return 0;
}

int trace_graph_hash_set(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash *hash)
{
	ftrace_hash_free(graph_sets[notrace_set]);
	graph_sets[notrace_set] = hash;
	return 0;
}

SUCCESS(ring_buffer_resize, struct ring_buffer *buffer,
	const u32 pages[NR_CPUS])

NOTHING(stack_trace_show, struct trace_seq *s)
NOTHING(trace_saved_cmdlines_show, struct trace_seq *s)
NOTHING(trace_close, struct trace_iterator *iter)
NOTHING(trace_use, struct trace_array *tr)
NOTHING(trace_unuse, struct trace_array *tr)
NOTHING(event_triggers_drop, struct trace_event_file *file)
NOTHING(event_triggers_drop_all, struct trace_array *tr)
NOTHING(event_triggers_settled, void)

unsigned long kallsyms_lookup_name(const char *name)
{
	return 0;
}

static unsigned int cmdlines_size = 256;

unsigned int trace_saved_cmdlines_size(void)
{
	return cmdlines_size;
}

int trace_set_saved_cmdlines_size(unsigned int n)
{
	BUG_ON(!n || n > TRACE_CMDLINES_MAX);
	cmdlines_size = n;
	return 0;
}

NEVER(bool, trace_readable, struct trace_iterator *iter)
NEVER(bool, trace_readable_raw, struct trace_array *tr, unsigned int cpu)
NEVER(struct trace_iterator *, trace_open, struct trace_array *tr,
      unsigned int cpu)
NEVER(struct trace_iterator *, trace_pipe_open, struct trace_array *tr,
      unsigned int cpu)
NEVER(ssize_t, trace_read, struct trace_iterator *iter, char *buf, size_t len)
NEVER(ssize_t, trace_read_raw, struct trace_array *tr, unsigned int cpu,
      struct ring_buffer_page *page, bool full)
NEVER(ssize_t, trace_marker_write, struct trace_array *tr, const char *text,
      size_t len)
NEVER(void, sleep_ns, u64 ns)
