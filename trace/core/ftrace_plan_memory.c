// SPDX-License-Identifier: MIT
/*
 * ftrace_plan_memory.c - the memory of a plan: 24 bytes for each site that the
 * request concerns, and as much for each run of sites that change alike.
 *
 * The lines are as many as the sites that may change, which is known; the runs
 * are few, or as many as the sites if each has a target of its own. So their
 * vector grows. A small plan lies in the plan itself.
 *
 * Context and locks: task, ftrace_lock.
 */
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_internal.h"

int ftrace_plan_more(struct ftrace_plan *plan)
{
	size_t room = plan->room * 4;
	struct ftrace_change *change = kmalloc(room * sizeof(*change));

	if (!change)
		return -ENOMEM;
	memcpy(change, plan->change, plan->nr_changes * sizeof(*change));
	if (plan->change != plan->few_changes)
		kfree(plan->change);
	plan->change = change;
	plan->room = room;
	return 0;
}

void ftrace_plan_no_ids(void)
{
	pr_warn("ftrace: refused: it needs more sets of subscribers than the "
		"%zu of %d that are left\n",
		ftrace_set_room(), FTRACE_SET_MAX - 1);
}

void ftrace_plan_free(struct ftrace_plan *plan)
{
	struct ftrace_retired unused = { 0 };
	struct ftrace_change *run = plan->change;
	size_t left = plan->nr_changes;

	for (; left--; run++)
		ftrace_set_unpin(run->to, &unused);
	/* A set that had only its pin was never published: no wait. */
	ftrace_discard(&unused);
	if (plan->patch != plan->few_patches)
		kfree(plan->patch);
	if (plan->change != plan->few_changes)
		kfree(plan->change);
}

void ftrace_plan_long_run(struct ftrace_patch *patch,
			  const struct dyn_ftrace *rec, size_t n,
			  unsigned long old, unsigned long new)
{
	const struct dyn_ftrace *end = rec + n;

	patch->old = old;
	patch->new = new;
	for (; end - rec >= 4; rec += 4, patch += 4) {
		patch[0].ip = rec_ip(rec);
		patch[1].ip = rec_ip(rec + 1);
		patch[2].ip = rec_ip(rec + 2);
		patch[3].ip = rec_ip(rec + 3);
	}
	for (; rec < end; rec++)
		patch++->ip = rec_ip(rec);
}
