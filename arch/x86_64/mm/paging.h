/* SPDX-License-Identifier: MIT */
/*
 * Page tables: which memory is readable, writable and executable.
 *
 * Page-table pages of the upper half are shared by all address spaces and are
 * never freed, so walking them needs no lock. vmap_pages() is in kernel/vmap.h.
 */
#pragma once

#include <asm/layout.h>

/* Bits of a page-table entry. */
#define PTE_P	 (1UL << 0)
#define PTE_W	 (1UL << 1)
#define PTE_U	 (1UL << 2)
#define PTE_PWT	 (1UL << 3)
#define PTE_PCD	 (1UL << 4)
#define PTE_A	 (1UL << 5)
#define PTE_D	 (1UL << 6)
#define PTE_PS	 (1UL << 7)
#define PTE_G	 (1UL << 8)
#define PTE_NX	 (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

/* All bits but "present"; a mapping without PTE_NX is executable. */
#define PROT_RX (PTE_A)
#define PROT_R	(PTE_A | PTE_NX)
#define PROT_RW (PTE_A | PTE_D | PTE_W | PTE_NX)

/*
 * paging_init - build the final page tables and load them
 *
 * Takes its pages from memmap_free. Fills the executable pool with INT3
 * before it is mapped. Sets CR0.WP, and SMEP, SMAP, UMIP if the CPU has them.
 *
 * Context: boot, once, before the page allocator takes over.
 * Return: 0; -ENOMEM. No other code is returned.
 */
int paging_init(void);

/* Loads the kernel's tables and sets the protection bits on a new CPU. */
void paging_init_cpu(void);

/* Names of the protections that are on, for the boot log. Context: any. */
void paging_protection(char *buf, size_t size);

/*
 * ioremap - map device registers, uncached
 *
 * Context: boot or task. The mapping is never removed.
 * Return: the address for @phys (which need not be aligned), or NULL when out
 * of memory or address space, or if this CPU cannot address all of it.
 */
void *ioremap(u64 phys, size_t size);

/*
 * The same for a framebuffer, write-combining: the CPU may delay stores and
 * send them in larger pieces, in any order.
 */
void *ioremap_wc(u64 phys, size_t size);

/* The same, cached and read-only: for firmware tables, maybe outside RAM. */
void *memremap(u64 phys, size_t size);

/*
 * paging_map - map [phys, phys + size) at addr, in 2 MiB pages where they fit
 * @root: physical address of the top-level table
 * @flags: PROT_*, with PTE_G, PTE_PCD, ... as wanted
 *
 * addr, phys and size are page aligned; nothing may be mapped there yet.
 * Context: boot, task or irq.
 * Return: 0; -ENOMEM, and part of the range may be mapped. No other code is
 * returned.
 */
int paging_map(u64 root, unsigned long addr, u64 phys, u64 size, u64 flags);

/*
 * paging_unmap - clear 4 KiB pages in the kernel's tables
 *
 * Pages that are not mapped are skipped. The caller flushes the TLBs.
 */
void paging_unmap(unsigned long addr, u64 size);

/*
 * stack_alloc - a stack of STACK_SIZE bytes above an unmapped guard page
 *
 * Stacks are kept for reuse, never unmapped.
 * Context: boot or task. Return: its lowest address, or NULL.
 */
void *stack_alloc(void);
void stack_free(void *stack);

/* Number of stacks, used or free; of page tables made since page_init(). */
unsigned long stack_count(void);
unsigned long paging_table_count(void);

/* The start of the stack whose guard page holds addr, or NULL: for #DF. */
void *stack_of_guard(unsigned long addr);

/*
 * One past the end of the stack that addr lies in, 0 if in none. Memory from
 * addr to there can be read. For walking stacks. Context: any, not traceable.
 */
unsigned long stack_limit(unsigned long addr);

/*
 * paging_peek - where a byte of the kernel's memory can be read without a fault
 *
 * It follows the page tables and returns an address in the direct map, from
 * which no page is ever taken: so the byte stays readable even if its own
 * mapping goes. Device registers are not memory (IOREMAP_BASE).
 * Context: any, NMI included; not traceable.
 * Return: the number of bytes from there to the end of the page of @addr; 0:
 * no memory is mapped at @addr, and *@at is not set.
 */
unsigned long paging_peek(unsigned long addr, const void **at);

/*
 * The poke address space: the shared upper half, and in the lower half one
 * page, POKE_WINDOW, whose entry the patch engine sets and clears. Only one CPU
 * at a time may load it, with interrupts off.
 */
#define POKE_WINDOW 0x0000100000000000UL

u64 paging_kernel_root(void); /* values for CR3 */
u64 paging_poke_root(void);
u64 paging_ap_root(void);

extern u64 *paging_poke_entry; /* [I] the window's leaf; for these two: */

/* Supervisor, writable, not executable, not global. No TLB flush. */
static __always_inline void paging_poke_window_set(u64 phys)
{
	*(volatile u64 *)paging_poke_entry = phys | PROT_RW | PTE_P;
}

static __always_inline void paging_poke_window_clear(void)
{
	*(volatile u64 *)paging_poke_entry = 0;
}

/* All address spaces, for the audit. */
struct address_space {
	const char *name;
	u64 root; /* physical address of the top-level table */
};

unsigned paging_spaces(const struct address_space **spaces);

/* One mapped run of pages, as paging_walk() reports it. */
struct paging_leaf {
	unsigned long addr;
	u64 phys;
	u64 size;
	u64 flags; /* PTE_W: writable; PTE_NX: not executable; PTE_U: user */
};

/*
 * paging_walk - call fn for every leaf of an address space, in rising order
 * @beside: root of a space whose tables are left out, where both share them
 *	(PG2); 0: none
 *
 * Stops when fn returns nonzero. Context: any.
 * Return: the last value that fn returned, 0 if it was never called.
 */
int paging_walk(u64 root, u64 beside,
		int (*fn)(const struct paging_leaf *, void *), void *arg);

/* The leaf that maps addr in the current CPU's tables; false if none does. */
bool paging_lookup(unsigned long addr, struct paging_leaf *leaf);

/* The result of paging_audit(). */
struct paging_audit {
	unsigned long leaves;		/* mappings looked at */
	unsigned long executable;	/* bytes executable in some mapping */
	unsigned long conflicts;	/* leaves that break W^X */
	struct paging_leaf writable_at; /* the first conflict */
	const char *space;		/* the address space it is in */
	bool window_open; /* the poke window was mapped: not counted */
};

/*
 * paging_audit - find frames that are writable in one mapping of any address
 * space and executable in another (or in the same)
 *
 * Only the poke window may break the rule; it is reported separately.
 * Context: any; may run while a patch is in progress.
 * Return: 0; -EPERM if a conflict was found; -E2BIG if there are more
 * executable runs than it can remember. No other code is returned.
 */
int paging_audit(struct paging_audit *report);
