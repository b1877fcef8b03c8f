// SPDX-License-Identifier: MIT
/*
 * I/O APICs.
 *
 * Owns: their registers. A line stays masked until a driver routes it. There is
 * no lock, because only boot and one driver at a time write the registers.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/ioapic.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include <asm/io.h>
#include <asm/smp.h>

#define IOAPIC_SIZE   0x20
#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10

#define IOAPIC_VERSION	0x01 /* bits 16-23: number of the last line */
#define IOAPIC_LINE(n)	(0x10 + 2 * (n))
#define LINE_MASKED	0x10000U
#define LINE_LEVEL	0x08000U
#define LINE_ACTIVE_LOW 0x02000U
#define LINE_DEST_SHIFT 24

#define OVERRIDE_ACTIVE_LOW 3U
#define OVERRIDE_LEVEL	    3U

static void *ioapic_regs[ACPI_MAX_IOAPICS];

static u32 ioapic_read(unsigned int i, u32 reg)
{
	writel((u8 *)ioapic_regs[i] + IOAPIC_SELECT, reg);
	return readl((u8 *)ioapic_regs[i] + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned int i, u32 reg, u32 value)
{
	writel((u8 *)ioapic_regs[i] + IOAPIC_SELECT, reg);
	writel((u8 *)ioapic_regs[i] + IOAPIC_WINDOW, value);
}

static u32 ioapic_lines(unsigned int i)
{
	return (ioapic_read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

int ioapic_init(void)
{
	for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
		ioapic_regs[i] = ioremap(acpi_info.ioapic[i].phys, IOAPIC_SIZE);
		if (!ioapic_regs[i])
			return -ENOMEM;
		for (u32 line = 0; line < ioapic_lines(i); line++)
			ioapic_write(i, IOAPIC_LINE(line), LINE_MASKED);
	}
	return 0;
}

int ioapic_route_isa(unsigned int irq, unsigned int vector)
{
	u32 gsi = irq, low = vector;

	for (unsigned int i = 0; i < acpi_info.nr_overrides; i++) {
		const struct acpi_override *o = &acpi_info.override[i];

		if (o->irq != irq)
			continue;
		gsi = o->gsi;
		if ((o->flags & 3) == OVERRIDE_ACTIVE_LOW)
			low |= LINE_ACTIVE_LOW;
		if ((o->flags >> 2 & 3) == OVERRIDE_LEVEL)
			low |= LINE_LEVEL;
	}
	for (unsigned int i = 0; i < acpi_info.nr_ioapics; i++) {
		u32 line = gsi - acpi_info.ioapic[i].gsi_base;

		if (!ioapic_regs[i] || gsi < acpi_info.ioapic[i].gsi_base ||
		    line >= ioapic_lines(i))
			continue;
		ioapic_write(i, IOAPIC_LINE(line) + 1,
			     cpu_apic_id(0) << LINE_DEST_SHIFT);
		ioapic_write(i, IOAPIC_LINE(line), low);
		return 0;
	}
	return -ENODEV;
}
