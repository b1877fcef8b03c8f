// SPDX-License-Identifier: MIT
/*
 * Constants that the start code shares with C: the build makes
 * boot/boot-offsets.inc for NASM out of this file's assembly.
 */
#include "boot/ap_boot.h"
#include "boot/start.h"
#include <asm/layout.h>

/* Not %c0: gcc refuses it for what is no 32-bit address. */
#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %0" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(struct type, member))

void boot_offsets(void);

void boot_offsets(void)
{
	DEFINE(KERNEL_VMA, KERNEL_VMA);
	DEFINE(PAGE_OFFSET, PAGE_OFFSET);
	DEFINE(PVH_MAGIC, PVH_MAGIC);
	DEFINE(MULTIBOOT2_MAGIC, MULTIBOOT2_MAGIC);
	DEFINE(BOOT_STACK_SIZE, BOOT_STACK_SIZE);
	DEFINE(AP_BOOT_ARMED, AP_BOOT_ARMED);
	DEFINE(AP_BOOT_TAKEN, AP_BOOT_TAKEN);
	DEFINE(AP_BOOT_BLOCKS, NR_CPUS);
	DEFINE(AP_BOOT_SIZE, sizeof(struct ap_boot_params));
	OFFSET(AP_CLAIM, ap_boot_params, claim);
	OFFSET(AP_STACK_TOP, ap_boot_params, stack_top);
	OFFSET(AP_GS_BASE, ap_boot_params, gs_base);
	OFFSET(AP_ENTRY, ap_boot_params, entry);
	OFFSET(AP_ARG, ap_boot_params, arg);
}
