// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * main.c - /proc/nop5bench: a command per write, all rows on read
 *
 * Owns: the text of the results and the clock. measure.c (user space) writes
 * commands; "mark" and "since ROW DIVISOR" measure what user space does in
 * between, such as a write to a tracefs file.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/tick.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "nop5bench.h"

#define RESULT_BYTES 65536

static char *results;
static size_t results_len;
static u64 mark;
static u64 mark_cost;

__printf(1, 2) static void emit(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	results_len += vscnprintf(results + results_len,
				  RESULT_BYTES - results_len, fmt, args);
	va_end(args);
}

void bench_row(const char *row, u64 hundredths, const char *unit)
{
	u32 rest;
	u64 whole = div_u64_rem(hundredths, 100, &rest);

	if (rest)
		emit("BENCH\t%s\t%llu.%02u\t%s\n", row, whole, rest, unit);
	else
		emit("BENCH\t%s\t%llu\t%s\n", row, whole, unit);
}

void bench_fail(const char *what, long value)
{
	emit("FAIL\t%s\t%ld\n", what, value);
}

u64 bench_busy_ticks(void)
{
	u64 idle = get_cpu_idle_time_us(smp_processor_id(), NULL);

	if (idle == (u64)-1)
		idle = 0;
	return rdtsc() - div_u64(idle * tsc_khz, 1000);
}

/* "since ROW DIVISOR": ticks since the mark, per DIVISOR things. */
static void since(char *text)
{
	u64 ticks = bench_busy_ticks() - mark - mark_cost;
	char *row = strsep(&text, " ");
	u64 divisor;

	if (!text || kstrtou64(text, 10, &divisor) || !divisor) {
		bench_fail("since needs a divisor", 0);
		return;
	}
	if (!strcmp(row, "cost"))
		mark_cost = ticks;
	else
		bench_row(row, div64_u64(ticks * 100, divisor), "insn");
}

/* As `since`, by the wall clock; the tick is the host's under plain TCG. */
static void wall(char *text)
{
	u64 ticks = rdtsc() - mark;
	char *row = strsep(&text, " ");
	u64 divisor;

	if (!text || kstrtou64(text, 10, &divisor) || !divisor) {
		bench_fail("wall needs a divisor", 0);
		return;
	}
	bench_row(row, div64_u64(div64_u64(ticks * 100000, tsc_khz), divisor),
		  "us");
}

static void add_sites(char *text)
{
	char *word;

	while ((word = strsep(&text, " "))) {
		unsigned long ip;

		if (!*word)
			continue;
		if (kstrtoul(word, 16, &ip) || bench_add_site(ip))
			bench_fail("site", ip);
	}
}

static void call_target(void)
{
	int i;

	for (i = 0; i < BENCH_CALLS; i++)
		bench_target();
}

/* Return: false: it is none of these. */
static bool event_command(const char *verb, const char *text)
{
	if (!strcmp(verb, "event"))
		bench_event(text);
	else if (!strcmp(verb, "keys"))
		bench_keys();
	else
		return false;
	return true;
}

static void command(char *text)
{
	char *verb = strsep(&text, " ");

	if (!strcmp(verb, "mark"))
		mark = bench_busy_ticks();
	else if (!strcmp(verb, "markwall"))
		mark = rdtsc();
	else if (!strcmp(verb, "since"))
		since(text);
	else if (!strcmp(verb, "wall"))
		wall(text);
	else if (!strcmp(verb, "calibrate"))
		bench_calibrate();
	else if (!strcmp(verb, "sample"))
		bench_sample(text);
	else if (!strcmp(verb, "calls"))
		bench_calls();
	else if (!strcmp(verb, "attach"))
		bench_attach();
	else if (!strcmp(verb, "detach"))
		bench_detach();
	else if (!strcmp(verb, "irrelevant"))
		bench_irrelevant();
	else if (!strcmp(verb, "call"))
		call_target();
	else if (!strcmp(verb, "sites"))
		add_sites(text);
	else if (!strcmp(verb, "rounds"))
		bench_rounds();
	else if (!strcmp(verb, "exchange"))
		bench_exchange();
	else if (!strcmp(verb, "one"))
		bench_one();
	else if (!strcmp(verb, "trampolines"))
		bench_trampolines(!strcmp(text, "regs"));
	else if (!strcmp(verb, "smp"))
		bench_smp(text);
	else if (!event_command(verb, text))
		bench_fail(verb, -EINVAL);
}

static ssize_t bench_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	char *text;

	if (len > PAGE_SIZE)
		return -E2BIG;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	command(strim(text));
	kfree(text);
	return len;
}

static ssize_t bench_read(struct file *file, char __user *buf, size_t len,
			  loff_t *pos)
{
	return simple_read_from_buffer(buf, len, pos, results, results_len);
}

static const struct proc_ops bench_proc_ops = {
	.proc_read = bench_read,
	.proc_write = bench_write,
};

static int __init bench_init(void)
{
	results = kvmalloc(RESULT_BYTES, GFP_KERNEL);
	if (!results)
		return -ENOMEM;
	if (!proc_create("nop5bench", 0600, NULL, &bench_proc_ops))
		return -ENOMEM;
	return 0;
}

module_init(bench_init);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Measures ftrace for the table ours | Linux | ratio");
