// SPDX-License-Identifier: MIT
/*
 * boot_info.c - the functions that all parsers of loaders' tables share.
 *
 * Context: boot (pure).
 */
#include "boot/boot_info.h"
#include "kernel/lib/errno.h"

int boot_bad(struct boot_info *info, int error, const char *why)
{
	info->error = error;
	info->why = why;
	return error;
}

int boot_add_region(struct boot_info *info, u64 base, u64 length, u32 type)
{
	struct boot_region *region;

	if (length == 0)
		return 0;
	if (base + length < base)
		return boot_bad(info, -EINVAL, "a memory region wraps around");
	if (info->nr_regions == BOOT_MAX_REGIONS)
		return boot_bad(info, -E2BIG, "too many memory regions");
	region = &info->region[info->nr_regions++];
	region->start = base;
	region->end = base + length;
	region->type = type;
	return 0;
}
