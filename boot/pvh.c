// SPDX-License-Identifier: MIT
/*
 * Reads the PVH start_info structure (QEMU's -kernel).
 *
 * Invariant: physical memory is read only through the given function, so every
 * pointer in the structure is checked.
 *
 * Pure: runs on the host under the sanitizers and the fuzzer.
 */
#include "boot/boot_info.h"
#include "boot/start.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

struct pvh_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modules;
	u64 cmdline;
	u64 rsdp;
	u64 memmap; /* from version 1 on */
	u32 memmap_entries;
	u32 reserved;
};

struct pvh_memmap_entry {
	u64 base;
	u64 length;
	u32 type;
	u32 reserved;
};

/* Reads byte by byte, since readable memory may end at any byte. */
static int read_cmdline(u64 phys, boot_phys_fn read, struct boot_info *info)
{
	const char *byte;
	size_t i;

	if (!phys)
		return 0;
	for (i = 0; i < sizeof(info->cmdline); i++) {
		byte = read(phys + i, 1);
		if (!byte)
			return boot_bad(info, -EINVAL,
					"the command line is nowhere");
		info->cmdline[i] = *byte;
		if (!*byte)
			return 0;
	}
	info->cmdline[0] = '\0';
	return boot_bad(info, -ENAMETOOLONG, "the command line is too long");
}

static int read_memmap(const struct pvh_start_info *start, boot_phys_fn read,
		       struct boot_info *info)
{
	struct pvh_memmap_entry entry;
	const void *p;
	u32 i;
	int ret;

	for (i = 0; i < start->memmap_entries; i++) {
		info->where = i * sizeof(entry);
		p = read(start->memmap + info->where, sizeof(entry));
		if (!p)
			return boot_bad(info, -EINVAL,
					"the memory map is nowhere");
		memcpy(&entry, p, sizeof(entry));
		ret = boot_add_region(info, entry.base, entry.length,
				      entry.type);
		if (ret)
			return ret;
	}
	return 0;
}

int pvh_parse(u64 start_info, boot_phys_fn read, struct boot_info *info)
{
	struct pvh_start_info start;
	const void *p;
	int ret;

	memset(info, 0, sizeof(*info));
	info->protocol = "PVH";
	p = read(start_info, sizeof(start));
	if (!p)
		return boot_bad(info, -EINVAL, "the start_info is nowhere");
	memcpy(&start, p, sizeof(start));
	if (start.magic != PVH_MAGIC)
		return boot_bad(info, -EINVAL, "the start_info has no magic");
	if (start.version < 1)
		return boot_bad(info, -EINVAL,
				"the start_info has no memory map");
	info->rsdp_phys = start.rsdp;
	ret = read_cmdline(start.cmdline, read, info);
	if (ret)
		return ret;
	ret = read_memmap(&start, read, info);
	if (ret)
		return ret;
	if (!info->nr_regions)
		return boot_bad(info, -EINVAL, "there is no memory map");
	return 0;
}
