// SPDX-License-Identifier: MIT
/*
 * ftrace_plan.c - the core of ftrace: makes a list of {ip, old, new} from the
 * sites that an ops wants. Pure: it reads records and sets, makes new sets and
 * allocates, but changes nothing that exists (I6) until ftrace_plan_publish().
 *
 * A request is one ops before and after. Neighbouring sites with the same match
 * before, the same match after and the same subscribers are one run. A run
 * changes from one set to another; the plan decides and records this once. Each
 * site costs a look at its record and a line of the plan. The old set remembers
 * the transition for other runs. The number of subscribers of a site does not
 * matter. ftrace_check_room() finds out whether there are ids for all new sets
 * before the first is made.
 *
 * Invariants: patch[] and change[] rise; change[] names every record at most
 * once; every set a change leads to is pinned until ftrace_plan_free().
 *
 * Context and locks: task, ftrace_lock. See DESIGN.md, "Plan".
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

u32 ftrace_plan_number(void)
{
	static u32 last; /* [F] */

	return ++last ?: ++last; /* no plan has the number 0 */
}

/* The maximal number of sites that the request concerns. */
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
	plan->number = ftrace_plan_number();
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
	struct ftrace_change *run = plan->change;
	size_t left = plan->nr_changes;

	for (; left--; run++)
		ftrace_set_unpin(run->to, &unused);
	/* A set that had only its pin was never published: no wait. */
	ftrace_discard(&unused);
	kfree(plan->patch);
	kfree(plan->change);
}

/* May @ops be added to a site with the set @from? */
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

/* Find the new set of a site with @step->from; store it in @step->to. */
static __always_inline int transition_make(struct ftrace_ops *ops,
					   struct ftrace_transition *step)
{
	struct ftrace_set *from = step->from;
	int err;

	if (step->is && !step->was) {
		err = check_arrival(from, ops);
		if (err)
			return err;
	}
	step->to = ftrace_set_change(from, ops, step->is, step->direct);
	return IS_ERR(step->to) ? PTR_ERR(step->to) : 0;
}

/* The same with a memo. */
static __always_inline int transition(struct ftrace_plan *plan,
				      struct ftrace_ops *ops,
				      struct ftrace_transition *step)
{
	u16 *to = &ftrace_memo(step->from, plan->number)->to[step->is];
	int err;

	if (likely(*to != step->from->id)) {
		step->to = set_of(*to);
		return 0;
	}
	err = transition_make(ops, step);
	if (!err)
		*to = step->to->id;
	return err;
}

/* Change the @n sites from @i on, all with the set step->from, to step->to. */
static __always_inline void plan_add(struct ftrace_plan *plan,
				     const struct ftrace_transition *step,
				     size_t i, size_t n)
{
	unsigned long old = step->from->target, new = step->to->target;
	struct ftrace_patch *patch = plan->patch + plan->nr_patches;
	const struct dyn_ftrace *rec = &ftrace_recs[i];

	plan->change[plan->nr_changes++] =
		(struct ftrace_change){ step->from, step->to, i, n };
	if (!ftrace_enabled)
		return;
	if (old == new) { /* for the list function a target is data */
		plan->by_data |= step->to->direct != step->from->direct;
		return;
	}
	plan->nr_patches += n;
	for (; n--; rec++)
		*patch++ = (struct ftrace_patch){ rec_ip(rec), old, new };
}

/* Counts @n sites of a run. Return: true if nothing changes for them. */
static __always_inline bool run_stays(struct ftrace_plan *plan,
				      const struct ftrace_transition *step,
				      size_t n)
{
	if (step->is)
		plan->nr_sites += n;
	return step->was == step->is && step->from->direct == step->direct;
}

/* Plan the sites @i to @end - 1, which all match alike. */
static int plan_stretch(struct ftrace_plan *plan,
			const struct ftrace_request *request,
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
			step->direct = request->direct;
		next = ftrace_run_end(i, end, step->from->id);
		if (run_stays(plan, step, next - i))
			continue;
		err = transition(plan, ops, step);
		if (err)
			return err;
		plan_add(plan, step, i, next - i);
	}
	return 0;
}

/* The same for a filter that has a target for each site: runs of one. */
static int plan_targets(struct ftrace_plan *plan,
			const struct ftrace_request *request,
			struct ftrace_transition *step, size_t i, size_t end)
{
	const struct ftrace_match *match = &request->after;
	const unsigned long *target = match->filter->direct +
				      match->in_filter.pos -
				      (match->in_filter.end - i);
	int err;

