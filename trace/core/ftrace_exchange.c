// SPDX-License-Identifier: MIT
/*
 * ftrace_exchange.c - exchanges the targets of a direct caller. No call misses
 * both the old and the new target.
 *
 * A target is part of a site's set (ftrace_set.c), so an exchange is a change
 * of sets like any other. It takes *one step*, call old -> call new, also if
 * callbacks share the site: a chain that ends in the new target replaces the
 * old chain. If a site has a chain and there is no room for a second one, a
 * *stub* ops sends the site to the list function, which takes the target from
 * the site's record. Then the records change, and the stub is removed.
 * DESIGN.md, "Direct exchange", says when each is needed and what it costs.
 *
 * Invariants
 * D1  A call during an exchange reaches the old or the new target, exactly
 *     one, once.
 * D2  When unregister or modify returns, no task is in the old target, except
 *     in calls that sleep in an original which it called.
 *
 * Context and locks: task, direct_mutex; takes and releases ftrace_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

enum ftrace_exchange_way ftrace_exchange_way;

/* Would a site lose its chain because the new one has no room beside it? */
static bool loses_chains(const struct ftrace_plan *plan)
{
	const struct ftrace_change *run = plan->change;
	size_t left = plan->nr_changes;

	for (; left--; run++)
		if (run->from->kind == FTRACE_SET_CHAIN &&
		    run->to->kind == FTRACE_SET_LIST && !run->to->refs)
			return true;
	return false;
}

/*
 * One session sets the targets to @addr, or to those of @filter. With
 * @keep_chains it changes nothing and returns -EAGAIN if a site would move from
 * a chain to the list function.
 */
static int exchange(struct ftrace_ops *ops, unsigned long addr,
		    struct ftrace_hash *filter, bool keep_chains,
		    struct ftrace_retired *retired)
{
	struct ftrace_request request = {
		.ops = ops,
		.before = true,
		.after = true,
		.filter = filter,
		.exclude = ops->notrace_hash,
		.direct = addr,
	};
	struct ftrace_plan plan;
	int err;

	mutex_lock(&ftrace_lock);
	ops->flags |= FTRACE_OPS_FL_MODIFYING;
	err = ftrace_plan_build(&plan, &request);
	if (!err)
		err = ftrace_begin(&plan);
	if (!err && keep_chains && loses_chains(&plan)) {
		ftrace_cancel(&plan);
		err = -EAGAIN;
	}
	if (!err) {
		ftrace_commit(&plan, retired);
		retired->wait = true; /* D2 */
		ops->direct_call = addr;
		if (filter != ops->filter_hash)
			ftrace_hash_free(ops->filter_hash);
		ops->filter_hash = filter;
	}
	ops->flags &= ~FTRACE_OPS_FL_MODIFYING;
	mutex_unlock(&ftrace_lock);
	return err;
}

/*
 * The stub of exchange_by_stub(). If there is no memory to remove it, it stays
 * until the next exchange, which removes it first. Until then its sites are
 * slower but correct.
 */
static struct ftrace_ops stub = {
	.func = ftrace_stub,
	.flags = FTRACE_OPS_FL_STUB,
};

static int stub_remove(struct ftrace_retired *retired)
{
	int err;

	if (!(stub.flags & FTRACE_OPS_FL_ENABLED))
		return 0;
	err = ftrace_unregister(&stub, retired);
	if (err)
		return err;
	ftrace_forget(&stub, retired);
	ftrace_hash_free(stub.filter_hash);
	ftrace_hash_free(stub.notrace_hash);
	return 0;
}

static int stub_add(const struct ftrace_ops *ops,
		    const struct ftrace_hash *where,
		    struct ftrace_retired *retired)
{
	int err = -ENOMEM;

	stub.filter_hash = ftrace_hash_begin(where);
	stub.notrace_hash = ftrace_hash_begin(ops->notrace_hash);
	if (stub.filter_hash && stub.notrace_hash)
		err = ftrace_register(&stub, retired);
	if (err) {
		ftrace_hash_free(stub.filter_hash);
		ftrace_hash_free(stub.notrace_hash);
	}
	return err;
}

/*
 * The same in three sessions, with all sites of @where on the list function in
 * between. There are two batches; between them only records change. Old chains
 * are freed before new ones are made. Without memory for the stub it is one
 * step after all, and the list function goes on serving the sites. ftrace_lock
 * is free between the sessions; direct_mutex is held.
 */
static int exchange_by_stub(struct ftrace_ops *ops, unsigned long addr,
			    struct ftrace_hash *filter,
			    const struct ftrace_hash *where,
			    struct ftrace_retired *retired)
{
	bool stubbed = !stub_add(ops, where, retired);
	int err;

	err = exchange(ops, addr, filter, false, retired);
	if (!stubbed)
		return err;
	ftrace_retire(retired);
	stub_remove(retired);
	return err;
}

/* Choose between the two by the sites' old and new targets. */
static int exchange_either_way(struct ftrace_ops *ops, unsigned long addr,
			       struct ftrace_hash *filter,
			       const struct ftrace_hash *where,
			       struct ftrace_retired *retired)
{
	int err = -EAGAIN;

	if (ftrace_exchange_way != FTRACE_BY_STUB)
		err = exchange(ops, addr, filter,
			       ftrace_exchange_way == FTRACE_BY_SITE, retired);
	if (err != -EAGAIN)
		return err;
	return exchange_by_stub(ops, addr, filter, where, retired);
}

int ftrace_exchange(struct ftrace_ops *ops, unsigned long addr,
		    struct ftrace_hash *filter, const struct ftrace_hash *where)
{
	struct ftrace_retired retired = { 0 };
	int err;

	if (ops->flags & FTRACE_OPS_FL_SHARES && ftrace_has_jump(addr, filter))
		return -EBUSY;
	err = stub_remove(&retired);
	if (!err)
		err = exchange_either_way(ops, addr, filter, where, &retired);
	ftrace_retire(&retired);
	return err;
}
