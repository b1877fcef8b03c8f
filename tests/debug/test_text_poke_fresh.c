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
