// SPDX-License-Identifier: MIT
/*
 * Physical memory before there is a page allocator.
 *
 * Invariant MM1: ranges are sorted, disjoint, page aligned and not empty.
 *
 * Pure: runs on the host under the sanitizers.
 */
#include "kernel/base/memmap.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

/*
 * The first MiB has memory that only a CPU in real mode can start in, so it is
 * taken last. Memory above MAX_PHYS has no place in the direct map.
 */
#define FIRST_MIB 0x100000ULL
#define MAX_PHYS  ((u64)(PAGE_END - PAGE_OFFSET))

struct memmap memmap_ram, memmap_free;

/* Remove range @i; the later ones move down. MM1 */
static void drop(struct memmap *map, u32 i)
{
	map->nr--;
	memmove(&map->range[i], &map->range[i + 1],
		(map->nr - i) * sizeof(map->range[0]));
}

/*
 * Make [start, end) range @i; the caller knows that it belongs there. Return:
 * 0, or -E2BIG the map is full. MM1
 */
static int insert(struct memmap *map, u32 i, u64 start, u64 end)
{
	if (map->nr == MEMMAP_MAX_RANGES)
		return -E2BIG;
	memmove(&map->range[i + 1], &map->range[i],
		(map->nr - i) * sizeof(map->range[0]));
	map->range[i].start = start;
	map->range[i].end = end;
	map->nr++;
	return 0;
}

/* Adds [start, end), merged with every range that it overlaps or touches. */
static int add(struct memmap *map, u64 start, u64 end)
{
	struct memmap_range *r;
	u32 i = 0;

	while (i < map->nr && map->range[i].end < start)
		i++;
	while (i < map->nr && map->range[i].start <= end) {
		r = &map->range[i];
		start = min(start, r->start);
		end = max(end, r->end);
		drop(map, i);
	}
	return insert(map, i, start, end);
}

/*
 * Outwards to whole pages: a page that is in use in part is in use. A hole in
 * the middle of a range makes two of it.
 */
int memmap_reserve(struct memmap *map, u64 start, u64 end)
{
	struct memmap_range r;
	u32 i = 0;
	int ret;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	while (i < map->nr) {
		r = map->range[i];
		if (r.end <= start || end <= r.start) {
			i++;
			continue;
		}
		drop(map, i);
		if (r.start < start) {
			ret = insert(map, i++, r.start, start);
			if (ret)
				return ret;
		}
		if (end < r.end) {
			ret = insert(map, i++, end, r.end);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/*
 * RAM is rounded inwards and added first, then everything else is taken out:
 * where the regions of a loader overlap, RAM loses.
 */
int memmap_build(struct memmap *map, const struct boot_info *info)
{
	const struct boot_region *region;
	u64 start, end;
	u32 i;
	int ret;

	map->nr = 0;
	for (i = 0; i < info->nr_regions; i++) {
		region = &info->region[i];
		start = ALIGN_UP(region->start, PAGE_SIZE);
		end = ALIGN_DOWN(min(region->end, MAX_PHYS), PAGE_SIZE);
		if (region->type != BOOT_REGION_RAM || start >= end)
			continue;
		ret = add(map, start, end);
		if (ret)
			return ret;
	}
	for (i = 0; i < info->nr_regions; i++) {
		region = &info->region[i];
		if (region->type == BOOT_REGION_RAM)
			continue;
		ret = memmap_reserve(map, region->start, region->end);
		if (ret)
			return ret;
	}
	return map->nr ? 0 : -EINVAL;
}

/*
 * The lowest place in [low, limit). Return: 0 if there is none, or if the map
 * has no room for the hole.
 */
static u64 take_from(struct memmap *map, u64 size, u64 low, u64 limit)
{
	struct memmap_range *r;
	u64 start, end;
	u32 i;

	for (i = 0; i < map->nr; i++) {
		r = &map->range[i];
		start = max(r->start, low);
		end = min(r->end, limit);
		if (start >= end || end - start < size)
			continue;
		return memmap_reserve(map, start, start + size) ? 0 : start;
	}
	return 0;
}

u64 memmap_take(struct memmap *map, u64 size, u64 limit)
{
	u64 found = take_from(map, size, FIRST_MIB, limit);

	return found ? found : take_from(map, size, PAGE_SIZE, limit);
}

/* Page 0 stays unused, so that address 0 means "none". */
int memmap_init(const struct boot_info *info, u64 image_start, u64 image_end)
{
	int ret = memmap_build(&memmap_ram, info);

	if (ret)
		return ret;
	memmap_free = memmap_ram;
	ret = memmap_reserve(&memmap_free, 0, PAGE_SIZE);
	if (ret)
		return ret;
	return memmap_reserve(&memmap_free, image_start, image_end);
}

/*
 * Hands everything that is left to the page allocator; nothing can be taken
 * here afterwards.
 */
void memmap_for_each_free(void (*fn)(u64 start, u64 end, void *arg), void *arg)
{
	u32 i;

	for (i = 0; i < memmap_free.nr; i++)
		fn(memmap_free.range[i].start, memmap_free.range[i].end, arg);
	memmap_free.nr = 0;
}
