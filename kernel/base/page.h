/* SPDX-License-Identifier: MIT */
/*
 * Page allocator: blocks of 2^order pages, or exactly as many pages as are
 * needed, out of all free RAM, by their address in the direct map.
 *
 * Context of all functions but page_init(): task or irq, not NMI and not from a
 * probe (they take a lock). The contents of a block are undefined unless the
 * function's name says zeroed. Out of memory, the functions return NULL and
 * never panic. Freeing a block that is not allocated is a panic.
 */
#pragma once

#include <asm/layout.h>

#include "kernel/lib/types.h"

#define PAGE_MAX_ORDER 12

/*
 * page_init() - take over all memory that memmap_free still holds
 * Context: boot, once; no memory may be taken from memmap_free afterwards.
 * Return: 0; -ENOMEM if there is no room for the allocator's own table. No
 * other code is returned.
 */
int page_init(void);

/* Return: the block, aligned to its size; NULL when there is none. */
void *__must_check alloc_pages(unsigned int order);
void *__must_check alloc_pages_zeroed(unsigned int order);
void free_pages(void *p, unsigned int order);

static __always_inline void *__must_check alloc_page(void)
{
	return alloc_pages(0);
}

static __always_inline void free_page(void *p)
{
	free_pages(p, 0);
}

/* The smallest order that holds @size bytes; above PAGE_MAX_ORDER if none. */
unsigned int page_order(size_t size);

/*
 * alloc_pages_exact() - as many pages as @size bytes need, in one piece
 * free_pages_exact() - free them; @p may be from alloc_pages(), too
 * pages_exact() - the number of pages that were allocated at @p, or 0
 *
 * Only the last page may be used in part, where alloc_pages() may waste half
 * of a block. They are aligned as a block of page_order(@size).
 * pages_exact(): context any, for the owner.
 * Return: the first page; NULL for size 0, for a size above the largest block,
 * or without memory. free_pages_exact(NULL) is allowed.
 */
void *__must_check alloc_pages_exact(size_t size);
void free_pages_exact(void *p);
size_t pages_exact(const void *p);

/*
 * page_block() - the allocated block that @p points into
 * Context: any; the answer is stable only for the owner of the block.
 * Return: its first byte, and its order in *order; NULL if there is none, or if
 * it lies behind the first block of exact pages.
 */
void *page_block(const void *p, unsigned int *order);

/* The number of pages free now, and of all pages the allocator was given. */
size_t page_free_count(void);
size_t page_total_count(void);

/* Return: NULL, or which invariant of the allocator does not hold (slow). */
const char *page_check(void);
