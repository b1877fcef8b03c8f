// SPDX-License-Identifier: MIT
/*
 * pid_set.c - a set of pids: a hash table with open addressing.
 *
 * Context: any; without a lock.
 */
#include "trace/core/pid_set.h"

#include "kernel/lib/errno.h"

/* What a slot has instead of a pid plus 1. */
#define FREE  0U
#define TAKEN ~0U /* it had one: go on looking */

static u32 first_slot(int pid)
{
	return (u32)pid * 0x9e3779b1U >> 23; /* the top 9 bits */
}

static_assert(PID_SET_SLOTS == 1 << 9, "first_slot()");

/* Return: the number of the pid's slot; -1: it is not in the set. */
static int find(const struct pid_set *set, int pid)
{
	u32 i, at = first_slot(pid), value;

	for (i = 0; i < PID_SET_SLOTS; i++) {
		value = READ_ONCE(set->slot[(at + i) % PID_SET_SLOTS]);
		if (value == (u32)pid + 1)
			return (at + i) % PID_SET_SLOTS;
		if (value == FREE)
			break;
	}
	return -1;
}

bool pid_set_has(const struct pid_set *set, int pid)
{
	return find(set, pid) >= 0;
}

/* Several CPUs may add at a time: a slot is taken by one of them. */
int pid_set_add(struct pid_set *set, int pid)
{
	u32 i, at = first_slot(pid), old;

	if (pid_set_has(set, pid))
		return 0;
	if (atomic_read(&set->live) >= PID_SET_MAX)
		return -ENOSPC;
	for (i = 0; i < PID_SET_SLOTS; i++) {
		u32 *slot = &set->slot[(at + i) % PID_SET_SLOTS];

		old = READ_ONCE(*slot);
		if (old != FREE && old != TAKEN)
			continue;
		if (!try_cmpxchg(slot, &old, (u32)pid + 1))
			continue;
		atomic_inc(&set->live);
		return 0;
	}
	return -ENOSPC;
}

void pid_set_remove(struct pid_set *set, int pid)
{
	int slot = find(set, pid);

	if (slot < 0)
		return;
	WRITE_ONCE(set->slot[slot], TAKEN);
	atomic_dec(&set->live);
}

int pid_set_next(const struct pid_set *set, int pid)
{
	u32 i, value, best = TAKEN;

	for (i = 0; i < PID_SET_SLOTS; i++) {
		value = READ_ONCE(set->slot[i]);
		if (value != FREE && value != TAKEN && value > (u32)pid &&
		    value < best)
			best = value;
	}
	return best == TAKEN ? -1 : (int)best - 1;
}
