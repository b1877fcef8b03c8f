// SPDX-License-Identifier: MIT
/*
 * memory.c - rows mem.site_record and mem.trampoline*: what is kept per site
 * and what an ops takes of the executable pool.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/slab.h"
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

/* An object that comes and goes alone: nothing else has this size. */
static void measure_kmalloc(void)
{
	enum { N = 1000, SIZE = 1536 };
	u64 start = bench_busy();

	for (int i = 0; i < N; i++)
		kfree(kmalloc(SIZE));
	bench_row("mem.kmalloc_pair", (bench_busy() - start) * 100 / N, "insn");
}

void bench_memory(void)
{
	measure_kmalloc();
	/* The records are an array, and all that is kept per site. */
	bench_row(
		"mem.site_record",
		((unsigned long)ftrace_rec(1) - (unsigned long)ftrace_rec(0)) *
			100,
		"B");
	measure_trampoline("mem.trampoline", 0);
	measure_trampoline("mem.trampoline_regs", FTRACE_OPS_FL_SAVE_REGS);
}
