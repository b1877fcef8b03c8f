/* SPDX-License-Identifier: MIT */
/*
 * Allocation-failure injection: lets a test walk through every way in which a
 * request can run out of memory.
 *
 *	for (n = 1;; n++) {
 *		fail_nth(n);
 *		err = request();
 *		if (!fail_end())
 *			break;
 *		(err must be -ENOMEM and nothing may have changed)
 *	}
 *
 * Only allocations that the arming task makes outside interrupts count.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Arms: the @n-th allocation of this task from now (1 = the next) fails, once.
 * A kmalloc() that needs pages asks twice: for itself and for the pages.
 * Context: task.
 */
void fail_nth(unsigned int n);

/* Disarms. Context: task, after fail_nth(). Return: true if one failed. */
bool fail_end(void);

/*
 * Every allocator calls it once for every request. Return: true if the
 * allocator must return NULL. Context: any.
 */
bool should_fail_alloc(void);
