/* SPDX-License-Identifier: MIT */
/*
 * pid_set.h - a set of pids that never moves: a hash table that a task which
 * starts or ends changes by one store, in any context, while probes read it.
 *
 * A removed pid leaves a mark in its slot until the set is written anew. So a
 * search for an absent pid may read all 512 slots.
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
	u32 slot[PID_SET_SLOTS]; /* [A] */
};

/* All of them: context any; not traceable. A pid is not negative. */

bool pid_set_has(const struct pid_set *set, int pid);
/* Return: 0, also if the set has it; -ENOSPC it has PID_SET_MAX others. */
int pid_set_add(struct pid_set *set, int pid);
/* A pid that the set has not got is ignored. */
void pid_set_remove(struct pid_set *set, int pid);
/* Return: the lowest pid of the set from @pid on; -1: none. */
int pid_set_next(const struct pid_set *set, int pid);
