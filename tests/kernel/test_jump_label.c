// SPDX-License-Identifier: MIT
/*
 * Static keys: the four shapes of a branch, counts, the first user in progress,
 * one batch for many keys, and 1,000 sites that every context of every CPU runs
 * through while their key is flipped.
 *
 * What a site may say is known from two numbers that the flipper keeps: flips
 * begun and flips surely in place (an odd number: on). A walker reads the
 * second before ten sites and the first after them.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/smp.h>

/* ---- shapes -------------------------------------------------------------- */

static DEFINE_STATIC_KEY_FALSE(off_key);
static DEFINE_STATIC_KEY_TRUE(on_key);

traced_function static u32 shapes(void)
{
	u32 found = 0;

	if (static_branch_unlikely(&off_key))
		found |= 1;
	if (static_branch_likely(&off_key))
		found |= 2;
	if (static_branch_unlikely(&on_key))
		found |= 4;
	if (static_branch_likely(&on_key))
		found |= 8;
	return found;
}

/* J3 */
KTEST(jump_label, each_shape_of_a_branch)
{
	EXPECT_EQ(off_key.key.nr, 2);
	EXPECT_EQ(shapes(), 4 + 8);
	static_branch_enable(&off_key);
	EXPECT_EQ(shapes(), 1 + 2 + 4 + 8);
	static_branch_disable(&on_key);
	EXPECT_EQ(shapes(), 1 + 2);
	static_branch_enable(&on_key);
	static_branch_disable(&off_key);
	EXPECT_EQ(shapes(), 4 + 8);
	jump_label_check();
}

/* ---- counts -------------------------------------------------------------- */

static DEFINE_STATIC_KEY_FALSE(user_key);

KTEST(jump_label, a_key_is_on_while_it_has_users)
{
	u64 batches = poke_stats().batches;

	EXPECT(static_branch_inc(&user_key));
	EXPECT(static_branch_inc(&user_key));
	EXPECT_EQ(static_key_count(&user_key.key), 2);
	EXPECT_EQ(poke_stats().batches, batches); /* it has no site yet */
	static_branch_dec(&user_key);
	EXPECT(static_key_enabled(&user_key.key));
	static_branch_dec(&user_key);
	EXPECT(!static_key_enabled(&user_key.key));
}

KTEST(jump_label, a_count_does_not_overflow)
{
	user_key.key.enabled = 0x7ffffffe;
	EXPECT(static_branch_inc(&user_key));
	EXPECT(!static_branch_inc(&user_key));
	EXPECT_EQ(static_key_count(&user_key.key), 0x7fffffff);
	static_branch_dec(&user_key);
	EXPECT_EQ(static_key_count(&user_key.key), 0x7ffffffe);
	user_key.key.enabled = 0;
}

KTEST_FLAGS(jump_label, misuse_warns_and_changes_nothing, KTEST_WARNS, 0)
{
	unsigned long warned = warn_count();

	static_branch_dec(&off_key);
	EXPECT_EQ(warn_count(), ++warned);
	EXPECT_EQ(static_key_count(&off_key.key), 0);
	static_branch_inc(&off_key);
	static_branch_inc(&off_key);
	static_branch_enable(&off_key);
	EXPECT_EQ(warn_count(), ++warned);
	static_branch_disable(&off_key);
	EXPECT_EQ(warn_count(), ++warned);
	EXPECT_EQ(static_key_count(&off_key.key), 2);
	static_branch_dec(&off_key);
	static_branch_enable(&off_key); /* it is */
	static_branch_disable(&off_key);
	static_branch_disable(&off_key); /* it is */
	EXPECT_EQ(warn_count(), warned);
	EXPECT_EQ(shapes(), 4 + 8);
}

/* ---- one batch ----------------------------------------------------------- */

static DEFINE_STATIC_KEY_FALSE(walk_key);

