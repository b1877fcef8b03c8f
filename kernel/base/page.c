// SPDX-License-Identifier: MIT
/*
 * Page allocator: one zone of all RAM, which is a buddy allocator under a lock.
 *
 * Owns: the zone and its table of one byte for each page.
 *
 * Context and locks: zone_lock, irq-saving; only the console's lock is taken
 * inside it. Boot touches one page for each block of up to 16 MiB, not every
 * page.
 */
#include "kernel/base/page.h"
#include <asm/barrier.h>
#include "kernel/base/buddy.h"
#include "kernel/base/fail.h"
#include "kernel/base/memmap.h"
#include "kernel/base/base_events.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

static_assert(PAGE_MAX_ORDER == BUDDY_MAX_ORDER, "one zone, one largest block");
static_assert(PAGE_SIZE == BUDDY_PAGE_SIZE, "the zone counts in pages");
static_assert(IS_ALIGNED(PAGE_OFFSET, PAGE_SIZE << PAGE_MAX_ORDER),
	      "blocks are aligned by address and by frame number alike");

static DEFINE_SPINLOCK(zone_lock);
static struct buddy zone; /* zone_lock */

static void add_range(u64 start, u64 end, void *unused)
{
	(void)unused;
	buddy_add(&zone, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
}

int page_init(void)
{
	u64 top = memmap_ram.range[memmap_ram.nr - 1].end;
	size_t nr_pages = top >> PAGE_SHIFT;
	u64 table =
		memmap_take(&memmap_free, ALIGN_UP(nr_pages, PAGE_SIZE), ~0ULL);

	if (!table)
		return -ENOMEM;
	memset(phys_to_virt(table), 0, nr_pages);
	buddy_init(&zone, phys_to_virt(0), nr_pages, phys_to_virt(table));
	memmap_for_each_free(add_range, NULL);
	return 0;
}

/* @nr: so many of the 2^order pages. */
static __always_inline void *take(unsigned int order, size_t nr)
{
	unsigned long flags;
	void *p;

	if (should_fail_alloc())
		return NULL;
	spin_lock_irqsave(&zone_lock, flags);
	p = buddy_alloc(&zone, order);
	if (nr != BIT(order))
		buddy_trim(&zone, p, nr);
	spin_unlock_irqrestore(&zone_lock, flags);
	trace_mm_page_alloc(p, order);
	return p;
}

void *alloc_pages(unsigned int order)
{
	if (order > PAGE_MAX_ORDER)
		return NULL;
	return take(order, BIT(order));
}

void *alloc_pages_exact(size_t size)
{
	unsigned int order = page_order(size);

	if (!size || order > PAGE_MAX_ORDER)
		return NULL;
	return take(order, ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);
}

void *alloc_pages_zeroed(unsigned int order)
{
	void *p = alloc_pages(order);

	return p ? memset(p, 0, PAGE_SIZE << order) : NULL;
}

void free_pages(void *p, unsigned int order)
{
	unsigned long flags;
	bool was_used;

	if (!p)
		return;
	trace_mm_page_free(p, order);
	spin_lock_irqsave(&zone_lock, flags);
	was_used = buddy_free(&zone, p, order);
	spin_unlock_irqrestore(&zone_lock, flags);
	if (!was_used)
		panic("page: no block of order %u allocated at %p", order, p);
}

/* No lock: the info bytes of pages in use do not change. */
size_t pages_exact(const void *p)
{
	return buddy_extent(&zone, p);
}

void free_pages_exact(void *p)
{
	unsigned long flags;
	bool was_used;

	if (!p)
		return;
	trace_mm_page_free(p, page_order(pages_exact(p) * PAGE_SIZE));
	spin_lock_irqsave(&zone_lock, flags);
	was_used = buddy_free_all(&zone, p);
	spin_unlock_irqrestore(&zone_lock, flags);
	if (!was_used)
		panic("page: nothing is allocated at %p", p);
}

unsigned int page_order(size_t size)
{
	unsigned int order = 0;

	while (order <= PAGE_MAX_ORDER && PAGE_SIZE << order < size)
		order++;
	return order;
}

/* No lock: the info bytes of a block in use do not change. */
void *page_block(const void *p, unsigned int *order)
{
	return buddy_find(&zone, p, order);
}

size_t page_free_count(void)
{
	return READ_ONCE(zone.nr_free);
}

size_t page_total_count(void)
{
	return zone.nr_added;
}

const char *page_check(void)
{
	unsigned long flags;
	const char *wrong;

	spin_lock_irqsave(&zone_lock, flags);
	wrong = buddy_check(&zone);
	spin_unlock_irqrestore(&zone_lock, flags);
	return wrong;
}
