// SPDX-License-Identifier: MIT
/*
 * The patch engine by itself: every instruction to every other, what is
 * refused, what a batch leaves behind, in which contexts it may be called.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "demo/timeline.h"
#include "kernel/base/cmdline.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/trap_owner.h"
#include <asm/layout.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

static struct farm farm;

/* ---- every instruction to every other ---- */

static void poke_and_call(enum farm_kind kind)
{
	size_t i;

	ASSERT_EQ(farm_poke(&farm, kind), 0);
	EXPECT_EQ(farm_check(&farm, kind), 0);
	for (i = 0; i < farm.n; i++)
		EXPECT_EQ(farm_call(farm_fn(&farm, i)), farm_landing(kind));
}

KTEST(text_poke, every_kind_to_every_other)
{
	enum farm_kind from, to;

	ASSERT_EQ(farm_init(&farm, 20, FARM_STRIDE, 0), 0);
	for (from = 0; from < NR_FARM_KINDS; from++)
		for (to = 0; to < NR_FARM_KINDS; to++) {
			poke_and_call(from);
			poke_and_call(to);
		}
	farm_destroy(&farm);
}

static unsigned long breakpoint;
static unsigned int breakpoints_hit;

/* A breakpoint's owner: does the instruction it has replaced, a NOP5. */
static bool own_breakpoint(struct pt_regs *regs)
{
	if (regs->ip - 1 != breakpoint)
		return false;
	breakpoints_hit++;
	regs->ip = breakpoint + INSN_MAX;
	return true;
}

KTEST(text_poke, int3_as_new_and_as_old)
{
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	breakpoint = farm_fn(&farm, 0);
	breakpoints_hit = 0;
	trap_set_int3_hook(own_breakpoint);
	EXPECT_EQ(text_poke(breakpoint, INSN_NOP5, INSN_INT3, NULL), 0);
	EXPECT_EQ(*(u8 *)breakpoint, INSN_OP_INT3);
	EXPECT_EQ(farm_call(breakpoint), LANDED_NOP);
	EXPECT_EQ(breakpoints_hit, 1);
	EXPECT_EQ(text_poke(breakpoint, INSN_INT3, INSN_WORD(1, 0x0full), NULL),
		  0);
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
	EXPECT_EQ(text_poke(breakpoint, INSN_NOP5, INSN_INT3, NULL), 0);
	EXPECT_EQ(text_poke(breakpoint, INSN_INT3, INSN_NOP5, NULL), 0);
	EXPECT_EQ(farm_call(breakpoint), LANDED_NOP);
	EXPECT_EQ(breakpoints_hit, 1);
	trap_set_int3_hook(NULL);
	farm_destroy(&farm);
}

/* ---- places ---- */

/* Sites at every offset around the end of a cache line and of a page. */
KTEST(text_poke, boundaries)
{
	size_t offset;

	for (offset = 0; offset < INSN_MAX + 1; offset++) {
		ASSERT_EQ(farm_init(&farm, 700, FARM_DENSE, PAGE_SIZE - offset),
			  0);
		poke_and_call(FARM_A);
		poke_and_call(FARM_B);
		poke_and_call(FARM_NOP);
		farm_destroy(&farm);
		if (ktest_failed())
			return;
	}
}

/* Two sites with nothing between: the second call's bytes are the first's. */
KTEST(text_poke, adjacent_sites)
{
	u8 code[2 * INSN_MAX + 1];
	struct text_poke vec[2];
	unsigned long at;

	ASSERT_EQ(farm_init(&farm, 2, FARM_STRIDE, 0), 0);
	at = farm_fn(&farm, 0);
	insn_store(code, INSN_NOP5);
	insn_store(code + INSN_MAX, INSN_NOP5);
	code[2 * INSN_MAX] = 0xc3;
	EXPECT_EQ(text_poke_copy((void *)at, code, sizeof(code)), 0);
	vec[0] = (struct text_poke){ at, INSN_NOP5,
				     insn_call(at, (long)farm_target_a) };
	at += INSN_MAX;
	vec[1] = (struct text_poke){ at, INSN_NOP5,
				     insn_call(at, (long)farm_target_b) };
	EXPECT_EQ(text_poke_prepare(vec, 2, NULL), 0);
	text_poke_apply();
	EXPECT_EQ(farm_call(vec[0].ip), LANDED_A + LANDED_B);
	EXPECT_EQ(text_poke(vec[1].ip, vec[1].new, INSN_NOP5, NULL), 0);
	EXPECT_EQ(farm_call(vec[0].ip), LANDED_A);
	farm_destroy(&farm);
}

