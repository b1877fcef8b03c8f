// SPDX-License-Identifier: MIT
/*
 * Constants that the start code shares with C. The build makes
 * boot/boot-offsets.inc for NASM from the assembly of this file.
 */
#include "boot/start.h"
#include <asm/layout.h>

/* Not %c0: gcc refuses it for a value that is not a 32-bit address. */
#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %0" : : "i"(value))

void boot_offsets(void);

void boot_offsets(void)
{
	DEFINE(KERNEL_VMA, KERNEL_VMA);
	DEFINE(PAGE_OFFSET, PAGE_OFFSET);
	DEFINE(PVH_MAGIC, PVH_MAGIC);
	DEFINE(MULTIBOOT2_MAGIC, MULTIBOOT2_MAGIC);
	DEFINE(BOOT_STACK_SIZE, BOOT_STACK_SIZE);
}
