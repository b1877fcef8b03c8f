// SPDX-License-Identifier: MIT
/*
 * ftrace_plan.c - the heart: from "this ops wants these sites" to a list of
 * {ip, old, new}. Pure: reads records and sets, makes new sets, allocates, but
 * changes nothing that was there (I6) until ftrace_plan_publish().
 *
 * A request is one ops before and after. For each site that matches before or
 * after, the set of consumers changes from one to another; the few different
 * transitions are remembered, so that a site costs a look at its record and
 * the two lines of the plan. Who else is on the site does not matter.
 *
 * Invariants: patch[] rises by ip; change[] names every record at most once;
 * every set a change leads to is pinned until ftrace_plan_free().
 *
 * Context and locks: task, ftrace_lock. See DESIGN.md, "Plan".
 */
#include "trace/ftrace_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include <asm/barrier.h>

/* How many sites the request can concern at most. */
static size_t request_room(const struct ftrace_request *request)
{
	const struct ftrace_match *before = &request->before;
	const struct ftrace_match *after = &request->after;
	size_t room = 0;

	if (before->active)
		room += before->filter ? before->filter->count : ftrace_nr_recs;
	if (after->active)
		room += after->filter ? after->filter->count : ftrace_nr_recs;
	return min(room, ftrace_nr_recs);
}

static int plan_alloc(struct ftrace_plan *plan, size_t room)
{
	memset(plan, 0, sizeof(*plan));
	plan->room = room;
	if (!room)
		return 0;
	plan->patch = kmalloc(room * sizeof(*plan->patch));
	plan->change = kmalloc(room * sizeof(*plan->change));
	if (plan->patch && plan->change)
		return 0;
	ftrace_plan_free(plan);
	return -ENOMEM;
}

void ftrace_plan_free(struct ftrace_plan *plan)
{
	struct ftrace_retired unused = { 0 };
	struct ftrace_set *set;

	while (plan->pinned) {
		set = plan->pinned;
		plan->pinned = set->next;
		set->pinned = false;
		ftrace_set_put(set, 1, &unused);
	}
	/* What had a pin as its only ref never was to be seen: no wait. */
	ftrace_discard(&unused);
	kfree(plan->patch);
	kfree(plan->change);
}

/* May @ops come to a site with these consumers? */
static int check_arrival(const struct ftrace_set *from,
			 const struct ftrace_ops *ops)
{
	bool modifies = ops->flags & FTRACE_OPS_FL_IPMODIFY;
	bool direct = ops->flags & FTRACE_OPS_FL_DIRECT;
	bool site_modified = from->flags & FTRACE_SET_IPMODIFY;

	if (modifies && site_modified)
		return -EBUSY;
	if (direct && from->direct)
		return -EBUSY;
	if (direct && site_modified && !(ops->flags & FTRACE_OPS_FL_SHARES))
		return -EBUSY;
	if (modifies && from->direct &&
	    !(ftrace_set_direct_ops(from)->flags & FTRACE_OPS_FL_SHARES))
		return -EBUSY;
	return 0;
}

static void plan_pin(struct ftrace_plan *plan, struct ftrace_set *set)
{
	struct ftrace_retired none = { 0 };

	if (set->pinned) {
		ftrace_set_put(set, 1, &none);	/* has another pin */
		return;
	}
	set->pinned = true;
	set->next = plan->pinned;
	plan->pinned = set;
}

static noinline int transition_make(struct ftrace_plan *plan,
				    struct ftrace_ops *ops,
				    struct ftrace_transition *step)
{
	struct ftrace_set *to;
	int err;

	if (step->is && !step->was) {
		err = check_arrival(step->from, ops);
		if (err)
			return err;
	}
	to = ftrace_set_change(step->from, ops, step->is, step->direct);
	if (IS_ERR(to))
		return PTR_ERR(to);
	plan_pin(plan, to);
	step->to = to;
	plan->memo[step->from->id % FTRACE_MEMO] = *step;
	return 0;
}

/* Where a site with @step->from goes; @step->to is the answer. */
static __always_inline int transition(struct ftrace_plan *plan,
				      struct ftrace_ops *ops,
				      struct ftrace_transition *step)
{
	struct ftrace_transition *memo;

	memo = &plan->memo[step->from->id % FTRACE_MEMO];
	if (likely(memo->from == step->from && memo->is == step->is &&
		   memo->was == step->was && memo->direct == step->direct)) {
		step->to = memo->to;
		return 0;
	}
	return transition_make(plan, ops, step);
}