/* ---- what is refused ---- */

KTEST(text_poke, mismatch_changes_nothing_I6)
{
	struct text_poke_bug bug = { .ip = 0 };
	u64 wrong;

	ASSERT_EQ(farm_init(&farm, 300, FARM_STRIDE, 0), 0);
	wrong = insn_call(farm_fn(&farm, 299), (long)farm_target_c);
	farm_plan(&farm, FARM_A);
	farm.vec[299].old = wrong;
	EXPECT_EQ(text_poke_prepare(farm.vec, farm.n, &bug), -EINVAL);
	EXPECT_EQ(bug.ip, farm_fn(&farm, 299));
	EXPECT_EQ(bug.expected, wrong);
	EXPECT_EQ(bug.found, INSN_NOP5);
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
	farm_plan(&farm, FARM_A);
	farm.vec[150].ip = farm.vec[149].ip; /* not rising */
	EXPECT_EQ(text_poke_prepare(farm.vec, farm.n, NULL), -EINVAL);
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0); /* the lock was given back */
	farm_destroy(&farm);
}

KTEST(text_poke, a_refused_run_gives_the_lock_back)
{
	struct text_poke_bug bug;
	struct text_poke same = { .new = (unsigned long)farm_target_a };
	struct text_poke vec[2];

	ASSERT_EQ(farm_init(&farm, 2, FARM_STRIDE, 0), 0);
	same.ip = farm_fn(&farm, 1);
	vec[0] = vec[1] = same; /* not rising */
	ASSERT_EQ(text_poke_prepare_targets(vec, 2), 0);
	EXPECT_EQ(text_poke_prepare_run(vec, 2, &bug), -EINVAL);
	vec[0] = vec[1] = same;
	ASSERT_EQ(text_poke_prepare_targets(vec, 2), 0);
	EXPECT_EQ(text_poke_prepare_lines(vec, 2, &bug), -EINVAL);
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0); /* the lock was given back */
	farm_destroy(&farm);
}

static u64 not_text[2];

KTEST(text_poke, only_text_can_be_poked)
{
	unsigned long places[] = {
		(unsigned long)not_text,
		0,
		~0UL - 4,
		(unsigned long)_text - 5,
		(unsigned long)__exec_pool_end - 4,
		(unsigned long)phys_to_virt(virt_to_phys(_text)),
	};
	struct text_poke_bug bug;
	size_t i;

	not_text[0] = INSN_NOP5 & INSN_BYTES_MASK;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_EQ(text_poke(places[i], INSN_NOP5, INSN_NOP5, &bug),
			  -EFAULT);
		EXPECT_EQ(bug.ip, places[i]);
		EXPECT_EQ(text_poke_copy((void *)places[i], "12345", 5),
			  -EFAULT);
		EXPECT_EQ(text_poke_set((void *)places[i], 0, 5), -EFAULT);
	}
}

