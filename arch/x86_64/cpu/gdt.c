// SPDX-License-Identifier: MIT
/*
 * Segments and the task state segment of each CPU.
 *
 * Owns: the per-CPU GDT and TSS, and the IST stacks that the TSS points to.
 *
 * GD1 An IST stack is used by one vector only, and that vector cannot come
 *    again before its handler has left the stack. An NMI is blocked until the
 *    IRET, and no code in an NMI executes an earlier one; #DF and #MC do not
 *    return.
 *
 * Context: boot and bring-up, except ist_of().
 */
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include <asm/barrier.h>
#include <asm/cpu.h>
#include <asm/percpu.h>

#define EARLY_STACK_SIZE 8192

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST n is ist[n - 1] */
	u64 reserved2;
	u16 reserved3;
	u16 io_map;
} __packed;

static_assert(sizeof(struct tss) == 104, "as the SDM defines it");

/* Present, DPL 0; only the bits that long mode uses are set. */
#define SEGMENT_CODE 0x00209b0000000000ULL /* 64-bit, execute/read, accessed */
#define SEGMENT_DATA 0x0000930000000000ULL /* read/write, accessed */
#define SEGMENT_TSS  0x0000890000000000ULL /* available 64-bit TSS */

enum gdt_slot {
	GDT_NULL,
	GDT_CODE = KERNEL_CS / 8,
	GDT_DATA = KERNEL_DS / 8,
	GDT_TSS_LOW = TSS_SELECTOR / 8,
	GDT_TSS_HIGH,
	GDT_SLOTS,
};

struct cpu_segments {
	u64 gdt[GDT_SLOTS];
	struct tss tss;
	u64 stack_size;
} __aligned(128);

static DEFINE_PER_CPU(struct cpu_segments, segments);

/* CPU 0 can take an NMI or a #DF before the allocator works. */
static char early_stacks[NR_IST][EARLY_STACK_SIZE] __aligned(16);

static u64 tss_descriptor_low(u64 base)
{
	return SEGMENT_TSS | (sizeof(struct tss) - 1) |
	       (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
}

static void use_early_stacks(struct cpu_segments *seg)
{
	for (int i = 0; i < NR_IST; i++)
		seg->tss.ist[i] = (u64)early_stacks[i] + EARLY_STACK_SIZE;
	seg->stack_size = EARLY_STACK_SIZE;
}

static void load_segments(const u64 *gdt)
{
	struct {
		u16 limit;
		u64 base;
	} __packed pointer = { GDT_SLOTS * 8 - 1, (u64)gdt };
	unsigned long scratch;

	/* Loading GS would clear its base, so GS keeps its null selector. */
	__asm__ volatile("lgdt %1\n\t"
			 "pushq %2\n\t"
			 "pushq $1f\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %3, %k0\n\t"
			 "mov %k0, %%ss\n\t"
			 "mov %k0, %%ds\n\t"
			 "mov %k0, %%es\n\t"
			 "ltr %w4"
			 : "=&r"(scratch)
			 : "m"(pointer), "i"(KERNEL_CS), "i"(KERNEL_DS),
			   "r"(TSS_SELECTOR)
			 : "memory");
}

notrace void gdt_load(void)
{
	struct cpu_segments *seg = this_cpu_ptr(&segments);

	if (!seg->stack_size)
		use_early_stacks(seg);
	seg->tss.io_map = sizeof(seg->tss);
	seg->gdt[GDT_CODE] = SEGMENT_CODE;
	seg->gdt[GDT_DATA] = SEGMENT_DATA;
	seg->gdt[GDT_TSS_LOW] = tss_descriptor_low((u64)&seg->tss);
	seg->gdt[GDT_TSS_HIGH] = (u64)&seg->tss >> 32;
	load_segments(seg->gdt);
}

int gdt_alloc_stacks(unsigned int cpu)
{
	struct cpu_segments *seg = &per_cpu(segments, cpu);
	void *stack[NR_IST];

	if (seg->stack_size == STACK_SIZE)
		return 0;
	for (int i = 0; i < NR_IST; i++) {
		stack[i] = stack_alloc();
		if (!stack[i]) {
			while (i--)
				stack_free(stack[i]);
			return -ENOMEM;
		}
	}
	for (int i = 0; i < NR_IST; i++)
		seg->tss.ist[i] = (u64)stack[i] + STACK_SIZE;
	seg->stack_size = STACK_SIZE;
	return 0;
}

unsigned long gdt_swap_stack(enum ist which, unsigned long top)
{
	struct tss *tss = &this_cpu_ptr(&segments)->tss;
	unsigned long old = tss->ist[which - 1];

	tss->ist[which - 1] = top;
	barrier();
	return old;
}

notrace enum ist ist_of(unsigned long addr)
{
	const struct cpu_segments *seg = this_cpu_ptr(&segments);

	for (int i = 0; i < NR_IST; i++)
		if (addr < seg->tss.ist[i] &&
		    addr >= seg->tss.ist[i] - seg->stack_size)
			return i + 1;
	return IST_NONE;
}
