// SPDX-License-Identifier: MIT
/*
 * patch.c - rows patch.*: what a request costs, in the kernel as it is.
 * (sites.c has the rows that need more functions than it has.)
 */
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/trace.h"
#include <asm/tsc.h>

#define REPEATS 3

/* The least of REPEATS of both. */
static void measure_one(void)
{
	static struct ftrace_ops ops = { .func = bench_callback };
	u64 enable = ~0ULL, disable = ~0ULL;

	bench_ok("filter",
		 ftrace_set_filter_ip(&ops, (unsigned long)bench_target, 0, 0));
	for (int i = 0; i < REPEATS; i++) {
		u64 start = bench_busy();

		bench_ok("register", register_ftrace_function(&ops));
		enable = min(enable, bench_busy() - start);
		start = bench_busy();
		bench_ok("unregister", unregister_ftrace_function(&ops));
		disable = min(disable, bench_busy() - start);
	}
	bench_row("patch.enable_one", enable * 100, "insn");
	bench_row("patch.disable_one", disable * 100, "insn");
}

/* Ticks to make the tracer current. */
static u64 switch_tracer(const char *name)
{
	u64 start = bench_busy();

	bench_ok(name, trace_set_tracer(trace_top(), name));
	return bench_busy() - start;
}

/* What is written meanwhile is not asked for; the sites are. */
static void measure_everything(const char *tracer, u64 *enable, u64 *disable)
{
	trace_set_on(trace_top(), false);
	*enable = *disable = ~0ULL;
	for (int i = 0; i < REPEATS; i++) {
		*enable = min(*enable, switch_tracer(tracer));
		*disable = min(*disable, switch_tracer("nop"));
	}
	trace_set_on(trace_top(), true);
}

static void measure_filter(const char *row, const char *pattern)
{
	struct ftrace_ops *ops = &trace_top()->ops;
	u64 start = bench_busy();

	bench_ok(pattern, ftrace_set_filter(ops, pattern, strlen(pattern), 1));
	bench_row(row, (bench_busy() - start) * 100 / ftrace_rec_count(),
		  "insn");
	bench_ok("no filter", ftrace_set_filter(ops, NULL, 0, 1));
}

void bench_patch(void)
{
	size_t sites = ftrace_rec_count();
	u64 enable, disable;

	measure_one();
	measure_everything("function", &enable, &disable);
	bench_row("patch.enable_all.per_site", enable * 100 / sites, "insn");
	bench_row("patch.disable_all.per_site", disable * 100 / sites, "insn");
	measure_everything("function_graph", &enable, &disable);
	bench_row("patch.enable_all_graph.per_site", enable * 100 / sites,
		  "insn");
	measure_filter("patch.filter_exact", "schedule");
	measure_filter("patch.filter_glob_middle", "*lock*");
}

void bench_wall(void)
{
	u64 samples[BENCH_SAMPLES];

	trace_set_on(trace_top(), false);
	for (int i = 0; i < BENCH_SAMPLES; i++) {
		u64 start = rdtsc();

		bench_ok("function", trace_set_tracer(trace_top(), "function"));
		samples[i] = rdtsc() - start;
		bench_ok("nop", trace_set_tracer(trace_top(), "nop"));
	}
	trace_set_on(trace_top(), true);
	bench_row("patch.enable_all.us_per_site",
		  tsc_to_ns(bench_median(samples, BENCH_SAMPLES)) / 10 /
			  ftrace_rec_count(),
		  "us");
}
