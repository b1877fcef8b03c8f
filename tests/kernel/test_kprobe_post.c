// SPDX-License-Identifier: MIT
/*
 * Post handlers at a site that is probed already: the place then changes ip as
 * if its first probe had one, and each call stays one hit (K4, Y1).
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace.h"
#include "trace/probes/kprobe.h"
#include <asm/pt_regs.h>

static noinline int shared(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

/* shared() seems not to change them. */
static volatile unsigned long pres, posts, changes;

static int count_pre(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	pres++;
	return 0;
}

static void count_post(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
	(void)p;
	(void)regs;
	(void)flags;
	posts++;
}

/* An ip modifier that leaves ip alone. */
static void modifier(unsigned long ip, unsigned long parent_ip,
		     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	(void)ip;
	(void)parent_ip;
	(void)ops;
	(void)fregs;
	changes++;
}

static struct ftrace_ops modifying = {
	.func = modifier,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};

static void modify_shared(void)
{
	changes = 0;
	EXPECT_EQ(ftrace_set_filter_ip(&modifying, (unsigned long)shared, 0, 1),
		  0);
}

static void called(unsigned long pre, unsigned long post)
{
	pres = posts = 0;
	EXPECT_EQ(shared(1), 2);
	EXPECT_EQ(pres, pre);
	EXPECT_EQ(posts, post);
}

KTEST(kprobe_post, on_an_armed_site_is_refused_beside_an_ip_modifier)
{
	struct kprobe plain = { .addr = (u8 *)shared,
				.pre_handler = count_pre };
	struct kprobe post = { .addr = (u8 *)shared,
			       .post_handler = count_post };
	struct kprobe later = { .addr = (u8 *)shared,
				.post_handler = count_post,
				.flags = KPROBE_FLAG_DISABLED };

	modify_shared();
	ASSERT_EQ(register_ftrace_function(&modifying), 0);
	ASSERT_EQ(register_kprobe(&plain), 0);
	EXPECT_EQ(register_kprobe(&post), -EBUSY);
	called(1, 0);
	ASSERT_EQ(register_kprobe(&later), 0);
	EXPECT_EQ(enable_kprobe(&later), -EBUSY);
	EXPECT(later.flags & KPROBE_FLAG_DISABLED);
	called(1, 0);
	EXPECT_EQ(changes, 2);
	EXPECT_EQ(unregister_ftrace_function(&modifying), 0);
	EXPECT_EQ(enable_kprobe(&later), 0);
	called(1, 1);
	EXPECT_EQ(register_ftrace_function(&modifying), -EBUSY);
	unregister_kprobe(&plain);
	called(0, 1);
	EXPECT_EQ(register_ftrace_function(&modifying), -EBUSY);
	unregister_kprobe(&later);
	called(0, 0);
	EXPECT_EQ(ftrace_free_filter(&modifying), 0);
}

/* The last post handler goes: the site may have an ip modifier again. */
KTEST(kprobe_post, gone_the_site_is_free_again)
{
	struct kprobe plain = { .addr = (u8 *)shared,
				.pre_handler = count_pre };
	struct kprobe post = { .addr = (u8 *)shared,
			       .post_handler = count_post };
	int i;

	modify_shared();
	ASSERT_EQ(register_kprobe(&plain), 0);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(register_kprobe(&post), 0);
		EXPECT_EQ(register_ftrace_function(&modifying), -EBUSY);
		called(1, 1);
		unregister_kprobe(&post);
		ASSERT_EQ(register_ftrace_function(&modifying), 0);
		called(1, 0);
		EXPECT_EQ(unregister_ftrace_function(&modifying), 0);
	}
	unregister_kprobe(&plain);
	called(0, 0);
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT_EQ(ftrace_free_filter(&modifying), 0);
}

/* K6: without memory nothing has moved. */
KTEST(kprobe_post, each_allocation_of_a_move_fails_once_K6)
{
	struct kprobe plain = { .addr = (u8 *)shared,
				.pre_handler = count_pre };
	struct kprobe post = { .addr = (u8 *)shared,
			       .post_handler = count_post };
	unsigned int nth;
	int err = -ENOMEM;

	ASSERT_EQ(register_kprobe(&plain), 0);
	for (nth = 1; err && nth < 100; nth++) {
		fail_nth(nth);
		err = register_kprobe(&post);
		(void)fail_end();
		called(1, !err);
		EXPECT(!err || err == -ENOMEM);
		EXPECT_EQ(ftrace_check(), 0);
	}
	EXPECT(nth > 5 && !err);
	unregister_kprobe(&plain);
	called(0, 1);
	unregister_kprobe(&post);
	called(0, 0);
}

/* ---- while all contexts of all CPUs call ---- */

static DEFINE_PER_CPU(unsigned long, stormy_hits);
static volatile bool storm_over;

static traced_function void stormy(void *arg)
{
	(void)arg;
}

static int count_stormy(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	this_cpu_inc(stormy_hits);
	return 0;
}

static int come_and_go(void *arg)
{
	struct kprobe post = { .addr = (u8 *)stormy,
			       .post_handler = count_post };

	(void)arg;
	while (!READ_ONCE(storm_over)) {
		EXPECT_EQ(register_kprobe(&post), 0);
		unregister_kprobe(&post);
		changes++;
	}
	return 0;
}

KTEST_FLAGS(kprobe_post, moves_lose_and_double_no_hit_Y1, 0, 120)
{
	struct kprobe plain = { .addr = (u8 *)stormy,
				.pre_handler = count_stormy };
	struct task_struct *task;
	struct tt_calls calls;
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		per_cpu(stormy_hits, cpu) = 0;
	storm_over = false;
	changes = 0;
	ASSERT_EQ(register_kprobe(&plain), 0);
	task = kthread_run(come_and_go, NULL, "moves");
	ASSERT(!IS_ERR(task));
	calls = tt_storm(stormy, NULL, 2000, 2, false);
	WRITE_ONCE(storm_over, true);
	EXPECT_EQ(kthread_join(task), 0);
	unregister_kprobe(&plain);
	for_each_online_cpu(cpu)
		sum += per_cpu(stormy_hits, cpu);
	EXPECT_EQ(sum, calls.task + calls.irq + calls.nmi);
	EXPECT_EQ(plain.nmissed, 0);
	EXPECT(changes > 0);
}
