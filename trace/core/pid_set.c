// SPDX-License-Identifier: MIT
/*
 * pid_set.c - a set of pids: a hash table with open addressing.
 *
 * PS1  A removed pid leaves a mark only where a search for a pid of the set
 *      passes. So the marks of pids that come and go do not add up.
 *
 * Context: readers any, without a lock; `busy` locks changes, interrupts off.
 */
#include "trace/core/pid_set.h"

#include "kernel/lib/errno.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>

/* What a slot has instead of a pid plus 1. */
#define FREE  0U
#define TAKEN ~0U /* it had one: go on looking */

static u32 first_slot(int pid)
{
	return (u32)pid * 0x9e3779b1U >> 23; /* the top 9 bits */
}

static_assert(PID_SET_SLOTS == 1 << 9, "first_slot()");

/* How far behind the slot where its search begins a pid is in slot @at. */
static int distance(int pid, int at)
{
	return ((u32)at - first_slot(pid)) % PID_SET_SLOTS;
}

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

static unsigned long begin_change(struct pid_set *set)
{
	unsigned long flags = arch_irq_save();
	u32 free = 0;

	while (!try_cmpxchg(&set->busy, &free, 1)) {
		cpu_relax();
		free = 0;
	}
	return flags;
}

static void end_change(struct pid_set *set, unsigned long flags)
{
	smp_store_release(&set->busy, 0);
	arch_irq_restore(flags);
}

/* The first slot of a pid's row that holds no pid. At most half hold one. */
static u32 *place_for(struct pid_set *set, int pid)
{
	u32 at = first_slot(pid);

	while (set->slot[at] != FREE && set->slot[at] != TAKEN)
		at = (at + 1) % PID_SET_SLOTS;
	return &set->slot[at];
}

int pid_set_add(struct pid_set *set, int pid)
{
	unsigned long flags = begin_change(set);
	int ret = 0;

	if (!pid_set_has(set, pid)) {
		if (atomic_read(&set->live) < PID_SET_MAX) {
			WRITE_ONCE(*place_for(set, pid), (u32)pid + 1);
			atomic_inc(&set->live);
		} else {
			ret = -ENOSPC;
		}
	}
	end_change(set, flags);
	return ret;
}

bool pid_set_follow(struct pid_set *set, int parent, int child)
{
	return pid_set_has(set, parent) && pid_set_add(set, child) &&
	       atomic_inc_return(&set->lost) == 1;
}

/*
 * Where searches begin whose pid is at @at or behind, in a ring without a free
 * slot.
 */
static int first_behind(const struct pid_set *set, int at)
{
	int i, first = PID_SET_SLOTS * 2;
	u32 value;

	for (i = at; i < at + PID_SET_SLOTS; i++) {
		value = set->slot[i % PID_SET_SLOTS];
		if (value != TAKEN)
			first = min(first, i - distance(value - 1, i));
	}
	return first;
}

/*
 * PS1. Free the marks of the row of @at that no search for a pid behind them
 * passes: from the row's end to its start. i may be negative: it counts round
 * the ring.
 */
static void clear_marks(struct pid_set *set, int at)
{
	int i, start, first = PID_SET_SLOTS * 2; /* where a search begins */
	u32 *slot;

	for (i = at; set->slot[i % PID_SET_SLOTS] != FREE; i++) {
		if (i == at + PID_SET_SLOTS) {
			first = first_behind(set, i);
			break;
		}
	}
	for (start = i - PID_SET_SLOTS, i--; i >= start; i--) {
		slot = &set->slot[(u32)i % PID_SET_SLOTS];
		if (*slot == FREE)
			break;
		if (*slot == TAKEN && first > i)
			WRITE_ONCE(*slot, FREE);
		else if (*slot != TAKEN)
			first = min(first, i - distance(*slot - 1, i));
	}
}

void pid_set_remove(struct pid_set *set, int pid)
{
	unsigned long flags = begin_change(set);
	int slot = find(set, pid);

	if (slot >= 0) {
		WRITE_ONCE(set->slot[slot], TAKEN);
		clear_marks(set, slot);
		atomic_dec(&set->live);
	}
	end_change(set, flags);
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
