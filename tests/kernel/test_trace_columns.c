// SPDX-License-Identifier: MIT
/*
 * The texts that a reader keeps of what most lines have in common, and lines
 * that go straight into the caller's buffer: whatever the size of a read, the
 * text is the same.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/trace_test.h"
#include "trace/trace_internal.h"

/* ---- the time ------------------------------------------------------------ */

static void expect_time(struct trace_iterator *iter, u64 ns)
{
	u64 us = ns / 1000 + (ns % 1000 >= 500);
	char text[128], right[64];
	struct trace_seq s;
	int len = snprintf(right, sizeof(right),
			   " %5llu.%06llu: ", us / 1000000, us % 1000000);

	trace_seq_init(&s, text, sizeof(text));
	iter->time = ns;
	trace_put_columns(iter, &s);
	if (!EXPECT(s.len > (size_t)len && !strcmp(text + s.len - len, right)))
		ktest_note("%llu ns: '%s' does not end in '%s'", ns, text,
			   right);
}

KTEST(trace_columns, each_time_as_if_it_were_the_first)
{
	static const u64 at[] = {
		0,
		499,
		500,
		999499,
		999500,
		999999499,
		999999500,
		1000000000,
		1000000499,
		1999999999,
		12345678901,
		99999999999,
		99999999500,
		100000000000,
		123456999999500,
		86400ULL * 10000 * 1000000000,
		499,
		3000000000,
	};
	struct trace_iterator *iter = trace_iter_alloc(trace_top());

	ASSERT(iter);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		expect_time(iter, at[i]);
		/* Before the second that is kept, and in it. */
		for (size_t j = 0; j < ARRAY_SIZE(at); j += 3) {
			expect_time(iter, at[j]);
			expect_time(iter, at[i] + j);
		}
	}
	for (unsigned int cpu = 0; cpu < iter->nr_cpus; cpu++)
		free_page(iter->source[cpu].walk.page);
	kfree(iter);
}

/* ---- reads of any size --------------------------------------------------- */

u64 columns_target(u64 n);
traced_function u64 columns_target(u64 n)
{
	barrier();
	return n;
}

#define ROOM (128UL << 10)

/* Read the trace by pieces of this size. Return: bytes. */
static size_t read_by(char *text, size_t piece)
{
	struct trace_iterator *iter = trace_open(trace_top(), TRACE_CPU_ALL);
	size_t len = 0;
	ssize_t n;

	if (!EXPECT(!IS_ERR(iter)))
		return 0;
	while ((n = trace_read(iter, text + len, piece)) > 0) {
		len += n;
		if (!EXPECT(len + piece <= ROOM))
			break;
	}
	trace_close(iter);
	return len;
}

static void write_events(unsigned int n)
{
	char mark[700];

	memset(mark, 'm', sizeof(mark));
	for (unsigned int i = 0; i < n; i++) {
		columns_target(i);
		if (i % 7 == 0)
			trace_marker_write(trace_top(), mark,
					   1 + i * 97 % sizeof(mark));
	}
}

/* So many that the oldest are lost: the second CPU's first line has a head. */
static void write_long_events(unsigned int n)
{
	char mark[700];

	memset(mark, 'm', sizeof(mark));
	for (unsigned int cpu = 0; cpu < min(num_online_cpus(), 2U); cpu++) {
		kthread_bind(current, cpu);
		for (unsigned int i = 0; i < n; i++)
			trace_marker_write(trace_top(), mark, sizeof(mark));
	}
	kthread_bind(current, CPU_ANY);
}

static bool is_same(const char *whole, char *text, size_t len, size_t piece)
{
	return EXPECT_EQ(read_by(text, piece), len) &&
	       EXPECT(!memcmp(text, whole, len));
}

/* Around 512 a line goes straight or not; from there on, it may not fit. */
static void read_by_all_sizes(char *whole, char *text)
{
	static const size_t piece[] = { 1, 100, 4096, 8191, 8321 };
	size_t len = read_by(whole, ROOM / 2), i;

	whole[len] = '\0';
	EXPECT(len > 300 * 20);
	for (i = 0; i < ARRAY_SIZE(piece); i++)
		is_same(whole, text, len, piece[i]);
	for (i = 509; i < 1500 && is_same(whole, text, len, i); i += 3)
		;
}

static void expect_same_text(unsigned int kb, void (*write)(unsigned int n))
{
	char *whole = kmalloc(ROOM), *text = kmalloc(ROOM);

	if (EXPECT(whole && text) &&
	    EXPECT(tt_begin("function", "columns_target", kb))) {
		write(300);
		trace_set_on(trace_top(), false);
		read_by_all_sizes(whole, text);
		EXPECT_EQ(kb < 64 && num_online_cpus() > 1,
			  !!strstr(whole, " buffer started "));
		trace_set_on(trace_top(), true);
	}
	tt_end();
	kfree(text);
	kfree(whole);
}

KTEST(trace_columns, a_read_of_any_size_gives_the_same_text)
{
	expect_same_text(64, write_events);
	expect_same_text(8, write_long_events);
}
