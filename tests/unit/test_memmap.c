// SPDX-License-Identifier: MIT
/*
 * kernel/base/memmap.c: tidying up firmware maps, against a map of single
 * pages.
 *
 * host-sources: kernel/base/memmap.c
 */
#include "kernel/base/memmap.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define PAGE 4096ULL

static struct boot_info info;
static struct memmap map;

static void region(u64 start, u64 end, u32 type)
{
	info.region[info.nr_regions++] =
		(struct boot_region){ start, end, type };
}

UNIT(memmap, sorts_and_joins)
{
	info.nr_regions = 0;
	region(8 * PAGE, 9 * PAGE, 1);
	region(0, 3 * PAGE, 1);
	region(3 * PAGE, 5 * PAGE, 1);
	region(4 * PAGE, 6 * PAGE, 1);
	CHECK_EQ(memmap_build(&map, &info), 0);
	CHECK_EQ(map.nr, 2);
	CHECK_EQ(map.range[0].end, 6 * PAGE);
	CHECK_EQ(map.range[1].start, 8 * PAGE);
}

UNIT(memmap, whole_pages_only)
{
	info.nr_regions = 0;
	region(1, 2 * PAGE + 5, 1);
	region(5 * PAGE + 1, 6 * PAGE - 1, 1); /* no whole page */
	CHECK_EQ(memmap_build(&map, &info), 0);
	CHECK_EQ(map.nr, 1);
	CHECK_EQ(map.range[0].start, PAGE);
	CHECK_EQ(map.range[0].end, 2 * PAGE);
}

UNIT(memmap, anything_else_wins_over_ram)
{
	info.nr_regions = 0;
	region(3 * PAGE + 1, 3 * PAGE + 2, 2);
	region(0, 8 * PAGE, 1);
	region(5 * PAGE, 6 * PAGE, 77);
	CHECK_EQ(memmap_build(&map, &info), 0);
	CHECK_EQ(map.nr, 3);
	CHECK_EQ(map.range[0].end, 3 * PAGE);
	CHECK_EQ(map.range[1].start, 4 * PAGE);
	CHECK_EQ(map.range[1].end, 5 * PAGE);
	CHECK_EQ(map.range[2].start, 6 * PAGE);
}

UNIT(memmap, no_ram_is_an_error)
{
	info.nr_regions = 0;
	region(0, 8 * PAGE, 2);
	CHECK_EQ(memmap_build(&map, &info), -EINVAL);
}

UNIT(memmap, an_impossible_address_is_cut_off)
{
	info.nr_regions = 0;
	region(PAGE, ~0ULL, 1);
	CHECK_EQ(memmap_build(&map, &info), 0);
	CHECK_EQ(map.nr, 1);
	CHECK(map.range[0].end <= 64ULL << 40);
}

UNIT(memmap, take_prefers_memory_above_1_mib)
{
	u64 phys;

	info.nr_regions = 0;
	region(PAGE, 160 * PAGE, 1);
	region(256 * PAGE, 258 * PAGE, 1);
	CHECK_EQ(memmap_build(&map, &info), 0);
	CHECK_EQ(memmap_take(&map, PAGE, ~0ULL), 256 * PAGE);
	CHECK_EQ(memmap_take(&map, PAGE, ~0ULL), 257 * PAGE);
	CHECK_EQ(memmap_take(&map, PAGE, ~0ULL), PAGE);
	CHECK_EQ(memmap_take(&map, PAGE, 10 * PAGE), 2 * PAGE);
	CHECK_EQ(memmap_take(&map, PAGE, 3 * PAGE), 0);
	phys = memmap_take(&map, 200 * PAGE, ~0ULL);
	CHECK_EQ(phys, 0);
}

/* The oracle: one byte per page. */
#define PAGES 64
static u8 page_is_ram[PAGES];

static bool agrees(void)
{
	u64 last_end = 0;
	u32 i, page = 0;

	for (i = 0; i < map.nr; i++) {
		const struct memmap_range *r = &map.range[i];

		if (r->start >= r->end || (i && r->start <= last_end))
			return false;
		for (; page < r->start / PAGE; page++)
			if (page_is_ram[page])
				return false;
		for (; page < r->end / PAGE; page++)
			if (!page_is_ram[page])
				return false;
		last_end = r->end;
	}
	for (; page < PAGES; page++)
		if (page_is_ram[page])
			return false;
	return true;
}

/* MM1 */
UNIT(memmap, random_maps_agree_with_the_oracle)
{
	u64 seed = 1;

	for (int round = 0; round < 2000; round++) {
		memset(page_is_ram, 0, sizeof(page_is_ram));
		info.nr_regions = 0;
		for (int i = 0; i < 8; i++) {
			u64 first, n;

			seed = seed * 6364136223846793005ULL + 1;
			first = seed >> 33 & 63;
			n = min((seed >> 40 & 15) + 1, 64 - first);
			region(first * PAGE, (first + n) * PAGE,
			       seed >> 50 & 3 ? 1 : 2);
		}
		for (u32 kind = 1; kind <= 2; kind++)
			for (u32 i = 0; i < info.nr_regions; i++)
				if (info.region[i].type == kind)
					memset(page_is_ram +
						       info.region[i].start /
							       PAGE,
					       kind == 1,
					       (info.region[i].end -
						info.region[i].start) /
						       PAGE);
		if (memmap_build(&map, &info) == -EINVAL)
			map.nr = 0;
		if (!CHECK(agrees()))
			return;
	}
}
