// SPDX-License-Identifier: MIT
/*
 * Searches and fills arrays of bits, a word at a time where that is faster.
 *
 * Owns nothing.  Pure; the caller holds the lock that protects the map.
 */
#include "kernel/lib/bitmap.h"
#include "kernel/lib/string.h"

/* @flip is 0 to search for ones, ~0 to search for zeros. */
static size_t find_next(const unsigned long *map, size_t size, size_t from,
			unsigned long flip)
{
	unsigned long word;
	size_t index = from / BITS_PER_LONG;

	if (from >= size)
		return size;
	word = (map[index] ^ flip) & (~0UL << (from % BITS_PER_LONG));
	while (!word) {
		index++;
		if (index * BITS_PER_LONG >= size)
			return size;
		word = map[index] ^ flip;
	}
	from = index * BITS_PER_LONG + (size_t)__builtin_ctzl(word);
	return min(from, size);
}

size_t find_next_bit(const unsigned long *map, size_t size, size_t from)
{
	return find_next(map, size, from, 0);
}

size_t find_next_zero_bit(const unsigned long *map, size_t size, size_t from)
{
	return find_next(map, size, from, ~0UL);
}

size_t bitmap_find_zero_area(const unsigned long *map, size_t size, size_t from,
			     size_t nr)
{
	for (;;) {
		size_t end;

		from = find_next_zero_bit(map, size, from);
		if (from >= size || nr > size - from)
			return size;
		end = find_next_bit(map, from + nr, from);
		if (end == from + nr)
			return from;
		from = end;
	}
}

/* The bits of [from, from + nr) that lie in the word of @from. */
static unsigned long word_mask(size_t from, size_t nr)
{
	size_t first = from % BITS_PER_LONG;
	size_t n = min(nr, BITS_PER_LONG - first);

	return (~0UL >> (BITS_PER_LONG - n)) << first;
}

void bitmap_set(unsigned long *map, size_t from, size_t nr)
{
	while (nr) {
		unsigned long mask = word_mask(from, nr);
		size_t n = hweight64(mask);

		map[from / BITS_PER_LONG] |= mask;
		from += n;
		nr -= n;
	}
}

void bitmap_clear(unsigned long *map, size_t from, size_t nr)
{
	while (nr) {
		unsigned long mask = word_mask(from, nr);
		size_t n = hweight64(mask);

		map[from / BITS_PER_LONG] &= ~mask;
		from += n;
		nr -= n;
	}
}

size_t bitmap_weight(const unsigned long *map, size_t size)
{
	size_t n = 0;

	for (size_t from = 0; from < size; from += BITS_PER_LONG)
		n += hweight64(map[from / BITS_PER_LONG] &
			       word_mask(from, size - from));
	return n;
}
