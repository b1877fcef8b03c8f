// SPDX-License-Identifier: MIT
/*
 * The two paths of an fprobe, a target of its own and the graph: the same
 * promises on both (K7), and which functions get which.
 */
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/graph/fgraph.h"
#include "trace/probes/kretprobe.h"
#include <asm/percpu.h>

#define CALLS 40

static traced_function long plain(long a, long b, long c, long d, long e,
				  long f)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

static traced_function long call_plain(void)
{
	long sum = plain(1, 2, 3, 4, 5, 6);

	__asm__ volatile("" : "+r"(sum)); /* no tail call */
	return sum;
}

/* What the handlers have seen. */
static struct {
	unsigned long entries, exits, wrong;
	unsigned long ret_ip, exit_ret_ip;
	bool decline, nest, make_due;
	long instead; /* what the call shall return, or 0 */
} seen;

static int note_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	static const unsigned long is[] = { 1, 2, 3, 4, 5, 6 };
	unsigned int i;

	seen.entries++;
	seen.ret_ip = ret_ip;
	for (i = 0; i < 6; i++)
		seen.wrong += ftrace_regs_get_argument(fregs, i) != is[i];
	seen.wrong += ip != (unsigned long)plain;
	seen.wrong += !data != !fp->entry_data_size;
	if (data)
		memset(data, (int)seen.entries, fp->entry_data_size);
	if (seen.nest)
		(void)call_plain();
	return seen.decline;
}

static void note_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	const u8 *bytes = data;

	seen.exits++;
	seen.exit_ret_ip = ret_ip;
	seen.wrong += ip != (unsigned long)plain;
	seen.wrong += ftrace_regs_get_return_value(fregs) != 91;
	seen.wrong += ftrace_regs_get_argument(fregs, 5) != 6;
	seen.wrong += ftrace_regs_get_instruction_pointer(fregs) != ret_ip;
	if (bytes)
		seen.wrong += bytes[0] != (u8)seen.entries ||
			      bytes[fp->entry_data_size - 1] != bytes[0];
	if (seen.nest)
		(void)call_plain();
	if (seen.make_due)
		set_need_resched();
	if (seen.instead)
		ftrace_regs_set_return_value(fregs,
					     (unsigned long)seen.instead);
}

static void call(unsigned int n)
{
	while (n--)
		EXPECT_EQ(call_plain(), 91);
}

/* Begins with new figures, and with the path that is asked for. */
static bool begin(struct fprobe *fp, bool fast, size_t data)
{
	unsigned long ip = (unsigned long)plain;
	int err;

	memset(&seen, 0, sizeof(seen));
	*fp = (struct fprobe){ .entry_handler = note_entry,
			       .exit_handler = note_exit,
			       .entry_data_size = data };
	WRITE_ONCE(fprobe_may_be_fast, fast);
	err = register_fprobe_ips(fp, &ip, 1);
	WRITE_ONCE(fprobe_may_be_fast, true);
	return EXPECT_EQ(err, 0) && EXPECT_EQ(fprobe_is_fast(fp), fast);
}

static void end(struct fprobe *fp, unsigned long entries, unsigned long exits)
{
	EXPECT_EQ(unregister_fprobe(fp), 0);
	call(2);
	EXPECT_EQ(seen.entries, entries);
	EXPECT_EQ(seen.exits, exits);
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

/* ---- the same on both paths ---- */

static void test_values(bool fast)
{
	static const size_t sizes[] = { 0, 1, 8, 64 };
	static struct fprobe fp;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT(begin(&fp, fast, sizes[i]));
		call(CALLS);
		EXPECT_EQ(seen.ret_ip, seen.exit_ret_ip);
		EXPECT(seen.ret_ip > (unsigned long)call_plain &&
		       seen.ret_ip < (unsigned long)call_plain + 128);
		end(&fp, CALLS, CALLS);
		EXPECT_EQ(fp.nmissed, 0);
	}
}

static void test_answers(bool fast)
{
	static struct fprobe fp;

	ASSERT(begin(&fp, fast, 0));
	seen.decline = true;
	call(CALLS);
	EXPECT_EQ(seen.exits, 0);
	seen.decline = false;
	call(1);
	end(&fp, CALLS + 1, 1);
	EXPECT_EQ(fp.nmissed, 0);

	ASSERT(begin(&fp, fast, 0));
	seen.nest = true; /* one call in each handler */
	call(CALLS);
	seen.nest = false;
	end(&fp, CALLS, CALLS);
	EXPECT_EQ(fp.nmissed, 2 * CALLS);
}

