/* SPDX-License-Identifier: MIT */
/*
 * The interface of the boot CPU's start code in assembly to the C code.
 */
#pragma once

#include "kernel/lib/types.h"

#define MULTIBOOT2_MAGIC 0x36d76289 /* GRUB's value of eax */
#define PVH_MAGIC	 0x336ec578 /* first word of a PVH start_info */
#define BOOT_STACK_SIZE	 16384

/* start64.asm calls it once; info is a physical address below 4 GiB. */
void __noreturn boot_main(u32 magic, u64 info);
