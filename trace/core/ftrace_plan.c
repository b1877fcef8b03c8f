// SPDX-License-Identifier: MIT
/*
 * ftrace_plan.c - the core of ftrace: makes a list of {ip, old, new} from the
 * sites that an ops wants. Pure: it reads records and sets, makes new sets and
 * allocates, but changes nothing that exists (I6).
 *
 * A request is one ops before and after. Neighbouring sites with the same match
 * before, the same match after and the same subscribers are one run. A run
 * changes from one set to another; the plan decides and records this once. Each
 * site costs a look at its record and a line of the plan. The old set remembers
 * the transition for other runs. The number of subscribers of a site does not
 * matter.
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
#include "trace/core/ftrace_walk.h"

/* A run of sites changes from one set to another. */
struct step {
	struct ftrace_set *from, *to;
	unsigned long direct;
	bool was, is; /* do they match before, and after? */
};

static struct ftrace_walk walk_begin(const struct ftrace_request *request)
{
	return (struct ftrace_walk){
		.before = { .active = request->before,
			    .filter = request->ops->filter_hash,
			    .exclude = request->ops->notrace_hash },
		.after = { .active = request->after,
			   .filter = request->filter,
			   .exclude = request->exclude },
	};
}

/* Advance to the stretch that contains site @i. */
static void cursor_advance(struct ftrace_cursor *cursor,
			   const struct ftrace_hash *hash, size_t i)
{
	size_t pos = cursor->pos;

	while (pos < hash->count && hash->rec[pos] < i)
		pos++;
	cursor->in = pos < hash->count && hash->rec[pos] == i;
	cursor->end = pos < hash->count ? hash->rec[pos] : ftrace_nr_recs;
	if (cursor->in) {
		size_t n = ftrace_hash_neighbours(hash, pos);

		cursor->end += n;
		pos += n;
	}
	cursor->pos = pos;
}

/*
 * Does site @i match? The answer goes to *is and is the same for all sites
 * from @i to the returned index, exclusive. The sites of one file lie together,
 * so a decision is made for a stretch of sites and not for each.
 */
static size_t match_stretch(struct ftrace_match *match, size_t i, bool *is)
{
	size_t end = ftrace_nr_recs;

	*is = match->active;
	if (!match->active)
		return end;
	if (match->filter) {
		if (i >= match->in_filter.end)
			cursor_advance(&match->in_filter, match->filter, i);
		end = match->in_filter.end;
		*is = match->in_filter.in;
	}
	if (match->exclude) {
		if (i >= match->in_exclude.end)
			cursor_advance(&match->in_exclude, match->exclude, i);
		end = min(end, match->in_exclude.end);
		*is = *is && !match->in_exclude.in;
	}
	return end;
}

/* The stretch that begins at site @i; both answers go to @step. */
static size_t walk_stretch(struct ftrace_walk *walk, size_t i,
			   struct step *step)
{
	size_t end = match_stretch(&walk->before, i, &step->was);

	return min(end, match_stretch(&walk->after, i, &step->is));
}

/* Is it a patchable site with this set? */
static __always_inline bool belongs(const struct dyn_ftrace *rec, u16 wanted)
{
	return rec->wanted == wanted && !(rec->flags & FTRACE_FL_DISABLED);
}

/* The end of the run of patchable sites with this set that starts at @i. */
static __always_inline size_t run_end(size_t i, size_t end, u16 wanted)
{
	const struct dyn_ftrace *rec = &ftrace_recs[i];
	const struct dyn_ftrace *last = &ftrace_recs[end];

	while (last - rec >= 4 && belongs(rec, wanted) &&
	       belongs(rec + 1, wanted) && belongs(rec + 2, wanted) &&
	       belongs(rec + 3, wanted))
		rec += 4;
	while (rec < last && belongs(rec, wanted))
		rec++;
	return rec - ftrace_recs;
}

/* Does each site get a target of its own? */
static bool has_targets(const struct ftrace_request *request)
{
	return request->ops->flags & FTRACE_OPS_FL_DIRECT && request->after &&
	       request->filter && request->filter->direct;
}

/* A number for memos, different from that of any earlier plan. */
static u32 plan_number(void)
{
	static u32 last; /* [F] */

	return ++last ?: ++last; /* no plan has the number 0 */
}

/*
 * The memo of @from in the plan with this number. All its sites that shall have
 * the ops go to one set, and all others to another.
 */
static __always_inline struct ftrace_memo *memo_of(struct ftrace_set *from,
						   u32 number)
{
	if (unlikely(from->memo.plan != number))
		from->memo =
			(struct ftrace_memo){ number, { from->id, from->id } };
	return &from->memo;
}

/*
 * Is there room? The check comes before the first set is made. Otherwise a
 * request might make tens of thousands of sets, find no id for the last one and
 * free them all, which costs ten times as much as success. It changes only the
 * memos of sets. It does not count sets that it cannot predict (two sets that
 * become one). If ids run out nevertheless, the plan fails later and is undone.
 *
 * Counts the sets to be made for one run. Return: their number; -ENOMEM.
 */
