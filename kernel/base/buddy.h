/* SPDX-License-Identifier: MIT */
/*
 * A binary buddy allocator over any piece of memory, as a plain data
 * structure: no locks, no globals, so it runs on a laptop too.
 *
 * It knows its pages by their index from the start of the area. The links of a
 * free block lie in the block itself. Besides, one byte is kept for each page.
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
 * buddy_init() - make an empty allocator; @info has @nr_pages zero bytes.
 */
void buddy_init(struct buddy *b, void *base, size_t nr_pages, u8 *info);

/*
 * buddy_add() - add the pages [first, end), none of which was added before.
 * It touches the first page of each resulting block, not every page.
 */
void buddy_add(struct buddy *b, size_t first, size_t end);

/* 2^order pages aligned to their size, contents undefined; NULL if none. */
void *buddy_alloc(struct buddy *b, unsigned int order);

/*
 * buddy_trim() - keep the first @nr pages of an allocation, free the others
 * @p: from buddy_alloc(), not trimmed yet; NULL is left alone
 * @nr: from 1 to its number of pages
 */
void buddy_trim(struct buddy *b, void *p, size_t nr);

/* The number of pages of the allocation that begins at @p; 0 if none does. */
size_t buddy_extent(const struct buddy *b, const void *p);

/*
 * buddy_free() - take back a block that buddy_alloc() returned.
 * Return: false, and nothing is changed, if no block of this order is
 * allocated at @p, or if it is one of several.
 */
bool buddy_free(struct buddy *b, void *p, unsigned int order);

/*
 * buddy_free_all() - take back an allocation, trimmed or not
 * Return: false, and nothing is changed, if none begins at @p.
 */
bool buddy_free_all(struct buddy *b, void *p);

/*
 * buddy_find() - the allocated block that @p points into
 * Return: its first byte, and its order in *order; NULL if there is none, or
 * if it is a further block of a trimmed allocation.
 */
void *buddy_find(const struct buddy *b, const void *p, unsigned int *order);

/* Recounts all blocks. Return: NULL, or the invariant that does not hold. */
const char *buddy_check(const struct buddy *b);
