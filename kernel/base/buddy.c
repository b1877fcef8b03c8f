// SPDX-License-Identifier: MIT
/*
 * The buddy allocator: blocks of 2^order pages, aligned to their size; a freed
 * block is merged with its twin as long as the twin is free too. An allocation
 * that was trimmed is a row of blocks, each smaller than the one before.
 *
 * Owns: the free lists and the info bytes of one struct buddy.
 *
 * Invariants (buddy_check() recounts them):
 * BU1 every page given lies in exactly one block, free or allocated; the info
 *    byte of a block's first page holds its state and order, the bytes of its
 *    other pages are 0.
 * BU2 a block is on free[order] exactly if its byte says BLOCK_FREE.
 * BU3 no two free twins of the same order exist below the largest order.
 * BU4 a BLOCK_NEXT is allocated, and so is the block in front of it.
 *
 * Context: any; the caller serialises.
 */
#include "kernel/base/buddy.h"
#include <asm/barrier.h>

#define BLOCK_FREE  0x80
#define BLOCK_USED  0x40
#define BLOCK_NEXT  0x20 /* belongs to the allocation in front of it */
#define BLOCK_ORDER 0x0f

static size_t page_index(const struct buddy *b, const void *p)
{
	return (size_t)((const char *)p - b->base) / BUDDY_PAGE_SIZE;
}

static struct list_head *page_link(const struct buddy *b, size_t page)
{
	return (struct list_head *)(b->base + page * BUDDY_PAGE_SIZE);
}

static void put_free(struct buddy *b, size_t page, unsigned int order)
{
	b->info[page] = (u8)(BLOCK_FREE | order);
	list_add(page_link(b, page), &b->free[order]);
}

static void take_free(struct buddy *b, size_t page)
{
	list_del(page_link(b, page));
	b->info[page] = 0;
}

void buddy_init(struct buddy *b, void *base, size_t nr_pages, u8 *info)
{
	*b = (struct buddy){ .base = base, .nr_pages = nr_pages, .info = info };
	for (unsigned int order = 0; order <= BUDDY_MAX_ORDER; order++)
		INIT_LIST_HEAD(&b->free[order]);
}

/* BU3: merges the block upwards as long as its twin is free. */
static void merge_and_put(struct buddy *b, size_t page, unsigned int order)
{
	for (; order < BUDDY_MAX_ORDER; order++) {
		size_t twin = page ^ BIT(order);

		if (twin >= b->nr_pages ||
		    b->info[twin] != (BLOCK_FREE | order))
			break;
		take_free(b, twin);
		page &= ~BIT(order);
	}
	put_free(b, page, order);
}

/* The largest block that begins at page @first and ends by @end. */
static unsigned int order_at(size_t first, size_t end)
{
	unsigned int order = BUDDY_MAX_ORDER;

	while (!IS_ALIGNED(first, BIT(order)) || first + BIT(order) > end)
		order--;
	return order;
}

static void put_range(struct buddy *b, size_t first, size_t end)
{
	unsigned int order;

	b->nr_free += end - first;
	for (; first < end; first += BIT(order)) {
		order = order_at(first, end);
		merge_and_put(b, first, order);
	}
}

void buddy_add(struct buddy *b, size_t first, size_t end)
{
	b->nr_added += end - first;
	put_range(b, first, end);
}

void *buddy_alloc(struct buddy *b, unsigned int order)
{
	unsigned int have = order;
	size_t page;

	while (have <= BUDDY_MAX_ORDER && list_empty(&b->free[have]))
		have++;
	if (have > BUDDY_MAX_ORDER)
		return NULL;
	page = page_index(b, b->free[have].next);
	take_free(b, page);
	/* Each step keeps the lower half and frees the upper one. */
	while (have-- > order)
		put_free(b, page + BIT(have), have);
	b->info[page] = (u8)(BLOCK_USED | order);
	b->nr_free -= BIT(order);
	return page_link(b, page);
}

void buddy_trim(struct buddy *b, void *p, size_t nr)
{
	size_t page, keep, end;
	u8 state = BLOCK_USED;
	unsigned int order;

	if (!p)
		return;
	page = page_index(b, p);
	keep = page + nr;
	end = page + BIT(b->info[page] & BLOCK_ORDER);
	for (; page < keep; page += BIT(order)) {
		order = order_at(page, keep);
		b->info[page] = (u8)(state | order);
		state = BLOCK_USED | BLOCK_NEXT;
	}
	put_range(b, keep, end);
}

