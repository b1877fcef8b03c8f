// SPDX-License-Identifier: MIT
/*
 * Finds the ACPI tables of this machine.
 *
 * Owns: acpi_info. The root pointer is searched in this order: the copy that
 * the loader made, the address that the loader gave, the BIOS area.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/mm/paging.h"
#include "boot/boot_info.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"

#define RSDP_V1_SIZE   20
#define RSDP_V2_SIZE   36
#define BIOS_AREA      0xe0000
#define BIOS_AREA_SIZE 0x20000
#define RSDP_ALIGN     16

struct acpi_info acpi_info;

static const void *read_phys(u64 phys, size_t len)
{
	return memremap(phys, len);
}

/* Length of the root pointer at data, 0 if there is none. */
static size_t rsdp_length(const void *data, size_t room)
{
	if (room >= RSDP_V2_SIZE && acpi_rsdp_valid(data, RSDP_V2_SIZE))
		return RSDP_V2_SIZE;
	if (room >= RSDP_V1_SIZE && acpi_rsdp_valid(data, RSDP_V1_SIZE))
		return RSDP_V1_SIZE;
	return 0;
}

static const void *search_bios_area(size_t *len)
{
	const u8 *area = read_phys(BIOS_AREA, BIOS_AREA_SIZE);

	for (size_t at = 0; area && at < BIOS_AREA_SIZE; at += RSDP_ALIGN) {
		*len = rsdp_length(area + at, BIOS_AREA_SIZE - at);
		if (*len)
			return area + at;
	}
	return NULL;
}

int acpi_init(const struct boot_info *boot)
{
	const void *rsdp = NULL;
	size_t len = 0;
	int err;

	if (boot->rsdp_len) {
		rsdp = boot->rsdp;
		len = boot->rsdp_len;
	} else if (boot->rsdp_phys) {
		rsdp = read_phys(boot->rsdp_phys, RSDP_V2_SIZE);
		len = rsdp ? RSDP_V2_SIZE : 0;
	}
	if (!len)
		rsdp = search_bios_area(&len);
	if (!rsdp) {
		pr_warn("acpi: no root pointer, only the boot CPU is used");
		return -ENODEV;
	}
	err = acpi_parse(rsdp, len, read_phys, &acpi_info);
	if (err)
		pr_warn("acpi: %s (table at %#llx), only the boot CPU is used",
			acpi_info.why, acpi_info.where);
	return err;
}
