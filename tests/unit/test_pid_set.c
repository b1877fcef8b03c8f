// SPDX-License-Identifier: MIT
/*
 * Sets of pids against a table of booleans, and how far a search goes after
 * many pids have come and gone.
 *
 * host-sources: trace/core/pid_set.c
 */
#include "trace/core/pid_set.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define PIDS 2000 /* small numbers, so that all occur again and again */

static struct pid_set set;
static u64 seed = 1;

/* The longest row of slots that a search for an absent pid may read. */
static u32 longest_row(void)
{
	u32 i, row = 0, longest = 0;

	for (i = 0; i < 2 * PID_SET_SLOTS; i++) {
		row = set.slot[i % PID_SET_SLOTS] ? row + 1 : 0;
		longest = row > longest ? row : longest;
	}
	return longest < PID_SET_SLOTS ? longest : PID_SET_SLOTS;
}

static u32 used_slots(void)
{
	u32 i, used = 0;

	for (i = 0; i < PID_SET_SLOTS; i++)
		used += set.slot[i] != 0;
	return used;
}

UNIT(pid_set, agrees_with_a_table)
{
	static bool has[PIDS];
	int pid, i, n = 0, next;

	memset(&set, 0, sizeof(set));
	for (i = 0; i < 200000; i++) {
		pid = host_random(&seed) % PIDS;
		if (host_random(&seed) % 2) {
			CHECK_EQ(pid_set_add(&set, pid),
				 has[pid] || n < PID_SET_MAX ? 0 : -ENOSPC);
			n += !has[pid] && n < PID_SET_MAX;
			has[pid] = pid_set_has(&set, pid);
		} else {
			pid_set_remove(&set, pid);
			n -= has[pid];
			has[pid] = false;
		}
		CHECK_EQ(atomic_read(&set.live), n);
		pid = host_random(&seed) % PIDS;
		CHECK_EQ(pid_set_has(&set, pid), has[pid]);
	}
	for (pid = next = 0; pid < PIDS; pid++) {
		if (!has[pid])
			continue;
		CHECK_EQ(pid_set_next(&set, next), pid);
		next = pid + 1;
	}
	CHECK_EQ(pid_set_next(&set, next), -1);
	for (pid = 0; pid < PIDS; pid++)
		pid_set_remove(&set, pid);
	CHECK_EQ(used_slots(), 0);
}

/* PS1: a shell that is followed, and its children one after the other. */
UNIT(pid_set, a_search_is_short_after_many_forks_PS1)
{
	int pid;

	memset(&set, 0, sizeof(set));
	CHECK_EQ(pid_set_add(&set, 500), 0);
	for (pid = 501; pid < 100000; pid++) {
		CHECK_EQ(pid_set_add(&set, pid), 0);
		CHECK(longest_row() <= 4);
		pid_set_remove(&set, pid);
	}
	CHECK(pid_set_has(&set, 500));
	CHECK_EQ(used_slots(), 1);
}

/* PS1: 100 live at a time. With the hash good the rows are those of a table
 * that is filled to a fifth. */
UNIT(pid_set, a_search_is_short_among_many_PS1)
{
	int pid;

	memset(&set, 0, sizeof(set));
	for (pid = 1; pid < 50000; pid++) {
		CHECK_EQ(pid_set_add(&set, pid), 0);
		if (pid > 100)
			pid_set_remove(&set, pid - 100);
	}
	CHECK(longest_row() <= 64);
}

/* Where a search for the pid begins: its slot in a set that is empty. */
static u32 home(int pid)
{
	static struct pid_set lone;
	u32 i;

	pid_set_add(&lone, pid);
	for (i = 0; !lone.slot[i]; i++)
		;
	pid_set_remove(&lone, pid);
	return i;
}

/*
 * Add a pid whose search begins at slot @from and ends at @to: others with the
 * same home lie in between. Return: the first of them; they stay or go.
 */
static int add_far_from_home(u32 from, u32 to, bool stay)
{
	int pid, n = 0, between[PID_SET_MAX] = { 0 };

	for (pid = 0; !set.slot[to]; pid++)
		if (home(pid) == from && pid_set_add(&set, pid) == 0)
			between[n++] = pid;
	n--; /* the one at its place */
	while (!stay && n)
		pid_set_remove(&set, between[--n]);
	return between[0];
}

/* Return: how many pids of the set no search finds. */
static u32 not_found(void)
{
	u32 i, value, n = 0;

	for (i = 0; i < PID_SET_SLOTS; i++) {
		value = set.slot[i];
		n += value && ~value && !pid_set_has(&set, value - 1);
	}
	return n;
}

/*
 * PS1: no slot is free, so the row has no end. Marks behind the pid that goes
 * are passed by searches that begin before it.
 */
UNIT(pid_set, a_pid_goes_from_a_ring_without_a_free_slot_PS1)
{
	int pid, left;

	memset(&set, 0, sizeof(set));
	add_far_from_home(500, 100, false);
	add_far_from_home(101, 300, false);
	pid = add_far_from_home(301, 499, true);
	CHECK_EQ(used_slots(), PID_SET_SLOTS);
	CHECK_EQ(atomic_read(&set.live), 201);
	pid_set_remove(&set, pid);
	CHECK_EQ(not_found(), 0);
	for (left = 200; left; left--) {
		pid_set_remove(&set, pid_set_next(&set, 0));
		CHECK_EQ(not_found(), 0);
	}
	CHECK_EQ(atomic_read(&set.live), 0);
	CHECK_EQ(used_slots(), 0);
}

UNIT(pid_set, a_child_without_room_is_counted_once_told)
{
	int pid, told = 0;

	memset(&set, 0, sizeof(set));
	for (pid = 1; pid <= PID_SET_MAX; pid++)
		CHECK_EQ(pid_set_add(&set, pid), 0);
	CHECK(!pid_set_follow(&set, 9999, 5000)); /* it is no child of a pid */
	CHECK_EQ(atomic_read(&set.lost), 0);
	for (pid = 5000; pid < 5010; pid++)
		told += pid_set_follow(&set, 7, pid);
	CHECK_EQ(told, 1);
	CHECK_EQ(atomic_read(&set.lost), 10);
	CHECK_EQ(atomic_read(&set.live), PID_SET_MAX);
	pid_set_remove(&set, 8);
	CHECK(!pid_set_follow(&set, 7, 5000));
	CHECK(pid_set_has(&set, 5000));
}
