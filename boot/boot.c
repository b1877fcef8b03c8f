// SPDX-License-Identifier: MIT
/*
 * From the start code to kernel_main(): makes one boot_info for every loader.
 *
 * Owns the boot_info and its memory. A damaged boot_info is passed on with its
 * error, since only the kernel has a console to report it.
 *
 * Context: boot, before any other initialisation; physical memory below 4 GiB
 * is mapped at PAGE_OFFSET.
 */
#include "boot/boot_info.h"
#include "boot/start.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

#define EARLY_LIMIT  (1UL << 32)
#define MB2_SIZE_MAX (1UL << 20) /* a larger size is damage */

static struct boot_info boot_info;

static const void *early_phys(u64 phys, size_t len)
{
	if (phys >= EARLY_LIMIT || len > EARLY_LIMIT - phys)
		return NULL;
	return phys_to_virt(phys);
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
	kernel_main(info);
}
