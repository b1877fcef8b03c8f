/* SPDX-License-Identifier: MIT */
/*
 * Page allocator: blocks of 2^order pages out of all free RAM, by their
 * address in the direct map.
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
 * page_block() - the allocated block that @p points into
 * Context: any; the answer is stable only for the owner of the block.
 * Return: its first byte, and its order in *order; NULL if there is none.
 */
void *page_block(const void *p, unsigned int *order);

/* The number of pages free now, and of all pages the allocator was given. */
size_t page_free_count(void);
size_t page_total_count(void);

/* Return: NULL, or which invariant of the allocator does not hold (slow). */
const char *page_check(void);
