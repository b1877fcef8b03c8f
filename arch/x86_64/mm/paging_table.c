// SPDX-License-Identifier: MIT
/*
 * Page tables as a data structure: map, unmap, look up, walk.
 *
 * Owns the format of an entry and the memory of the tables.
 *
 * Invariants
 *  PT1 A table that was linked in stays linked in, so readers need no lock.
 *  PT2 Entries above the leaves allow every access; only the leaf restricts it.
 *  PT3 Accessed and dirty bits are set from the start, so the CPU never writes
 *     to a table.
 *
 * Context and locks: table_lock is held while entries change. Any context may
 * walk the tables.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/mm/paging_internal.h"
#include "kernel/base/memmap.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>
#include <asm/barrier.h>
#include <asm/cpu.h>

#define LEVELS	    4
#define ENTRIES	    512
#define LARGE_LEVEL 1 /* an entry there may be a 2 MiB leaf */
#define EARLY_LIMIT (1UL << 32)

static DEFINE_SPINLOCK(table_lock);

/* Bytes that one entry of a level covers; level 0 is the 4 KiB leaf. */
static u64 entry_size(unsigned int level)
{
	return PAGE_SIZE << (9 * level);
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDR);
}

static unsigned int index_of(unsigned long addr, unsigned int level)
{
	return addr / entry_size(level) % ENTRIES;
}

/* Tables that came from the page allocator. */
static atomic64_t late_tables;

/* It takes from the boot memory map until the page allocator takes over. */
static u64 alloc_table(void)
{
	void *table;
	u64 phys;

	if (memmap_free.nr) {
		phys = memmap_take(&memmap_free, PAGE_SIZE, EARLY_LIMIT);
		if (phys)
			memset(phys_to_virt(phys), 0, PAGE_SIZE);
		return phys;
	}
	table = alloc_pages_zeroed(0);
	if (!table)
		return 0;
	atomic64_inc(&late_tables);
	return virt_to_phys(table);
}

unsigned long paging_table_count(void)
{
	return atomic64_read(&late_tables);
}

static u64 *next_table(u64 *entry)
{
	u64 table;

	BUG_ON(*entry & PTE_PS);
	if (!*entry) {
		table = alloc_table();
		if (!table)
			return NULL;
		WRITE_ONCE(*entry, table | PTE_P | PTE_W | PTE_A);
	}
	return table_of(*entry);
}

/* The entry for addr at a level; allocates missing tables; NULL: no memory. */
static u64 *entry_for(u64 root, unsigned long addr, unsigned int level)
{
	u64 *table = phys_to_virt(root);
	unsigned int at = LEVELS - 1;

	for (; at > level; at--) {
		table = next_table(&table[index_of(addr, at)]);
		if (!table)
			return NULL;
	}
	return &table[index_of(addr, level)];
}

static int map_run(u64 root, unsigned long addr, u64 phys, u64 size, u64 flags)
{
	unsigned int level, last = LEVELS;
	u64 *entry = NULL, step;

	for (; size; size -= step, addr += step, phys += step) {
		step = entry_size(LARGE_LEVEL);
		level = LARGE_LEVEL;
		if ((addr | phys) % step || size < step) {
			level = 0;
			step = PAGE_SIZE;
		}
		if (level == last && index_of(addr, level))
			entry++; /* of the same table */
		else
			entry = entry_for(root, addr, level);
		if (!entry)
			return -ENOMEM;
		last = level;
		BUG_ON(*entry); /* mapped already */
		WRITE_ONCE(*entry, phys | flags | PTE_P | (level ? PTE_PS : 0));
	}
	return 0;
}

int paging_map(u64 root, unsigned long addr, u64 phys, u64 size, u64 flags)
{
	unsigned long irq;
	int ret;

	spin_lock_irqsave(&table_lock, irq);
	ret = map_run(root, addr, phys, size, flags);
	spin_unlock_irqrestore(&table_lock, irq);
	return ret;
}

