/* SPDX-License-Identifier: MIT */
/*
 * Physical memory before there is a page allocator: which pages are free RAM,
 * and a way to take some of them.
 *
 * Context: boot CPU only, until the page allocator has taken over with
 * memmap_for_each_free(); nothing may be taken here afterwards.
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
 * memmap_build - whole pages of RAM, less everything of another type
 *
 * Where entries overlap, the one that is not RAM wins.
 *
 * Return: 0; -EINVAL if there is no RAM; -E2BIG for too many ranges. No other
 * code is returned.
 */
int memmap_build(struct memmap *map, const struct boot_info *info);

/* Takes [start, end) out, rounded outwards to pages. 0, or -E2BIG. */
int memmap_reserve(struct memmap *map, u64 start, u64 end);

/*
 * memmap_take - remove @size bytes (page multiple) below @limit from the map
 *
 * Takes from the bottom of the lowest range at or above 1 MiB that is large
 * enough, else below 1 MiB. (The top of memory is where boot loaders run: under
 * TCG, writing to pages that held code is slow.)
 * Return: physical address, or 0 if there is no such range.
 */
u64 memmap_take(struct memmap *map, u64 size, u64 limit);

/* The boot CPU's maps: ram is all RAM, memmap_free what is left of it. */
extern struct memmap memmap_ram, memmap_free;

/*
 * Fills both maps from what the loader said, and takes out of memmap_free the
 * first page and the kernel image. The loader's own structures have been
 * copied and count as free.
 * Return: as memmap_build().
 */
int memmap_init(const struct boot_info *info, u64 image_start, u64 image_end);

/* Calls fn for each free range, in rising order; hands them over for good. */
void memmap_for_each_free(void (*fn)(u64 start, u64 end, void *arg), void *arg);