KTEST(jump_label, many_keys_are_one_batch)
{
	u64 batches = poke_stats().batches, sites = poke_stats().sites;
	u64 rounds = sync_core_rounds();

	static_key_batch_begin();
	EXPECT(static_key_queue_inc(&off_key.key));
	EXPECT(static_key_queue_inc(&walk_key.key));
	static_key_queue_dec(&on_key.key);
	EXPECT_EQ(shapes(), 4 + 8); /* nothing yet */
	static_key_batch_end();
	EXPECT_EQ(poke_stats().batches - batches, 1);
	EXPECT_EQ(poke_stats().sites - sites, 2 + 1000 + 2);
	EXPECT_EQ(sync_core_rounds() - rounds, 3);
	EXPECT_EQ(shapes(), 1 + 2);
	jump_label_check();
	static_key_batch_begin();
	static_key_queue_dec(&off_key.key);
	static_key_queue_dec(&walk_key.key);
	EXPECT(static_key_queue_inc(&on_key.key));
	static_key_batch_end();
	EXPECT_EQ(shapes(), 4 + 8);
}

KTEST(jump_label, a_session_that_changes_its_mind_patches_nothing)
{
	u64 batches = poke_stats().batches;

	static_key_batch_begin();
	EXPECT(static_key_queue_inc(&off_key.key));
	EXPECT(static_key_queue_inc(&off_key.key));
	static_key_queue_dec(&off_key.key);
	static_key_queue_dec(&off_key.key);
	static_key_queue_dec(&on_key.key);
	EXPECT(static_key_queue_inc(&on_key.key));
	static_key_batch_end();
	EXPECT_EQ(poke_stats().batches, batches);
	EXPECT_EQ(static_key_count(&off_key.key), 0);
	EXPECT_EQ(static_key_count(&on_key.key), 1);
}

KTEST(jump_label, a_site_is_reserved_text)
{
	extern struct jump_entry __start___jump_table[];
	unsigned long site = (unsigned long)_text + __start___jump_table->code;

	EXPECT(jump_label_text_reserved(site, site + 1));
	EXPECT(jump_label_text_reserved(site + 4, site + 5));
	EXPECT(jump_label_text_reserved(site - 1, site + 1));
	EXPECT(!jump_label_text_reserved((unsigned long)_text,
					 (unsigned long)_text + 1));
	EXPECT(!jump_label_text_reserved(site - 1, site) ||
	       jump_label_text_reserved(site - 5, site - 4));
}

/* ---- a thousand sites ---------------------------------------------------- */

#define WALK_SITES 1000

static u32 begun, in_place; /* flips */
static atomic64_t wrong, tens_on, tens_off;

#define SITE(n) (static_branch_unlikely(&walk_key) ? 1U << (n) : 0)
#define TEN_ON	0x3ffU
#define TEN_SITES                                                        \
	do {                                                             \
		u32 from = READ_ONCE(in_place), mask;                    \
                                                                         \
		barrier();                                               \
		mask = SITE(0) | SITE(1) | SITE(2) | SITE(3) | SITE(4) | \
		       SITE(5) | SITE(6) | SITE(7) | SITE(8) | SITE(9);  \
		barrier();                                               \
		judge(mask, from, READ_ONCE(begun));                     \
	} while (0);
#define TEN_TIMES(what) what what what what what what what what what what

static noinline void judge(u32 mask, u32 from, u32 to)
{
	if (mask == TEN_ON)
		atomic64_inc(&tens_on);
	else if (!mask)
		atomic64_inc(&tens_off);
	if (from == to && mask != (from & 1 ? TEN_ON : 0))
		atomic64_inc(&wrong);
}

static noinline void walk_hundred(void){ TEN_TIMES(TEN_SITES) }

/* Ten functions, each with a hundred sites of its own. */
#define WALKER(n)                           \
	static noinline void walk_##n(void) \
	{                                   \
		TEN_TIMES(TEN_SITES)        \
	}
WALKER(1) WALKER(2) WALKER(3) WALKER(4) WALKER(5) WALKER(6) WALKER(7) WALKER(8)
	WALKER(9)

		static void walk(void *unused)
{
	walk_hundred();
	walk_1();
	walk_2();
	walk_3();
	walk_4();
	walk_5();
	walk_6();
	walk_7();
	walk_8();
	walk_9();
}

static void walk_begin(void)
{
	begun = in_place = 0;
	atomic64_set(&wrong, 0);
	atomic64_set(&tens_on, 0);
	atomic64_set(&tens_off, 0);
}

