/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: memory of any size.
 *
 * Context: task or irq, not NMI and not from a probe. Alignment: 16 bytes; 64
 * for sizes of 64 and up; a page from PAGE_SIZE up. Sizes above 2 KiB
 * are whole pages, rounded up to a power of two, at most 16 MiB. Out of memory
 * (and size 0) is a NULL, never a panic; kfree(NULL) is allowed; freeing what
 * was not allocated is a panic.
 */
#pragma once

#include "kernel/lib/types.h"

void *__must_check kmalloc(size_t size);
void *__must_check kzalloc(size_t size);
/* An array, zeroed; NULL also when n * size overflows. */
void *__must_check kcalloc(size_t n, size_t size);
/*
 * As realloc(): NULL leaves the old block as it was. krealloc(NULL, n)
 * allocates. The new part is not zeroed.
 */
void *__must_check krealloc(void *p, size_t size);
void kfree(const void *p);

/* A copy of a string, or NULL. */
char *__must_check kstrdup(const char *s);

/* Usable bytes of an allocation, at least those asked for. */
size_t ksize(const void *p);

/* Allocations now alive (small and large), for leak checks in tests. */
size_t kmalloc_live(void);

/*
 * Empty slabs are kept, one for each of a dozen sizes; give their pages back.
 * kmalloc() does so before it fails; checks for leaks do before they count.
 * Context: task or irq. Return: whether there was any.
 */
bool slab_drain(void);

/*
 * Debugging: while on, new slabs fill free objects with a pattern, look for
 * damage when they are used again, and refuse what is freed twice. Either is
 * reported on the console and counted. Return: whether it was on.
 */
bool slab_set_poison(bool on);
unsigned int slab_poison_errors(void);
