// SPDX-License-Identifier: MIT
/*
 * events.c - rows event.*: a function that is nothing but a tracepoint with two
 * fields, its event disabled and enabled.
 */
#include "kernel/lib/errno.h"
#include "tests/bench/kernel/bench.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

static void enable(bool on)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_two");
	struct trace_event_file *file;

	event_session_begin();
	file = trace_event_file_find(trace_top(), event);
	bench_ok("testing_two", trace_event_enable_disable(file, on));
	event_session_end();
}

void bench_events(void)
{
	u64 none, off, on;

	none = bench_measure(BENCH_CALL_LOOP("tp_call_none"));
	off = bench_measure(BENCH_CALL_LOOP("tp_call_two"));
	enable(true);
	on = bench_measure(BENCH_CALL_LOOP("tp_call_two"));
	enable(false);
	bench_row("event.disabled", (off - none) * 100 / BENCH_CALLS, "insn");
	bench_row("event.enabled", (on - off) * 100 / BENCH_CALLS, "insn");
}
