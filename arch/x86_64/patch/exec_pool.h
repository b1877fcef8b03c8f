/* SPDX-License-Identifier: MIT */
/*
 * Executable memory within reach of a rel32 call from kernel text.
 *
 * The pool is part of the image, mapped read-only and executable; its bytes
 * are written by text_poke_copy() alone. Whatever is not allocated holds INT3,
 * and so does a fresh allocation.
 */
#pragma once

#include <asm/layout.h>

#include "kernel/lib/types.h"

#define EXEC_GRANULE 64UL

/*
 * exec_alloc() - @size bytes, rounded up to granules, aligned to one
 * Context: task. Return: its address; NULL when there is no room (or size 0).
 */
void *__must_check exec_alloc(size_t size);

/*
 * exec_free() - give back the whole of an allocation; INT3 at once
 *
 * The caller made sure that nobody is inside or about to enter (I4).
 * Context: task, interrupts on.
 */
void exec_free(void *p, size_t size);

/* Context: any, probe and poke included. */
static __always_inline bool exec_pool_contains(unsigned long addr)
{
	return addr >= (unsigned long)__exec_pool_start &&
	       addr < (unsigned long)__exec_pool_end;
}

/* Bytes not allocated, and bytes there are. */
size_t exec_pool_free_bytes(void);
size_t exec_pool_size(void);
