// SPDX-License-Identifier: MIT
/*
 * ftrace_check.c - checks all sites, for tests and the torture.
 *
 * Recomputes the subscribers of each site from the list of ops and their
 * filters alone. Compares them with the record's set (I7), the target of that
 * set, and the bytes. Shares only the filters with the planner.
 *
 * Context: task, takes ftrace_lock.
 */
#include "kernel/base/printk.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

/*
 * Is the set of site @i exactly the ops that match it, in the order of the
 * list? Return: NULL, or what is wrong.
 */
static const char *check_members(const struct ftrace_set *set, u32 i)
{
	const struct ftrace_ops *ops, *direct = NULL;
	unsigned int nr = 0;

	for (ops = ftrace_ops_list; ops; ops = ops->next) {
		if (!ftrace_ops_match(ops, i))
			continue;
		if (!(ops->flags & FTRACE_OPS_FL_DIRECT)) {
			if (set->ops[nr] != ops)
				return "a subscriber is missing or misplaced";
			nr++;
			continue;
		}
		if (direct)
			return "two direct callers";
		direct = ops;
	}
	if (set->nr != nr || set->ops[nr])
		return "a subscriber that does not match";
	if (set->direct_ops != direct || !direct != !set->direct)
		return "not its direct caller";
	return NULL;
}

/* A direct ops has one target for all its sites, or one for each. */
static unsigned long site_direct(const struct ftrace_ops *ops, u32 i)
{
	const struct ftrace_hash *filter = ops->filter_hash;

	return filter->direct ? filter->direct[ftrace_hash_pos(filter, i)] :
				ops->direct_call;
}

/* Check that the set's kind and target follow the rules of the ladder. */
static const char *check_target(const struct ftrace_set *set, u32 i)
{
	const struct ftrace_ops *direct = set->direct_ops;
	bool regs = set->flags & FTRACE_SET_REGS;

	if (direct && site_direct(direct, i) != set->direct)
		return "wrong direct target";
	switch (set->kind) {
	case FTRACE_SET_NOP:
		return set_users(set) || set->target ? "NOP with subscribers" :
						       NULL;
	case FTRACE_SET_DIRECT:
		return set->nr || set->target != set->direct ?
			       "not only a direct caller" :
			       NULL;
	case FTRACE_SET_TRAMP:
		return set_users(set) != 1 ||
				       set->target != set->ops[0]->trampoline ?
			       "not the one ops' trampoline" :
			       NULL;
	case FTRACE_SET_CHAIN:
		return set_users(set) < 2 || set->flags & FTRACE_SET_STUB ?
			       "chain where none should be" :
			       NULL;
	case FTRACE_SET_LIST:
		return set->target != arch_ftrace_static_caller(regs) ?
			       "not the static caller" :
			       NULL;
	}
	return "no such kind of set";
}

/* The record, its two sets, and the bytes at its site. */
static const char *check_rec(const struct dyn_ftrace *rec, u32 i)
{
	const struct ftrace_set *wanted = set_of(rec->wanted);
	const struct ftrace_set *actual = set_of(rec->actual);
	const char *wrong;

	if (rec->flags & FTRACE_FL_DISABLED)
		return rec->sets ? "disabled but in use" : NULL;
	wrong = check_members(wanted, i);
	if (!wrong)
		wrong = check_target(wanted, i);
	if (wrong)
		return wrong;
	if (rec->actual != (ftrace_enabled ? rec->wanted : 0))
		return "wanted and actual differ";
	if (arch_ftrace_read(rec_ip(rec)) != actual->target)
		return "the bytes call something else";
	if (wanted->id && ftrace_enabled && !(rec->flags & FTRACE_FL_TOUCHED))
		return "in use but never touched";
	return NULL;
}

/* Each set has one reference for each record that wants it. */
static size_t check_refs(void)
{
	struct ftrace_set *set;
	size_t i, bad = 0;

	for (i = 0; i < ftrace_nr_recs; i++)
		set_of(ftrace_recs[i].wanted)->refs--;
	for (i = 0; i < ftrace_nr_recs; i++) {
		set = set_of(ftrace_recs[i].wanted);
		if (set->id && set->refs)
			bad++;
	}
	for (i = 0; i < ftrace_nr_recs; i++)
		set_of(ftrace_recs[i].wanted)->refs++;
	if (bad)
		pr_err("ftrace_check: references of %zu sites are off\n", bad);
	return bad;
}

/* Only the first fault is printed: one cause makes many. */
size_t ftrace_check(void)
{
	const char *wrong;
	size_t i, bad = 0;

	mutex_lock(&ftrace_lock);
	for (i = 0; i < ftrace_nr_recs; i++) {
		wrong = check_rec(&ftrace_recs[i], i);
		if (!wrong)
			continue;
		if (!bad++)
			pr_err("ftrace_check: %pS: %s\n",
			       (void *)rec_ip(&ftrace_recs[i]), wrong);
	}
	bad += check_refs();
	mutex_unlock(&ftrace_lock);
	return bad;
}
