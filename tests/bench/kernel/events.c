// SPDX-License-Identifier: MIT
/*
 * events.c - rows event.*: a function that is nothing but a tracepoint with two
 * fields, its event disabled and enabled; command.site: a function command;
 * hist.*: a histogram.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/event/event_filter.h"
#include "trace/event/event_hist.h"
#include "trace/event/event_trigger.h"
#include "trace/event/func_command.h"
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

/* Set this filter; NULL: none. */
static void set_filter(const char *text)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_two");
	struct event_filter *filter = NULL, *old;
	struct filter_error error;

	if (text)
		filter = event_filter_create(event, text, &error);
	bench_ok(text, IS_ERR(filter) ? PTR_ERR(filter) : 0);
	event_session_begin();
	old = trace_event_set_filter(trace_event_file_find(trace_top(), event),
				     filter);
	event_session_end();
	if (old)
		old->free(old);
}

/* What the enabled event with this filter costs above the disabled one. */
static void filter_row(const char *row, const char *text, u64 off)
{
	set_filter(text);
	bench_row(row,
		  (bench_measure(BENCH_CALL_LOOP("tp_call_two")) - off) * 100 /
			  BENCH_CALLS,
		  "insn");
	set_filter(NULL);
}

/* A trigger that never acts, on the event, which is not enabled. */
static void trigger_row(const char *row, const char *text, u64 off)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_two");
	struct event_trigger_spec spec = { .kind = TRIGGER_TRACEON,
					   .count = EVENT_TRIGGER_UNLIMITED };
	struct trace_event_file *file;
	struct filter_error error;

	spec.filter = event_filter_create(event, text, &error);
	bench_ok(text, IS_ERR(spec.filter) ? PTR_ERR(spec.filter) : 0);
	event_session_begin();
	file = trace_event_file_find(trace_top(), event);
	bench_ok(row, event_trigger_add(file, &spec));
	event_session_end();
	bench_row(row,
		  (bench_measure(BENCH_CALL_LOOP("tp_call_two")) - off) * 100 /
			  BENCH_CALLS,
		  "insn");
	event_session_begin();
	event_trigger_remove(file, &spec);
	event_session_end();
}

/* The same key each time: a call alone leaves anything in the registers. */
#define HIST_LOOP                                                    \
	BENCH_LOOP(BENCH_CALLS, "mov $7, %%edi\n\tmov $9, %%esi\n\t" \
				"call tp_call_two\n\t")

/* A histogram of the event, which is not enabled. */
static void hist_row(const char *row, const char *text)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_two");
	struct event_trigger_spec spec = { .kind = TRIGGER_HIST,
					   .count = EVENT_TRIGGER_UNLIMITED };
	struct trace_event_file *file;
	struct hist_error error;
	struct hist_spec hist;
	u64 off = bench_measure(HIST_LOOP);

	bench_ok(text, hist_parse(event, text, &hist, &error));
	event_session_begin();
	file = trace_event_file_find(trace_top(), event);
	spec.hist = event_hist_create(file, &hist);
	bench_ok(row, spec.hist ? event_hist_start(spec.hist) : -ENOMEM);
	bench_ok(row, event_trigger_add(file, &spec));
	event_session_end();
	bench_row(row, (bench_measure(HIST_LOOP) - off) * 100 / BENCH_CALLS,
		  "insn");
	event_session_begin();
	event_triggers_remove_hists(file);
	event_session_end();
}

/* A command that finds nothing to do: the trace is on. */
static void command_row(void)
{
	struct func_command_spec spec = { .kind = TRIGGER_TRACEON };
	struct ftrace_hash *hash = ftrace_hash_begin(NULL);
	u64 off = bench_measure(BENCH_CALL_LOOP("bench_target"));

	bench_ok("bench_target", ftrace_hash_edit(&hash, "bench_target",
						  strlen("bench_target")));
	event_session_begin();
	bench_ok("command.site", func_command_add(trace_top(), &spec, hash));
	event_session_end();
	bench_row("command.site",
		  (bench_measure(BENCH_CALL_LOOP("bench_target")) - off) * 100 /
			  BENCH_CALLS,
		  "insn");
	event_session_begin();
	bench_ok("command.site", func_command_remove(trace_top(), &spec, NULL));
	event_session_end();
	ftrace_hash_free(hash);
}

void bench_events(void)
{
	u64 none, off, on;

	none = bench_measure(BENCH_CALL_LOOP("tp_call_none"));
	off = bench_measure(BENCH_CALL_LOOP("tp_call_two"));
	enable(true);
	on = bench_measure(BENCH_CALL_LOOP("tp_call_two"));
	filter_row("event.filter_rejects", "number < 0", off);
	filter_row("event.filter_rejects_common", "common_pid < -5", off);
	filter_row("event.filter_accepts",
		   "number >= 0 && value >= 0 && value != 5", off);
	enable(false);
	trigger_row("event.trigger_rejects", "number < 0", off);
	hist_row("hist.one_key", "keys=number");
	hist_row("hist.three_keys", "keys=number,value,common_pid:vals=value");
	command_row();
	bench_row("event.disabled", (off - none) * 100 / BENCH_CALLS, "insn");
	bench_row("event.enabled", (on - off) * 100 / BENCH_CALLS, "insn");
}
