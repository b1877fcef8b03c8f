// SPDX-License-Identifier: MIT
/*
 * Union and difference of sets of sites, and whose target an element of both
 * keeps: compared with a bitmap, for all pairs of small sets and for random
 * ones.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define WIDE 40 /* sites of a random set */

/* The set of the bits of @mask; site i has the target @mark + i, or none. */
static struct ftrace_hash *set_of_bits(u64 mask, unsigned long mark)
{
	struct ftrace_hash *hash = ftrace_hash_alloc(WIDE, mark);

	for (u32 i = 0; i < WIDE; i++) {
		if (!(mask >> i & 1))
			continue;
		if (mark)
			hash->direct[hash->count] = mark + i;
		hash->rec[hash->count++] = i;
	}
	return hash;
}

/* Is it the set of these bits, with the targets of @b before those of @a? */
static void check_set(struct ftrace_hash *hash, u64 mask, u64 of_b,
		      unsigned long mark_a, unsigned long mark_b)
{
	size_t k = 0;

	CHECK_EQ(!!hash->direct, mark_a || mark_b);
	for (u32 i = 0; i < WIDE; i++) {
		unsigned long mark = of_b >> i & 1 ? mark_b : mark_a;

		if (!(mask >> i & 1))
			continue;
		CHECK(k < hash->count);
		CHECK_EQ(hash->rec[k], i);
		if (hash->direct)
			CHECK_EQ(hash->direct[k], mark ? mark + i : 0);
		k++;
	}
	CHECK_EQ(hash->count, k);
	ftrace_hash_free(hash);
}

static void check_pair(u64 a_mask, u64 b_mask, unsigned long mark_a,
		       unsigned long mark_b)
{
	struct ftrace_hash *a = set_of_bits(a_mask, mark_a);
	struct ftrace_hash *b = set_of_bits(b_mask, mark_b);

	check_set(ftrace_hash_union(a, b), a_mask | b_mask, b_mask, mark_a,
		  mark_b);
	check_set(ftrace_hash_minus(a, b), a_mask & ~b_mask, 0, mark_a, mark_b);
	ftrace_hash_free(a);
	ftrace_hash_free(b);
}

UNIT(ftrace_hash, all_small_sets)
{
	for (u64 a = 0; a < 64; a++)
		for (u64 b = 0; b < 64; b++) {
			check_pair(a, b, 0x1000, 0x2000);
			check_pair(a, b, 0, 0x2000);
			check_pair(a, b, 0x1000, 0);
			check_pair(a, b, 0, 0);
		}
}

UNIT(ftrace_hash, random_sets)
{
	u64 seed = 1;

	for (int i = 0; i < 2000; i++) {
		u64 a = host_random(&seed), b = host_random(&seed);

		if (i % 2) /* long stretches */
			b ^= a & a >> 3;
		if (i % 3 == 0)
			b |= a;
		check_pair(a & ((1UL << WIDE) - 1), b & ((1UL << WIDE) - 1),
			   0x1000, i % 5 ? 0x2000 : 0);
	}
}
