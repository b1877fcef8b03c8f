/* SPDX-License-Identifier: MIT */
/*
 * Executable memory within reach of a rel32 call from kernel text.
 *
 * The pool is part of the image and is mapped read-only and executable. Its
 * bytes are written by text_poke_copy(), and by no plain store. Free memory
 * holds INT3, and so does a fresh allocation.
 */
#pragma once

#include <asm/layout.h>

#include "kernel/lib/types.h"

#define EXEC_GRANULE 64UL

/*
 * exec_alloc() - allocate @size bytes, rounded up to and aligned to granules
 * Context: task. Return: the address; NULL if there is no room or @size is 0.
 */
void *__must_check exec_alloc(size_t size);

/*
 * exec_free() - free a whole allocation and fill it with INT3 at once
 *
 * The caller has made sure that no task or CPU is inside the memory or can
 * enter it (I4).
 * Context: task, interrupts on.
 */
void exec_free(void *p, size_t size);

/* Context: any, probe and poke included. */
static __always_inline bool exec_pool_contains(unsigned long addr)
{
	return addr >= (unsigned long)__exec_pool_start &&
	       addr < (unsigned long)__exec_pool_end;
}

/* The number of free bytes, and the size of the whole pool. */
size_t exec_pool_free_bytes(void);
size_t exec_pool_size(void);
