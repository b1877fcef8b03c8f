// SPDX-License-Identifier: MIT
/*
 * bench.c - runs a part of the benchmarks and prints its rows.
 *
 * Owns: the format of a row, the clock that leaves idle time out, and the
 * self-check: before anything is measured, loops of known length must come
 * out exactly. Only where instructions are counted (-icount) do they.
 */
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mode.h"
#include "kernel/sched_internal.h"
#include "tests/bench/kernel/bench.h"
#include "trace/control/tracefs.h"

u64 bench_overhead;
static bool failed;

void bench_row(const char *row, u64 hundredths, const char *unit)
{
	unsigned int rest = hundredths % 100;

	if (rest)
		printk_plain("BENCH\t%s\t%llu.%02u\t%s", row, hundredths / 100,
			     rest, unit);
	else
		printk_plain("BENCH\t%s\t%llu\t%s", row, hundredths / 100,
			     unit);
}

bool bench_ok(const char *what, long err)
{
	if (err >= 0)
		return true;
	printk_plain("FAIL\t%s\t%ld", what, err);
	failed = true;
	return false;
}

u64 bench_busy(void)
{
	u64 idle_ns = this_cpu_ptr(&run_queue)->idle->exec_ns;

	return rdtsc() - idle_ns / 1000000000 * tsc_hz -
	       idle_ns % 1000000000 * tsc_hz / 1000000000;
}

void bench_echo(const char *text, const char *name)
{
	struct tracefs_file *file;
	size_t len = strlen(text);

	if (!bench_ok(name,
		      tracefs_open(name, TRACEFS_WRITE | TRACEFS_TRUNC, &file)))
		return;
	if (len)
		bench_ok(text, tracefs_write(file, text, len));
	bench_ok(name, tracefs_close(file));
}

void bench_cat(const char *name)
{
	static char buf[65536];
	struct tracefs_file *file;

	if (!bench_ok(name, tracefs_open(name, TRACEFS_READ | TRACEFS_NONBLOCK,
					 &file)))
		return;
	while (tracefs_read(file, buf, sizeof(buf)) > 0)
		;
	bench_ok(name, tracefs_close(file));
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

u64 bench_median(u64 *samples, size_t n)
{
	sort(samples, n, sizeof(*samples), compare);
	return samples[n / 2];
}

#define CALIBRATE(name, instructions, body)                                   \
	do {                                                                  \
		u64 ticks_ = bench_measure(body);                             \
                                                                              \
		bench_row("calib." name, ticks_ * 100, "insn");               \
		bench_ok("calib." name, ticks_ == (instructions) ? 0 : -EIO); \
	} while (0);

void bench_calibrate(void)
{
	bench_overhead = bench_measure("");
	BENCH_CALIBRATION(CALIBRATE)
}

static void bench_count(void)
{
	bench_calibrate();
	bench_calls();
	bench_probes();
	bench_tracers();
	bench_events();
	bench_probe_events();
	bench_traces();
	bench_memory();
	bench_patch();
	bench_work();
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "count", bench_count }, { "lists", bench_lists },
	{ "sites", bench_sites }, { "wall", bench_wall },
	{ "smp", bench_smp },	  { "scale", bench_scale },
};

static const char *part_name(size_t nr)
{
	return nr < ARRAY_SIZE(parts) ? parts[nr].name : NULL;
}

CMDLINE_CHOICE(bench, "PART", part_name, "what to measure, for mode=bench");

/*
 * Measures what bench= names, "count" if nothing.
 * Return: 0; -EIO a step failed (printed as a line "FAIL...").
 */
static int bench_main(void)
{
	char name[16] = "count";
	size_t i = 0;

	cmdline_get("bench", name, sizeof(name));
	while (strcmp(parts[i].name,
		      name)) /* the command line's check found it */
		i++;
	parts[i].run();
	printk_plain(failed ? "FAILED" : "DONE");
	return failed ? -EIO : 0;
}

KERNEL_MODE(bench, bench_main, "count instructions, one part at a time");
