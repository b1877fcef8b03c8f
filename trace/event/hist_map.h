/* SPDX-License-Identifier: MIT */
/*
 * hist_map.h - a table of sums by key, which any context may add to.
 *
 * A key is a row of u64 words. The table has twice as many slots as elements;
 * a slot is free, or has the hash of a key and the number of its element:
 *
 *	slot	 hash << 32 | element + 1	searched from hash on, upwards
 *	element	 sums, key, extra words		all allocated at creation
 *
 * HM1  A key has one element: a search ends at the first free slot, and only
 *      that slot takes the key's new element, by one compare and exchange. No
 *      slot becomes free again.
 * HM2  An element is complete before its slot has its number; its key then
 *      never changes.
 * HM3  No caller waits for another: an NMI may come at any instruction and add
 *      to the same key.
 * HM4  A free element belongs to one caller only: the head of the list of free
 *      elements has a tag that each change advances.
 *
 * Lock legend: [I] immutable; [A] changed by atomic operations in any context.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>

#define HIST_SIZE_MIN	  128
#define HIST_SIZE_MAX	  131072
#define HIST_SIZE_DEFAULT 2048

/* Elements are allocated in pieces of so many. */
#define HIST_PIECE 128

struct hist_map {
	u32 size;	 /* [I] elements; a power of two */
	u32 sums;	 /* [I] sums of an element */
	u32 key_words;	 /* [I] words of a key that are compared */
	u32 extra_words; /* [I] words behind it that are only kept */
	u32 words;	 /* [I] of an element: all of these */
	u32 mask;	 /* [I] of a slot's number */
	u64 *slot;	 /* [A] 2 * size */
	u32 *next;    /* [A] the free element behind a free one, + 1; 0: end */
	u64 free;     /* [A] tag << 32 | the first free element + 1 */
	u64 dropped;  /* [A] */
	u64 *piece[]; /* [I] the elements */
};

/*
 * hist_map_create() - an empty map
 * @size: elements; a power of two, HIST_SIZE_MIN to HIST_SIZE_MAX
 * Return: NULL without memory. Context: task.
 */
struct hist_map *hist_map_create(u32 size, u32 sums, u32 key_words,
				 u32 extra_words);
void hist_map_free(struct hist_map *map);

/*
 * hist_map_get() - the sums of a key, which gets an element if it has none
 * @key: key_words words, and behind them the extra words of a new element
 * Return: the sums, for hist_map_add(); NULL: no element is free, which is
 * counted in ->dropped.
 * Context: any, NMI included; on any number of CPUs. Not traceable.
 */
u64 *hist_map_get(struct hist_map *map, const u64 *key);

static __always_inline void hist_map_add(u64 *sum, u64 n)
{
	__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
}

/* Elements are numbered from 1 on, so that 0 is none. */
static __always_inline u64 *hist_map_element(const struct hist_map *map,
					     u32 number)
{
	u32 index = number - 1;

	return map->piece[index / HIST_PIECE] +
	       (u64)(index % HIST_PIECE) * map->words;
}

static __always_inline u64 hist_map_mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* hist_map_get() for key_words 1: mostly the first slot has the key. */
static __always_inline u64 *hist_map_get_one(struct hist_map *map,
					     const u64 *key)
{
	u32 hash = hist_map_mix(0, *key);
	u64 found = READ_ONCE(map->slot[hash & map->mask]);
	u64 *sums;

	if (likely(found && found >> 32 == hash)) {
		sums = hist_map_element(map, found);
		if (likely(sums[map->sums] == *key))
			return sums;
	}
	return hist_map_get(map, key);
}

/* ---- reading, while others add ------------------------------------------- */

/*
 * Iterate over the elements in no order; start with *@slot = 0.
 * Return: the sums; the key is at sums + map->sums. NULL: there are no more.
 */
const u64 *hist_map_next(const struct hist_map *map, u32 *slot);
