// SPDX-License-Identifier: MIT
/*
 * ftrace_register.c - registers and unregisters subscribers.
 *
 * Owns the list of ops, their trampolines, and the agreements of a direct
 * caller and an ops that changes the ip to share a site. Both determine where
 * the call continues. They can share the site if the direct target calls or
 * returns to the return address on its stack, instead of a function of its own
 * choice. When the second of the two is added, the core asks the direct
 * caller's ops_func whether its target does that; ops_func may exchange the
 * target first. The second is refused if there is no ops_func, if ops_func
 * refuses, or if the site jumps to the target, which then finds no return
 * address. The core also calls ops_func when the last ip modifier has left the
 * direct caller's sites. A direct caller may instead yield: then ops_func moves
 * its sites to another ops (ftrace_move()).
 *
 * Invariants
 * I4  To add: publish, then poke. To remove: unpublish, poke, wait for every
 *     task that may be inside, free. Every unregister waits, even if it patched
 *     nothing, because a task may be in the callback by way of the list
 *     function.
 * I7  An ops is in the sets of the sites that its hashes match, from before
 *     register returns until unregister returns; see ftrace_check().
 *
 * Context and locks: task, direct_mutex; ftrace_lock as well while a request
 * changes anything, but not while ops_func runs, so that it can exchange its
 * target (modify_ftrace_direct_nolock()). The list of ops changes under both
 * locks and may be read under either.
 */
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

static u64 next_seq = 1; /* [F] */

/* ---- a direct caller and an ip modifier on one site ---- */

static bool ops_overlap(const struct ftrace_ops *ops,
			const struct ftrace_hash *hash,
			const struct ftrace_hash *exclude)
{
	size_t i;

	for (i = 0; i < hash->count; i++)
		if (!(exclude && ftrace_hash_test(exclude, hash->rec[i])) &&
		    ftrace_ops_match(ops, hash->rec[i]))
			return true;
	return false;
}

/* Is there a registered ops of that kind on one of these sites? */
static bool kind_overlaps(unsigned long flag, const struct ftrace_hash *hash,
			  const struct ftrace_hash *exclude)
{
	const struct ftrace_ops *ops;

	for (ops = ftrace_ops_list; ops; ops = ops->next)
		if (ops->flags & flag && ops_overlap(ops, hash, exclude))
			return true;
	return false;
}

static struct ftrace_ops *find_yielding(const struct ftrace_hash *hash,
					const struct ftrace_hash *exclude)
{
	struct ftrace_ops *ops;

	for (ops = ftrace_ops_list; ops; ops = ops->next)
		if (ops->flags & FTRACE_OPS_FL_YIELDS &&
		    ops_overlap(ops, hash, exclude))
			return ops;
	return NULL;
}

static void ask_to_step_aside(const struct ftrace_ops *to,
			      const struct ftrace_hash *hash,
			      const struct ftrace_hash *exclude)
{
	struct ftrace_ops *ops;

	assert_held(&direct_mutex);
	if (to->flags & FTRACE_OPS_FL_YIELDS ||
	    !(to->flags & (FTRACE_OPS_FL_DIRECT | FTRACE_OPS_FL_IPMODIFY)))
		return;
	/* One that cannot move stays, and the request is refused as busy. */
	while ((ops = find_yielding(hash, exclude)))
		if (ops->ops_func(ops, FTRACE_OPS_CMD_STEP_ASIDE))
			return;
}

bool ftrace_has_jump(unsigned long addr, const struct ftrace_hash *hash)
{
	size_t i;

	if (!hash || !hash->direct)
		return addr & FTRACE_ADDR_JMP;
	for (i = 0; i < hash->count; i++)
		if (hash->direct[i] & FTRACE_ADDR_JMP)
			return true;
	return false;
}

static void withdraw(struct ftrace_ops *direct)
{
	direct->flags &= ~FTRACE_OPS_FL_SHARES;
	direct->ops_func(direct, FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER);
}

/* @hash: its future sites, with targets or without; NULL: its present ones. */
static int ask_to_share(struct ftrace_ops *direct, enum ftrace_ops_cmd cmd,
			const struct ftrace_hash *hash)
{
	bool shares = direct->flags & FTRACE_OPS_FL_SHARES;
	int err;

	if (!direct->ops_func)
		return -EBUSY;
	err = shares ? 0 : direct->ops_func(direct, cmd);
	if (err)
		return err;
	direct->flags |= FTRACE_OPS_FL_SHARES;
	if (!ftrace_has_jump(direct->direct_call, hash ?: direct->filter_hash))
		return 0;
	if (!shares)
		withdraw(direct);
	return -EBUSY;
}