static void flip(void)
{
	WRITE_ONCE(begun, begun + 1);
	barrier();
	if (begun & 1)
		static_branch_inc(&walk_key);
	else
		static_branch_dec(&walk_key);
	barrier();
	WRITE_ONCE(in_place, begun);
}

/* On a busy host one storm may be over before the flipper has its turn. */
#define STORMS_MAX 200

static bool flipping;
static unsigned int flips;

static int keep_flipping(void *unused)
{
	do {
		flip();
		flips++;
		cond_resched();
	} while (READ_ONCE(flipping) || begun & 1);
	return 0;
}

KTEST_FLAGS(jump_label, flips_under_1000_sites_in_every_context_J1, 0, 90)
{
	struct task_struct *task;
	unsigned int storms = 0;
	struct tt_calls calls;

	EXPECT_EQ(walk_key.key.nr, WALK_SITES);
	walk_begin();
	flips = 0;
	flipping = true;
	task = kthread_run(keep_flipping, NULL, "flipper");
	ASSERT(!IS_ERR(task));
	do {
		calls = tt_storm(walk, NULL, 100, 2, false);
	} while (READ_ONCE(flips) < 3 && ++storms < STORMS_MAX);
	WRITE_ONCE(flipping, false);
	kthread_join(task);
	EXPECT_EQ(atomic64_read(&wrong), 0);
	EXPECT(flips > 2);
	EXPECT(calls.irq > 0);
	EXPECT(calls.nmi > 0);
	EXPECT(atomic64_read(&tens_on) > 0);
	EXPECT(atomic64_read(&tens_off) > 0);
	EXPECT_EQ(static_key_count(&walk_key.key), 0);
	jump_label_check();
}

/* ---- inside a batch ------------------------------------------------------ */

static u64 on_at[NR_POKE_STEPS], off_at[NR_POKE_STEPS];

static void walk_before(enum poke_step next)
{
	u64 on = atomic64_read(&tens_on), off = atomic64_read(&tens_off);

	walk(NULL);
	on_at[next] += atomic64_read(&tens_on) - on;
	off_at[next] += atomic64_read(&tens_off) - off;
}

static void flip_with_hook(void)
{
	memset(on_at, 0, sizeof(on_at));
	memset(off_at, 0, sizeof(off_at));
	poke_observe(walk_before);
	flip();
	poke_observe(NULL);
}

/* From the first INT3s on every site says the new value, whatever its bytes. */
KTEST(jump_label, every_step_of_a_batch)
{
	unsigned int step;

	walk_begin();
	flip_with_hook();
	for (step = POKE_PUBLISH; step <= POKE_RETIRE; step++) {
		if (step <= POKE_INT3)
			EXPECT(off_at[step] && !on_at[step]);
		else
			EXPECT(on_at[step] && !off_at[step]);
	}
	flip_with_hook();
	for (step = POKE_PUBLISH; step <= POKE_RETIRE; step++) {
		if (step <= POKE_INT3)
			EXPECT(on_at[step] && !off_at[step]);
		else
			EXPECT(off_at[step] && !on_at[step]);
	}
	EXPECT_EQ(atomic64_read(&wrong), 0);
}

/* Negative control: a flip that is said to be in place before it is. */
KTEST(jump_label, a_flip_that_is_announced_too_early_is_seen_J1)
{
	walk_begin();
	begun = in_place = 1;
	poke_observe(walk_before);
	static_branch_inc(&walk_key);
	poke_observe(NULL);
	EXPECT_EQ(atomic64_read(&wrong), 2 * WALK_SITES / 10);
	begun = in_place = 0;
	static_branch_dec(&walk_key);
}

/* ---- the first user, in progress ----------------------------------------- */

static bool inside, other_returned, returned_inside, without_mark;
static s32 seen_count;

static int other_inc(void *unused)
{
	while (!READ_ONCE(inside))
		cpu_relax();
	static_branch_inc(&off_key);
	smp_store_release(&other_returned, true);
	return 0;
}

static int other_dec(void *unused)
{
	while (!READ_ONCE(inside))
		cpu_relax();
	static_branch_dec(&off_key);
	smp_store_release(&other_returned, true);
	return 0;
}

