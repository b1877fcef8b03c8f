// SPDX-License-Identifier: MIT
/*
 * ftrace_chain.c - chooses the target of the sites of a set: the ladder.
 *
 * Owns the chains. Each set of several subscribers has a trampoline of its own
 * while CHAIN_MEMORY has room. A set without room waits: its sites call the
 * list function, which costs them a multiple.
 *
 * Invariants
 * C1  set->waits is true exactly while only a lack of room or memory keeps the
 *     set on the list function; stats.waiting counts such sets.
 * C2  A set waits until ftrace_retire() has freed enough: all waiting sets fit,
 *     or a quarter of CHAIN_MEMORY is free.
 *
 * Context and locks: task, ftrace_lock. See DESIGN.md, "Ladder".
 */
#include "kernel/base/slab.h"
#include "trace/core/ftrace_internal.h"

#define CHAIN_MEMORY (256UL << 10) /* of the executable pool */

bool ftrace_use_trampolines = true;
bool ftrace_use_chains = true;

static struct ftrace_set_stats stats; /* [F] the chains' part of it */

/* ---- chains ---- */

static struct ftrace_tramp_desc *describe_chain(const struct ftrace_set *set)
{
	unsigned int i, n = set->nr;
	struct ftrace_tramp_desc *desc;

	desc = kmalloc(sizeof(*desc) + n * sizeof(desc->call[0]));
	if (!desc)
		return NULL;
	desc->n = n;
	desc->regs = set->flags & FTRACE_SET_REGS;
	desc->direct = set->direct;
	for (i = 0; i < n; i++) {
		desc->call[i].func = set->ops[i]->func;
		desc->call[i].ops = set->ops[i];
		desc->call[i].guard = set->ops[i]->flags &
				      FTRACE_OPS_FL_RECURSION;
	}
	return desc;
}

static bool has_room(const struct ftrace_set *set)
{
	return stats.chain_bytes + set->chain_size <= CHAIN_MEMORY;
}

/* C1 */
static void wait_for_room(struct ftrace_set *set)
{
	set->waits = true;
	stats.waiting++;
	stats.waiting_bytes += set->chain_size;
}

static void wait_ends(struct ftrace_set *set)
{
	if (!set->waits)
		return;
	set->waits = false;
	stats.waiting--;
	stats.waiting_bytes -= set->chain_size;
}

static u32 chain_size(const struct ftrace_set *set)
{
	unsigned int i, guards = 0;

	for (i = 0; set->flags & FTRACE_SET_GUARD && i < set->nr; i++)
		guards += !!(set->ops[i]->flags & FTRACE_OPS_FL_RECURSION);
	return arch_ftrace_trampoline_size(
		set->nr, guards, set->flags & FTRACE_SET_REGS, set->direct);
}

/* Return: 0 without memory. */
static unsigned long try_chain(const struct ftrace_set *set)
{
	struct ftrace_tramp_desc *desc = describe_chain(set);
	unsigned long chain = desc ? arch_ftrace_make_trampoline(desc) : 0;

	kfree(desc);
	if (!chain)
		return 0;
	stats.chains++;
	stats.chain_bytes += set->chain_size;
	return chain;
}

/* Return: the chain, or 0; then the set waits, if a chain can have its size. */
static unsigned long make_chain(struct ftrace_set *set)
{
	unsigned long chain;

	set->chain_size = chain_size(set);
	if (!set->chain_size)
		return 0;
	chain = has_room(set) ? try_chain(set) : 0;
	if (!chain)
		wait_for_room(set);
	return chain;
}

static void free_chain(const struct ftrace_set *set)
{
	arch_ftrace_free_trampoline(set->target);
	stats.chains--;
	stats.chain_bytes -= set->chain_size;
}

/* ---- the ladder ---- */

unsigned long ftrace_list_target(const struct ftrace_set *set)
{
	return arch_ftrace_static_caller(set->flags & FTRACE_SET_REGS);
}

void ftrace_set_choose_target(struct ftrace_set *set)
{
	set->waits = false;
	set->kind = FTRACE_SET_LIST;
	if (set->flags & FTRACE_SET_STUB) {
		/* Only the list function can skip a subscriber. */
	} else if (set_users(set) == 1) {
		set->target = set->ops[0]->trampoline;
		if (set->target)
			set->kind = FTRACE_SET_TRAMP;
	} else if (ftrace_use_chains && ftrace_use_trampolines) {
		set->target = make_chain(set);
		if (set->target)
			set->kind = FTRACE_SET_CHAIN;
	}
	if (set->kind == FTRACE_SET_LIST)
		set->target = ftrace_list_target(set);
}

void ftrace_set_drop_target(struct ftrace_set *set)
{
	wait_ends(set);
	if (set->kind == FTRACE_SET_CHAIN)
		free_chain(set);
}

void ftrace_chain_stats(struct ftrace_set_stats *out)
{
	out->chains = stats.chains;
	out->chain_bytes = stats.chain_bytes;
	out->waiting = stats.waiting;
	out->waiting_bytes = stats.waiting_bytes;
}

/* ---- from the list to a chain, once there is room ---- */

/* C2: only this much free room is worth a walk over all sites. */
static bool upgrade_pays(void)
{
	size_t room = CHAIN_MEMORY - stats.chain_bytes;

	return stats.waiting &&
	       (room >= stats.waiting_bytes || room >= CHAIN_MEMORY / 4);
}

/*
 * Make a chain for @set, whose sites still call the list function. The pin
 * marks the set for the plan. Return: true if it has a chain now.
 */
static bool upgrade_one(struct ftrace_set *set)
{
	unsigned long chain;

	if (!has_room(set))
		return false;
	wait_ends(set);
	chain = make_chain(set);
	if (!chain)
		return false;
	set->target = chain;
	set->kind = FTRACE_SET_CHAIN;
	set->pinned = true;
	return true;
}

/* Undo upgrade_one(); no site calls the chain yet. */
static void downgrade_one(struct ftrace_set *set)
{
	free_chain(set);
	set->kind = FTRACE_SET_LIST;
	set->target = ftrace_list_target(set);
	wait_for_room(set);
}

/*
 * Make chains for the waiting sets that records want; a retired set has no
 * sites any more. Return: the sets with a new chain, linked by ->next.
 */
static struct ftrace_set *upgrade_all(void)
{
	struct ftrace_set *set, *upgraded = NULL;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(ftrace_set_dir); i++)
		for (k = 0; ftrace_set_dir[i] && k < FTRACE_SET_PAGE; k++) {
			set = &ftrace_set_dir[i][k];
			if (!set->ops || !set->waits || !set->refs ||
			    !upgrade_one(set))
				continue;
			set->next = upgraded;
			upgraded = set;
		}
	return upgraded;
}

struct ftrace_set *ftrace_chains_make(void)
{
	assert_held(&ftrace_lock);
	return upgrade_pays() ? upgrade_all() : NULL;
}

void ftrace_chains_made(struct ftrace_set *set, int err)
{
	struct ftrace_set *next;

	for (; set; set = next) {
		next = set->next;
		set->memo = (struct ftrace_memo){ 0 };
		set->pinned = false;
		if (err)
			downgrade_one(set);
	}
}
