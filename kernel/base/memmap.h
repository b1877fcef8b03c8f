/* SPDX-License-Identifier: MIT */
/*
 * Physical memory before there is a page allocator: the map of free RAM, and
 * a function that takes pages from it.
 *
 * Context: boot CPU only, until the page allocator calls
 * memmap_for_each_free(). After that call no page may be taken here.
 */
#pragma once

#include "boot/boot_info.h"

#define MEMMAP_MAX_RANGES 256

struct memmap_range {
	u64 start, end; /* physical, page aligned, start < end */
};

/* Sorted, disjoint, page-aligned ranges. */
struct memmap {
	u32 nr;
	struct memmap_range range[MEMMAP_MAX_RANGES];
};

/*
 * memmap_build - the whole pages of RAM, without regions of another type
 *
 * Where regions overlap, the one that is not RAM wins.
 *
 * Return: 0; -EINVAL if there is no RAM; -E2BIG for too many ranges. No other
 * code is returned.
 */
int memmap_build(struct memmap *map, const struct boot_info *info);

/* Removes [start, end), rounded outwards to pages. Return: 0 or -E2BIG. */
int memmap_reserve(struct memmap *map, u64 start, u64 end);

/*
 * memmap_take - remove @size bytes (page multiple) below @limit from the map
 *
 * The memory comes from the bottom of the lowest range at or above 1 MiB that
 * is large enough, or, if there is none, from below 1 MiB. (Boot loaders run at
 * the top of memory. Under TCG, writes to pages that held code are slow.)
 * Return: physical address, or 0 if there is no such range.
 */
u64 memmap_take(struct memmap *map, u64 size, u64 limit);

/* The boot CPU's maps: memmap_ram is all RAM, memmap_free its free part. */
extern struct memmap memmap_ram, memmap_free;

/*
 * Fills both maps from the loader's information, and removes the first page and
 * the kernel image from memmap_free. The loader's own structures are copied
 * already, so their memory counts as free.
 * Return: as memmap_build().
 */
int memmap_init(const struct boot_info *info, u64 image_start, u64 image_end);

/* Calls fn for each free range in rising order, then empties memmap_free. */
void memmap_for_each_free(void (*fn)(u64 start, u64 end, void *arg), void *arg);
