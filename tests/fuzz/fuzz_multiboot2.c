// SPDX-License-Identifier: MIT
/*
 * The multiboot2 tag parser and the memory map made of what it found.
 * host-sources: boot/boot_info.c boot/multiboot2.c kernel/base/memmap.c
 */
#include "boot/boot_info.h"
#include "kernel/base/memmap.h"
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"

/* kernel/base/memmap.c wants to know where the kernel lies; not asked here. */
char __boot_start[1], _end[1];

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	static struct memmap map;
	u8 *tags = host_malloc(size);

	memcpy(tags, data, size);
	if (!multiboot2_parse(tags, size, &info) && !memmap_build(&map, &info))
		for (u32 i = 0; i < map.nr; i++) {
			BUG_ON(map.range[i].start >= map.range[i].end);
			BUG_ON(i && map.range[i - 1].end > map.range[i].start);
		}
	host_free(tags);
	return 0;
}
