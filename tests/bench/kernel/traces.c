// SPDX-License-Identifier: MIT
/*
 * traces.c - rows of several traces: what a snapshot costs, and another trace;
 * and of latency tracers that are off.
 */
#include "tests/bench/kernel/bench.h"
#include "trace/control/tracefs.h"
#include "trace/trace_snapshot.h"
#include <asm/irqflags.h>

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

/* The same with and without what tells the latency tracers. */
void bench_irqs(void);
void bench_irqs(void)
{
	local_irq_disable();
	local_irq_enable();
}

void bench_irqs_unseen(void);
void bench_irqs_unseen(void)
{
	arch_irq_disable();
	arch_irq_enable();
}

static void measure_latency(void)
{
	u64 seen = bench_measure(BENCH_CALL_LOOP("bench_irqs"));
	u64 unseen = bench_measure(BENCH_CALL_LOOP("bench_irqs_unseen"));

	bench_row("latency.off", BENCH_PER_CALL(seen) - BENCH_PER_CALL(unseen),
		  "insn");
}

static void measure_instances(void)
{
	u64 start = bench_busy();

	bench_ok("mkdir", tracefs_mkdir("instances/bench"));
	bench_row("trace.create", (bench_busy() - start) * 100, "insn");
	bench_echo("bench_target", "set_ftrace_filter");
	bench_echo("function", "current_tracer");
	bench_echo("bench_target", "instances/bench/set_ftrace_filter");
	bench_echo("function", "instances/bench/current_tracer");
	bench_sample("call.function_ring_two");
	bench_echo("nop", "current_tracer");
	bench_sample("call.function_ring_other");
	bench_echo("", "set_ftrace_filter");
	start = bench_busy();
	bench_ok("rmdir", tracefs_rmdir("instances/bench"));
	bench_row("trace.remove", (bench_busy() - start) * 100, "insn");
}

static void measure_profile(void)
{
	bench_echo("bench_target", "set_ftrace_filter");
	bench_echo("noprofile-time", "trace_options");
	bench_echo("1", "function_profile_enabled");
	bench_sample("call.profile_hits");
	bench_echo("0", "function_profile_enabled");
	bench_echo("profile-time", "trace_options");
	bench_echo("1", "function_profile_enabled");
	bench_sample("call.profile_time");
	bench_echo("0", "function_profile_enabled");
	bench_echo("", "set_ftrace_filter");
}

#define CONSUMERS 200

/*
 * How far the n-th consumer of one function costs more than twice the second,
 * per n: the worst of them, in hundredths. 0: none costs more.
 */
static u64 worst_of(const u64 *cost)
{
	u64 worst = 0;

	for (unsigned int n = 3; n <= CONSUMERS; n++)
		if (cost[n] > 2 * cost[2])
			worst = max(worst, (cost[n] - 2 * cost[2]) * 100 / n);
	return worst;
}

static void measure_consumers(void)
{
	static struct ftrace_ops ops[CONSUMERS + 1];
	static u64 cost[CONSUMERS + 1];
	u64 start;

	for (unsigned int n = 1; n <= CONSUMERS; n++) {
		ops[n] = (struct ftrace_ops){ .func = bench_callback };
		bench_ok("filter",
			 ftrace_set_filter_ip(
				 &ops[n], (unsigned long)bench_target, 0, 0));
		start = bench_busy();
		bench_ok("register", register_ftrace_function(&ops[n]));
		cost[n] = bench_busy() - start;
	}
	bench_row("consumers.register", worst_of(cost), "insn");
	bench_row(
		"consumers.call",
		BENCH_PER_CALL(bench_measure(BENCH_CALL_LOOP("bench_target"))) /
			CONSUMERS,
		"insn");
	for (unsigned int n = CONSUMERS; n; n--)
		bench_detach(&ops[n]);
}

void bench_traces(void)
{
	measure_consumers();
	measure_profile();
	measure_snapshot();
	measure_latency();
	measure_instances();
}
