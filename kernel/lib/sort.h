/* SPDX-License-Identifier: MIT */
/*
 * Sorts arrays.  Pure; no allocation, no recursion.
 */
#pragma once

#include "kernel/lib/types.h"

/* < 0, 0, > 0 as @a sorts before, with or after @b. */
typedef int (*cmp_fn)(const void *a, const void *b);

/*
 * sort() - sort @n elements of @size bytes in place; O(n log n) always, not
 * stable.
 */
void sort(void *base, size_t n, size_t size, cmp_fn cmp);
