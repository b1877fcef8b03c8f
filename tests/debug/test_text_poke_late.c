// SPDX-License-Identifier: MIT
/*
 * QEMU runs old translations: a CPU may meet an INT3 long after it is gone.
 * The engine's remedy (a fresh mapping for each store, and the first bytes
 * stored once more after the last synchronisation) ends that. Here the second
 * half of it is taken away, and given back.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include <asm/layout.h>
#include <asm/smp.h>

#define SEEK_NS 6000000000ULL /* for the first hit */
#define SHOW_NS 500000000ULL  /* that there is none */

static struct farm farm;

static const u8 no_rewrite_steps[] = {
	POKE_PUBLISH, POKE_INT3, POKE_SYNC,   POKE_TAIL, POKE_SYNC,
	POKE_HEAD,    POKE_SYNC, POKE_RETIRE, POKE_END,
};

static const struct lab_method no_rewrite = { "no-rewrite", "no remedy",
					      no_rewrite_steps };

static unsigned long late_hits(void)
{
	struct poke_hits hits = poke_hits_total();
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hits.late); i++)
		sum += hits.late[i];
	return sum;
}

/*
 * Patch a few hot sites again and again. A trap that is on its way when a
 * batch ends is not meant: so synchronise once more, and only then look.
 * Return: INT3s met at sites that hold none.
 */
static unsigned long late_after_completion(const struct lab_method *method,
					   u64 ns)
{
	u64 end = ktime_ns() + ns;
	unsigned long late = 0, before;
	struct load_count count;
	unsigned int turn = 0;

	if (!EXPECT_EQ(load_begin(&farm, LOAD(LOAD_TASK), false), 0))
		return 0;
	lab_use_method(method);
	while (!late && ktime_ns() < end) {
		EXPECT_EQ(load_poke(turn++ % 2 ? FARM_B : FARM_A), 0);
		sync_core_all();
		before = late_hits();
		slices_wait(60000);
		late = late_hits() - before;
	}
	lab_use_method(NULL);
	count = load_end();
	/* Late or not, each call has landed where it may. */
	EXPECT_EQ(count.torn, 0);
	EXPECT_EQ(count.wrong, 0);
	return late;
}

KTEST(text_poke_late, none_with_the_remedy)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 2, FARM_STRIDE, PAGE_SIZE - 2), 0);
	EXPECT_EQ(late_after_completion(NULL, SHOW_NS), 0);
	farm_destroy(&farm);
}

KTEST(text_poke_late, seen_without_the_remedy)
{
	unsigned long late;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	if (slices_exact())
		KTEST_SKIP("no old translations where CPUs take turns");
	ASSERT_EQ(farm_init(&farm, 2, FARM_STRIDE, 0), 0);
	late = late_after_completion(&no_rewrite, SEEK_NS);
	farm_destroy(&farm);
	if (!late)
		KTEST_SKIP("none came: newer QEMU, Bochs, a busy host");
}
