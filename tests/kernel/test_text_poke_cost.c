// SPDX-License-Identifier: MIT
/*
 * What patching costs, in instructions: under -icount shift=0 (icount=1 on the
 * command line) one instruction is one cycle of the TSC, exactly. Otherwise
 * these are skipped.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/cmdline.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_farm.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/smp.h>

#define BATCH 5000

static struct farm farm;

static bool exact(void)
{
	return cmdline_u64("icount", 0) && num_online_cpus() == 1;
}

KTEST(text_poke_cost, per_site)
{
	u64 start, verified, applied;

	if (!exact())
		KTEST_SKIP("counts instructions: icount, one CPU");
	ASSERT_EQ(farm_init(&farm, BATCH, FARM_STRIDE, 0), 0);
	farm_plan(&farm, FARM_A);
	start = rdtsc();
	EXPECT_EQ(text_poke_prepare(farm.vec, farm.n, NULL), 0);
	verified = rdtsc();
	text_poke_apply();
	applied = rdtsc();
	EXPECT(verified - start <= 20 * BATCH);
	EXPECT(applied - verified <= 70 * BATCH);
	farm_destroy(&farm);
}

KTEST(text_poke_cost, one_site_alone)
{
	u64 old, new, start;

	if (!exact())
		KTEST_SKIP("counts instructions: icount, one CPU");
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	old = farm_word(&farm, 0, FARM_NOP);
	new = farm_word(&farm, 0, FARM_A);
	start = rdtsc();
	EXPECT_EQ(text_poke(farm_fn(&farm, 0), old, new, NULL), 0);
	EXPECT(rdtsc() - start <= 5000);
	farm_destroy(&farm);
}

/* Of one call of each of some sites while all of them hold INT3. */
static u64 trapped_sum, trapped_max;
static unsigned int trapped_calls;

static u64 cycles_of_call(unsigned long fn)
{
	u64 start = rdtsc();

	farm_call(fn);
	return rdtsc() - start;
}

static void call_trapped(enum poke_step next)
{
	size_t i;

	if (next != POKE_TAIL)
		return;
	for (i = 0; i < farm.n; i += 11) {
		u64 cycles = cycles_of_call(farm_fn(&farm, i));

		trapped_sum += cycles;
		trapped_max = max(trapped_max, cycles);
		trapped_calls++;
	}
}

/* Pages full of sites: 256 in each. */
KTEST(text_poke_cost, int3_hit)
{
	u64 plain;

	if (!exact())
		KTEST_SKIP("counts instructions: icount, one CPU");
	ASSERT_EQ(farm_init(&farm, BATCH, FARM_STRIDE, 0), 0);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	plain = cycles_of_call(farm_fn(&farm, 7));
	trapped_sum = trapped_max = trapped_calls = 0;
	poke_observe(call_trapped);
	EXPECT_EQ(farm_poke(&farm, FARM_B), 0);
	poke_observe(NULL);
	farm_destroy(&farm);
	ASSERT(trapped_calls > 0);
	if (!EXPECT(trapped_max - plain <= 130))
		ktest_note("INT3 hit: %llu instructions, at most %llu",
			   trapped_sum / trapped_calls - plain,
			   trapped_max - plain);
}

KTEST(text_poke_cost, stretch_with_interrupts_off)
{
	if (!exact())
		KTEST_SKIP("counts instructions: icount, one CPU");
	/* The dearest: every site is cut by a page boundary. */
	ASSERT_EQ(farm_init(&farm, 100, PAGE_SIZE, PAGE_SIZE - 2), 0);
	poke_stats_reset_max();
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	EXPECT(poke_stats().irqoff_max <= 20000 * 100 / POKE_CHUNK);
	EXPECT_EQ(farm_check(&farm, FARM_A), 0);
	farm_destroy(&farm);
}
