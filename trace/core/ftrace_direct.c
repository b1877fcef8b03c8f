// SPDX-License-Identifier: MIT
/*
 * ftrace_direct.c - sites that call a user's own code instead of a callback.
 *
 * A direct caller is an ops with FTRACE_OPS_FL_DIRECT. It is a subscriber like
 * the others, but its target is part of the set (ftrace_set.c). A site has at
 * most one. The target is the same for all sites of the filter, or the filter
 * holds one for each. ftrace_exchange.c changes targets of the same sites.
 *
 * Invariants: D1, D2 (ftrace_exchange.c).
 *
 * Context and locks: task. direct_mutex is the outermost lock of all requests.
 * It is held while ops_func runs; ftrace_lock is not.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

/* ---- register and unregister ---- */

static int check_idle(const struct ftrace_ops *ops)
{
	return ops->func || ops->trampoline ||
			       ops->flags & (FTRACE_OPS_FL_ENABLED |
					     FTRACE_OPS_FL_REMOVING) ?
		       -EINVAL :
		       0;
}

static bool is_direct_caller(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_DIRECT &&
	       ops->flags & FTRACE_OPS_FL_ENABLED;
}

static void ops_reset(struct ftrace_ops *ops)
{
	ops->func = NULL;
	ops->saved_func = NULL;
	ops->direct_call = 0;
	ops->flags &= ~(FTRACE_OPS_FL_DIRECT | FTRACE_OPS_FL_SHARES);
}

/* @addr 0: the targets are in the ops' filter. */
static int direct_register(struct ftrace_ops *ops, unsigned long addr,
			   struct ftrace_retired *retired)
{
	int err;

	ops->func = ftrace_stub; /* never called */
	ops->direct_call = addr;
	ops->flags |= FTRACE_OPS_FL_DIRECT;
	err = ftrace_register(ops, retired);
	if (err)
		ops_reset(ops);
	return err;
}

static void direct_forget(struct ftrace_ops *ops,
			  struct ftrace_retired *retired)
{
	ftrace_retire(retired); /* D2 */
	ops_reset(ops);
	ftrace_forget(ops, retired); /* now ops may be registered again */
}

int register_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
	struct ftrace_retired retired = { 0 };
	int err;

	if (!ftrace_target_ok(addr))
		return -EINVAL;
	err = ftrace_enter();
	if (err)
		return err;
	err = check_idle(ops);
	if (!err && ops->filter_hash && ops->filter_hash->direct)
		err = -EINVAL;
	if (!err)
		err = direct_register(ops, addr, &retired);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

int unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr,
			     bool free_filters)
{
	struct ftrace_retired retired = { 0 };
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	err = -EINVAL;
	if (is_direct_caller(ops) && addr && addr == ops->direct_call)
		err = ftrace_unregister(ops, &retired);
	ftrace_leave();
	if (err)
		return err;
	direct_forget(ops, &retired);
	if (free_filters)
		ftrace_free_filter(ops);
	return 0;
}

/* ---- exchange of targets ---- */

/* True in ops_func, which runs under direct_mutex; false in a callback. */
static bool may_exchange(void)
{
	return mutex_is_held(&direct_mutex) && !mutex_is_held(&ftrace_lock) &&
	       !ftrace_in_callback();
}

int modify_ftrace_direct_nolock(struct ftrace_ops *ops, unsigned long addr)
{
	if (!may_exchange())
		return -EDEADLK;
	if (!ftrace_target_ok(addr) || !is_direct_caller(ops) ||
	    ops->filter_hash->direct)
		return -EINVAL;
	return ftrace_exchange(ops, addr, ops->filter_hash, ops->filter_hash);
}

int modify_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	err = modify_ftrace_direct_nolock(ops, addr);
	ftrace_leave();
	return err;
}

/* ---- one ops, each site with its own target ---- */

/* Is every element of @part in @all, with the same target? */
static bool hash_contains(const struct ftrace_hash *all,
			  const struct ftrace_hash *part)
{
	size_t i, k = 0;

	for (i = 0; i < part->count; i++, k++) {
		while (k < all->count && all->rec[k] < part->rec[i])
			k++;
		if (k == all->count || all->rec[k] != part->rec[i] ||
		    all->direct[k] != part->direct[i])
			return false;
	}
	return true;
}

static bool hash_disjoint(const struct ftrace_hash *a,
			  const struct ftrace_hash *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		if (ftrace_hash_test(a, b->rec[i]))
			return false;
	return true;
}

