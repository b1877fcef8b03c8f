// SPDX-License-Identifier: MIT
/*
 * patch.c - rows patch.*: what a request costs, in the kernel as it is.
 * (sites.c has the rows that need more functions than it has.)
 */
#include "tests/bench/kernel/bench.h"
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

	bench_echo(name, "current_tracer");
	return bench_busy() - start;
}

/* The sites are measured, not the events that are written. */
static void measure_everything(const char *tracer, u64 *enable, u64 *disable)
{
	bench_echo("0", "tracing_on");
	*enable = *disable = ~0ULL;
	for (int i = 0; i < REPEATS; i++) {
		*enable = min(*enable, switch_tracer(tracer));
		*disable = min(*disable, switch_tracer("nop"));
	}
	bench_echo("1", "tracing_on");
}

static void measure_filter(const char *row, const char *pattern)
{
	u64 start = bench_busy();

	bench_echo(pattern, "set_ftrace_filter");
	bench_row(row, (bench_busy() - start) * 100 / ftrace_rec_count(),
		  "insn");
	bench_echo("", "set_ftrace_filter");
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

u64 bench_wall_per_site(void)
{
	u64 least = ~0ULL;

	bench_echo("0", "tracing_on");
	for (int i = 0; i < BENCH_SAMPLES; i++) {
		u64 start = rdtsc();

		bench_echo("function", "current_tracer");
		least = min(least, rdtsc() - start);
		bench_echo("nop", "current_tracer");
	}
	bench_echo("1", "tracing_on");
	return tsc_to_ns(least) / 10 / ftrace_rec_count();
}

void bench_wall(void)
{
	bench_row("patch.enable_all.us_per_site", bench_wall_per_site(), "us");
}