static void test_disabled(bool fast)
{
	static struct fprobe fp;

	ASSERT(begin(&fp, fast, 0));
	disable_fprobe(&fp);
	call(CALLS);
	EXPECT_EQ(seen.entries, 0);
	enable_fprobe(&fp);
	call(3);
	disable_fprobe_entries(&fp);
	call(3);
	enable_fprobe(&fp);
	call(3);
	end(&fp, 6, 6);
	EXPECT_EQ(fp.nmissed, 0);
}

static void test_result(bool fast)
{
	static struct fprobe fp;

	ASSERT(begin(&fp, fast, 0));
	seen.instead = 1234;
	EXPECT_EQ(call_plain(), 1234);
	seen.instead = 0;
	call(1);
	end(&fp, 2, 2);
}

/* A call without a look ends without a switch, unless a tick comes. */
static void test_due(bool fast)
{
	static struct fprobe fp;
	unsigned int i, late = 0;
	unsigned long switches;

	ASSERT(begin(&fp, fast, 0));
	seen.make_due = true;
	for (i = 0; i < CALLS; i++) {
		switches = current->nivcsw;
		call(1);
		late += current->nivcsw == switches;
	}
	seen.make_due = false;
	EXPECT_EQ(late, 0);
	end(&fp, CALLS, CALLS);
}

/* Shadow stacks are given once and kept: leaks, here and below. */
KTEST_FLAGS(fprobe_paths, values_and_data_K7, KTEST_LEAKS, 0)
{
	test_values(true);
	test_values(false);
}

KTEST(fprobe_paths, answers_and_nested_calls_K7)
{
	test_answers(true);
	test_answers(false);
}

KTEST(fprobe_paths, an_exit_handler_may_change_the_result_K7)
{
	test_result(true);
	test_result(false);
}

KTEST(fprobe_paths, disabled_and_enabled_K7)
{
	test_disabled(true);
	test_disabled(false);
}

KTEST_FLAGS(fprobe_paths, a_switch_that_falls_due_at_exit_happens_at_its_end,
	    KTEST_LEAKS, 0)
{
	test_due(true);
	test_due(false);
}

/* A second one on the function, and the graph around both. */
KTEST(fprobe_paths, beside_another_and_the_graph_K7)
{
	static struct ftrace_ops ops;
	static struct fgraph_ops graph = { .ops = &ops };
	static struct fprobe fp, second;
	unsigned long ip = (unsigned long)plain, first_ret;

	ASSERT(begin(&fp, true, 0));
	call(1);
	first_ret = seen.ret_ip;
	second = (struct fprobe){ .exit_handler = note_exit };
	ASSERT_EQ(register_fprobe_ips(&second, &ip, 1), 0);
	EXPECT(!fprobe_is_fast(&second));
	EXPECT(fprobe_is_fast(&fp));
	call(CALLS);
	EXPECT_EQ(seen.exits, 2 * CALLS + 1);
	EXPECT_EQ(unregister_fprobe(&second), 0);
	ASSERT_EQ(ftrace_set_filter_ip(&ops, ip, 0, 1), 0);
	ASSERT_EQ(register_ftrace_graph(&graph), 0);
	call(1);
	EXPECT_EQ(seen.ret_ip, first_ret);
	EXPECT_EQ(seen.exit_ret_ip, first_ret);
	EXPECT_EQ(unregister_ftrace_graph(&graph), 0);
	EXPECT_EQ(ftrace_free_filter(&ops), 0);
	end(&fp, CALLS + 2, 2 * CALLS + 2);
}

/* ---- which functions can have a target ---- */

static traced_function long seven(long a, long b, long c, long d, long e,
				  long f, long g)
{
	return a + b + c + d + e + f + g;
}

static traced_function long variadic(int n, ...)
{
	__builtin_va_list list;
	long sum = 0;

	__builtin_va_start(list, n);
	while (n--)
		sum += __builtin_va_arg(list, long);
	__builtin_va_end(list);
	return sum;
}

struct big {
	long word[4];
};

static traced_function long by_value(struct big big)
{
	return big.word[0] + big.word[3];
}

static traced_function unsigned long sees_caller(void)
{
	return (unsigned long)__builtin_return_address(0);
}

static traced_function unsigned long *sees_frame(void)
{
	return __builtin_frame_address(0);
}

static traced_function long itself(long n)
{
	if (!n)
		return 0;
	n = itself(n - 1);
	__asm__ volatile("" : "+r"(n)); /* no loop in place of the calls */
	return n + 1;
}

/* All arguments stay where they are. */
static traced_function long jumps_to_seven(long a, long b, long c, long d,
					   long e, long f, long g)
{
	return seven(a, b, c, d, e, f, g);
}