static int count_new(const struct ftrace_request *request, u32 number,
		     const struct step *step)
{
	struct ftrace_memo *memo = memo_of(step->from, number);

	if (step->was && step->is) /* two may become one: not predictable */
		return 0;
	if (memo->to[step->is] != step->from->id)
		return 0;
	memo->to[step->is] = !step->from->id; /* seen: any other id marks it */
	if (!request->before)
		return 1; /* no set has this ops yet, so each is new */
	return ftrace_set_is_new(step->from, request->ops, step->is,
				 request->direct);
}

/* The same for the sites @i to @end - 1. */
static int count_stretch(const struct ftrace_request *request, u32 number,
			 struct step *step, size_t i, size_t end, size_t *sets)
{
	size_t next;
	int new;

	for (; i < end; i = next) {
		step->from = set_of(ftrace_recs[i].wanted);
		next = max(run_end(i, end, step->from->id), i + 1);
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

static int count_sets(const struct ftrace_request *request, size_t room)
{
	struct ftrace_walk walk = walk_begin(request);
	u32 number = plan_number();
	struct step step = { 0 };
	size_t i, end, sets = 0;
	int err = 0;

	for (i = 0; i < ftrace_nr_recs && !err && sets <= room; i = end) {
		end = walk_stretch(&walk, i, &step);
		if (step.was != step.is)
			err = count_stretch(request, number, &step, i, end,
					    &sets);
	}
	return err ? err : sets > room ? -ENOSPC : 0;
}

/*
 * Each present set of a site leads to one other. So nothing is counted while
 * more ids are free than used, except if each site has a target of its own.
 * Return: 0; -ENOSPC; -ENOMEM.
 */
static int check_room(const struct ftrace_request *request)
{
	size_t room = ftrace_set_room();

	if (!has_targets(request))
		return FTRACE_SET_MAX - room > room ?
			       count_sets(request, room) :
			       0;
	if (request->before || request->filter->count <= room)
		return 0;
	return count_targets(request->filter, room);
}

/* ---- the plan ---- */

/* The maximal number of sites that the request concerns. */
static size_t request_room(const struct ftrace_request *request)
{
	const struct ftrace_hash *was = request->ops->filter_hash;
	const struct ftrace_hash *is = request->filter;
	size_t room = 0;

	if (request->before)
		room += was ? was->count : ftrace_nr_recs;
	if (request->after)
		room += is ? is->count : ftrace_nr_recs;
	return min(room, ftrace_nr_recs);
}

int ftrace_plan_begin(struct ftrace_plan *plan, size_t room)
{
	plan->patch = plan->few_patches;
	plan->change = plan->few_changes;
	plan->nr_patches = plan->nr_changes = plan->nr_sites = 0;
	plan->room = ARRAY_SIZE(plan->few_changes);
	plan->number = plan_number();
	plan->by_data = plan->has_long = false;
	if (room > ARRAY_SIZE(plan->few_patches))
		plan->patch = kmalloc(room * sizeof(*plan->patch));
	return plan->patch ? 0 : -ENOMEM;
}

bool ftrace_may_arrive(const struct ftrace_set *from,
		       const struct ftrace_ops *ops)
{
	bool modifies = ops->flags & FTRACE_OPS_FL_IPMODIFY;
	bool direct = ops->flags & FTRACE_OPS_FL_DIRECT;
	bool site_modified = from->flags & FTRACE_SET_IPMODIFY;

	if ((modifies && site_modified) || (direct && from->direct))
		return false;
	if (direct && site_modified)
		return ops->flags & FTRACE_OPS_FL_SHARES;
	if (modifies && from->direct)
		return from->direct_ops->flags & FTRACE_OPS_FL_SHARES;
	return true;
}

/*
 * Find the set that step->from leads to; store it in @step->to. @memo: all
 * sites with this match lead to the same, so it is found once.
 */
static __always_inline int transition(struct ftrace_plan *plan,
				      struct ftrace_ops *ops, struct step *step,
				      bool memo)
{
	u16 *to = NULL;

	if (memo) {
		to = &memo_of(step->from, plan->number)->to[step->is];
		if (likely(*to != step->from->id)) {
			step->to = set_of(*to);
			return 0;
		}
	}
	if (step->is && !step->was && !ftrace_may_arrive(step->from, ops))
		return -EBUSY;
	step->to = ftrace_set_change(step->from, ops, step->is, step->direct);
	if (IS_ERR(step->to))
		return PTR_ERR(step->to);
	if (to)
		*to = step->to->id;
	return 0;
}

/* Sites @i to @i + @n - 1 have step->from and call @old. */
static __always_inline void plan_lines(struct ftrace_plan *plan,
				       const struct step *step, size_t i,
				       size_t n, unsigned long old,
				       unsigned long new)
{
	struct ftrace_patch *patch = plan->patch + plan->nr_patches;
	const struct dyn_ftrace *rec = &ftrace_recs[i];
	bool is_long = n >= FTRACE_RUN_LONG;

	plan->has_long |= is_long;
	plan->change[plan->nr_changes++] = (struct ftrace_change){
		step->from, step->to, i, n, old != new, is_long,
	};
	if (old == new)
		return;
	plan->nr_patches += n;
	if (is_long)
		return ftrace_plan_long_run(patch, rec, n, old, new);
	for (; n--; rec++)
		*patch++ = (struct ftrace_patch){ rec_ip(rec), old, new };
}

/* Change @n sites to step->to; for the list function a target is data. */
static __always_inline void
plan_add(struct ftrace_plan *plan, const struct step *step, size_t i, size_t n)
{
	unsigned long old = ftrace_enabled ? step->from->target : 0;
	unsigned long new = ftrace_enabled ? step->to->target : 0;

	if (old == new &&ftrace_enabled)
		plan->by_data |= step->to->direct != step->from->direct;
	plan_lines(plan, step, i, n, old, new);
}

void ftrace_plan_site(struct ftrace_plan *plan, struct ftrace_set *from,
		      struct ftrace_set *to, size_t i)
{
	plan_add(plan, &(struct step){ .from = from, .to = to }, i, 1);
}

/* Counts @n sites of a run. Return: true if nothing changes for them. */
static __always_inline bool run_stays(struct ftrace_plan *plan,
				      const struct step *step, size_t n)
{
	if (step->is)
		plan->nr_sites += n;
	return step->was == step->is && step->from->direct == step->direct;
}

/*
 * Plan the sites @i to @end - 1, which all match alike. @own: each has its
 * target, and so every site is a run of its own.
 */
static __always_inline int plan_stretch(struct ftrace_plan *plan,
					const struct ftrace_request *request,
					struct step step, size_t i, size_t end,
					bool own, const unsigned long *target)
{
	bool direct = own ||
		      (request->ops->flags & FTRACE_OPS_FL_DIRECT && step.is);
	size_t next;
	int err;

	for (; i < end; target = own ? target + 1 : NULL, i = next) {
		next = i + 1;
		if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
			continue;
		step.from = set_of(ftrace_recs[i].wanted);
		step.direct = step.was == step.is ? step.from->direct : 0;
		if (direct)
			step.direct = own ? *target : request->direct;
		if (!own)
			next = run_end(i, end, step.from->id);
		if (run_stays(plan, &step, next - i))
			continue;
		err = ftrace_plan_grow(plan); /* for the set that is pinned */
		if (!err)
			err = transition(plan, request->ops, &step, !own);
		if (err)
			return err;
		plan_add(plan, &step, i, next - i);
	}
	return 0;
}

/*
 * The same in a copy for @own, whose sites match afterwards; @at is the place
 * of site @i in the filter.
 */
static noinline int plan_targets(struct ftrace_plan *plan,
				 const struct ftrace_request *request,
				 struct step step, size_t i, size_t end,
				 const struct ftrace_cursor *at)
{
	step.is = true;
	return plan_stretch(plan, request, step, i, end, true,
			    request->filter->direct + at->pos - (at->end - i));
}

static int plan_fill(struct ftrace_plan *plan,
		     const struct ftrace_request *request)
{
	struct ftrace_walk walk = walk_begin(request);
	bool own = has_targets(request);
	struct step step = { 0 };
	size_t i, end;
	int err = 0;

	for (i = 0; i < ftrace_nr_recs && !err; i = end) {
		end = walk_stretch(&walk, i, &step);
		if (own && step.is)
			err = plan_targets(plan, request, step, i, end,
					   &walk.after.in_filter);
		else if (step.was || step.is)
			err = plan_stretch(plan, request, step, i, end, false,
					   NULL);
	}
	return err;
}

int ftrace_plan_build(struct ftrace_plan *plan,
		      const struct ftrace_request *request)
{
	int err;

	assert_held(&ftrace_lock);
	err = ftrace_plan_begin(plan, request_room(request));
	if (err)
		return err;
	err = check_room(request);
	if (err == -ENOSPC)
		ftrace_plan_no_ids();
	if (!err)
		err = plan_fill(plan, request);
	if (err)
		ftrace_plan_free(plan);
	return err;
}

int ftrace_plan_targets(struct ftrace_plan *plan,
			unsigned long (*old)(const struct ftrace_set *set),
			unsigned long (*new)(const struct ftrace_set *set))
{
	struct step step = { 0 };
	size_t i, end;

	assert_held(&ftrace_lock);
	if (ftrace_plan_begin(plan, ftrace_nr_recs))
		return -ENOMEM;
	for (i = 0; i < ftrace_nr_recs; i = end) {
		step.from = step.to = set_of(ftrace_recs[i].wanted);
		end = max(run_end(i, ftrace_nr_recs, step.from->id), i + 1);
		if (old(step.from) == new (step.to))
			continue;
		if (ftrace_plan_grow(plan)) {
			ftrace_plan_free(plan);
			return -ENOMEM;
		}
		plan_lines(plan, &step, i, end - i, old(step.from),
			   new (step.to));
	}
	return 0;
}
