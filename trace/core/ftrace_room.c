// SPDX-License-Identifier: MIT
/*
 * ftrace_room.c - checks that there are enough ids for the sets of a request.
 *
 * The check comes before the first set is made. Otherwise a request might make
 * tens of thousands of sets, find no id for the last one and free them all,
 * which costs ten times as much as success. It changes only the memos of sets.
 * It does not count sets that it cannot predict (two sets that become one). If
 * ids run out nevertheless, the plan fails later and is undone.
 *
 * Context and locks: task, ftrace_lock.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/core/ftrace_internal.h"

/* Counts the sets to be made for one run. Return: their number; -ENOMEM. */
static int count_new(struct ftrace_request *request, u32 number,
		     const struct ftrace_transition *step)
{
	struct ftrace_memo *memo = ftrace_memo(step->from, number);

	if (step->was && step->is) /* two may become one: not predictable */
		return 0;
	if (memo->to[step->is] != step->from->id)
		return 0;
	memo->to[step->is] = !step->from->id; /* seen: any other id marks it */
	if (!request->before.active)
		return 1; /* no set has this ops yet, so each is new */
	return ftrace_set_is_new(step->from, request->ops, step->is,
				 request->direct);
}

/* The same for the sites @i to @end - 1. */
static int count_stretch(struct ftrace_request *request, u32 number,
			 struct ftrace_transition *step, size_t i, size_t end,
			 size_t *sets)
{
	size_t next;
	int new;

	for (; i < end; i = next) {
		step->from = set_of(ftrace_recs[i].wanted);
		next = max(ftrace_run_end(i, end, step->from->id), i + 1);
		if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
			continue;
		new = count_new(request, number, step);
		if (new < 0)
			return new;
		*sets += new;
	}
	return 0;
}

#define SEEN_BITS 18 /* at most a quarter full, so probing is short */
static_assert(1UL << SEEN_BITS >= 4 * FTRACE_SET_MAX, "room");

/* Adds a number, not 0, to the table seen. Return: true if it was not there. */
static bool see(u64 *seen, u64 what)
{
	u64 at = what * 0x9e3779b97f4a7c15UL >> (64 - SEEN_BITS);

	while (seen[at]) {
		if (seen[at] == what)
			return false;
		at = (at + 1) % (1UL << SEEN_BITS);
	}
	seen[at] = what;
	return true;
}

/*
 * Counts the sets for a new direct caller with a target for each site: one for
 * each pair of old set and target (the first 16 of a target's 64 bits repeat
 * the 17th). Counts no further than @room.
 */
static int count_targets(const struct ftrace_hash *filter, size_t room)
{
	u64 *seen = kcalloc(1UL << SEEN_BITS, sizeof(*seen));
	size_t i, sets = 0;

	if (!seen)
		return -ENOMEM;
	for (i = 0; i < filter->count && sets <= room; i++)
		sets += see(seen, filter->direct[i] << 16 |
					  ftrace_recs[filter->rec[i]].wanted);
	kfree(seen);
	return sets > room ? -ENOSPC : 0;
}

static int count_sets(struct ftrace_request request, size_t room)
{
	u32 number = ftrace_plan_number();
	struct ftrace_transition step = { 0 };
	size_t i, end, sets = 0;
	int err = 0;

	for (i = 0; i < ftrace_nr_recs && !err && sets <= room; i = end) {
		end = ftrace_match_stretch(&request.before, i, &step.was);
		end = min(end,
			  ftrace_match_stretch(&request.after, i, &step.is));
		if (step.was != step.is)
			err = count_stretch(&request, number, &step, i, end,
					    &sets);
	}
	return err ? err : sets > room ? -ENOSPC : 0;
}

/*
 * Each present set of a site leads to one other. So nothing is counted while
 * more ids are free than used, except if each site has a target of its own.
 */
int ftrace_check_room(const struct ftrace_request *request)
{
	size_t room = ftrace_set_room();

	assert_held(&ftrace_lock);
	if (!ftrace_has_targets(request))
		return FTRACE_SET_MAX - room > room ?
			       count_sets(*request, room) :
			       0;
	if (request->before.active || request->after.filter->count <= room)
		return 0;
	return count_targets(request->after.filter, room);
}