int ftrace_share(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		 const struct ftrace_hash *exclude)
{
	struct ftrace_ops *other;
	int err = 0;

	assert_held(&direct_mutex);
	ask_to_step_aside(ops, hash, exclude);
	if (ops->flags & FTRACE_OPS_FL_DIRECT) {
		if (kind_overlaps(FTRACE_OPS_FL_IPMODIFY, hash, exclude))
			err = ask_to_share(
				ops, FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF,
				hash);
		return err;
	}
	if (!(ops->flags & FTRACE_OPS_FL_IPMODIFY))
		return 0;
	for (other = ftrace_ops_list; other && !err; other = other->next)
		if (other->flags & FTRACE_OPS_FL_DIRECT &&
		    ops_overlap(other, hash, exclude))
			err = ask_to_share(
				other,
				FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER,
				NULL);
	if (err)
		ftrace_unshare();
	return err;
}

void ftrace_unshare(void)
{
	struct ftrace_ops *ops;

	assert_held(&direct_mutex);
	for (ops = ftrace_ops_list; ops; ops = ops->next) {
		if (!(ops->flags & FTRACE_OPS_FL_SHARES) ||
		    kind_overlaps(FTRACE_OPS_FL_IPMODIFY, ops->filter_hash,
				  ops->notrace_hash))
			continue;
		withdraw(ops);
	}
}

static void share_failed(struct ftrace_ops *ops)
{
	if (ops->flags & FTRACE_OPS_FL_SHARES)
		withdraw(ops); /* unshare cannot: it is not on the list */
	/*
	 * Not for a stub, which may be registered while owners are being asked.
	 */
	if (ops->flags & FTRACE_OPS_FL_IPMODIFY)
		ftrace_unshare();
}

/* ---- register and unregister ---- */

static bool is_static_data(const void *p)
{
	return (char *)p >= _data && (char *)p < _end;
}

int ftrace_check_hashes(const struct ftrace_ops *ops,
			const struct ftrace_hash *filter,
			const struct ftrace_hash *exclude)
{
	bool picky = ops->flags &
		     (FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_DIRECT);

	if (picky && (!filter || !filter->count))
		return -EINVAL;
	if (ops->flags & FTRACE_OPS_FL_IPMODIFY && exclude && exclude->count)
		return -EINVAL;
	if (ops->flags & FTRACE_OPS_FL_DIRECT && !filter->direct &&
	    !ops->direct_call)
		return -EINVAL;
	return 0;
}

#define OPS_BUSY \
	(FTRACE_OPS_FL_ENABLED | FTRACE_OPS_FL_ADDING | FTRACE_OPS_FL_REMOVING)

static int check_new_ops(const struct ftrace_ops *ops)
{
	if (ops->flags & FTRACE_OPS_FL_DELETED || !ops->func)
		return -EINVAL;
	if (ops->flags & OPS_BUSY)
		return -EBUSY;
	if (ops->flags & FTRACE_OPS_FL_PERMANENT && !ftrace_enabled)
		return -EBUSY;
	return ftrace_check_hashes(ops, ops->filter_hash, ops->notrace_hash);
}

/*
 * A lack of memory is no error here: the list function serves the ops. Return:
 * 0; -EINVAL the owner's trampoline is out of reach.
 */
static int make_trampoline(struct ftrace_ops *ops)
{
	union {
		struct ftrace_tramp_desc desc;
		char room[sizeof(struct ftrace_tramp_desc) +
			  sizeof(struct ftrace_tramp_call)];
	} one = { .desc = { .n = 1 } };

	if (ops->trampoline)
		return arch_ftrace_reaches(ops->trampoline) ? 0 : -EINVAL;
	if (!ftrace_use_trampolines ||
	    ops->flags & (FTRACE_OPS_FL_STUB | FTRACE_OPS_FL_DIRECT))
		return 0;
	one.desc.regs = ops->flags & FTRACE_OPS_FL_SAVE_REGS;
	one.desc.gate = ops->gate;
	if (ops->fast && ops->fast->func == ops->saved_func)
		one.desc.fast = ops->fast;
	one.desc.call[0] = (struct ftrace_tramp_call){
		.func = ops->func,
		.ops = ops,
		.guard = ops->flags & FTRACE_OPS_FL_RECURSION,
	};
	ops->trampoline = arch_ftrace_make_trampoline(&one.desc);
	if (ops->trampoline)
		ops->flags |= FTRACE_OPS_FL_ALLOC_TRAMP;
	return 0;
}

void ftrace_ops_take_trampoline(struct ftrace_ops *ops,
				struct ftrace_retired *retired)
{
	if (!(ops->flags & FTRACE_OPS_FL_ALLOC_TRAMP))
		return;
	BUG_ON(retired->tramp); /* @retired holds only one */
	retired->tramp = ops->trampoline;
	ops->trampoline = 0;
	ops->flags &= ~FTRACE_OPS_FL_ALLOC_TRAMP;
}

static void list_append(struct ftrace_ops *ops)
{
	struct ftrace_ops **end = &ftrace_ops_list;

	while (*end)
		end = &(*end)->next;
	ops->next = NULL;
	*end = ops;
}

