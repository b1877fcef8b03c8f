// SPDX-License-Identifier: MIT
/*
 * text_region.c - the registry of executable regions.
 *
 * Owns regions[]. X1 and X2 stand in text_region.h. A slot is one pointer, so
 * a lookup reads it in one access.
 *
 * Context and locks: region_lock guards changes. Lookups take no lock and are
 * not traceable: #BP and the stack walker call them.
 */
#include "kernel/base/text_region.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include <asm/barrier.h>
#include <asm/layout.h>

static const struct text_region kernel_text = {
	.name = "kernel text",
	.start = (unsigned long)_text,
	.end = (unsigned long)_etext,
	.compiled = true,
};

static const struct text_region exec_pool = {
	.name = "executable pool",
	.start = (unsigned long)__exec_pool_start,
	.end = (unsigned long)__exec_pool_end,
};

static DEFINE_SPINLOCK(region_lock);

/* Changed under region_lock, read by single accesses. */
static const struct text_region *regions[TEXT_REGIONS_MAX] = {
	&kernel_text,
	&exec_pool,
};

/* The slot of @region, or the first free one for NULL; -1 if there is none. */
static int slot_of(const struct text_region *region)
{
	int i;

	for (i = 0; i < TEXT_REGIONS_MAX; i++)
		if (regions[i] == region)
			return i;
	return -1;
}

static bool overlaps(const struct text_region *region)
{
	int i;

	for (i = 0; i < TEXT_REGIONS_MAX; i++)
		if (regions[i] && regions[i]->start < region->end &&
		    region->start < regions[i]->end)
			return true;
	return false;
}

int text_region_add(const struct text_region *region)
{
	int err = 0, slot;

	if (region->start < KERNEL_VMA || region->end < region->start ||
	    region->end - region->start < TEXT_REGION_MIN)
		return -EINVAL;
	spin_lock(&region_lock);
	slot = slot_of(NULL);
	if (overlaps(region)) /* X1 */
		err = -EEXIST;
	else if (slot < 0)
		err = -ENOSPC;
	else
		smp_store_release(&regions[slot], region); /* X2 */
	spin_unlock(&region_lock);
	return err;
}

int text_region_remove(const struct text_region *region)
{
	int slot;

	spin_lock(&region_lock);
	slot = slot_of(region);
	if (slot >= 0)
		WRITE_ONCE(regions[slot], NULL);
	spin_unlock(&region_lock);
	return slot < 0 ? -ENOENT : 0;
}

notrace const struct text_region *text_region_of(unsigned long addr)
{
	const struct text_region *region;
	int i;

	for (i = 0; i < TEXT_REGIONS_MAX; i++) {
		/* Pairs with text_region_add(). */
		region = smp_load_acquire(&regions[i]);
		if (region && addr >= region->start && addr < region->end)
			return region;
	}
	return NULL;
}

notrace bool text_region_holds(unsigned long addr, unsigned long len)
{
	const struct text_region *region = text_region_of(addr);

	return region && len <= region->end - addr;
}
