/* SPDX-License-Identifier: MIT */
/*
 * lock_hooks.h - the hooks of the lock-order check, empty in this image.
 *
 * nop5-debug.elf is built with tests/debug/include first in the include path.
 * The header of the same name there has the same declarations with contents,
 * and tests/debug/lock_order.c checks every lock that is taken. Here the types
 * are empty and the functions do nothing, so they cost no byte and no
 * instruction.
 */
#pragma once

#include "kernel/lib/types.h"

/* clang-format off */
/* In each lock: its class. The second macro is for a mutex. */
struct lock_tag {};
#define LOCK_TAG(name)	   {}
#define SLEEP_LOCK_TAG(name) {}
/* clang-format on */

/* In each task: the mutexes it holds. */
struct lock_held {
};

/*
 * Locks of one class that a caller holds together must be taken in rising order
 * of their ranks. Without a rank (0), only one lock of a class may be held.
 */
static __always_inline void lock_order_rank(struct lock_tag *tag, u32 rank)
{
}

/* The caller is about to wait for the lock, and then holds it. */
static __always_inline void lock_order_take(struct lock_tag *tag)
{
}

/* The caller has taken the lock without waiting. */
static __always_inline void lock_order_tried(struct lock_tag *tag)
{
}

static __always_inline void lock_order_release(struct lock_tag *tag)
{
}
