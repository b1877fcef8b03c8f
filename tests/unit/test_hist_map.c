// SPDX-License-Identifier: MIT
/*
 * The map of histograms: random keys against an independent count, a full map,
 * and others that come in at every compare and exchange, as an NMI or another
 * CPU does.
 *
 * host-sources: trace/event/hist_map.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/event/hist_map.h"

static u64 seed;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

/* Count a key of one word, and add @value to the second sum. */
static bool add(struct hist_map *map, u64 key, u64 value)
{
	u64 *sums = hist_map_get(map, &key);

	if (!sums)
		return false;
	hist_map_add(&sums[0], 1);
	hist_map_add(&sums[1], value);
	return true;
}

/* The sums of a key by walking all elements; NULL: not one element has it. */
static const u64 *only(const struct hist_map *map, u64 key)
{
	const u64 *sums, *found = NULL;
	u32 slot = 0, n = 0;

	while ((sums = hist_map_next(map, &slot))) {
		if (sums[map->sums] != key)
			continue;
		found = sums;
		n++;
	}
	return n == 1 ? found : NULL;
}

static u32 entries(const struct hist_map *map)
{
	u32 slot = 0, n = 0;

	while (hist_map_next(map, &slot))
		n++;
	return n;
}

/* ---- counting ------------------------------------------------------------ */

#define KEYS 1500

UNIT(hist_map, a_million_random_records)
{
	struct hist_map *map = hist_map_create(2048, 2, 1, 0);
	static u64 count[KEYS], sum[KEYS];
	const u64 *sums;
	u32 i, key, value;

	seed = 1;
	for (i = 0; i < 1000000; i++) {
		key = rnd(rnd(KEYS) + 1); /* small ones are frequent */
		value = rnd(1000);
		count[key]++;
		sum[key] += value;
		/* Keys that differ in high bits only, too. */
		CHECK(add(map, (u64)key << (key % 2 ? 40 : 0), value));
	}
	for (key = 0; key < KEYS; key++) {
		sums = only(map, (u64)key << (key % 2 ? 40 : 0));
		if (!CHECK_EQ(!!sums, !!count[key]) || !sums)
			continue;
		CHECK_EQ(sums[0], count[key]);
		CHECK_EQ(sums[1], sum[key]);
	}
	CHECK_EQ(map->dropped, 0);
	hist_map_free(map);
}

UNIT(hist_map, a_full_map_drops_new_keys_and_counts_the_others)
{
	struct hist_map *map = hist_map_create(128, 2, 1, 0);
	u64 hits = 0, dropped = 0, total = 0;
	const u64 *sums;
	u32 i, key, slot = 0;

	seed = 2;
	for (i = 0; i < 10000; i++) {
		key = rnd(1000);
		if (entries(map) == 128 && !only(map, key)) {
			CHECK(!add(map, key, 1));
			dropped++;
		} else {
			CHECK(add(map, key, 1));
			hits++;
		}
	}
	CHECK_EQ(entries(map), 128);
	CHECK_EQ(map->dropped, dropped);
	while ((sums = hist_map_next(map, &slot)))
		total += sums[0];
	CHECK_EQ(total, hits);
	CHECK(dropped > 1000);
	hist_map_free(map);
}

/*
 * Keys of several words differ in any of them; extra words do not matter. An
 * element has its whole key (HM2).
 */
UNIT(hist_map, keys_of_several_words)
{
	struct hist_map *map = hist_map_create(128, 1, 3, 2);
	u64 key[5] = { 1, 2, 3, 4, 5 }, *first, *sums;
	u32 i;

	first = hist_map_get(map, key);
	CHECK(first != NULL);
	CHECK(!memcmp(first + 1, key, sizeof(key)));
	key[4] = 77;
	CHECK(hist_map_get(map, key) == first);
	CHECK_EQ(first[5], 5);
	for (i = 0; i < 3; i++) {
		key[i] += 10;
		sums = hist_map_get(map, key);
		CHECK(sums && sums != first);
		CHECK_EQ(sums[5], 77);
		key[i] -= 10;
	}
	CHECK_EQ(entries(map), 4);
	hist_map_free(map);
}

/* ---- others come in between: HM1, HM3, HM4 ------------------------------- */

static struct hist_map *shared;
static u32 depth, depth_max, keys, steps, at_step;
static u64 counted[64], refused;

static void count_one(u64 key)
{
	if (add(shared, key, 1))
		counted[key]++;
	else
		refused++;
}

/* Some of the steps are interrupted, each by another key or by the same. */
static void come_in(void)
{
	if (depth == depth_max || rnd(3))
		return;
	depth++;
	count_one(rnd(keys));
	depth--;
}

static void check_shared(void)
{
	const u64 *sums;
	u64 key;

	for (key = 0; key < keys; key++) {
		sums = only(shared, key);
		CHECK_EQ(!!sums, !!counted[key]);
		CHECK_EQ(sums ? sums[0] : 0, counted[key]);
	}
	CHECK_EQ(shared->dropped, refused);
}

/* No element is lost: as many new keys as are free still fit. */
static void check_free(void)
{
	u32 n = entries(shared), i;

	for (i = 0; n < 128; i++, n++)
		if (!CHECK(add(shared, 1000 + i, 1)))
			break;
	CHECK(!add(shared, 999, 1));
}

UNIT(hist_map, interrupted_at_every_exchange_HM1)
{
	u32 round, i;

	for (round = 0; round < 300; round++) {
		seed = round;
		depth = refused = 0;
		depth_max = 1 + round % 3;
		keys = 1 + round % 60;
		memset(counted, 0, sizeof(counted));
		shared = hist_map_create(128, 2, 1, 0);
		host_step_fn = come_in;
		for (i = 0; i < 100; i++)
			count_one(rnd(keys));
		host_step_fn = NULL;
		check_shared();
		check_free();
		hist_map_free(shared);
	}
}

/* One interruption, at the n-th exchange, by a row of new keys. */
static void fill_up(void)
{
	u64 key;

	if (steps++ != at_step)
		return;
	for (key = 1; key < keys; key++)
		count_one(key);
	count_one(0); /* what is being added below, too */
}

UNIT(hist_map, the_same_key_and_the_last_elements_HM4)
{
	for (at_step = 0; at_step < 4; at_step++) {
		for (keys = 1; keys < 64; keys++) {
			u64 i;

			memset(counted, 0, sizeof(counted));
			steps = refused = 0;
			shared = hist_map_create(128, 2, 1, 0);
			for (i = 0; i < 128 - keys / 2; i++)
				add(shared, 5000 + i, 1); /* few are left */
			host_step_fn = fill_up;
			count_one(0);
			host_step_fn = NULL;
			check_shared();
			check_free();
			hist_map_free(shared);
		}
	}
}

/* ---- memory -------------------------------------------------------------- */

UNIT(hist_map, memory_runs_out_at_every_step)
{
	struct hist_map *map;
	bool failed = true;
	u32 n;

	for (n = 1; failed; n++) {
		fail_nth(n);
		map = hist_map_create(256, 2, 1, 0);
		failed = fail_end();
		CHECK_EQ(!map, failed);
		hist_map_free(map);
	}
	CHECK_EQ(n, 7); /* the map, slots, links, two pieces; and without */
}