u64 *paging_entry(u64 root, unsigned long addr, unsigned int level)
{
	unsigned long irq;
	u64 *entry;

	spin_lock_irqsave(&table_lock, irq);
	entry = entry_for(root, addr, level);
	spin_unlock_irqrestore(&table_lock, irq);
	return entry;
}

/* The leaf entry for addr and its level; NULL if there is none. */
static u64 *find_leaf(u64 root, unsigned long addr, unsigned int *level,
		      u64 *flags)
{
	u64 *table = phys_to_virt(root), *entry;
	unsigned int at;

	*flags = PTE_W | PTE_U;
	for (at = LEVELS - 1;; at--) {
		entry = &table[index_of(addr, at)];
		if (!(READ_ONCE(*entry) & PTE_P))
			return NULL;
		*flags = (*flags & *entry & (PTE_W | PTE_U)) |
			 ((*flags | *entry) & PTE_NX);
		if (!at || (*entry & PTE_PS))
			break;
		table = table_of(*entry);
	}
	*level = at;
	return entry;
}

void paging_unmap(unsigned long addr, u64 size)
{
	unsigned int level;
	unsigned long irq;
	u64 *entry, flags;

	spin_lock_irqsave(&table_lock, irq);
	for (; size; size -= PAGE_SIZE, addr += PAGE_SIZE) {
		entry = find_leaf(paging_kernel_root(), addr, &level, &flags);
		if (entry && !level)
			WRITE_ONCE(*entry, 0);
	}
	spin_unlock_irqrestore(&table_lock, irq);
}

bool paging_lookup(unsigned long addr, struct paging_leaf *leaf)
{
	unsigned int level;
	u64 *entry, flags;

	entry = find_leaf(read_cr3() & PTE_ADDR, addr, &level, &flags);
	if (!entry)
		return false;
	leaf->size = entry_size(level);
	leaf->addr = ALIGN_DOWN(addr, (unsigned long)leaf->size);
	leaf->phys = ALIGN_DOWN(*entry & PTE_ADDR, leaf->size);
	leaf->flags = flags;
	return true;
}

/* The caller's function of a walk; base and flags carry the path above. */
struct walk {
	int (*fn)(const struct paging_leaf *leaf, void *arg);
	void *arg;
	const u64 *seen; /* a top-level table that was walked before, or NULL */
};

static int walk_table(const struct walk *walk, const u64 *table,
		      unsigned int level, unsigned long base, u64 above)
{
	struct paging_leaf leaf = { .size = entry_size(level) };
	unsigned int i;
	u64 entry;
	int ret = 0;

	for (i = 0; i < ENTRIES && !ret; i++) {
		entry = READ_ONCE(table[i]);
		if (!(entry & PTE_P))
			continue;
		if (level == LEVELS - 1 && walk->seen && walk->seen[i] == entry)
			continue;
		leaf.addr = base + i * leaf.size;
		if (level == LEVELS - 1 && i >= ENTRIES / 2)
			leaf.addr |= ~0UL << 48; /* canonical */
		leaf.flags = (above & entry & (PTE_W | PTE_U)) |
			     ((above | entry) & PTE_NX);
		leaf.phys = ALIGN_DOWN(entry & PTE_ADDR, leaf.size);
		if (!level || (entry & PTE_PS))
			ret = walk->fn(&leaf, walk->arg);
		else
			ret = walk_table(walk, table_of(entry), level - 1,
					 leaf.addr, leaf.flags);
	}
	return ret;
}

int paging_walk(u64 root, u64 beside,
		int (*fn)(const struct paging_leaf *, void *), void *arg)
{
	const u64 *seen = beside ? phys_to_virt(beside) : NULL;
	struct walk walk = { fn, arg, seen };

	return walk_table(&walk, phys_to_virt(root), LEVELS - 1, 0,
			  PTE_W | PTE_U);
}
