/* SPDX-License-Identifier: MIT */
/*
 * A binary buddy allocator over any piece of memory, as a plain data
 * structure: no locks, no globals, so it runs on a laptop too.
 *
 * Knows its pages by index from the start of the area. The links of a free
 * block lie in the block itself; beyond that it keeps one byte for each page.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define BUDDY_MAX_ORDER 12
#define BUDDY_PAGE_SIZE 4096UL

struct buddy {
	char *base;	 /* address of page 0, aligned to the largest block */
	size_t nr_pages; /* pages the info bytes cover, holes included */
	u8 *info;	 /* one byte for each page, see buddy.c */
	size_t nr_free;	 /* pages */
	size_t nr_added; /* pages ever given by buddy_add() */
	struct list_head free[BUDDY_MAX_ORDER + 1];
};

/*
 * buddy_init() - an empty allocator; @info has @nr_pages bytes, all zero.
 */
void buddy_init(struct buddy *b, void *base, size_t nr_pages, u8 *info);

/*
 * buddy_add() - give it the pages [first, end); they must not be known yet.
 * Touches one page for each block that comes out, not every page.
 */
void buddy_add(struct buddy *b, size_t first, size_t end);

/* 2^order pages aligned to their size, contents undefined; NULL if none. */
void *buddy_alloc(struct buddy *b, unsigned int order);

/*
 * buddy_free() - take back what buddy_alloc() gave.
 * Return: false, and nothing is changed, if no block of this order is
 * allocated at @p.
 */
bool buddy_free(struct buddy *b, void *p, unsigned int order);

/*
 * buddy_find() - the allocated block that @p points into
 * Return: its first byte, and its order in *order; NULL if there is none.
 */
void *buddy_find(const struct buddy *b, const void *p, unsigned int *order);

/* Recounts everything; NULL if all is well, else what is wrong. */
const char *buddy_check(const struct buddy *b);