KTEST(text_poke, copy_and_set_across_pages)
{
	static u8 pattern[3 * PAGE_SIZE];
	size_t i;

	ASSERT_EQ(farm_init(&farm, 1024, FARM_STRIDE, 0), 0);
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)(i * 7 + 1);
	EXPECT_EQ(text_poke_copy((void *)(farm.first + 110), pattern,
				 sizeof(pattern)),
		  0);
	EXPECT(!memcmp((void *)(farm.first + 110), pattern, sizeof(pattern)));
	EXPECT_EQ(*(u8 *)(farm.first + 109), INSN_OP_INT3);
	EXPECT_EQ(text_poke_set((void *)(farm.first + 111), 0xcc,
				sizeof(pattern) - 2),
		  0);
	EXPECT_EQ(*(u8 *)(farm.first + 110), pattern[0]);
	EXPECT_EQ(*(u8 *)(farm.first + 111), 0xcc);
	EXPECT_EQ(*(u8 *)(farm.first + 108 + sizeof(pattern)), 0xcc);
	EXPECT_EQ(*(u8 *)(farm.first + 109 + sizeof(pattern)),
		  pattern[sizeof(pattern) - 1]);
	farm_destroy(&farm);
}

/* ---- contexts ---- */

static int nested[5];

static void poke_from_inside(enum poke_step next)
{
	unsigned long at = farm_fn(&farm, 1);

	if (next != POKE_TAIL)
		return;
	nested[0] = text_poke(at, INSN_NOP5, INSN_NOP5, NULL);
	nested[1] = text_poke_prepare(farm.vec, 1, NULL);
	nested[2] = text_poke_copy((void *)at, "1", 1);
	nested[3] = text_poke_set((void *)at, 1, 1);
	nested[4] = text_poke_live();
}

KTEST(text_poke, own_nested_poke_is_refused)
{
	size_t i;

	ASSERT_EQ(farm_init(&farm, 2, FARM_STRIDE, 0), 0);
	EXPECT_EQ(text_poke_prepare(farm.vec, 0, NULL), 0);
	EXPECT_EQ(text_poke_prepare(farm.vec, 0, NULL), -EBUSY);
	text_poke_abort();
	poke_observe(poke_from_inside);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_observe(NULL);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(nested[i], -EBUSY);
	EXPECT_EQ(nested[4], true);
	EXPECT(!text_poke_live());
	EXPECT_EQ(farm_check(&farm, FARM_A), 0);
	farm_destroy(&farm);
}

static bool other_done;

static int poke_meanwhile(void *arg)
{
	int err = text_poke(farm_fn(&farm, 0), INSN_NOP5,
			    farm_word(&farm, 0, FARM_B), NULL);

	WRITE_ONCE(other_done, true);
	return err;
}

KTEST(text_poke, another_tasks_poke_waits)
{
	struct task_struct *task;

	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	other_done = false;
	EXPECT_EQ(text_poke_prepare(farm.vec, 0, NULL), 0);
	task = kthread_run(poke_meanwhile, NULL, "poke");
	ASSERT(!IS_ERR(task));
	msleep(20);
	EXPECT(!READ_ONCE(other_done));
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
	text_poke_abort();
	EXPECT_EQ(kthread_join(task), 0);
	EXPECT_EQ(farm_check(&farm, FARM_B), 0);
	farm_destroy(&farm);
}

static unsigned int steps_seen, preemptible_at;

static void look_at_preemption(enum poke_step next)
{
	steps_seen++;
	if (preempt_count() == 0)
		preemptible_at++;
}

/* From the first step to the last all others trap. */
KTEST(text_poke, patcher_is_not_preempted)
{
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	steps_seen = preemptible_at = 0;
	poke_observe(look_at_preemption);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_observe(NULL);
	EXPECT_EQ(preempt_count(), 0);
	EXPECT(steps_seen > 0);
	EXPECT_EQ(preemptible_at, 0);
	farm_destroy(&farm);
}

/* ---- rounds and timelines ---- */

KTEST(text_poke, three_rounds_for_any_batch)
{
	static const size_t sizes[] = { 1, 2, 255, 256, 257, 5000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 before;

		ASSERT_EQ(farm_init(&farm, sizes[i], FARM_STRIDE, 0), 0);
		before = sync_core_rounds();
		EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
		EXPECT_EQ(sync_core_rounds() - before, 3);
		farm_destroy(&farm);
	}
	i = sync_core_rounds();
	EXPECT_EQ(text_poke_prepare(farm.vec, 0, NULL), 0);
	text_poke_apply(); /* nothing to do: no round at all */
	EXPECT_EQ(sync_core_rounds(), i);
}

