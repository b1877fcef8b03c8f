// SPDX-License-Identifier: MIT
/*
 * ftrace_exchange.c - a direct caller's targets are exchanged for others
 * without a call that reaches neither.
 *
 * A target is part of a site's set (ftrace_set.c), so an exchange is a change
 * of sets like any other: *one step*, call old -> call new, also where
 * callbacks share the site (its chain is replaced by one that ends in the new
 * target). Where a site has a chain and no room for a second beside it, a
 * *stub* ops sends it to the list function, which takes the target from the
 * site's record; then the records change, then the stub goes. DESIGN.md,
 * "Direct exchange", says when each is needed and what it costs.
 *
 * Invariants
 * D1  A call during an exchange reaches the old or the new target, exactly
 *     one, once.
 * D2  When unregister or modify returns nobody is in the old target, but who
 *     sleeps in an original that it called.
 *
 * Context and locks: task, direct_mutex; ftrace_lock is taken and given back.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

enum ftrace_exchange_way ftrace_exchange_way;

/* Would a site lose its chain, for want of room beside it for the new one? */
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
 * One session: targets become @addr, or those of @filter. With @keep_chains it
 * is not begun (-EAGAIN) if a site would be left to the list by it.
 */
static int exchange(struct ftrace_ops *ops, unsigned long addr,
		    struct ftrace_hash *filter, bool keep_chains,
		    struct ftrace_retired *retired)
{
	struct ftrace_request request = {
		.ops = ops,
		.before = ftrace_match_of(ops),
		.after = ftrace_match_of(ops),
		.direct = addr,
	};
	struct ftrace_plan plan;
	int err;

	request.after.filter = filter;
	mutex_lock(&ftrace_lock);
	ops->flags |= FTRACE_OPS_FL_MODIFYING;
	err = ftrace_begin(&plan, &request);
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
 * The stub of exchange_by_stub(). Should there be no memory to take it away
 * again, it stays (its sites are slower, nothing is wrong) until the next
 * exchange, which takes it away first.
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
 * The same with all sites of @where in the list function's hands meanwhile: two
 * batches, and between them only records change. Chains are freed before new
 * ones are made. Without memory for the stub it is one step after all, and the
 * list serves on. ftrace_lock is free between the sessions; direct_mutex is
 * held.
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

/* The choice between the two, by what the sites have and get. */
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
