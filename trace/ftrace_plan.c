// SPDX-License-Identifier: MIT
/*
 * ftrace_plan.c - the heart: from "this ops wants these sites" to a list of
 * {ip, old, new}. Pure: reads records and sets, makes new sets, allocates, but
 * changes nothing that was there (I6) until ftrace_plan_publish().
 *
 * A request is one ops before and after. Neighbouring sites that match before
 * and after alike and have the same consumers are one run: they go from one
 * set to another, which is decided and written down once, and each of them
 * costs a look at its record and a line of the plan. Runs with the same
 * transition find it remembered. Who else is on a site does not matter.
 *
 * Invariants: patch[] and change[] rise; change[] names every record at most
 * once; every set a change leads to is pinned until ftrace_plan_free().
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
	    !(from->direct_ops->flags & FTRACE_OPS_FL_SHARES))
		return -EBUSY;
	return 0;
}

static void plan_pin(struct ftrace_plan *plan, struct ftrace_set *set)
{
	struct ftrace_retired none = { 0 };

	if (set->pinned) {
		ftrace_set_put(set, 1, &none); /* has another pin */
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

/* Sites @i to @end - 1, which all have the set @from, go to @to. */
static void plan_add(struct ftrace_plan *plan, size_t i, size_t end,
		     const struct ftrace_set *from, const struct ftrace_set *to)
{
	unsigned long old = from->target, new = to->target;
	struct ftrace_patch *patch = plan->patch + plan->nr_patches;
	const struct dyn_ftrace *rec = &ftrace_recs[i];
	const struct dyn_ftrace *last = &ftrace_recs[end];

	plan->change[plan->nr_changes++] =
		(struct ftrace_change){ i, end - i, from->id, to->id };
	if (!ftrace_enabled || old == new)
		return;
	plan->nr_patches += end - i;
	for (; rec < last; rec++)
		*patch++ = (struct ftrace_patch){ rec_ip(rec), old, new };
}

/* From @i on, the end of the sites that can be patched and have this set. */
static size_t run_end(size_t i, size_t end, u16 wanted)
{
	const struct dyn_ftrace *rec = &ftrace_recs[i];
	const struct dyn_ftrace *last = &ftrace_recs[end];

	while (rec < last && rec->wanted == wanted &&
	       !(rec->flags & FTRACE_FL_DISABLED))
		rec++;
	return rec - ftrace_recs;
}

/* Does each site of the request have a target of its own? */
static bool has_targets(const struct ftrace_request *request)
{
	return request->after.filter && request->after.filter->direct;
}

/* The target a direct caller wants at site @i, which its filter has. */
static unsigned long request_direct(const struct ftrace_request *request,
				    size_t i)
{
	const struct ftrace_match *match = &request->after;

	if (!has_targets(request))
		return request->direct;
	return match->filter
		->direct[match->in_filter.pos - (match->in_filter.end - i)];
}

/* One run: the sites from @i on that have the set of site @i. */
static int plan_run(struct ftrace_plan *plan, struct ftrace_ops *ops,
		    struct ftrace_transition *step, size_t i, size_t end)
{
	int err;

	if (step->is)
		plan->nr_sites += end - i;
	if (step->was == step->is && step->from->direct == step->direct)
		return 0;
	err = transition(plan, ops, step);
	if (!err)
		plan_add(plan, i, end, step->from, step->to);
	return err;
}

/* Sites @i to @end - 1 match alike. */
static int plan_stretch(struct ftrace_plan *plan,
			struct ftrace_request *request,
			struct ftrace_transition *step, size_t i, size_t end)
{
	struct ftrace_ops *ops = request->ops;
	bool direct = ops->flags & FTRACE_OPS_FL_DIRECT && step->is;
	size_t next;
	int err;

	for (; i < end; i = next) {
		next = i + 1;
		if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
			continue;
		step->from = set_of(ftrace_recs[i].wanted);
		step->direct = step->was == step->is ? step->from->direct : 0;
		if (direct)
			step->direct = request_direct(request, i);
		if (!direct || !has_targets(request))
			next = run_end(i, end, step->from->id);
		err = plan_run(plan, ops, step, i, next);
		if (err)
			return err;
	}
	return 0;
}

int ftrace_plan_build(struct ftrace_plan *plan, struct ftrace_request *request)
{
	struct ftrace_transition step = { 0 };
	size_t i, end;
	int err;

	assert_held(&ftrace_lock);
	err = plan_alloc(plan, request_room(request));
	if (err)
		return err;
	for (i = 0; i < ftrace_nr_recs; i = end) {
		end = ftrace_match_stretch(&request->before, i, &step.was);
		end = min(end,
			  ftrace_match_stretch(&request->after, i, &step.is));
		if (!step.was && !step.is)
			continue;
		err = plan_stretch(plan, request, &step, i, end);
		if (err) {
			ftrace_plan_free(plan);
			return err;
		}
	}
	return 0;
}

int ftrace_plan_enable(struct ftrace_plan *plan, bool on)
{
	const struct ftrace_set *set;
	struct ftrace_patch *patch;
	size_t i, next;

	assert_held(&ftrace_lock);
	if (plan_alloc(plan, ftrace_nr_recs))
		return -ENOMEM;
	patch = plan->patch;
	for (i = 0; i < ftrace_nr_recs; i = next) {
		set = set_of(ftrace_recs[i].wanted);
		next = max(run_end(i, ftrace_nr_recs, set->id), i + 1);
		if (!set->target)
			continue;
		plan->change[plan->nr_changes++] =
			(struct ftrace_change){ i, next - i, set->id, set->id };
		for (; i < next; i++)
			*patch++ =
				(struct ftrace_patch){ rec_ip(&ftrace_recs[i]),
						       on ? 0 : set->target,
						       on ? set->target : 0 };
	}
	plan->nr_patches = patch - plan->patch;
	return 0;
}

/* Marks that a site keeps for ever. */
static u32 set_marks(const struct ftrace_set *set)
{
	u32 marks = 0;

	if (set->id)
		marks |= FTRACE_FL_TOUCHED;
	if (set->direct || set->flags & FTRACE_SET_IPMODIFY)
		marks |= FTRACE_FL_MODIFIED;
	return marks;
}

/* Records and references of one run. */
static void publish_run(const struct ftrace_change *run,
			struct ftrace_retired *retired)
{
	struct ftrace_set *from = set_of(run->from), *to = set_of(run->to);
	u32 marks = ftrace_enabled ? set_marks(to) << FTRACE_FL_SHIFT : 0;
	u32 sets = run->to | (ftrace_enabled ? (u32)run->to << 16 : 0);
	struct dyn_ftrace *rec = &ftrace_recs[run->first];
	struct dyn_ftrace *end = rec + run->count;

	for (; rec < end; rec++) {
		rec->where |= marks;
		WRITE_ONCE(rec->sets, sets); /* read by list_set() */
	}
	to->refs += run->count;
	ftrace_set_put(from, run->count, retired);
}

void ftrace_plan_publish(struct ftrace_plan *plan,
			 struct ftrace_retired *retired)
{
	size_t i;

	for (i = 0; i < plan->nr_changes; i++)
		publish_run(&plan->change[i], retired);
}
