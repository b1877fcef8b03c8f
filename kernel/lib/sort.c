// SPDX-License-Identifier: MIT
/*
 * Heapsort and binary search.
 *
 * Owns nothing.  Pure: no allocation, no recursion, O(n log n) on any input, so
 * it may sort the site table at boot and any table that a user sends.
 */
#include "kernel/lib/sort.h"

static void swap_elements(u8 *a, u8 *b, size_t size)
{
	for (; size >= 8; a += 8, b += 8, size -= 8) {
		unsigned long x, y;

		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		__builtin_memcpy(a, &y, 8);
		__builtin_memcpy(b, &x, 8);
	}
	for (; size; a++, b++, size--)
		swap(*a, *b);
}

/* Moves element @i down until the heap of @n elements holds below it. */
static void sift_down(u8 *base, size_t i, size_t n, size_t size, cmp_fn cmp)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n &&
		    cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + i * size, base + child * size) >= 0)
			return;
		swap_elements(base + i * size, base + child * size, size);
		i = child;
	}
}

static bool is_sorted(const u8 *base, size_t n, size_t size, cmp_fn cmp)
{
	for (size_t i = 1; i < n; i++) {
		if (cmp(base + (i - 1) * size, base + i * size) > 0)
			return false;
	}
	return true;
}

void sort(void *base, size_t n, size_t size, cmp_fn cmp)
{
	u8 *first = base;

	/* The linker sorts most tables already: n compares find that out. */
	if (is_sorted(first, n, size, cmp))
		return;
	for (size_t i = n / 2; i-- > 0;)
		sift_down(first, i, n, size, cmp);
	for (size_t end = n - 1; end > 0; end--) {
		swap_elements(first, first + end * size, size);
		sift_down(first, 0, end, size, cmp);
	}
}
