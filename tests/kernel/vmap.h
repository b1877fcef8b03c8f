/* SPDX-License-Identifier: MIT */
/*
 * Temporary mappings of frames at consecutive virtual addresses.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * vmap_pages - map @n frames side by side, followed by an unmapped page
 * @phys: their page-aligned physical addresses
 * @prot: PROT_RW or PROT_R; PROT_RX only in tests of the audit
 *
 * Context: task.
 * Return: the address, or NULL when out of memory or address space.
 */
void *vmap_pages(const u64 *phys, unsigned int n, u64 prot);

/*
 * Removes the mapping; on return no CPU has it in its TLB.
 * Context: task, interrupts on.
 */
void vunmap_pages(void *addr, unsigned int n);

/* Number of pages of vmap space in use, guard pages included. */
unsigned int vmap_used(void);
