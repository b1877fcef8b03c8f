/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: memory of any size.
 *
 * Context: task or irq, not NMI and not from a probe. Alignment: 16 bytes; 64
 * bytes for sizes from 64 bytes up; one page for sizes from PAGE_SIZE up. Sizes
 * above 2 KiB are whole pages, at most 16 MiB.
 * Out of memory, and for size 0, the functions return NULL and never panic.
 * kfree(NULL) is allowed. Freeing memory that is not allocated is a panic.
 */
#pragma once

#include "kernel/lib/types.h"

void *__must_check kmalloc(size_t size);
void *__must_check kzalloc(size_t size);
/* Allocates a zeroed array; NULL also when n * size overflows. */
void *__must_check kcalloc(size_t n, size_t size);
/*
 * Resizes like realloc(): if it returns NULL, the old block is unchanged.
 * krealloc(NULL, n) allocates. The new part is not zeroed.
 */
void *__must_check krealloc(void *p, size_t size);
void kfree(const void *p);

/* The usable bytes of an allocation, at least the requested size. */
size_t ksize(const void *p);

/* The number of live allocations, small and large, for leak checks in tests. */
size_t kmalloc_live(void);

/*
 * Each of the twelve size classes keeps one empty slab; this function frees
 * their pages. kmalloc() calls it before it fails, and a leak check before it
 * counts. Context: task or irq. Return: true if there was an empty slab.
 */
bool slab_drain(void);

/*
 * Debugging: while it is on, new slabs fill free objects with a pattern, check
 * the pattern when an object is allocated again, and refuse an object that is
 * freed twice. Both errors are reported on the console and counted. Return:
 * whether it was on before.
 */
bool slab_set_poison(bool on);
unsigned int slab_poison_errors(void);
