// SPDX-License-Identifier: MIT
/*
 * keys.c - rows keys.*: a static key with one site is flipped, and one with the
 * 10,000 sites that gen_functions.py adds to the image.
 */
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "tests/bench/kernel/bench.h"
#include <asm/smp.h>

#define REPEATS	  3
#define KEY_SITES 10000

extern struct static_key_false bench_many_key;
DEFINE_STATIC_KEY_FALSE(bench_many_key);
static DEFINE_STATIC_KEY_FALSE(one_key);
static volatile unsigned int taken;

static noinline void one_site(void)
{
	if (static_branch_unlikely(&one_key))
		taken++;
}

/* The least of REPEATS times on and off. */
static u64 flip(struct static_key *key, u64 *rounds)
{
	u64 least = ~0ULL, start;

	*rounds = sync_core_rounds();
	for (int i = 0; i < REPEATS; i++) {
		start = bench_busy();
		static_key_slow_inc(key);
		least = min(least, bench_busy() - start);
		start = bench_busy();
		static_key_slow_dec(key);
		least = min(least, bench_busy() - start);
	}
	*rounds = (sync_core_rounds() - *rounds) / (2 * REPEATS);
	return least;
}

void bench_keys(void)
{
	u64 ticks, rounds;

	one_site();
	if (!bench_ok("10,000 sites of a key",
		      bench_many_key.key.nr == KEY_SITES ? 0 : -ENOENT))
		return;
	ticks = flip(&one_key.key, &rounds);
	bench_row("keys.flip.1", ticks * 100, "insn");
	bench_row("keys.rounds.1", rounds * 100, "rounds");
	ticks = flip(&bench_many_key.key, &rounds);
	bench_row("keys.per_site.10000", ticks * 100 / KEY_SITES, "insn");
	bench_row("keys.rounds.10000", rounds * 100, "rounds");
}
