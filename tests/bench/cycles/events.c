// SPDX-License-Identifier: MIT
/*
 * events.c - rows event.* and hist.*: what the probe of an event costs, without
 * the tracepoint's branch in front of it.
 */
#include "tests/bench/cycles/cycles.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/event_filter.h"
#include "trace/event/event_hist.h"
#include "trace/event/event_trigger.h"
#include "trace/trace_internal.h"

static struct trace_event_file file = { .tr = &trace_top_array };

/* mov rdi, data; mov esi, 7; mov edx, 9; jmp probe */
static code_t make_call(void *probe, void *data)
{
	static const u8 text[] = { 0x48, 0xbf, 0, 0,	0, 0, 0,
				   0,	 0,    0, 0xbe, 7, 0, 0,
				   0,	 0xba, 9, 0,	0, 0, 0xe9 };
	u8 *at = code;
	s32 rel = (long)probe - (long)(at + sizeof(text) + 4);

	memcpy(at, text, sizeof(text));
	memcpy(at + 2, &data, sizeof(data));
	memcpy(at + sizeof(text), &rel, sizeof(rel));
	code += 64;
	return (code_t)at;
}

/* The row, with so many events a call. */
static void event_row(const char *name, unsigned int per_call)
{
	u64 before = events();

	row(name, make_call(file.event->probe, &file));
	must(name, events() - before - (u64)per_call * CALLS * STRETCHES);
}

static void filter_row(const char *name, const char *text, unsigned int keeps)
{
	struct filter_error error;
	struct event_filter *filter =
		event_filter_create(file.event, text, &error);

	must(text, IS_ERR(filter) ? PTR_ERR(filter) : 0);
	file.filter = filter;
	file.flags |= EVENT_FILE_FILTERED;
	event_row(name, keeps);
	file.flags &= ~EVENT_FILE_FILTERED;
	file.filter = NULL;
}

static void trigger_row(const char *name, const char *text)
{
	struct event_trigger_spec spec = { .kind = TRIGGER_TRACEON,
					   .count = EVENT_TRIGGER_UNLIMITED };
	struct filter_error error;

	spec.filter = event_filter_create(file.event, text, &error);
	must(text, IS_ERR(spec.filter) ? PTR_ERR(spec.filter) : 0);
	must(name, event_trigger_add(&file, &spec));
	event_row(name, 0);
	event_trigger_remove(&file, &spec);
}

static void hist_row(const char *name, const char *text)
{
	struct event_trigger_spec spec = { .kind = TRIGGER_HIST,
					   .count = EVENT_TRIGGER_UNLIMITED };
	struct hist_error error;
	struct hist_spec hist;

	must(text, hist_parse(file.event, text, &hist, &error));
	spec.hist = event_hist_create(&file, &hist);
	must(name, spec.hist ? event_hist_start(spec.hist) : -ENOMEM);
	must(name, event_trigger_add(&file, &spec));
	event_row(name, 0);
	event_triggers_remove_hists(&file);
}

static struct trace_event *find_event(void)
{
	const struct trace_event *const *at;

	for_each_entry(at, tracepoint_events) if (
		!strcmp((*at)->name,
			"testing_two")) return (struct trace_event *)*at;
	leave("the event testing_two is not linked\n");
}

static void run(void)
{
	trace_top_array.on = 1;
	preempt_disable_notrace(); /* as a tracepoint has it */
	file.event = find_event();
	must("event", trace_event_register(file.event));
	file.id = file.event->id;
	file.flags = EVENT_FILE_ENABLED;
	event_row("event.enabled", 1);
	filter_row("event.filter_rejects", "number < 0", 0);
	filter_row("event.filter_rejects_common", "common_pid < -5", 0);
	filter_row("event.filter_accepts",
		   "number >= 0 && value >= 0 && value != 5", 1);
	file.flags = EVENT_FILE_SOFT_DISABLED | EVENT_FILE_SOFT_MODE;
	trigger_row("event.trigger_rejects", "number < 0");
	hist_row("hist.one_key", "keys=number");
	hist_row("hist.three_keys", "keys=number,value,common_pid:vals=value");
	preempt_enable_notrace();
}

static const struct cycle_group event_rows = { run };
TABLE_ENTRY(cycle_groups, 30, event_rows);
