/* SPDX-License-Identifier: MIT */
/*
 * Arrays of bits.  Nothing here is atomic: the caller holds a lock.
 * Pure.  The single-bit accessors are inlined.
 */
#pragma once

#include "kernel/lib/types.h"

#define BITS_PER_LONG	    64
#define BITS_TO_LONGS(bits) DIV_ROUND_UP(bits, BITS_PER_LONG)

/*
 * An array of whole longs. Bits behind @bits are never set and never counted.
 */
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

/* @nr is not checked against the size. */
static __always_inline bool test_bit(size_t nr, const unsigned long *map)
{
	return map[nr / BITS_PER_LONG] >> (nr % BITS_PER_LONG) & 1;
}

/* Two underscores as in Linux: not atomic. */
static __always_inline void __set_bit(size_t nr, unsigned long *map)
{
	map[nr / BITS_PER_LONG] |= 1UL << (nr % BITS_PER_LONG);
}

/* The number of ones. Without -mpopcnt, gcc's builtin would call libgcc. */
static __always_inline unsigned int hweight64(u64 w)
{
	w -= w >> 1 & 0x5555555555555555ULL;
	w = (w & 0x3333333333333333ULL) + (w >> 2 & 0x3333333333333333ULL);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned int)(w * 0x0101010101010101ULL >> 56);
}

/* The first set (clear) bit at or after @from; @size when there is none. */
size_t find_next_bit(const unsigned long *map, size_t size, size_t from);
size_t find_next_zero_bit(const unsigned long *map, size_t size, size_t from);

/*
 * The first run of @nr clear bits at or after @from; @size when there is
 * none.
 */
size_t bitmap_find_zero_area(const unsigned long *map, size_t size, size_t from,
			     size_t nr);

/* Set or clear @nr bits from @from on, whole words at a time. */
void bitmap_set(unsigned long *map, size_t from, size_t nr);
void bitmap_clear(unsigned long *map, size_t from, size_t nr);
/* How many of the first @size bits are set. */
size_t bitmap_weight(const unsigned long *map, size_t size);
