// SPDX-License-Identifier: MIT
/*
 * From the start code to kernel_main(): one boot_info, whoever loaded us.
 *
 * Owns the boot_info and its memory. A damaged one is handed on with its
 * error: only the kernel has a console to say so.
 *
 * Context: boot, before anything is set up; physical memory below 4 GiB is
 * mapped at PAGE_OFFSET.
 */
#include "boot/ap_boot.h"
#include "boot/boot_info.h"
#include "boot/start.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

#define EARLY_LIMIT   (1UL << 32)
#define MB2_SIZE_MAX  (1UL << 20) /* more is damage */
#define BIOS_EBDA_PTR 0x40e
#define BIOS_ROM      0xe0000
#define BIOS_ROM_END  0x100000

static struct boot_info boot_info;

struct ap_boot_params ap_boot_params;

static const void *early_phys(u64 phys, size_t len)
{
	if (phys >= EARLY_LIMIT || len > EARLY_LIMIT - phys)
		return NULL;
	return phys_to_virt(phys);
}

/* The signature lies on a 16-byte boundary; the table's owner sums it up. */
static u64 rsdp_scan(u64 start, u64 end)
{
	for (; start + BOOT_RSDP_SIZE <= end; start += 16)
		if (!memcmp(phys_to_virt(start), "RSD PTR ", 8))
			return start;
	return 0;
}

static void find_rsdp(struct boot_info *info)
{
	const void *rsdp;
	u64 ebda;

	if (info->rsdp_len)
		return;
	if (!info->rsdp_phys) {
		ebda = (u64)*(const u16 *)phys_to_virt(BIOS_EBDA_PTR) << 4;
		info->rsdp_phys = rsdp_scan(ebda, ebda + 1024);
	}
	if (!info->rsdp_phys)
		info->rsdp_phys = rsdp_scan(BIOS_ROM, BIOS_ROM_END);
	rsdp = early_phys(info->rsdp_phys, BOOT_RSDP_SIZE);
	if (!info->rsdp_phys || !rsdp)
		return;
	memcpy(info->rsdp, rsdp, BOOT_RSDP_SIZE);
	info->rsdp_len = BOOT_RSDP_SIZE;
}

void boot_main(u32 magic, u64 start)
{
	struct boot_info *info = &boot_info;
	size_t room = min_t(u64, MB2_SIZE_MAX, EARLY_LIMIT - start);

	if (magic == PVH_MAGIC) {
		pvh_parse(start, early_phys, info);
		strscpy(info->loader, "QEMU -kernel", sizeof(info->loader));
	} else {
		multiboot2_parse(phys_to_virt(start), room, info);
	}
	find_rsdp(info);
	kernel_main(info);
}
