// SPDX-License-Identifier: MIT
/*
 * ftrace_move.c - moves sites from one ops to another in one step.
 *
 * Both ops change in one patch session: a site's set loses the one and gets the
 * other, and its bytes change once. So there is no time at which a call finds
 * both or none.
 *
 * Invariants
 * Y1  A call of a site that moves reaches exactly one of the two ops, once.
 * Y2  An ops whose last site moves away is unregistered by the move; an ops
 *     that is not registered is registered by it.
 *
 * Context and locks: task, direct_mutex; takes and releases ftrace_lock.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

/* All sites of a set go to one other, found once. */
struct step {
	struct ftrace_set *set, *goal;
	struct ftrace_set *between; /* with neither ops */
};

struct move {
	struct ftrace_ops *from, *to;
	const struct ftrace_hash *sites;
	struct ftrace_hash *left, *filter; /* the filters afterwards */
	struct ftrace_plan plan;
	struct step *step; /* its sets are pinned */
	size_t nr_steps;
};

static bool is_registered(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ENABLED;
}

/* Only an ops with a filter of sites, and nothing excluded, can take part. */
static bool is_plain(const struct ftrace_ops *ops)
{
	return ops->filter_hash && !ops->notrace_hash;
}

static int check(const struct move *move)
{
	const struct ftrace_ops *from = move->from, *to = move->to;
	size_t i;

	if (!move->sites->count || !is_registered(from) || !is_plain(from))
		return -EINVAL;
	if (from == to || !to->func ||
	    to->flags & (FTRACE_OPS_FL_DIRECT | FTRACE_OPS_FL_DELETED))
		return -EINVAL;
	if (is_registered(to) ? !is_plain(to) : to->notrace_hash != NULL)
		return -EINVAL;
	if (to->flags & FTRACE_OPS_FL_REMOVING)
		return -EBUSY;
	for (i = 0; i < move->sites->count; i++)
		if (!ftrace_hash_test(from->filter_hash, move->sites->rec[i]))
			return -EINVAL;
	return 0;
}

/* ---- the plan ---- */

static bool is_goal(const struct move *move, const struct ftrace_set *set)
{
	size_t i;

	for (i = 0; i < move->nr_steps; i++)
		if (move->step[i].goal == set)
			return true;
	return false;
}

/* The sets between are needed to find the others; no site has them. */
static void drop_steps(struct move *move)
{
	struct ftrace_retired unused = { 0 };
	size_t i;

	for (i = 0; i < move->nr_steps; i++)
		if (!is_goal(move, move->step[i].between))
			ftrace_set_unpin(move->step[i].between, &unused);
	ftrace_discard(&unused);
	kfree(move->step);
}

static int plan_alloc(struct move *move)
{
	size_t n = move->sites->count;

	move->nr_steps = 0;
	move->step = kmalloc(n * sizeof(*move->step));
	if (move->step && !ftrace_plan_begin(&move->plan, n))
		return 0;
	kfree(move->step);
	return -ENOMEM;
}

static int make_step(struct move *move, struct step *step)
{
	step->goal = NULL;
	step->between = ftrace_set_change(step->set, move->from, false, 0);
	if (IS_ERR(step->between))
		return PTR_ERR(step->between);
	move->nr_steps++;
	if (!ftrace_may_arrive(step->between, move->to))
		return -EBUSY;
	step->goal = ftrace_set_change(step->between, move->to, true, 0);
	return IS_ERR(step->goal) ? PTR_ERR(step->goal) : 0;
}

/* Return: the step of a set, a new one if there is none; or an error. */
static struct step *step_of(struct move *move, struct ftrace_set *set)
{
	struct step *step = move->step, *end = step + move->nr_steps;
	int err;

	while (step < end && step->set != set)
		step++;
	if (step < end)
		return step;
	step->set = set;
	err = make_step(move, step);
	return err ? ERR_PTR(err) : step;
}

static int plan_site(struct move *move, u32 rec)
{
	struct ftrace_plan *plan = &move->plan;
	struct step *step;

	if (ftrace_plan_grow(plan)) /* for the set that is pinned */
		return -ENOMEM;
	step = step_of(move, set_of(ftrace_recs[rec].wanted));
	if (IS_ERR(step))
		return PTR_ERR(step);
	ftrace_plan_site(plan, step->set, step->goal, rec);
	return 0;
}