static void list_unlink(struct ftrace_ops *ops)
{
	struct ftrace_ops **link = &ftrace_ops_list;

	while (*link != ops)
		link = &(*link)->next;
	*link = ops->next;
	ops->next = NULL;
}

int ftrace_ops_prepare(struct ftrace_ops *ops)
{
	ops->flags |= FTRACE_OPS_FL_ADDING;
	if (!is_static_data(ops))
		ops->flags |= FTRACE_OPS_FL_DYNAMIC;
	if (ops->flags & FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED)
		ops->flags |= FTRACE_OPS_FL_SAVE_REGS;
	ops->saved_func = ops->func;
	if (ops->pids && ops->pids->func)
		ops->func = ops->pids->func;
	ops->seq = next_seq++;
	return make_trampoline(ops);
}

void ftrace_ops_unprepare(struct ftrace_ops *ops, unsigned long flags)
{
	struct ftrace_retired unseen = { 0 }; /* never published */

	ftrace_ops_take_trampoline(ops, &unseen);
	ftrace_discard(&unseen);
	ops->func = ops->saved_func;
	ops->flags = flags;
}

void ftrace_ops_arrive(struct ftrace_ops *ops)
{
	list_append(ops);
	ops->flags |= FTRACE_OPS_FL_ENABLED;
}

static int register_locked(struct ftrace_ops *ops,
			   struct ftrace_retired *retired)
{
	struct ftrace_request request = {
		.ops = ops,
		.after = true,
		.filter = ops->filter_hash,
		.exclude = ops->notrace_hash,
		.direct = ops->direct_call,
	};
	unsigned long flags = ops->flags;
	struct ftrace_plan plan;
	int err;

	err = ftrace_ops_prepare(ops);
	if (!err)
		err = ftrace_plan_build(&plan, &request);
	if (!err)
		err = ftrace_begin(&plan);
	if (err) {
		ftrace_ops_unprepare(ops, flags);
		return err;
	}
	ftrace_ops_arrive(ops);
	ops->nr_sites = plan.nr_sites;
	ftrace_commit(&plan, retired);
	ops->flags &= ~FTRACE_OPS_FL_ADDING;
	return 0;
}

int ftrace_register(struct ftrace_ops *ops, struct ftrace_retired *retired)
{
	int err;

	assert_held(&direct_mutex);
	err = check_new_ops(ops);
	if (!err)
		err = ftrace_share(ops, ops->filter_hash, ops->notrace_hash);
	if (err)
		return err;
	mutex_lock(&ftrace_lock);
	err = register_locked(ops, retired);
	mutex_unlock(&ftrace_lock);
	if (err)
		share_failed(ops);
	return err;
}

void ftrace_ops_leave(struct ftrace_ops *ops)
{
	list_unlink(ops);
	ops->nr_sites = 0;
	ops->flags &= ~FTRACE_OPS_FL_ENABLED;
}

static int unregister_locked(struct ftrace_ops *ops,
			     struct ftrace_retired *retired)
{
	struct ftrace_request request = {
		.ops = ops,
		.before = true,
	};
	struct ftrace_plan plan;
	int err;

	if (!(ops->flags & FTRACE_OPS_FL_ENABLED))
		return -EBUSY;
	ops->flags |= FTRACE_OPS_FL_REMOVING;
	err = ftrace_plan_build(&plan, &request);
	if (!err)
		err = ftrace_begin(&plan);
	if (err) {
		ops->flags &= ~FTRACE_OPS_FL_REMOVING;
		return err;
	}
	ftrace_ops_leave(ops);
	ftrace_commit(&plan, retired);
	ftrace_ops_take_trampoline(ops, retired);
	retired->wait = true;
	return 0;
}

int ftrace_unregister(struct ftrace_ops *ops, struct ftrace_retired *retired)
{
	int err;

	assert_held(&direct_mutex);
	mutex_lock(&ftrace_lock);
	err = unregister_locked(ops, retired);
	mutex_unlock(&ftrace_lock);
	if (!err && ops->flags & FTRACE_OPS_FL_IPMODIFY)
		ftrace_unshare();
	return err;
}

void ftrace_forget(struct ftrace_ops *ops, struct ftrace_retired *retired)
{
	ftrace_retire(retired);
	ops->func = ops->saved_func;
	ops->flags &= ~FTRACE_OPS_FL_REMOVING;
}

/* ---- the public interface ---- */

int register_ftrace_function(struct ftrace_ops *ops)
{
	struct ftrace_retired retired = { 0 };
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	err = ftrace_register(ops, &retired);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

int unregister_ftrace_function(struct ftrace_ops *ops)
{
	struct ftrace_retired retired = { 0 };
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	err = ftrace_unregister(ops, &retired);
	ftrace_leave();
	if (!err)
		ftrace_forget(ops, &retired);
	return err;
}
