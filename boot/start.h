/* SPDX-License-Identifier: MIT */
/*
 * Between the assembly that starts the boot CPU and the C that follows it.
 */
#pragma once

#include "kernel/lib/types.h"

#define MULTIBOOT2_MAGIC 0x36d76289 /* what GRUB leaves in eax */
#define PVH_MAGIC	 0x336ec578 /* first word of a PVH start_info */
#define BOOT_STACK_SIZE	 16384

/* Called once by start64.asm; info is a physical address below 4 GiB. */
void __noreturn boot_main(u32 magic, u64 info);