/* Only its cold part, which lies elsewhere, looks at the stack. */
static traced_function long seven_if_cold(long a, long b, long c, long d,
					  long e, long f, long g)
{
	if (b < 0)
		panic("b %ld, g %ld", b, g);
	return a + c;
}

static traced_function long jumps_to_plain(long a)
{
	return plain(a, 0, 0, 0, 0, 0);
}

static noinline notrace long untraced_seven(long a, long b, long c, long d,
					    long e, long f, long g)
{
	__asm__ volatile("" : "+r"(a));
	return a + b + c + d + e + f + g;
}

static traced_function long
jumps_to_untraced_seven(long a, long b, long c, long d, long e, long f, long g)
{
	return untraced_seven(a, b, c, d, e, f, g);
}

static noinline notrace long untraced(long a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 5;
}

static traced_function long jumps_to_untraced(long a)
{
	return untraced(a);
}

static traced_function long leaf(long a)
{
	return a + 1;
}

static traced_function void call_all(void)
{
	unsigned long caller = sees_caller(), start, size;

	EXPECT_EQ(seven(1, 2, 3, 4, 5, 6, 7), 28);
	EXPECT_EQ(variadic(8, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L), 36);
	EXPECT_EQ(by_value((struct big){ { 1, 2, 3, 4 } }), 5);
	/* The caller, or the hook in its place; not a target. */
	EXPECT(!arch_ftrace_find_fexit(caller, &start, &size));
	EXPECT(sees_frame() != NULL);
	EXPECT_EQ(itself(5), 5);
	EXPECT_EQ(jumps_to_seven(1, 2, 3, 4, 5, 6, 7), 28);
	EXPECT_EQ(seven_if_cold(1, 2, 3, 4, 5, 6, 7), 4);
	EXPECT_EQ(jumps_to_untraced_seven(1, 2, 3, 4, 5, 6, 7), 28);
	EXPECT_EQ(jumps_to_plain(3), 3);
	EXPECT_EQ(jumps_to_untraced(3), 8);
	EXPECT_EQ(leaf(1), 2);
}

static int count_entry(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	seen.entries++;
	return 0;
}

static void count_exit(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	seen.exits++;
}

/* Of @n functions, with @size bytes for each call. */
static void count_on(unsigned int n, size_t size, bool fast)
{
	struct fprobe fp = { .entry_handler = count_entry,
			     .exit_handler = count_exit,
			     .entry_data_size = size };
	unsigned int i;

	memset(&seen, 0, sizeof(seen));
	ASSERT_EQ(register_fprobe_ips(&fp, (unsigned long *)target_ips(0),
				      (int)n),
		  0);
	EXPECT_EQ(fprobe_is_fast(&fp), fast);
	for (i = 0; i <= n; i++)
		ftrace_target[i]();
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(seen.entries, n);
	EXPECT_EQ(seen.exits, n);
	EXPECT_EQ(fp.nmissed, 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

KTEST(fprobe_paths, many_functions_and_much_data_take_the_graph)
{
	count_on(64, 0, true);
	count_on(65, 0, false);
	count_on(1, 64, true);
	count_on(1, 65, false);
}

KTEST(fprobe_paths, only_arguments_in_registers_take_the_fast_one)
{
	static const struct {
		void *fn;
		bool fast;
		unsigned int calls;
	} of[] = {
		{ seven, false, 2 },
		{ variadic, false, 1 },
		{ by_value, false, 1 },
		{ sees_caller, false, 1 },
		{ sees_frame, false, 1 },
		{ itself, false, 6 },
		{ plain, true, 1 },
		{ jumps_to_seven, false, 1 },
		{ leaf, true, 1 },
		{ jumps_to_plain, false, 1 },
		{ seven_if_cold, false, 1 },
		{ jumps_to_untraced, true, 1 },
		{ jumps_to_untraced_seven, false, 1 },
	};
	struct fprobe fp = { .entry_handler = count_entry,
			     .exit_handler = count_exit };
	unsigned long ip;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		ip = (unsigned long)of[i].fn;
		memset(&seen, 0, sizeof(seen));
		ASSERT_EQ(register_fprobe_ips(&fp, &ip, 1), 0);
		if (!EXPECT_EQ(fprobe_is_fast(&fp), of[i].fast))
			ktest_note("%pS", of[i].fn);
		call_all();
		EXPECT_EQ(unregister_fprobe(&fp), 0);
		EXPECT_EQ(seen.entries, of[i].calls);
		EXPECT_EQ(seen.exits, of[i].calls);
		EXPECT_EQ(fp.nmissed, 0);
	}
}
