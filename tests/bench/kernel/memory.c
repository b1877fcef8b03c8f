// SPDX-License-Identifier: MIT
/*
 * memory.c - rows mem.site_record and mem.trampoline*: what is kept per site
 * and what an ops takes of the executable pool.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "tests/bench/kernel/bench.h"

#define OPS 10

static void measure_trampoline(const char *row, unsigned long flags)
{
	static struct ftrace_ops ops[OPS];
	size_t before = exec_pool_free_bytes();

	for (int i = 0; i < OPS; i++)
		bench_attach(&ops[i], bench_others[i], flags);
	bench_row(row, (before - exec_pool_free_bytes()) * 100 / OPS, "B");
	for (int i = 0; i < OPS; i++)
		bench_detach(&ops[i]);
}

void bench_memory(void)
{
	/* The records are an array, and all that is kept per site. */
	bench_row(
		"mem.site_record",
		((unsigned long)ftrace_rec(1) - (unsigned long)ftrace_rec(0)) *
			100,
		"B");
	measure_trampoline("mem.trampoline", 0);
	measure_trampoline("mem.trampoline_regs", FTRACE_OPS_FL_SAVE_REGS);
}
