// SPDX-License-Identifier: MIT
/*
 * trace/probes/kretprobe.h: a handler of a return is a probe's handler. Probes
 * that are reached in it are missed, it is missed in one of theirs, and it may
 * change the result.
 */
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/probes/kretprobe.h"
#include <asm/pt_regs.h>

#define CALLS 20

static traced_function long probed(long a)
{
	return a + 1;
}

static traced_function long inner(long a)
{
	return a + 2;
}

static struct {
	unsigned long pre, entries, returns, wrong;
	bool calls_inner;
	long instead; /* what the call shall return, or 0 */
} seen;

static const struct kretprobe *returning;

static int count_pre(struct kprobe *p, struct pt_regs *regs)
{
	(void)regs;
	seen.pre++;
	seen.wrong += kprobe_running() != p;
	if (seen.calls_inner)
		(void)inner(1);
	return 0;
}

static int count_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	(void)regs;
	seen.entries++;
	seen.wrong += kprobe_running() != &get_kretprobe(ri)->kp;
	if (seen.calls_inner)
		(void)inner(1);
	return 0;
}

static int count_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	seen.returns++;
	seen.wrong += kprobe_running() != &get_kretprobe(ri)->kp ||
		      get_kretprobe(ri) != returning;
	if (seen.calls_inner)
		(void)inner(1);
	if (seen.instead)
		regs->ax = (unsigned long)seen.instead;
	return 0;
}

static void begin(const struct kretprobe *rp)
{
	memset(&seen, 0, sizeof(seen));
	returning = rp;
}

static void call(unsigned int n)
{
	while (n--)
		EXPECT_EQ(probed(n), n + 1);
}

/* Reached in a handler of a return or an entry: @both: with an entry's. */
static void test_probe_inside(bool both)
{
	struct kretprobe rp = { .kp.symbol_name = "probed",
				.handler = count_return,
				.entry_handler = both ? count_entry : NULL };
	struct kprobe p = { .symbol_name = "inner", .pre_handler = count_pre };

	begin(&rp);
	ASSERT_EQ(register_kretprobe(&rp), 0);
	ASSERT_EQ(register_kprobe(&p), 0);
	seen.calls_inner = true;
	call(CALLS);
	seen.calls_inner = false;
	EXPECT_EQ(seen.pre, 0);
	EXPECT_EQ(p.nmissed, both ? 2 * CALLS : CALLS);
	EXPECT_EQ(inner(1), 3);
	EXPECT_EQ(seen.pre, 1);
	unregister_kprobe(&p);
	unregister_kretprobe(&rp);
	EXPECT_EQ(seen.returns, CALLS);
	EXPECT_EQ(seen.entries, both ? CALLS : 0);
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(rp.nmissed, 0);
}

KTEST_FLAGS(kretprobe_nested, a_probe_in_a_handler_is_missed_K4, KTEST_LEAKS, 0)
{
	test_probe_inside(false);
	test_probe_inside(true);
}

/* On the fast path of an fprobe, or on the graph's. */
static void register_on(struct kretprobe *rp, bool fast)
{
	WRITE_ONCE(fprobe_may_be_fast, fast);
	ASSERT_EQ(register_kretprobe(rp), 0);
	WRITE_ONCE(fprobe_may_be_fast, true);
	EXPECT_EQ(fprobe_is_fast(&rp->fprobe), fast);
}

/* The other way round, on both paths of an fprobe. */
KTEST_FLAGS(kretprobe_nested, it_is_missed_in_a_probes_handler_K4, KTEST_LEAKS,
	    0)
{
	struct kprobe p = { .symbol_name = "probed", .pre_handler = count_pre };
	unsigned int fast;

	for (fast = 0; fast < 2; fast++) {
		struct kretprobe rp = { .kp.symbol_name = "inner",
					.handler = count_return };

		begin(&rp);
		register_on(&rp, fast);
		ASSERT_EQ(register_kprobe(&p), 0);
		seen.calls_inner = true;
		call(CALLS);
		seen.calls_inner = false;
		EXPECT_EQ(inner(1), 3);
		unregister_kprobe(&p);
		unregister_kretprobe(&rp);
		EXPECT_EQ(seen.pre, CALLS);
		EXPECT_EQ(seen.returns, 1);
		EXPECT_EQ(rp.nmissed, CALLS);
		EXPECT_EQ(seen.wrong, 0);
	}
}

