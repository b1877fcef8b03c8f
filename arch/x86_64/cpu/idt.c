// SPDX-License-Identifier: MIT
/*
 * The interrupt descriptor table.
 *
 * Owns: the table. All gates are interrupt gates (the handler starts with
 * interrupts off), DPL 0, and lead to the stub of their vector in entry.asm.
 * It is written once at boot, before any other CPU runs.
 */
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/idt.h"
#include "arch/x86_64/cpu/traps.h"
#include <asm/cpu.h>

#define GATE_PRESENT_INTERRUPT 0x8e00

struct idt_gate {
	u16 offset_low;
	u16 selector;
	u16 flags; /* IST number in the low three bits */
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

static_assert(sizeof(struct idt_gate) == 16, "as the SDM defines it");

static struct idt_gate idt[NR_VECTORS] __aligned(4096);

static enum ist vector_ist(unsigned int vector)
{
	switch (vector) {
	case X86_TRAP_NMI:
		return IST_NMI;
	case X86_TRAP_DF:
		return IST_DF;
	case X86_TRAP_MC:
		return IST_MC;
	default:
		return IST_NONE;
	}
}

/* Fill the table: 256 interrupt gates to the stubs of entry.asm. */
static void idt_init(void)
{
	for (unsigned int vector = 0; vector < NR_VECTORS; vector++) {
		u64 stub = (u64)entry_stubs + vector * ENTRY_STUB_SIZE;

		idt[vector] = (struct idt_gate){
			.offset_low = (u16)stub,
			.selector = KERNEL_CS,
			.flags = GATE_PRESENT_INTERRUPT | vector_ist(vector),
			.offset_middle = (u16)(stub >> 16),
			.offset_high = (u32)(stub >> 32),
		};
	}
}

notrace void idt_load(void)
{
	const struct {
		u16 limit;
		u64 base;
	} __packed pointer = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
}

int traps_init(void)
{
	gdt_load();
	idt_init();
	idt_load();
	return 0;
}
