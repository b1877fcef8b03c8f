// SPDX-License-Identifier: MIT
/*
 * probe_events.c - rows probe.*: what an event made of a probe costs above the
 * probe alone, and what each dereference costs.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/event/trace_event_file.h"
#include "trace/probes/kprobe.h"
#include "trace/probes/probe_event.h"
#include "trace/trace.h"

static struct probe_line line;

__no_fp static notrace int empty_pre(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

static int write_line(const char *text)
{
	return probe_line_cut(&line, text, strlen(text)) ?:
		       probe_event_line(&line, PROBE_FAMILY_ANY);
}

static int enable(bool on)
{
	const struct trace_event *event = trace_event_by_name("bench", "row");
	int err = event ? 0 : -ENOENT;

	event_session_begin();
	if (!err)
		err = trace_event_enable_disable(
			trace_event_file_find(trace_top(), event), on);
	event_session_end();
	return err;
}

/* A hundred calls of bench_target with this event recorded. */
static u64 calls_with(const char *row, const char *definition)
{
	u64 ticks;

	if (!bench_ok(definition, write_line(definition)) ||
	    !bench_ok(row, enable(true)))
		return 0;
	ticks = bench_measure(BENCH_CALL_LOOP("bench_target"));
	bench_ok(row, enable(false));
	bench_ok(row, write_line("-:bench/row"));
	return ticks;
}

/* The same with a probe that does nothing, at the site or behind it. */
static u64 calls_with_probe(const char *row, unsigned int offset)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)bench_target,
			    .offset = offset,
			    .pre_handler = empty_pre };
	u64 ticks;

	if (!bench_ok(row, register_kprobe(&p)))
		return 0;
	ticks = bench_measure(BENCH_CALL_LOOP("bench_target"));
	unregister_kprobe(&p);
	return ticks;
}

static void difference(const char *row, u64 more, u64 less)
{
	bench_row(row, (more - less) * 100 / BENCH_CALLS, "insn");
}

void bench_probe_events(void)
{
	u64 bare = calls_with_probe("probe.two_args", 0);
	u64 two = calls_with("probe.two_args", "p:bench/row bench_target "
					       "%di %si");
	u64 one = calls_with("probe.deref", "p:bench/row bench_target $stack");
	u64 deref = calls_with("probe.deref",
			       "p:bench/row bench_target +0($stack)");
	u64 deref2 = calls_with("probe.deref_twice",
				"p:bench/row bench_target +0(+8($stack))");
	u64 text = calls_with("probe.string", "p:bench/row bench_target $comm");
	u64 none = calls_with("probe.string", "p:bench/row bench_target");

	difference("probe.two_args", two, bare);
	difference("probe.deref", deref, one);
	difference("probe.deref_twice", deref2, deref);
	difference("probe.string", text, none);
	bare = calls_with_probe("probe.int3_two_args", MCOUNT_INSN_SIZE);
	two = calls_with("probe.int3_two_args",
			 "p:bench/row bench_target+5 %di %si");
	difference("probe.int3_two_args", two, bare);
}