/* As on Linux: rax is loaded from the handler's registers. */
KTEST_FLAGS(kretprobe_nested, a_handler_may_change_the_result, KTEST_LEAKS, 0)
{
	unsigned int fast;

	for (fast = 0; fast < 2; fast++) {
		struct kretprobe rp = { .kp.symbol_name = "probed",
					.handler = count_return };

		begin(&rp);
		register_on(&rp, fast);
		seen.instead = -7;
		EXPECT_EQ(probed(1), -7);
		seen.instead = 0;
		call(1);
		unregister_kretprobe(&rp);
		EXPECT_EQ(seen.returns, 2);
	}
}

static int count_fprobe(struct fprobe *fp, unsigned long ip,
			unsigned long ret_ip, struct ftrace_regs *fregs,
			void *data)
{
	seen.entries++;
	return 0;
}

/* In the handler of a kprobe an fprobe is missed only if it asks for that. */
KTEST_FLAGS(kretprobe_nested, an_fprobe_may_share_it, KTEST_LEAKS, 0)
{
	struct kprobe p = { .symbol_name = "probed", .pre_handler = count_pre };
	unsigned int shared;

	for (shared = 0; shared < 2; shared++) {
		static struct fprobe fp;

		fp = (struct fprobe){ .entry_handler = count_fprobe,
				      .flags = shared ?
						       FPROBE_FL_KPROBE_SHARED :
						       0 };
		begin(NULL);
		ASSERT_EQ(register_fprobe(&fp, "inner", NULL), 0);
		ASSERT_EQ(register_kprobe(&p), 0);
		seen.calls_inner = true;
		call(CALLS);
		seen.calls_inner = false;
		EXPECT_EQ(inner(1), 3);
		unregister_kprobe(&p);
		EXPECT_EQ(unregister_fprobe(&fp), 0);
		EXPECT_EQ(seen.entries, shared ? 1 : CALLS + 1);
		EXPECT_EQ(fp.nmissed, shared ? CALLS : 0);
		EXPECT_EQ(seen.wrong, 0);
	}
}

/* ---- data ---- */

static int fill_data(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	memset(ri->data, (int)regs->di, get_kretprobe(ri)->data_size);
	return 0;
}

static int check_data(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	size_t i;

	seen.returns++;
	for (i = 0; i < get_kretprobe(ri)->data_size; i++)
		seen.wrong += ri->data[i] != (char)regs->di;
	return 0;
}

/* Calls inside each other: kept_calls(n) has made n more. */
static traced_function long kept_calls(long n)
{
	if (!n)
		return 0;
	n = kept_calls(n - 1);
	__asm__ volatile("" : "+r"(n)); /* no loop in place of the calls */
	return n + 1;
}

KTEST_FLAGS(kretprobe_data, all_of_it_is_kept_until_the_return, KTEST_LEAKS, 0)
{
	static const size_t sizes[] = { 1, 64, KRETPROBE_DATA_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kretprobe rp = { .kp.symbol_name = "kept_calls",
					.handler = check_data,
					.entry_handler = fill_data,
					.data_size = sizes[i] };

		begin(&rp);
		ASSERT_EQ(register_kretprobe(&rp), 0);
		EXPECT_EQ(kept_calls(7), 7);
		unregister_kretprobe(&rp);
		EXPECT_EQ(seen.returns, 8);
		EXPECT_EQ(seen.wrong, 0);
		EXPECT_EQ(rp.nmissed, 0);
	}
}
