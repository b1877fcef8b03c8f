/* SPDX-License-Identifier: MIT */
/*
 * lock_hooks.h - the hooks in locks of nop5-debug.elf, in place of those of
 * kernel/base/lock_hooks.h. They give locks and tasks the fields that the check
 * of the lock order needs, and call it: tests/debug/lock_order.c.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * A lock's class is the place that initialises it: all locks of one class obey
 * the same order.
 */
struct lock_tag {
	const char *name; /* [I] "file:line: what"; NULL: not initialised */
	u32 class;	  /* [A] number of the class, 0: not known yet */
	bool sleeps;	  /* [I] a mutex: held by a task, not by a CPU */
	u32 rank;	  /* [I] see lock_order_rank() */
};

#define LOCK_LINE_TEXT(line) #line
#define LOCK_LINE(line)	     LOCK_LINE_TEXT(line)
/* clang-format off */
#define LOCK_NAME(what)	     __FILE__ ":" LOCK_LINE(__LINE__) ": " what
#define LOCK_TAG(what)	     { LOCK_NAME(what), 0, false, 0 }
#define SLEEP_LOCK_TAG(what) { LOCK_NAME(what), 0, true, 0 }
/* clang-format on */

/* A walk over a trace holds a reader_lock for each of 64 CPUs. */
#define LOCK_HELD_MAX 80

/* The locks that a task, or a CPU, holds: the oldest first. */
struct lock_held {
	u32 n;
	struct lock_held_one {
		const struct lock_tag *tag;
		unsigned long place; /* where it was taken */
	} at[LOCK_HELD_MAX];
};

/*
 * @retp: where the return address of spin_lock(), mutex_lock(), ... stands.
 * Context: any but NMI, in which they do nothing; not traceable.
 */
void lock_order_take_at(struct lock_tag *tag, unsigned long *retp);
void lock_order_tried_at(struct lock_tag *tag, unsigned long *retp);
void lock_order_release(struct lock_tag *tag);

/* Every function has a frame pointer; the return address stands above it. */
#define LOCK_CALLER ((unsigned long *)__builtin_frame_address(0) + 1)

/*
 * Locks of one class that a caller may hold together are taken by rising rank.
 * Without a rank (0) only one of a class may be held.
 */
static __always_inline void lock_order_rank(struct lock_tag *tag, u32 rank)
{
	tag->rank = rank;
}

static __always_inline void lock_order_take(struct lock_tag *tag)
{
	lock_order_take_at(tag, LOCK_CALLER);
}

static __always_inline void lock_order_tried(struct lock_tag *tag)
{
	lock_order_tried_at(tag, LOCK_CALLER);
}
