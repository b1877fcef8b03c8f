/* SPDX-License-Identifier: MIT */
/*
 * The part of ACPI that the kernel needs: the MADT, which lists the CPUs and
 * the interrupt controllers, and the addresses of HPET and PM timer.
 */
#pragma once

#include "kernel/lib/types.h"

#define ACPI_MAX_CPUS	   64
#define ACPI_MAX_IOAPICS   8
#define ACPI_MAX_OVERRIDES 16

struct acpi_ioapic {
	u32 gsi_base; /* global number of its first line */
	u32 phys;
};

/* An ISA interrupt whose line has another number or other properties. */
struct acpi_override {
	u32 gsi;
	u16 flags; /* polarity bits 0-1, trigger bits 2-3 */
	u8 irq;
};

struct acpi_info {
	u32 nr_cpus; /* enabled ones, in the order of the table */
	u32 apic_id[ACPI_MAX_CPUS];
	u32 nr_cpus_ignored; /* enabled, but beyond ACPI_MAX_CPUS */
	u64 lapic_phys;
	u64 hpet_phys;	   /* 0: none */
	u16 pm_timer_port; /* 0: none */
	u32 nr_ioapics;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	u32 nr_overrides;
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	const char *why; /* of an error: a sentence, else NULL */
	u64 where;	 /* of an error: physical address of the bad table */
};

/*
 * Gives access to len bytes of physical memory; NULL if it may not be read.
 * The memory must stay readable until acpi_parse() has returned.
 */
typedef const void *(*acpi_read_fn)(u64 phys, size_t len);

/* Is this a root pointer with a correct checksum? Pure. */
bool acpi_rsdp_valid(const void *rsdp, size_t len);

/*
 * Find the MADT from a root pointer and fill acpi_info from it. Every checksum
 * and length is verified. Entries beyond the size of an array are dropped, and
 * CPUs among them are counted. The clocks come from the HPET's table and the
 * FADT if these are intact. Pure.
 *
 * Return: 0; -EINVAL for a damaged table; -ENOENT if there is no MADT;
 * -EFAULT if a table lies in memory that cannot be read. On an error info->why
 * is the reason, info->where the address, and the rest of info is zero. No
 * other code is returned.
 */
int acpi_parse(const void *rsdp, size_t len, acpi_read_fn read,
	       struct acpi_info *info);

/* Empty without ACPI; then one CPU is used. Immutable after boot. */
extern struct acpi_info acpi_info;

struct boot_info;
/*
 * Fill acpi_info, by the root pointer from the loader or from the BIOS area. An
 * error is reported; boot may then continue with one CPU.
 * Context: boot, after paging.
 * Return: 0; -ENODEV if there is no root pointer; else as acpi_parse().
 */
int acpi_init(const struct boot_info *boot);