KTEST(text_poke, timeline_of_a_batch)
{
	const struct timeline *t = timeline_last();
	unsigned int i, syncs = 0, cpu;
	u64 last;

	ASSERT_EQ(farm_init(&farm, 10, FARM_STRIDE, 0), 0);
	poke_observe(timeline_observe);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_observe(NULL);
	last = t->end;
	EXPECT_EQ(farm_poke(&farm, FARM_B), 0); /* not observed */
	farm_destroy(&farm);
	EXPECT_EQ(t->end, last);
	EXPECT_EQ(t->sites, 10);
	EXPECT_EQ(t->nr_steps, 9);
	last = t->begin;
	for (i = 0; i < t->nr_steps; i++) {
		EXPECT(t->steps[i].done >= last);
		last = t->steps[i].done;
		if (t->steps[i].step != POKE_SYNC)
			continue;
		syncs++;
		for_each_online_cpu(cpu)
			EXPECT(t->steps[i].ack[cpu] >= t->begin &&
			       t->steps[i].ack[cpu] <= t->steps[i].done);
	}
	EXPECT(t->end >= last);
	EXPECT_EQ(syncs, 3);
}

#define TRAPPED_CALLS 7

static unsigned int trapped_on;

static void call_before_tails(enum poke_step next)
{
	unsigned int i;

	timeline_observe(next);
	if (next != POKE_TAIL)
		return;
	trapped_on = smp_processor_id();
	for (i = 0; i < TRAPPED_CALLS; i++)
		farm_call(farm_fn(&farm, i % farm.n));
}

static void expect_hits(const struct poke_hits *hits, enum insn_kind kind,
			unsigned long n)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hits->live); i++) {
		EXPECT_EQ(hits->live[i], i == kind ? n : 0);
		EXPECT_EQ(hits->late[i], 0);
	}
	EXPECT_EQ(hits->again, 0);
	EXPECT_EQ(hits->foreign, 0);
}

/* What each CPU met in each batch, and nothing of what it met before. */
KTEST(text_poke, timeline_of_int3_hits)
{
	static const struct {
		enum farm_kind to;
		enum insn_kind did;
	} batches[] = { { FARM_A, INSN_KIND_CALL },
			{ FARM_NOP, INSN_KIND_NOP5 },
			{ FARM_JMP8, INSN_KIND_JMP8 } };
	unsigned int i, cpu;

	ASSERT_EQ(farm_init(&farm, 3, FARM_STRIDE, 0), 0);
	poke_observe(call_before_tails);
	for (i = 0; i < ARRAY_SIZE(batches); i++) {
		EXPECT_EQ(farm_poke(&farm, batches[i].to), 0);
		for_each_online_cpu(cpu)
			expect_hits(&timeline_last()->hits[cpu], batches[i].did,
				    cpu == trapped_on ? TRAPPED_CALLS : 0);
	}
	poke_observe(NULL);
	farm_destroy(&farm);
}

KTEST(text_poke, stretches_with_interrupts_off_are_short)
{
	struct poke_stats before, after;

	ASSERT_EQ(farm_init(&farm, 5000, FARM_DENSE, 0), 0);
	poke_stats_reset_max();
	before = poke_stats();
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	after = poke_stats();
	farm_destroy(&farm);
	EXPECT_EQ(after.chunks - before.chunks,
		  4 * DIV_ROUND_UP(5000, POKE_CHUNK));
	EXPECT_EQ(after.sites - before.sites, 5000);
	EXPECT_EQ(after.batches - before.batches, 1);
	/* One instruction is one cycle there. */
	if (cmdline_u64("icount", 0))
		EXPECT(after.irqoff_max <= 20000);
}
