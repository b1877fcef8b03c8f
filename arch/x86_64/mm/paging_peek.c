// SPDX-License-Identifier: MIT
/*
 * paging_peek.c - read any address without a fault.
 *
 * Owns nothing.
 *
 *  PT4 A byte is read through the direct map, whose pages are mapped for ever
 *     once they are, not through the mapping that was looked at. So nothing
 *     that happens between the look and the read can make it fault.
 *
 * I5 Not traceable: probes call it, in NMIs, too.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/mm/paging_internal.h"
#include <asm/barrier.h>

#define TOP_SHIFT  39 /* of the bits that index the top-level table */
#define LEVEL_BITS 9
#define LEVEL_MASK (BIT(LEVEL_BITS) - 1)

/* Kernel memory: not the lower half, not device registers. */
static __always_inline bool is_memory(unsigned long addr)
{
	return addr >= PAGE_OFFSET &&
	       addr - IOREMAP_BASE >= STACK_BASE - IOREMAP_BASE;
}

notrace unsigned long paging_peek(unsigned long addr, const void **at)
{
	const u64 *table = kernel_pml4;
	unsigned int shift = TOP_SHIFT;
	unsigned long size;
	u64 entry;

	if (unlikely(!is_memory(addr)))
		return 0;
	for (;; shift -= LEVEL_BITS) {
		entry = READ_ONCE(table[addr >> shift & LEVEL_MASK]);
		if (unlikely(!(entry & PTE_P)))
			return 0;
		if (shift == PAGE_SHIFT || entry & PTE_PS)
			break;
		table = phys_to_virt(entry & PTE_ADDR);
	}
	size = 1UL << shift;
	*at = phys_to_virt((entry & PTE_ADDR & ~(size - 1)) |
			   (addr & (size - 1))); /* PT4 */
	return size - (addr & (size - 1));
}