	for (; i < end; i++, target++) {
		if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
			continue;
		step->from = set_of(ftrace_recs[i].wanted);
		step->direct = *target;
		if (run_stays(plan, step, 1))
			continue;
		err = transition_make(request->ops, step);
		if (err)
			return err;
		plan_add(plan, step, i, 1);
	}
	return 0;
}

static int plan_fill(struct ftrace_plan *plan, struct ftrace_request *request)
{
	struct ftrace_transition step = { 0 };
	size_t i, end;
	int err;

	for (i = 0; i < ftrace_nr_recs; i = end) {
		end = ftrace_match_stretch(&request->before, i, &step.was);
		end = min(end,
			  ftrace_match_stretch(&request->after, i, &step.is));
		if (!step.was && !step.is)
			continue;
		if (step.is && ftrace_has_targets(request))
			err = plan_targets(plan, request, &step, i, end);
		else
			err = plan_stretch(plan, request, &step, i, end);
		if (err)
			return err;
	}
	return 0;
}

int ftrace_plan_build(struct ftrace_plan *plan, struct ftrace_request *request)
{
	int err;

	assert_held(&ftrace_lock);
	err = plan_alloc(plan, request_room(request));
	if (err)
		return err;
	err = ftrace_check_room(request);
	if (!err)
		err = plan_fill(plan, request);
	if (err)
		ftrace_plan_free(plan);
	return err;
}

/* Plan one run of sites with the same set, @old to @new. Return: its end. */
static size_t plan_same(struct ftrace_plan *plan, size_t i, unsigned long old,
			unsigned long new)
{
	struct ftrace_set *set = set_of(ftrace_recs[i].wanted);
	size_t end = max(ftrace_run_end(i, ftrace_nr_recs, set->id), i + 1);
	struct ftrace_patch *patch = plan->patch + plan->nr_patches;

	plan->change[plan->nr_changes++] =
		(struct ftrace_change){ set, set, i, end - i };
	if (old == new)
		return end;
	plan->nr_patches += end - i;
	for (; i < end; i++)
		*patch++ = (struct ftrace_patch){ rec_ip(&ftrace_recs[i]), old,
						  new };
	return end;
}

int ftrace_plan_enable(struct ftrace_plan *plan, bool on)
{
	struct ftrace_set *set;
	size_t i;

	assert_held(&ftrace_lock);
	if (plan_alloc(plan, ftrace_nr_recs))
		return -ENOMEM;
	for (i = 0; i < ftrace_nr_recs;) {
		set = set_of(ftrace_recs[i].wanted);
		if (set->target)
			i = plan_same(plan, i, on ? 0 : set->target,
				      on ? set->target : 0);
		else
			i++;
	}
	return 0;
}

int ftrace_plan_pinned(struct ftrace_plan *plan,
		       unsigned long (*old)(const struct ftrace_set *set))
{
	struct ftrace_set *set;
	size_t i;

	assert_held(&ftrace_lock);
	if (plan_alloc(plan, ftrace_nr_recs))
		return -ENOMEM;
	for (i = 0; i < ftrace_nr_recs;) {
		set = set_of(ftrace_recs[i].wanted);
		if (set->pinned)
			i = plan_same(plan, i,
				      ftrace_enabled ? old(set) : set->target,
				      set->target);
		else
			i++;
	}
	return 0;
}

/* The marks of a site are never cleared. */
static u32 set_marks(const struct ftrace_set *set)
{
	u32 marks = 0;

	if (set->id)
		marks |= FTRACE_FL_TOUCHED;
	if (set->direct || set->flags & FTRACE_SET_IPMODIFY)
		marks |= FTRACE_FL_MODIFIED;
	return marks;
}

/* Write the records and references of one run. */
static __always_inline void publish_run(const struct ftrace_change *run,
					bool enabled,
					struct ftrace_retired *retired)
{
	u32 marks = enabled ? set_marks(run->to) << FTRACE_FL_SHIFT : 0;
	u32 id = run->to->id, sets = enabled ? id << 16 | id : id;
	struct dyn_ftrace *rec = &ftrace_recs[run->first];
	u32 left = run->count;

	do {
		rec->where |= marks;
		smp_store_release(&rec->sets, sets); /* read by list_set() */
		rec++;
	} while (--left);
	run->to->refs += run->count;
	ftrace_set_put(run->from, run->count, retired);
}

void ftrace_plan_publish(struct ftrace_plan *plan,
			 struct ftrace_retired *retired)
{
	const struct ftrace_change *run = plan->change;
	size_t left = plan->nr_changes;

	for (; left--; run++)
		publish_run(run, ftrace_enabled, retired);
}