/*
 * In the batch of the first user: let the other try for a while; without the
 * mark until it has returned, which is certain, however busy the host is.
 */
static void watch_other(enum poke_step next)
{
	u64 end = ktime_ns() + (without_mark ? 5000000000 : 20000000);

	if (next != POKE_TAIL)
		return;
	seen_count = static_key_count(&off_key.key);
	if (without_mark)
		off_key.key.enabled = 1;
	WRITE_ONCE(inside, true);
	while (ktime_ns() < end && !READ_ONCE(other_returned))
		cpu_relax();
	returned_inside = READ_ONCE(other_returned);
}

static void first_inc_against(int (*other)(void *unused))
{
	struct task_struct *task;

	inside = other_returned = returned_inside = false;
	kthread_bind(current, 0);
	poke_observe(watch_other);
	task = kthread_create(other, NULL, "other");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, next_online_cpu(1));
	wake_up_process(task);
	static_branch_inc(&off_key);
	kthread_join(task);
	poke_observe(NULL);
	kthread_bind(current, CPU_ANY);
}

KTEST(jump_label, another_user_waits_for_the_first_J2)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	first_inc_against(other_inc);
	EXPECT(!returned_inside);
	EXPECT_EQ(seen_count, 1);
	EXPECT_EQ(static_key_count(&off_key.key), 2);
	static_branch_dec(&off_key);
	static_branch_dec(&off_key);
	EXPECT_EQ(shapes(), 4 + 8);
}

/* Linux bug: a dec during the first inc took the key off half-way. */
KTEST(jump_label, a_dec_waits_for_the_first_inc_J2)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	first_inc_against(other_dec);
	EXPECT(!returned_inside);
	EXPECT_EQ(static_key_count(&off_key.key), 0);
	EXPECT_EQ(shapes(), 4 + 8);
	jump_label_check();
}

/* Negative control: without the count -1 the second user comes too early. */
KTEST(jump_label, without_the_mark_a_user_comes_too_early_J2)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	without_mark = true;
	first_inc_against(other_inc);
	without_mark = false;
	EXPECT(returned_inside);
	EXPECT_EQ(static_key_count(&off_key.key), 2);
	static_branch_dec(&off_key);
	static_branch_dec(&off_key);
}

static atomic64_t users_without;

static int come_and_go(void *unused)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		static_branch_inc(&off_key);
		if ((shapes() & 3) != 3)
			atomic64_inc(&users_without);
		if (i % 3 == 0)
			yield();
		static_branch_dec(&off_key);
	}
	return 0;
}

KTEST_FLAGS(jump_label, users_come_and_go_on_every_cpu_J2, 0, 90)
{
	struct task_struct *tasks[NR_CPUS + 1];
	unsigned int n = num_online_cpus() + 1, i;

	atomic64_set(&users_without, 0);
	for (i = 0; i < n; i++) {
		tasks[i] = kthread_run(come_and_go, NULL, "user/%u", i);
		BUG_ON(IS_ERR(tasks[i]));
	}
	for (i = 0; i < n; i++)
		kthread_join(tasks[i]);
	EXPECT_EQ(atomic64_read(&users_without), 0);
	EXPECT_EQ(static_key_count(&off_key.key), 0);
	EXPECT_EQ(shapes(), 4 + 8);
	jump_label_check();
}

/* ---- cost ---------------------------------------------------------------- */

static bool exact(void)
{
	return cmdline_u64("icount", 0) && num_online_cpus() == 1;
}

KTEST(jump_label, what_a_flip_costs)
{
	u64 start, many, one;

	if (!exact())
		KTEST_SKIP("counts instructions: icount, one CPU");
	start = rdtsc();
	static_branch_inc(&walk_key);
	many = rdtsc() - start;
	static_branch_dec(&walk_key);
	start = rdtsc();
	static_branch_inc(&off_key);
	one = rdtsc() - start;
	static_branch_dec(&off_key);
	if (!EXPECT(many <= 140 * WALK_SITES) || !EXPECT(one <= 10000))
		ktest_note("%d sites: %llu instructions; two: %llu", WALK_SITES,
			   many, one);
}