static int plan_build(struct move *move)
{
	size_t i;
	int err = plan_alloc(move);

	if (err)
		return err;
	for (i = 0; i < move->sites->count && !err; i++)
		err = plan_site(move, move->sites->rec[i]);
	drop_steps(move);
	if (err)
		ftrace_plan_free(&move->plan);
	return err;
}

/* ---- carrying it out ---- */

static int make_filters(struct move *move)
{
	const struct ftrace_ops *to = move->to;

	move->left = ftrace_hash_minus(move->from->filter_hash, move->sites);
	move->filter = is_registered(to) ?
			       ftrace_hash_union(to->filter_hash, move->sites) :
			       ftrace_hash_begin(move->sites);
	if (move->left && move->filter)
		return 0;
	ftrace_hash_free(move->left);
	ftrace_hash_free(move->filter);
	return -ENOMEM;
}

static void set_filter(struct ftrace_ops *ops, struct ftrace_hash *filter)
{
	ftrace_hash_free(ops->filter_hash);
	ops->filter_hash = filter;
	ops->nr_sites = filter ? filter->count : 0;
}

/* Y2. Nothing here can fail. */
static void commit(struct move *move, struct ftrace_retired *retired)
{
	if (!is_registered(move->to))
		ftrace_ops_arrive(move->to);
	set_filter(move->to, move->filter);
	if (move->left->count) {
		set_filter(move->from, move->left);
	} else {
		move->from->flags |= FTRACE_OPS_FL_REMOVING;
		ftrace_ops_leave(move->from);
		ftrace_ops_take_trampoline(move->from, retired);
		ftrace_hash_free(move->left);
		set_filter(move->from, NULL);
	}
	retired->wait = true;
	ftrace_commit(&move->plan, retired);
	move->to->flags &= ~FTRACE_OPS_FL_ADDING;
}

static int carry_out(struct move *move, struct ftrace_retired *retired)
{
	bool is_new = !is_registered(move->to);
	unsigned long flags = move->to->flags;
	int err = is_new ? ftrace_ops_prepare(move->to) : 0;

	if (!err)
		err = plan_build(move);
	if (!err)
		err = ftrace_begin(&move->plan);
	if (!err)
		commit(move, retired);
	else if (is_new)
		ftrace_ops_unprepare(move->to, flags);
	return err;
}

int ftrace_move(struct ftrace_ops *from, struct ftrace_ops *to,
		const struct ftrace_hash *sites, struct ftrace_retired *retired)
{
	struct move move = { .from = from, .to = to, .sites = sites };
	int err;

	assert_held(&direct_mutex);
	err = check(&move);
	if (!err)
		err = ftrace_share(to, sites, NULL);
	if (err)
		return err;
	err = make_filters(&move);
	if (!err) {
		mutex_lock(&ftrace_lock);
		err = carry_out(&move, retired);
		mutex_unlock(&ftrace_lock);
		if (err) {
			ftrace_hash_free(move.left);
			ftrace_hash_free(move.filter);
		}
	}
	if (from->flags & FTRACE_OPS_FL_IPMODIFY ||
	    to->flags & FTRACE_OPS_FL_IPMODIFY)
		ftrace_unshare();
	return err;
}

int ftrace_move_ips(struct ftrace_ops *from, struct ftrace_ops *to,
		    const unsigned long *ips, unsigned int n)
{
	struct ftrace_retired retired = { 0 };
	struct ftrace_hash *sites;
	int err = ftrace_enter();

	if (err)
		return err;
	sites = ftrace_hash_of_ips(ips, n);
	err = IS_ERR(sites) ? (int)PTR_ERR(sites) :
			      ftrace_move(from, to, sites, &retired);
	ftrace_leave();
	if (!IS_ERR(sites))
		ftrace_hash_free(sites);
	ftrace_retire(&retired);
	if (!err && from->flags & FTRACE_OPS_FL_REMOVING)
		ftrace_forget(from, &retired);
	return err;
}
