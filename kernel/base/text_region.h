/* SPDX-License-Identifier: MIT */
/*
 * The regions of executable memory: where an instruction may be fetched.
 *
 * At boot there are two: the kernel's own text, and the executable pool. Code
 * that asks whether an address is code asks here, and compares with no symbol
 * of the linker itself. A patch, a return address or a late INT3 in a region
 * that is added later is then handled as one in the kernel's text.
 *
 * X1 An address is code exactly if a registered region contains it; no two
 *    regions overlap.
 * X2 A region does not change while it is registered, and a lookup takes no
 *    lock: it sees a region as a whole or not at all.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/layout.h>

#define TEXT_REGIONS_MAX 8
#define TEXT_REGION_MIN	 8UL /* bytes */

struct text_region {
	const char *name;
	unsigned long start, end; /* [start, end) */
	bool compiled; /* functions with symbols and the compiler's frames */
};

/**
 * text_region_add - from now on [start, end) is code
 * @region: kept by reference until text_region_remove()
 *
 * The memory is mapped executable, not writable, at KERNEL_VMA plus its
 * physical address, where the patch engine looks for it.
 * Context: task or boot.
 * Return: 0; -EINVAL it has fewer than TEXT_REGION_MIN bytes or lies below
 * KERNEL_VMA; -EEXIST it overlaps a registered region; -ENOSPC there are
 * TEXT_REGIONS_MAX regions. No other code is returned.
 */
int __must_check text_region_add(const struct text_region *region);

/**
 * text_region_remove - its addresses are code no more
 *
 * No task executes in it, and no patch of it is pending. The caller frees
 * *region only after synchronize_cpus(), because a lookup may still read it.
 * Context: task.
 * Return: 0; -ENOENT it is not registered. No other code is returned.
 */
int text_region_remove(const struct text_region *region);

/* The region that contains addr, or NULL. Context: any, #BP and NMI included */
const struct text_region *text_region_of(unsigned long addr);

/* Is it in the image's text or in the pool behind it? For the way of an INT3.
 */
static __always_inline bool text_is_image(unsigned long addr)
{
	return addr >= (unsigned long)_text &&
	       addr < (unsigned long)__exec_pool_end - sizeof(u64);
}

/* Is each of the len (>= 1) bytes at addr code of one region? Context: any. */
bool text_region_holds(unsigned long addr, unsigned long len);
