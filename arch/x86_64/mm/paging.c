// SPDX-License-Identifier: MIT
/*
 * The kernel's page tables: the mappings and their access rights.
 *
 * Owns the three address spaces, the protection bits in CR0 and CR4, and the
 * addresses of device mappings.
 *
 * Invariants
 *  PG1 No frame is executable in one mapping and writable in another, in any
 *     address space (paging_audit() checks; the poke window is excepted).
 *  PG2 paging_init() makes every top-level entry that the upper half will have,
 *     in each table, so every address space sees every later mapping.
 *  PG3 The lower half is empty except for the poke window and, in the tables
 *     that starting CPUs use, the page of 32-bit start code.
 *
 * Context: paging_init() at boot; the window functions with interrupts off.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/mm/paging_internal.h"
#include "kernel/base/memmap.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include <asm/cpu.h>
#include <asm/msr.h>

#define TOP_LEVEL  3
#define UPPER_HALF 256 /* first top-level entry of it */

#define IO_SPACE (1UL << 32) /* bytes for device mappings */

#define CPUID_MAX_EXTENDED  0x80000000
#define CPUID_ADDRESS_SIZES 0x80000008
#define PHYS_BITS_AT_LEAST  36 /* the minimum with 64-bit mode */

#define CPUID_EDX_PAT  BIT(16) /* leaf 1 */
#define CPUID_EDX_PGE  BIT(13)
#define CPUID_EDX_MCE  BIT(7)
#define CPUID_EBX_SMEP BIT(7) /* leaf 7 */
#define CPUID_EBX_SMAP BIT(20)
#define CPUID_ECX_UMIP BIT(2)

/* The page attribute table: a byte for each of eight memory types. */
#define MSR_PAT		    0x277
#define PAT_AFTER_RESET	    0x0007040600070406UL
#define PAT_WC		    0x01UL
#define PAT_WT		    0x04UL
#define PAT_WRITE_COMBINING PTE_PWT /* entry 1; write-through without a PAT */

/* cpu/ap_start.asm loads two of them by their link address. */
u64 kernel_pml4[512] __aligned(4096);
u64 ap_pml4[512] __aligned(4096);
static u64 poke_pml4[512] __aligned(4096);

u64 *paging_poke_entry;

static DEFINE_SPINLOCK(io_lock);
static unsigned long io_next = IOREMAP_BASE; /* [io_lock] */

/* A run of pages of the image, between two symbols of the linker script. */
struct part {
	const char *start, *end;
	u64 prot;
};

static const struct part image[] = {
	{ _text, _etext, PROT_RX },
	{ __exec_pool_start, __exec_pool_end, PROT_RX },
	{ __rodata_start, __rodata_end, PROT_R },
	{ _data, boot_stack_guard, PROT_RW },
	{ boot_stack, __bss_end, PROT_RW },
	{ __kallsyms_start, __kallsyms_end, PROT_R },
};

u64 paging_kernel_root(void)
{
	return virt_to_phys(kernel_pml4);
}

u64 paging_ap_root(void)
{
	return virt_to_phys(ap_pml4);
}

notrace u64 paging_poke_root(void)
{
	return virt_to_phys(poke_pml4);
}

unsigned int paging_spaces(const struct address_space **spaces)
{
	static struct address_space all[3];

	all[0] = (struct address_space){ "kernel", paging_kernel_root() };
	all[1] = (struct address_space){ "poke", paging_poke_root() };
	all[2] = (struct address_space){ "start", paging_ap_root() };
	*spaces = all;
	return ARRAY_SIZE(all);
}

/* Every byte becomes INT3, so that a stray jump into the pool traps. */
static void fill_exec_pool(void)
{
	unsigned long n = (__exec_pool_end - __exec_pool_start) / 8;
	void *p = __exec_pool_start;

	asm volatile("rep stosq"
		     : "+D"(p), "+c"(n)
		     : "a"(0xccccccccccccccccUL)
		     : "memory");
}

static int map_image(void)
{
	const struct part *part;
	unsigned long addr, end;
	int ret;

	for (part = image; part < image + ARRAY_SIZE(image); part++) {
		addr = (unsigned long)part->start;
		end = ALIGN_UP((unsigned long)part->end, PAGE_SIZE);
		ret = paging_map(paging_kernel_root(), addr, addr - KERNEL_VMA,
				 end - addr, part->prot | PTE_G);
		if (ret)
			return ret;
	}
	/* The GDT of the start code is still in use after this. */
	addr = (unsigned long)__boot_start;
	return paging_map(paging_kernel_root(), KERNEL_VMA + addr, addr,
			  __boot_end - __boot_start, PROT_R | PTE_G);
}

static int map_direct_run(u64 start, u64 end, u64 prot)
{
	if (start >= end)
		return 0;
	return paging_map(paging_kernel_root(), PAGE_OFFSET + start, start,
			  end - start, prot | PTE_G);
}

/* Map all RAM; frames that are executable or constant elsewhere are read-only
 * here. PG1 */
