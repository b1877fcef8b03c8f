// SPDX-License-Identifier: MIT
/*
 * Frames at consecutive virtual addresses: writable and executable aliases,
 * which only tests of the audit make.
 *
 * Owns VMAP_PAGES pages of address space from VMAP_BASE.
 *
 * Invariants
 *  VM1 An address range is free only when no CPU can have it in its TLB.
 *  VM2 Every mapping is followed by an unmapped guard page.
 *
 * Context and locks: task; map_lock guards the bitmap.
 */
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/bitmap.h"
#include "kernel/smp.h"
#include "tests/kernel/vmap.h"
#include <asm/cpu.h>

#define VMAP_PAGES 4096

static DEFINE_SPINLOCK(map_lock);
static DECLARE_BITMAP(used, VMAP_PAGES); /* [map_lock] */

struct flush {
	unsigned long addr;
	unsigned int n;
};

/* Reserve n pages. Return: the first; VMAP_PAGES if there are not enough. */
static unsigned int reserve(unsigned int n)
{
	unsigned long flags;
	unsigned int first;

	spin_lock_irqsave(&map_lock, flags);
	first = bitmap_find_zero_area(used, VMAP_PAGES, 0, n);
	if (first < VMAP_PAGES)
		bitmap_set(used, first, n);
	spin_unlock_irqrestore(&map_lock, flags);
	return first;
}

static void release(unsigned int first, unsigned int n)
{
	unsigned long flags;

	spin_lock_irqsave(&map_lock, flags);
	bitmap_clear(used, first, n);
	spin_unlock_irqrestore(&map_lock, flags);
}

static void flush_range(void *arg)
{
	const struct flush *flush = arg;
	unsigned int i;

	for (i = 0; i < flush->n; i++)
		invlpg((const char *)flush->addr + i * PAGE_SIZE);
}

void *vmap_pages(const u64 *phys, unsigned int n, u64 prot)
{
	unsigned int first, i;
	unsigned long addr;

	if (!n || n >= VMAP_PAGES)
		return NULL;
	first = reserve(n + 1); /* VM2 */
	if (first == VMAP_PAGES)
		return NULL;
	addr = VMAP_BASE + first * PAGE_SIZE;
	for (i = 0; i < n; i++) {
		if (paging_map(paging_kernel_root(), addr + i * PAGE_SIZE,
			       phys[i], PAGE_SIZE, prot | PTE_G)) {
			vunmap_pages((void *)addr, n);
			return NULL;
		}
	}
	return (void *)addr;
}

void vunmap_pages(void *addr, unsigned int n)
{
	struct flush flush = { (unsigned long)addr, n };

	paging_unmap(flush.addr, n * PAGE_SIZE);
	on_each_cpu(flush_range, &flush, true);
	release((flush.addr - VMAP_BASE) / PAGE_SIZE, n + 1); /* VM1 */
}

unsigned int vmap_used(void)
{
	unsigned long flags;
	unsigned int count;

	spin_lock_irqsave(&map_lock, flags);
	count = bitmap_weight(used, VMAP_PAGES);
	spin_unlock_irqrestore(&map_lock, flags);
	return count;
}
