// SPDX-License-Identifier: MIT
/*
 * Log lines: form, levels, and that no two mix, whatever prints: all CPUs at
 * once, NMIs in the middle of a line, a line printed from within the writing of
 * another.
 *
 * A tap on the console sees what is written and keeps it off the line, except
 * for a few lines of the interleaving test, which tests/test_ktest.py looks
 * for in the log.
 */
#include "kernel/base/console.h"
#include "kernel/console_write.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>

#define WAIT_MS	  20000
#define STAMP_LEN 15 /* "[    0.123456] " */

/* ---- the tap: what has been written since capture_start() ---------------- */

static char captured[4096];
static size_t captured_len;

static bool capture(const char *buf, size_t len)
{
	len = min(len, sizeof(captured) - 1 - captured_len);
	memcpy(captured + captured_len, buf, len);
	captured_len += len;
	captured[captured_len] = '\0';
	return true;
}

static void capture_start(void)
{
	captured_len = 0;
	captured[0] = '\0';
	console_set_tap(capture);
}

static void capture_stop(void)
{
	console_set_tap(NULL);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "[    0.123456] "; *us is the time it tells. */
static bool is_stamp(const char *s, u64 *us)
{
	u64 number = 0;
	int i;

	if (s[0] != '[' || s[6] != '.' || s[13] != ']' || s[14] != ' ')
		return false;
	for (i = 1; i < 13; i++) {
		if (i == 6 || (s[i] == ' ' && i < 5))
			continue;
		if (!is_digit(s[i]))
			return false;
		number = number * 10 + (s[i] - '0');
	}
	*us = number;
	return true;
}

/* ---- form ---------------------------------------------------------------- */

KTEST(printk, a_line_has_its_time_and_its_end)
{
	u64 before = ktime_ns() / 1000, us = 0;

	capture_start();
	pr_info("answer %d", 42);
	pr_info("with newline\n");
	capture_stop();
	EXPECT(is_stamp(captured, &us));
	EXPECT(us >= before && us <= ktime_ns() / 1000);
	EXPECT(str_has_prefix(captured + STAMP_LEN, "answer 42\n["));
	EXPECT(is_stamp(captured + STAMP_LEN + 10, &us));
	EXPECT(!strcmp(captured + 2 * STAMP_LEN + 10, "with newline\n"));
}

KTEST(printk, each_line_of_a_text_is_a_line)
{
	u64 us;

	capture_start();
	printk("one\ntwo\n\nfour\n");
	capture_stop();
	EXPECT(str_has_prefix(captured + STAMP_LEN, "one\n["));
	EXPECT(is_stamp(captured + STAMP_LEN + 4, &us));
	EXPECT(strstr(captured, "] two\n[") != NULL);
	EXPECT(strstr(captured, "] \n[") != NULL);
	EXPECT(strstr(captured, "] four\n") != NULL);
	EXPECT_EQ(captured_len, 4 * STAMP_LEN + 4 + 4 + 1 + 5);
}

KTEST(printk, a_long_line_is_cut)
{
	static char text[2 * PRINTK_LINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	capture_start();
	pr_info("%s", text);
	printk_plain("%s", text);
	capture_stop();
	EXPECT_EQ(strcspn(captured, "\n"), PRINTK_LINE_MAX - 1);
	EXPECT_EQ(captured_len, 2 * PRINTK_LINE_MAX);
}

KTEST(printk, plain_lines_are_plain)
{
	capture_start();
	printk_plain("1..%d", 7);
	capture_stop();
	EXPECT(!strcmp(captured, "1..7\n"));
}

KTEST(printk, levels)
{
	int level = console_loglevel;

	capture_start();
	console_loglevel = 7;
	pr_debug("no");
	pr_info("yes");
	console_loglevel = 4;
	pr_warn("no");
	pr_err("yes");
	console_loglevel = 8;
	pr_debug("yes");
	console_loglevel = level;
	capture_stop();
	EXPECT(!strstr(captured, "no"));
	EXPECT_EQ(captured_len, 3 * (STAMP_LEN + 4));
}

KTEST(printk, symbols_bytes_and_errors)
{
	static const u8 nop[5] = { 0x0f, 0x1f, 0x44, 0, 0 };

	capture_start();
	printk_plain("%ps|%pS|%5ph|%*ph|%pe", (void *)kthread_join,
		     (void *)((unsigned long)kthread_join + 5), nop, 2, nop,
		     ERR_PTR(-ENOMEM));
	capture_stop();
	EXPECT(str_has_prefix(captured, "kthread_join|kthread_join+0x5/0x"));
	EXPECT(strstr(captured, "|0f 1f 44 00 00|0f 1f|-ENOMEM\n") != NULL);
}

/* What is no log line may leave the console in the middle of a line. */
KTEST(printk, a_line_starts_at_the_left)
{
	capture_start();
	console_write("prompt> ", 8);
	printk_plain("line");
	console_write("whole\n", 6);
	printk_plain("line");
	capture_stop();
	EXPECT(!strcmp(captured, "prompt> line\nwhole\nline\n") ||
	       !strcmp(captured, "prompt> \nline\nwhole\nline\n"));
}

/* ---- where no lock can be had -------------------------------------------- */

static atomic_t nmi_lines; /* NMIs that have printed */

static bool print_in_nmi(struct pt_regs *regs)
{
	pr_info("nmi line %d", atomic_inc_return(&nmi_lines));
	return true;
}

static void nmi_to_self(void)
{
	int seen = atomic_read(&nmi_lines);

	send_nmi(smp_processor_id());
	while (atomic_read(&nmi_lines) == seen)
		cpu_relax();
}

/* PR2 */
KTEST(printk, an_nmi_in_the_middle_of_a_line_comes_after_it)
{
	unsigned long flags;

	ASSERT_EQ(nmi_handler_register(print_in_nmi), 0);
	atomic_set(&nmi_lines, 0);
	capture_start();
	if (EXPECT(console_lock(&flags))) {
		console_emit("first ", 6);
		nmi_to_self();
		nmi_to_self();
		console_emit("second\n", 7);
		console_unlock(flags);
	}
	pr_info("last"); /* or an earlier tick writes them */
	capture_stop();
	nmi_handler_unregister(print_in_nmi);
	EXPECT(str_has_prefix(captured, "first second\n["));
	EXPECT(strstr(captured, "] nmi line 1\n[") != NULL);
	EXPECT(strstr(captured, "] nmi line 2\n") != NULL);
	EXPECT(strstr(captured, "nmi line 1") < strstr(captured, "nmi line 2"));
}

KTEST(printk, the_tick_writes_what_was_kept)
{
	unsigned long flags;

	ASSERT_EQ(nmi_handler_register(print_in_nmi), 0);
	atomic_set(&nmi_lines, 0);
	capture_start();
	if (EXPECT(console_lock(&flags))) {
		nmi_to_self();
		console_unlock(flags);
	}
	wait_until(strstr(READ_ONCE(captured_len) ? captured : "", "line 1\n"),
		   WAIT_MS);
	capture_stop();
	nmi_handler_unregister(print_in_nmi);
}

/* More than can be kept: the loss is counted and told. */
KTEST(printk, lines_that_are_lost_are_counted)
{
	unsigned long flags, lost = printk_lost();
	char text[48];
	int i;

	ASSERT_EQ(nmi_handler_register(print_in_nmi), 0);
	atomic_set(&nmi_lines, 0);
	capture_start();
	if (EXPECT(console_lock(&flags))) {
		for (i = 0; i < 20; i++)
			nmi_to_self();
		console_unlock(flags);
	}
	pr_info("last");
	capture_stop();
	nmi_handler_unregister(print_in_nmi);
	EXPECT_EQ(printk_lost(), lost + 4);
	EXPECT(strstr(captured, "nmi line 16\n") != NULL);
	EXPECT(!strstr(captured, "nmi line 17\n"));
	snprintf(text, sizeof(text), "printk: %d lines were lost\n", 4);
	EXPECT(strstr(captured, text) != NULL);
}

/* A fault in the writing itself, say: prints while it holds the lock. */
static bool tap_has_printed;

static bool print_in_tap(const char *buf, size_t len)
{
	if (buf[0] == '[' && !tap_has_printed) {
		tap_has_printed = true;
		pr_info("from within");
	}
	return capture(buf, len);
}

KTEST(printk, a_line_from_within_the_writing_is_kept)
{
	captured_len = 0;
	tap_has_printed = false;
	console_set_tap(print_in_tap);
	pr_info("outer");
	pr_info("last");
	capture_stop();
	EXPECT(strstr(captured, "] outer\n[") <
	       strstr(captured, "from within"));
	EXPECT(strstr(captured, "] from within\n") != NULL);
}

/* ---- all at once --------------------------------------------------------- */

#define LINES	  300 /* of each CPU */
#define SHOWN	  4   /* of these, left for the host to see */
#define FILL	  "abcdefghijklmnopqrstuvwxyz0123456789"
#define LINE_FORM "interleave cpu %u line %u " FILL
#define NMI_FORM  "interleave nmi %u line %u " FILL

static struct interleave {
	u32 lines[NR_CPUS];	  /* [console lock] whole lines seen */
	u32 nmi_lines[NR_CPUS];	  /* [console lock] */
	u32 broken;		  /* [console lock] pieces that are no line */
	u32 writers, overlaps;	  /* [A] */
	u32 printed[NR_CPUS];	  /* [C] */
	u32 nmi_printed[NR_CPUS]; /* [C] */
	char first_broken[80];
} il;

/* Return: the number that follows, and where it ends. */
static const char *number_after(const char *s, const char *word, u32 *number)
{
	size_t len = strlen(word);

	if (strncmp(s, word, len) || !is_digit(s[len]))
		return NULL;
	*number = 0;
	for (s += len; is_digit(*s); s++)
		*number = *number * 10 + (*s - '0');
	return s;
}

/* Is this piece one whole line of that kind? */
static bool whole_line(const char *s, const char *kind, u32 *cpu, u32 *line)
{
	u64 us;

	if (!is_stamp(s, &us))
		return false;
	s = number_after(s + STAMP_LEN, kind, cpu);
	if (s)
		s = number_after(s, " line ", line);
	return s && *cpu < NR_CPUS && !strcmp(s, " " FILL "\n");
}

/* Each CPU's lines must come whole and in order. */
static bool check_line(const char *buf, size_t len)
{
	char text[PRINTK_LINE_MAX + 1];
	u32 cpu, line;

	memcpy(text, buf, len);
	text[len] = '\0';
	if (whole_line(text, "interleave cpu ", &cpu, &line) &&
	    line == il.lines[cpu]) {
		il.lines[cpu]++;
		return line >= SHOWN;
	}
	if (whole_line(text, "interleave nmi ", &cpu, &line) &&
	    line == il.nmi_lines[cpu]) {
		il.nmi_lines[cpu]++;
		return line >= SHOWN;
	}
	if (!il.broken++)
		strscpy(il.first_broken, text, sizeof(il.first_broken));
	return true;
}

/* And one after the other: what is written takes its time. */
static bool check_interleave(const char *buf, size_t len)
{
	bool alone = fetch_add(&il.writers, 1) == 0, quiet = true;
	int i;

	if (alone)
		quiet = check_line(buf, len);
	for (i = 0; i < 50; i++)
		cpu_relax();
	if (fetch_add(&il.writers, -1) != 1 || !alone)
		WRITE_ONCE(il.overlaps, il.overlaps + 1);
	return quiet;
}

static bool interleave_nmi(struct pt_regs *regs)
{
	u32 cpu = smp_processor_id();

	pr_info(NMI_FORM, cpu, il.nmi_printed[cpu]);
	WRITE_ONCE(il.nmi_printed[cpu], il.nmi_printed[cpu] + 1);
	return true;
}

/* Nobody else sends to that CPU, so each NMI is seen to arrive. */
static void interleave_send(u32 cpu)
{
	u32 printed = READ_ONCE(il.nmi_printed[cpu]);
	u64 end = ktime_ns() + WAIT_MS * 1000000ULL;

	send_nmi(cpu);
	while (READ_ONCE(il.nmi_printed[cpu]) == printed && ktime_ns() < end)
		pr_info(LINE_FORM, smp_processor_id(),
			il.printed[smp_processor_id()]++);
}

/* Prints; every eighth line an NMI is sent to the next CPU. */
static int interleave_thread(void *unused)
{
	u32 cpu = smp_processor_id();

	while (il.printed[cpu] < LINES) {
		if (il.printed[cpu] % 8 == 0)
			interleave_send((cpu + 1) % num_online_cpus());
		pr_info(LINE_FORM, cpu, il.printed[cpu]++);
	}
	return 1;
}

static u32 sum(const u32 *counts)
{
	u32 i, n = 0;

	for (i = 0; i < NR_CPUS; i++)
		n += READ_ONCE(counts[i]);
	return n;
}

/* PR1 */
KTEST(printk, all_cpus_and_nmis_never_mix)
{
	unsigned long lost = printk_lost();
	unsigned int cpu;

	memset(&il, 0, sizeof(il));
	ASSERT_EQ(nmi_handler_register(interleave_nmi), 0);
	console_set_tap(check_interleave);
	EXPECT_EQ(on_all_cpus_run(interleave_thread, NULL), num_online_cpus());
	nmi_handler_unregister(interleave_nmi);
	wait_until(sum(il.nmi_lines) == sum(il.nmi_printed), WAIT_MS);
	capture_stop();
	for_each_online_cpu(cpu)
		EXPECT_EQ(il.lines[cpu], il.printed[cpu]);
	EXPECT(sum(il.nmi_lines) > 0);
	EXPECT_EQ(printk_lost(), lost);
	EXPECT_EQ(il.overlaps, 0);
	EXPECT_EQ(il.broken, 0);
	if (il.broken)
		ktest_note("%s", il.first_broken);
}

/* Negative control: the check sees it when lines do mix. */
KTEST(printk, the_check_finds_mixed_lines)
{
	static const char a[] = "[    0.123456] interleave cpu 0 line 0 " FILL
				"\n";
	static const char b[] = "[    0.123456] interleave cpu 0 line 1 abc"
				"[    0.123456] interleave cpu 1 line 0 " FILL
				"\n";

	memset(&il, 0, sizeof(il));
	check_line(a, sizeof(a) - 1);
	EXPECT_EQ(il.broken, 0);
	check_line(a, sizeof(a) - 1); /* twice */
	EXPECT_EQ(il.broken, 1);
	check_line(a, 40); /* half of it */
	EXPECT_EQ(il.broken, 2);
	check_line(b, sizeof(b) - 1); /* two in one */
	EXPECT_EQ(il.broken, 3);
}
