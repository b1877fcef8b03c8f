/* SPDX-License-Identifier: MIT */
/*
 * The map of virtual memory, and the symbols that the linker script defines.
 *
 *	lower half		empty; null page never mapped
 *	PAGE_OFFSET		all RAM, not executable, kernel text read-only
 *	IOREMAP_BASE		device registers, uncached
 *	STACK_BASE		thread stacks, each above an unmapped guard page
 *	VMAP_BASE		vmap_pages()
 *	KERNEL_VMA		the kernel image, at its physical address
 */
#pragma once

#include "kernel/lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)

#define KERNEL_VMA   0xffffffff80000000UL
#define PAGE_OFFSET  0xffff888000000000UL
#define PAGE_END     0xffffc88000000000UL /* direct map: at most 64 TiB */
#define IOREMAP_BASE 0xffffc90000000000UL
#define STACK_BASE   0xffffca0000000000UL
#define VMAP_BASE    0xffffcb0000000000UL

#define STACK_SIZE (4 * PAGE_SIZE)

extern char _text[], _etext[], __exec_pool_start[], __exec_pool_end[];
extern char __rodata_start[], __rodata_end[], _data[], _edata[];
extern char __per_cpu_start[], __per_cpu_end[], __bss_start[], __bss_end[];
extern char __kallsyms_start[], __kallsyms_end[], _end[];
extern char __boot_start[], __boot_end[]; /* identity mapped 32-bit code */

/* Physical address of a byte in the kernel image or in the direct map. */
static __always_inline u64 virt_to_phys(const volatile void *p)
{
	unsigned long addr = (unsigned long)p;

	return addr - (addr >= KERNEL_VMA ? KERNEL_VMA : PAGE_OFFSET);
}

static __always_inline void *phys_to_virt(u64 phys)
{
	return (void *)(PAGE_OFFSET + phys);
}
