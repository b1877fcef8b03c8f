// SPDX-License-Identifier: MIT
/*
 * What it costs to remap the poke window for every store, as TCG needs it, and
 * for every page: counted instructions.
 */
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include <asm/cpu.h>
#include <asm/smp.h>

#define BATCH 5000
/* The two loops begin differently: ten instructions a chunk of each pass. */
#define SLACK (10 * 4 * DIV_ROUND_UP(BATCH, POKE_CHUNK))

static struct farm farm;

/* Return: instructions of one batch. */
static u64 cost_of_batch(enum poke_fresh fresh, enum farm_kind to)
{
	u64 start;

	lab_use_fresh(fresh);
	start = rdtsc();
	EXPECT_EQ(farm_poke(&farm, to), 0);
	start = rdtsc() - start;
	lab_use_fresh(POKE_FRESH_AUTO);
	EXPECT_EQ(farm_check(&farm, to), 0);
	return start;
}

/* Sites cut by the end of a page, where the window moves: each byte of one. */
KTEST(text_poke_fresh, by_page_at_every_offset)
{
	size_t offset;

	for (offset = 0; offset <= INSN_MAX; offset++) {
		ASSERT_EQ(farm_init(&farm, 700, FARM_DENSE,
				    PAGE_SIZE - 1 - offset),
			  0);
		cost_of_batch(POKE_FRESH_PAGE, FARM_A);
		cost_of_batch(POKE_FRESH_PAGE, FARM_NOP);
		farm_destroy(&farm);
	}
}

/*
 * All to FARM_A, but every third to a word of two bytes, behind which nothing
 * is stored; then back.
 */
static void poke_two_lengths(void)
{
	size_t i;

	farm_plan(&farm, FARM_A);
	for (i = 0; i < farm.n; i += 3)
		farm.vec[i].new = farm_word(&farm, i, FARM_JMP8);
	ASSERT_EQ(text_poke_prepare(farm.vec, farm.n, NULL), 0);
	text_poke_apply();
	for (i = 0; i < farm.n; i += 3) /* of the NOP: 0f 1f 44 00 00 */
		EXPECT_EQ(((const u8 *)farm_fn(&farm, i))[2], 0x44);
	for (i = 0; i < farm.n; i++) {
		u64 old = farm.vec[i].old;

		farm.vec[i].old = farm.vec[i].new;
		farm.vec[i].new = old;
	}
	ASSERT_EQ(text_poke_prepare(farm.vec, farm.n, NULL), 0);
	text_poke_apply();
	EXPECT_EQ(farm_check(&farm, FARM_NOP), 0);
}

/* Prepare compares the words that the first batch wrote. */
KTEST(text_poke_fresh, by_page_of_two_lengths)
{
	size_t offset;

	for (offset = 0; offset <= INSN_MAX; offset++) {
		ASSERT_EQ(farm_init(&farm, 700, FARM_STRIDE,
				    PAGE_SIZE - 1 - offset),
			  0);
		lab_use_fresh(POKE_FRESH_PAGE);
		poke_two_lengths();
		lab_use_fresh(POKE_FRESH_AUTO);
		farm_destroy(&farm);
	}
}

/*
 * By page each of a site's four stores is an INVLPG shorter. What this image
 * looks at between two stores, the recorder, is compiled into each loop anew:
 * one of them may keep a value in a register that the other loads, up to
 * another instruction and a half a store.
 */
KTEST(text_poke_fresh, costs_an_invlpg_for_each_store)
{
	u64 each, page, by_itself;

	if (!slices_exact() || num_online_cpus() > 1)
		KTEST_SKIP("counts instructions: icount, one CPU");
	ASSERT_EQ(farm_init(&farm, BATCH, FARM_STRIDE, 0), 0);
	cost_of_batch(POKE_FRESH_STORE, FARM_A);
	each = cost_of_batch(POKE_FRESH_STORE, FARM_B);
	page = cost_of_batch(POKE_FRESH_PAGE, FARM_A);
	by_itself = cost_of_batch(POKE_FRESH_AUTO, FARM_B);
	EXPECT(each - page + SLACK >= 4 * BATCH && each - page <= 10 * BATCH);
	EXPECT(by_itself > (each + page) / 2); /* this is TCG */
	farm_destroy(&farm);
}
