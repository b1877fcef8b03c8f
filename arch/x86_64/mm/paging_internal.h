/* SPDX-License-Identifier: MIT */
/* Shared by the files paging*.c and kstack.c only. */
#pragma once

#include "arch/x86_64/mm/paging.h"

/* boot/start32.asm: the boot CPU's first stack and the page below it. */
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];

/* The top-level table of the start code, which allows every access. */
extern u64 early_pml4[512];

extern u64 kernel_pml4[512], ap_pml4[512];

/*
 * The entry for addr at a level (0 = 4 KiB leaf); missing tables above it are
 * allocated. Return: NULL when out of memory.
 */
u64 *paging_entry(u64 root, unsigned long addr, unsigned int level);