static int map_direct(void)
{
	const u64 cut[] = { 0,
			    (u64)__boot_start,
			    virt_to_phys(__rodata_end),
			    virt_to_phys(__kallsyms_start),
			    virt_to_phys(_end),
			    PAGE_END - PAGE_OFFSET };
	const u64 prot[] = { PROT_RW, PROT_R, PROT_RW, PROT_R, PROT_RW };
	const struct memmap_range *r;
	unsigned int i;
	int ret;

	for (r = memmap_ram.range; r < memmap_ram.range + memmap_ram.nr; r++) {
		for (i = 0; i < ARRAY_SIZE(prot); i++) {
			ret = map_direct_run(max(r->start, cut[i]),
					     min(r->end, cut[i + 1]), prot[i]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Regions that grow later get their top-level entries now. PG2 */
static int share_upper_half(void)
{
	static const unsigned long region[] = { IOREMAP_BASE, STACK_BASE,
						VMAP_BASE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(region); i++)
		if (!paging_entry(paging_kernel_root(), region[i],
				  TOP_LEVEL - 1))
			return -ENOMEM;
	for (i = UPPER_HALF; i < ARRAY_SIZE(kernel_pml4); i++) {
		poke_pml4[i] = kernel_pml4[i];
		ap_pml4[i] = kernel_pml4[i];
	}
	return 0;
}

/* PG3 */
static int map_lower_halves(void)
{
	paging_poke_entry = paging_entry(paging_poke_root(), POKE_WINDOW, 0);
	if (!paging_poke_entry)
		return -ENOMEM;
	return paging_map(paging_ap_root(), (unsigned long)__boot_start,
			  (u64)__boot_start, __boot_end - __boot_start,
			  PROT_RX);
}

static int build_tables(void)
{
	int ret;

	ret = map_image();
	if (!ret)
		ret = map_direct();
	if (!ret)
		ret = share_upper_half();
	if (!ret)
		ret = map_lower_halves();
	return ret;
}

/* Only bits that this CPU has: an unknown bit hangs QEMU. */
static unsigned long cr4_bits(void)
{
	struct cpuid_regs one = cpuid(1, 0), seven = { 0 };
	unsigned long bits = X86_CR4_PAE;

	if (cpuid(0, 0).eax >= 7)
		seven = cpuid(7, 0);
	if (one.edx & CPUID_EDX_PGE)
		bits |= X86_CR4_PGE;
	if (one.edx & CPUID_EDX_MCE)
		bits |= X86_CR4_MCE;
	if (seven.ebx & CPUID_EBX_SMEP)
		bits |= X86_CR4_SMEP;
	if (seven.ebx & CPUID_EBX_SMAP)
		bits |= X86_CR4_SMAP;
	if (seven.ecx & CPUID_ECX_UMIP)
		bits |= X86_CR4_UMIP;
	return bits;
}

void paging_protection(char *buf, size_t size)
{
	unsigned long cr4 = read_cr4();

	snprintf(buf, size, "NX%s%s%s%s", read_cr0() & X86_CR0_WP ? " WP" : "",
		 cr4 & X86_CR4_SMEP ? " SMEP" : "",
		 cr4 & X86_CR4_SMAP ? " SMAP" : "",
		 cr4 & X86_CR4_UMIP ? " UMIP" : "");
}

/*
 * Intel SDM 3A, 12.12: entry 1 of the page attribute table, which no earlier
 * mapping uses, becomes write-combining. The others stay as after reset.
 */
static notrace void set_memory_types(void)
{
	if (cpuid(1, 0).edx & CPUID_EDX_PAT)
		wrmsr(MSR_PAT, PAT_AFTER_RESET - (PAT_WT << 8) + (PAT_WC << 8));
}

notrace void paging_init_cpu(void)
{
	set_memory_types();
	write_cr3(paging_kernel_root());
	write_cr0(read_cr0() | X86_CR0_WP);
	write_cr4(cr4_bits());
}

int paging_init(void)
{
	int ret;

	fill_exec_pool();
	ret = build_tables();
	if (ret)
		return ret;
	paging_init_cpu();
	/* The early tables mapped all memory writable and executable. */
	memset(early_pml4, 0, PAGE_SIZE);
	return 0;
}

/* The end of physical addresses: an entry with a higher bit faults. */
static u64 phys_limit(void)
{
	unsigned int bits = PHYS_BITS_AT_LEAST;

	if (cpuid(CPUID_MAX_EXTENDED, 0).eax >= CPUID_ADDRESS_SIZES)
		bits = cpuid(CPUID_ADDRESS_SIZES, 0).eax & 0xff;
	return BIT(bits);
}

static void *map_outside(u64 phys, size_t size, u64 flags)
{
	u64 first = ALIGN_DOWN(phys, PAGE_SIZE), limit = phys_limit(), bytes;
	unsigned long addr = 0, irq;

	if (phys > limit || size > limit - phys)
		return NULL;
	bytes = ALIGN_UP(phys + size, PAGE_SIZE) - first;
	spin_lock_irqsave(&io_lock, irq);
	if (bytes < IOREMAP_BASE + IO_SPACE - io_next) {
		addr = io_next;
		io_next += bytes + PAGE_SIZE; /* plus an unmapped page */
	}
	spin_unlock_irqrestore(&io_lock, irq);
	if (!addr ||
	    paging_map(paging_kernel_root(), addr, first, bytes, flags | PTE_G))
		return NULL;
	return (char *)addr + (phys - first);
}

void *ioremap(u64 phys, size_t size)
{
	return map_outside(phys, size, PROT_RW | PTE_PCD | PTE_PWT);
}

void *ioremap_wc(u64 phys, size_t size)
{
	return map_outside(phys, size, PROT_RW | PAT_WRITE_COMBINING);
}

void *memremap(u64 phys, size_t size)
{
	return map_outside(phys, size, PROT_R);
}
