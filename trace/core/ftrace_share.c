// SPDX-License-Identifier: MIT
/*
 * ftrace_share.c - a direct caller and an ops that changes the ip, on one site.
 *
 * Both determine where the call continues. They can share the site if the
 * direct target calls or returns to the return address on its stack, instead of
 * a function of its own choice. When the second of the two is added, the core
 * asks the direct caller's ops_func whether its target does that; ops_func may
 * exchange the target first. The second is refused if there is no ops_func, if
 * ops_func refuses, or if the site jumps to the target, which then finds no
 * return address. The core also calls ops_func when the last ip modifier has
 * left the direct caller's sites.
 *
 * Context and locks: task, direct_mutex; ftrace_lock is not held, so that
 * ops_func can exchange its target (modify_ftrace_direct_nolock()). The list
 * of ops changes under both locks and may be read under either.
 */
#include "kernel/lib/errno.h"
#include "trace/core/ftrace_internal.h"

/* Does @ops match a site of @hash that is not in @exclude? */
static bool ops_overlap(const struct ftrace_ops *ops,
			const struct ftrace_hash *hash,
			const struct ftrace_hash *exclude)
{
	struct ftrace_match match = ftrace_match_of(ops);
	bool is = false;
	size_t i;

	for (i = 0; i < hash->count && !is; i++)
		if (!exclude || !ftrace_hash_test(exclude, hash->rec[i]))
			ftrace_match_stretch(&match, hash->rec[i], &is);
	return is;
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

void ftrace_share_failed(struct ftrace_ops *ops)
{
	if (ops->flags & FTRACE_OPS_FL_SHARES)
		withdraw(ops); /* unshare cannot: it is not on the list */
	/*
	 * Not for a stub, which may be registered while owners are being asked.
	 */
	if (ops->flags & FTRACE_OPS_FL_IPMODIFY)
		ftrace_unshare();
}