/* Return: the old filter, which has no reader any more. */
static struct ftrace_hash *exchange_filter(struct ftrace_ops *ops,
					   struct ftrace_hash *filter)
{
	struct ftrace_hash *was;

	mutex_lock(&ftrace_lock);
	was = ops->filter_hash;
	ops->filter_hash = filter;
	mutex_unlock(&ftrace_lock);
	return was;
}

static int add_first(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		     struct ftrace_retired *retired)
{
	struct ftrace_hash *filter;
	int err;

	err = check_idle(ops);
	if (err)
		return err;
	filter = ftrace_hash_begin(hash);
	if (!filter)
		return -ENOMEM;
	filter = exchange_filter(ops, filter);
	err = direct_register(ops, 0, retired);
	if (err)
		filter = exchange_filter(ops, filter);
	ftrace_hash_free(filter);
	return err;
}

/* @filter is taken over; NULL if there was no memory for it. */
static int swap_filter(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_retired *retired)
{
	int err = -ENOMEM;

	if (filter)
		err = ftrace_swap_hashes(ops, filter, ops->notrace_hash,
					 retired);
	if (err)
		ftrace_hash_free(filter);
	return err;
}

/* Ask ops_func before the swap, because it may exchange the present targets. */
static int add_more(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		    struct ftrace_retired *retired)
{
	int err;

	if (!ops->filter_hash->direct)
		return -EINVAL;
	if (!hash_disjoint(ops->filter_hash, hash))
		return -EBUSY;
	err = ftrace_share(ops, hash, ops->notrace_hash);
	if (err)
		return err;
	err = swap_filter(ops, ftrace_hash_union(ops->filter_hash, hash),
			  retired);
	if (err)
		ftrace_unshare();
	return err;
}

int update_ftrace_direct_add(struct ftrace_ops *ops,
			     const struct ftrace_hash *hash)
{
	struct ftrace_retired retired = { 0 };
	int err;

	if (!hash->count || !hash->direct)
		return -EINVAL;
	err = ftrace_enter();
	if (err)
		return err;
	if (is_direct_caller(ops))
		err = add_more(ops, hash, &retired);
	else
		err = add_first(ops, hash, &retired);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

int update_ftrace_direct_del(struct ftrace_ops *ops,
			     const struct ftrace_hash *hash)
{
	struct ftrace_retired retired = { .wait = true }; /* D2 */
	bool last = false;
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	err = -EINVAL;
	if (hash->count && hash->direct && is_direct_caller(ops) &&
	    ops->filter_hash->direct && hash_contains(ops->filter_hash, hash)) {
		last = hash->count == ops->filter_hash->count;
		err = last ? ftrace_unregister(ops, &retired) :
			     swap_filter(
				     ops,
				     ftrace_hash_minus(ops->filter_hash, hash),
				     &retired);
	}
	ftrace_leave();
	if (err)
		return err;
	ftrace_retire(&retired);
	if (last) {
		direct_forget(ops, &retired);
		ftrace_free_filter(ops);
	}
	return 0;
}

static int mod_locked(struct ftrace_ops *ops, const struct ftrace_hash *hash)
{
	struct ftrace_hash *filter;
	int err;

	if (!hash->count || !hash->direct || !is_direct_caller(ops) ||
	    !ops->filter_hash->direct)
		return -EINVAL;
	filter = ftrace_hash_union(ops->filter_hash, hash);
	if (!filter)
		return -ENOMEM;
	err = -EINVAL; /* a site that the ops does not have */
	if (filter->count == ops->filter_hash->count)
		err = ftrace_exchange(ops, 0, filter, hash);
	if (err)
		ftrace_hash_free(filter);
	return err;
}

int update_ftrace_direct_mod(struct ftrace_ops *ops,
			     const struct ftrace_hash *hash,
			     bool do_direct_lock)
{
	int err;

	if (!do_direct_lock)
		return may_exchange() ? mod_locked(ops, hash) : -EDEADLK;
	err = ftrace_enter();
	if (err)
		return err;
	err = mod_locked(ops, hash);
	ftrace_leave();
	return err;
}

unsigned long ftrace_find_rec_direct(unsigned long ip)
{
	struct dyn_ftrace *rec = ftrace_rec_find(ip);

	return rec ? set_of(rec->wanted)->direct : 0;
}
