// SPDX-License-Identifier: MIT
/*
 * The PVH start_info reader: the input is all of physical memory, from
 * PHYS_BASE on, and the start_info lies at its beginning.
 * host-sources: boot/boot_info.c boot/pvh.c
 */
#include "boot/boot_info.h"
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"

#define PHYS_BASE 0x1000

static const u8 *memory;
static size_t memory_size;

static const void *read_memory(u64 phys, size_t len)
{
	if (phys < PHYS_BASE || phys - PHYS_BASE > memory_size ||
	    len > memory_size - (phys - PHYS_BASE))
		return NULL;
	return memory + (phys - PHYS_BASE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	u8 *copy = host_malloc(size);
	u32 i;
	int ret;

	memcpy(copy, data, size);
	memory = copy;
	memory_size = size;
	ret = pvh_parse(PHYS_BASE, read_memory, &info);
	BUG_ON(ret != info.error);
	BUG_ON(ret && !info.why);
	BUG_ON(strnlen(info.cmdline, BOOT_CMDLINE_SIZE) == BOOT_CMDLINE_SIZE);
	for (i = 0; !ret && i < info.nr_regions; i++)
		BUG_ON(info.region[i].start >= info.region[i].end);
	host_free(copy);
	return 0;
}
