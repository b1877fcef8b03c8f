/* SPDX-License-Identifier: MIT */
/*
 * reserve_mem.h - RAM that the command line keeps out of the page allocator.
 *
 * Its address depends on the machine's memory only, so the next boot finds it
 * in the same place; nobody here writes to it. Linux's word reserve_mem=.
 */
#pragma once

#include "kernel/lib/types.h"

#define RESERVE_MEM_NAME 16 /* bytes of a name, its NUL included */

/*
 * reserve_mem_init() - take the regions of the command line out of memmap_free
 * A region that cannot be had is reported in the log.
 * Context: boot, after memmap_init(), before page_init().
 */
void reserve_mem_init(void);

/*
 * reserve_mem_take() - take the region with a name, or the one "ADDR:SIZE" of a
 * word trace_instance=, for ever
 * Context: task, one at a time. Return: NULL, and its physical address and its
 * bytes; or why not.
 */
const char *reserve_mem_take(const char *memory, u64 *start, u64 *size);

/*
 * reserve_mem_parse() - parse a size as Linux does: a number (decimal, 0x, 0)
 * with K, M, G, T, P or E
 * *text moves behind it. Return: 0 if there is none, or it does not fit. Pure.
 */
u64 reserve_mem_parse(const char **text);