static __always_inline void plan_add(struct ftrace_plan *plan, size_t i,
				     const struct ftrace_set *from,
				     const struct ftrace_set *to)
{
	plan->change[plan->nr_changes++] =
		(struct ftrace_change){ i, from->id, to->id };
	if (!ftrace_enabled || from->target == to->target)
		return;
	plan->patch[plan->nr_patches++] = (struct ftrace_patch){
		rec_ip(&ftrace_recs[i]), from->target, to->target
	};
}

/* The target a direct caller wants at the site the match stands at. */
static unsigned long request_direct(const struct ftrace_request *request)
{
	const struct ftrace_match *match = &request->after;

	if (match->filter && match->filter->direct)
		return match->filter->direct[match->filter_pos];
	return request->direct;
}

static int plan_site(struct ftrace_plan *plan, struct ftrace_request *request,
		     size_t i)
{
	struct ftrace_ops *ops = request->ops;
	struct ftrace_transition step;
	int err;

	step.was = match_at(&request->before, i);
	step.is = match_at(&request->after, i);
	if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
		return 0;
	plan->nr_sites += step.is;
	step.direct = 0;
	if (ops->flags & FTRACE_OPS_FL_DIRECT && step.is)
		step.direct = request_direct(request);
	else if (step.was == step.is)
		return 0;
	step.from = set_of(ftrace_recs[i].wanted);
	if (step.was == step.is && step.from->direct == step.direct)
		return 0;
	err = transition(plan, ops, &step);
	if (!err)
		plan_add(plan, i, step.from, step.to);
	return err;
}

int ftrace_plan_build(struct ftrace_plan *plan, struct ftrace_request *request)
{
	size_t i = 0, next;
	int err;

	assert_held(&ftrace_lock);
	err = plan_alloc(plan, request_room(request));
	if (err)
		return err;
	for (;; i++) {
		next = match_next(&request->before, i);
		i = min(next, match_next(&request->after, i));
		if (i >= ftrace_nr_recs)
			return 0;
		err = plan_site(plan, request, i);
		if (err) {
			ftrace_plan_free(plan);
			return err;
		}
	}
}

int ftrace_plan_enable(struct ftrace_plan *plan, bool on)
{
	struct dyn_ftrace *rec;
	unsigned long target;
	size_t i;

	assert_held(&ftrace_lock);
	if (plan_alloc(plan, ftrace_nr_recs))
		return -ENOMEM;
	for (i = 0; i < ftrace_nr_recs; i++) {
		rec = &ftrace_recs[i];
		target = set_of(rec->wanted)->target;
		if (!target)
			continue;
		plan->change[plan->nr_changes++] = (struct ftrace_change){
			i, rec->wanted, rec->wanted
		};
		plan->patch[plan->nr_patches++] = (struct ftrace_patch){
			rec_ip(rec), on ? 0 : target, on ? target : 0
		};
	}
	return 0;
}

/* Marks that a site keeps for ever. */
static u32 set_marks(const struct ftrace_set *set)
{
	u32 marks = 0;

	if (set->nr)
		marks |= FTRACE_FL_TOUCHED;
	if (set->direct || set->flags & FTRACE_SET_IPMODIFY)
		marks |= FTRACE_FL_MODIFIED;
	return marks;
}

/* A run of records with the same change: references move at once. */
static size_t publish_run(struct ftrace_plan *plan, size_t first,
			  struct ftrace_retired *retired)
{
	const struct ftrace_change run = plan->change[first];
	struct ftrace_set *from = set_of(run.from), *to = set_of(run.to);
	u32 marks = ftrace_enabled ? set_marks(to) : 0;
	u32 sets = run.to | (ftrace_enabled ? (u32)run.to << 16 : 0);
	struct dyn_ftrace *rec;
	size_t i;

	for (i = first; i < plan->nr_changes; i++) {
		if (plan->change[i].from != run.from ||
		    plan->change[i].to != run.to)
			break;
		rec = &ftrace_recs[plan->change[i].rec];
		rec->flags |= marks;
		WRITE_ONCE(rec->sets, sets);	/* read by list_set() */
	}
	to->refs += i - first;
	ftrace_set_put(from, i - first, retired);
	return i;
}

void ftrace_plan_publish(struct ftrace_plan *plan,
			 struct ftrace_retired *retired)
{
	size_t i = 0;

	while (i < plan->nr_changes)
		i = publish_run(plan, i, retired);
}