static bool is_next(const struct buddy *b, size_t page)
{
	return page < b->nr_pages && READ_ONCE(b->info[page]) & BLOCK_NEXT;
}

size_t buddy_extent(const struct buddy *b, const void *p)
{
	size_t first = page_index(b, p), page = first;

	if ((const char *)p < b->base || page >= b->nr_pages ||
	    !IS_ALIGNED((unsigned long)p, BUDDY_PAGE_SIZE) ||
	    (b->info[page] & (BLOCK_USED | BLOCK_NEXT)) != BLOCK_USED)
		return 0;
	do {
		page += BIT(b->info[page] & BLOCK_ORDER);
	} while (is_next(b, page));
	return page - first;
}

bool buddy_free(struct buddy *b, void *p, unsigned int order)
{
	size_t page = page_index(b, p);

	if ((char *)p < b->base || page >= b->nr_pages ||
	    !IS_ALIGNED((unsigned long)p, BUDDY_PAGE_SIZE) ||
	    order > BUDDY_MAX_ORDER || b->info[page] != (BLOCK_USED | order) ||
	    is_next(b, page + BIT(order)))
		return false;
	b->info[page] = 0;
	b->nr_free += BIT(order);
	merge_and_put(b, page, order);
	return true;
}

bool buddy_free_all(struct buddy *b, void *p)
{
	size_t page = page_index(b, p), end = page + buddy_extent(b, p);
	unsigned int order;

	if (page == end)
		return false;
	b->nr_free += end - page;
	for (; page < end; page += BIT(order)) {
		order = b->info[page] & BLOCK_ORDER;
		b->info[page] = 0;
		merge_and_put(b, page, order);
	}
	return true;
}

void *buddy_find(const struct buddy *b, const void *p, unsigned int *order)
{
	size_t page = page_index(b, p);

	if ((const char *)p < b->base || page >= b->nr_pages)
		return NULL;
	for (*order = 0; *order <= BUDDY_MAX_ORDER; (*order)++) {
		page &= ~(BIT(*order) - 1);
		if (READ_ONCE(b->info[page]) == (BLOCK_USED | *order))
			return page_link(b, page);
	}
	return NULL;
}

static const char *check_block(const struct buddy *b, size_t page,
			       bool after_used)
{
	u8 info = b->info[page];
	unsigned int order = info & BLOCK_ORDER;
	size_t twin = page ^ BIT(order);

	if (order > BUDDY_MAX_ORDER || !IS_ALIGNED(page, BIT(order)) ||
	    page + BIT(order) > b->nr_pages)
		return "BU1: a block of impossible order";
	for (size_t i = page + 1; i < page + BIT(order); i++) {
		if (b->info[i])
			return "BU1: a block within a block";
	}
	if (info & BLOCK_NEXT && (!(info & BLOCK_USED) || !after_used))
		return "BU4: a block that continues nothing";
	if (info & BLOCK_FREE && order < BUDDY_MAX_ORDER &&
	    twin < b->nr_pages && b->info[twin] == info)
		return "BU3: free twins that were not merged";
	return NULL;
}

/* Pages on the free lists; ~0 if a block there is not marked free. */
static size_t count_listed(const struct buddy *b)
{
	struct list_head *link;
	size_t n = 0;

	for (unsigned int order = 0; order <= BUDDY_MAX_ORDER; order++) {
		list_for_each(link, &b->free[order]) {
			if (b->info[page_index(b, link)] !=
			    (BLOCK_FREE | order))
				return ~0UL;
			n += BIT(order);
		}
	}
	return n;
}

const char *buddy_check(const struct buddy *b)
{
	size_t nr_free = 0, nr_used = 0, page = 0;
	u8 before = 0;

	while (page < b->nr_pages) {
		u8 info = b->info[page];
		size_t n = BIT(info & BLOCK_ORDER);
		const char *wrong = NULL;

		if (info)
			wrong = check_block(b, page, before & BLOCK_USED);
		if (wrong)
			return wrong;
		if (info & BLOCK_FREE)
			nr_free += n;
		else if (info & BLOCK_USED)
			nr_used += n;
		page += n;
		before = info;
	}
	if (nr_free != b->nr_free || nr_free + nr_used != b->nr_added)
		return "BU1: pages were lost or invented";
	if (count_listed(b) != nr_free)
		return "BU2: free lists and info bytes disagree";
	return NULL;
}
