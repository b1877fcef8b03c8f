// SPDX-License-Identifier: MIT
/*
 * ftrace_swap.c - changes the filters of an ops, registered or not.
 *
 * A live ops changes in one session: no site is lost or gained in between, and
 * an error leaves everything as it was (I6).
 *
 * Context and locks: task, direct_mutex; takes ftrace_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

/* Change the sites of a live ops in one session, all or nothing. */
static int swap_live(struct ftrace_ops *ops, struct ftrace_hash *filter,
		     struct ftrace_hash *exclude,
		     struct ftrace_retired *retired)
{
	struct ftrace_request request = {
		.ops = ops,
		.before = true,
		.after = true,
		.filter = filter,
		.exclude = exclude,
		.direct = ops->direct_call,
	};
	struct ftrace_plan plan;
	int err;

	ops->flags |= FTRACE_OPS_FL_MODIFYING;
	err = ftrace_plan_build(&plan, &request);
	if (!err)
		err = ftrace_begin(&plan);
	if (!err) {
		ops->nr_sites = plan.nr_sites;
		ftrace_commit(&plan, retired);
	}
	ops->flags &= ~FTRACE_OPS_FL_MODIFYING;
	return err;
}

/*
 * Take over the new hashes. All readers hold a lock (the list function reads
 * sets), so the old ones are freed at once.
 */
static void set_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_hash *exclude)
{
	assert_held(&ftrace_lock);
	if (ops->filter_hash != filter)
		ftrace_hash_free(ops->filter_hash);
	if (ops->notrace_hash != exclude)
		ftrace_hash_free(ops->notrace_hash);
	ops->filter_hash = filter;
	ops->notrace_hash = exclude;
}

int ftrace_swap_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_hash *exclude,
		       struct ftrace_retired *retired)
{
	bool live = ops->flags & FTRACE_OPS_FL_ENABLED;
	int err = 0;

	assert_held(&direct_mutex);
	if (ops->flags & FTRACE_OPS_FL_REMOVING)
		return -EBUSY;
	if (live) {
		err = ftrace_check_hashes(ops, filter, exclude);
		if (!err)
			err = ftrace_share(ops, filter, exclude);
	}
	if (err)
		return err;
	mutex_lock(&ftrace_lock);
	if (live)
		err = swap_live(ops, filter, exclude, retired);
	if (!err)
		set_hashes(ops, filter, exclude);
	mutex_unlock(&ftrace_lock);
	if (live)
		ftrace_unshare();
	return err;
}
