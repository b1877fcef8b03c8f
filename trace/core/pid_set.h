/* SPDX-License-Identifier: MIT */
/*
 * pid_set.h - a set of pids that never moves: a hash table that a task which
 * starts or ends changes, while probes read it without a lock.
 *
 * The owner creates it by kzalloc() and frees it after its readers.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/atomic.h>

#define PID_SET_MAX   256		/* pids in a set */
#define PID_SET_SLOTS (2 * PID_SET_MAX) /* a power of two */

struct pid_set {
	atomic_t live;		 /* pids in it */
	atomic_t lost;		 /* children that found no room */
	u32 busy;		 /* [A] 1: it is changed */
	u32 slot[PID_SET_SLOTS]; /* [A] */
};

/*
 * None is traceable. A pid is not negative.
 * Context: any for has and next, task for the others.
 */

bool pid_set_has(const struct pid_set *set, int pid);
/* Return: 0, also if the set has it; -ENOSPC it has PID_SET_MAX others. */
int pid_set_add(struct pid_set *set, int pid);
/*
 * Add a child of a pid of the set. Return: whether it is the first one that
 * finds no room: the caller says so.
 */
bool pid_set_follow(struct pid_set *set, int parent, int child);
/* A pid that the set has not got is ignored. */
void pid_set_remove(struct pid_set *set, int pid);
/* Return: the lowest pid of the set from @pid on; -1: none. */
int pid_set_next(const struct pid_set *set, int pid);
