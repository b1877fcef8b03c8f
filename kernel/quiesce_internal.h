/* SPDX-License-Identifier: MIT */
/* Grace periods: shared by quiesce.c, which waits, and quiesce_marks.c. */
#pragma once

#include "kernel/quiesce.h"
#include "kernel/wait.h"
#include <asm/atomic.h>

extern struct wait_queue_head quiesce_wq; /* woken when a wait may be over */
extern atomic_t quiesce_pending[QUIESCE_MARKS]; /* Q2 */

/*
 * Remove some of the marks of a task or a CPU. Context: its run queue locked.
 * Return: whether a wait is over, so that its caller must be woken.
 */
bool quiesce_drop(u32 *marks, u32 which);
