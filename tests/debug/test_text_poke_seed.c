// SPDX-License-Identifier: MIT
/*
 * One schedule out of very many: seed=N on the command line chooses where the
 * sites lie, how long turns are and how long each step of a batch waits. Under
 * -icount everything then happens in the same order in every run, so a seed
 * that fails is a test case. tests/test_patch_seeds.py runs them.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/cmdline.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/poke_widen.h"
#include "tests/lab/method.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/smp.h>

#define GOOD_PATCHES  100
#define NAIVE_PATCHES 4000 /* at most: the first torn call is enough */

static struct farm farm;
static u64 random;

static u64 draw(u64 below)
{
	return farm_random(&random) % below;
}

/* Whether there is a schedule to choose here at all. */
static bool begin_schedule(void)
{
	u64 seed = cmdline_u64("seed", 1);

	if (!slices_exact() || num_online_cpus() == 1)
		return false;
	random = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
	slices_begin(9);
	poke_observe(slices_stagger);
	return true;
}

static struct load_count patch(unsigned int what, unsigned int patches,
			       const u8 *kinds, unsigned int nr_kinds)
{
	struct load_count count = { .calls = 0 };
	unsigned int turn;

	if (!EXPECT_EQ(load_begin(&farm, what, false), 0))
		return count;
	while (!load_calls_made())
		cpu_relax();
	for (turn = 0; turn < patches && !load_torn(); turn++) {
		EXPECT_EQ(load_poke(kinds[turn % nr_kinds]), 0);
		slices_wait(draw(3000));
		cpu_relax(); /* give a turn away */
		slices_vary();
	}
	return load_end();
}

/* An arena's sites, anywhere in a page: torn calls are survived. */
static struct load_count patch_arena(const char *method, unsigned int patches)
{
	static const u8 kinds[] = { FARM_A, FARM_B, FARM_NOP };
	struct load_count count = { .calls = 0 };

	if (!EXPECT_EQ(farm_init_arena(&farm, 1 + draw(ARENA_SITES),
				       draw(PAGE_SIZE)),
		       0))
		return count;
	lab_use_method(lab_method_find(method));
	count = patch(LOAD(LOAD_TASK), patches, kinds, ARRAY_SIZE(kinds));
	lab_use_method(NULL);
	farm_destroy(&farm);
	return count;
}

static void end_schedule(void)
{
	poke_observe(NULL);
	slices_end();
}

KTEST(text_poke_seed, int3_lets_nothing_through)
{
	struct load_count count;

	if (!begin_schedule())
		KTEST_SKIP("needs -icount and a second CPU");
	count = patch_arena("int3", GOOD_PATCHES);
	end_schedule();
	EXPECT_EQ(count.torn, 0);
	EXPECT_EQ(count.wrong, 0);
	EXPECT(count.calls > 0);
}

KTEST(text_poke_seed, int3_in_all_contexts)
{
	static const u8 kinds[] = { FARM_A,   FARM_B,	  FARM_C,
				    FARM_NOP, FARM_JMP_A, FARM_NOP };
	struct load_count count;

	if (!begin_schedule())
		KTEST_SKIP("needs -icount and a second CPU");
	poke_widen(2000);
	if (EXPECT_EQ(
		    farm_init(&farm, 1 + draw(40), FARM_DENSE, draw(PAGE_SIZE)),
		    0)) {
		count = patch(LOAD_ALL | LOAD_INT3, GOOD_PATCHES, kinds,
			      ARRAY_SIZE(kinds));
		EXPECT_EQ(count.torn, 0);
		EXPECT_EQ(count.wrong, 0);
		EXPECT(count.calls > 0);
		farm_destroy(&farm);
	}
	poke_widen(0);
	end_schedule();
}

KTEST(text_poke_seed, naive_is_caught)
{
	struct load_count count;

	if (!begin_schedule())
		KTEST_SKIP("needs -icount and a second CPU");
	count = patch_arena("naive", NAIVE_PATCHES);
	end_schedule();
	EXPECT(count.torn > 0);
}
