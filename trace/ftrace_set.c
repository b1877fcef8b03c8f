// SPDX-License-Identifier: MIT
/*
 * ftrace_set.c - sets of consumers: who shares a site, and what it then calls.
 *
 * Owns the sets, their ids and the chains generated for them. Equal sets are
 * one object, so sites that have the same consumers hold the same 16-bit id,
 * and a decision made for one of them is made for all.
 *
 * Invariants
 * S1  Two sets never have the same consumers and direct target.
 * S2  refs counts the records that want a set, plus pins of the request under
 *     way; a set without any cannot be found any more and is freed after a
 *     wait (I4).
 * S3  Set 0 has no consumers; it is never counted and never freed.
 *
 * Context and locks: ftrace_lock, except where a reader without locks is
 * named. See DESIGN.md, "Ladder".
 */
#include "trace/ftrace_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/quiesce.h"
#include <asm/barrier.h>

#define SET_BUCKETS  1024
#define CHAIN_MEMORY (256UL << 10) /* of the executable pool */

struct ftrace_set **ftrace_set_dir[FTRACE_SET_MAX / FTRACE_SET_PAGE];
bool ftrace_use_trampolines = true;
bool ftrace_use_chains = true;

static struct ftrace_set *set_zero_page[FTRACE_SET_PAGE];
/* S3; room for the NULL that ends its callbacks */
static union {
	struct ftrace_set set;
	char room[sizeof(struct ftrace_set) + sizeof(struct ftrace_ops *)];
} zero;
#define set_zero (zero.set)
static u16 set_bucket[SET_BUCKETS]; /* ids, 0 ends */
static u32 set_ids = 1;		    /* ids from here on were never used */
static u16 set_free_id;		    /* 0: none; linked as odd "pointers" */
static struct ftrace_set_stats stats;

void ftrace_set_init(void)
{
	set_zero_page[0] = &set_zero;
	ftrace_set_dir[0] = set_zero_page;
}

/* ---- ids ---- */

static struct ftrace_set **set_slot(u16 id)
{
	return &ftrace_set_dir[id / FTRACE_SET_PAGE][id % FTRACE_SET_PAGE];
}

static int id_alloc(u16 *id)
{
	struct ftrace_set **page;

	if (set_free_id) {
		*id = set_free_id;
		set_free_id = (unsigned long)*set_slot(*id) >> 1;
		return 0;
	}
	if (set_ids == FTRACE_SET_MAX)
		return -ENOSPC;
	if (!ftrace_set_dir[set_ids / FTRACE_SET_PAGE]) {
		page = kcalloc(FTRACE_SET_PAGE, sizeof(*page));
		if (!page)
			return -ENOMEM;
		ftrace_set_dir[set_ids / FTRACE_SET_PAGE] = page;
	}
	*id = set_ids++;
	return 0;
}

static void id_free(u16 id)
{
	*set_slot(id) = (void *)((unsigned long)set_free_id << 1 | 1);
	set_free_id = id;
}

/* ---- finding an equal set ---- */

static u16 *set_hash(const struct ftrace_set *set)
{
	unsigned long sum = set->direct ^ (unsigned long)set->direct_ops;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		sum = sum * 31 + ((unsigned long)set->ops[i] >> 4);
	sum *= 0x9e3779b97f4a7c15UL;
	return &set_bucket[sum >> 54];
}
static_assert(SET_BUCKETS == 1 << (64 - 54), "set_hash() gives 10 bits");

static bool set_equal(const struct ftrace_set *a, const struct ftrace_set *b)
{
	return a->nr == b->nr && a->direct == b->direct &&
	       a->direct_ops == b->direct_ops &&
	       !memcmp(a->ops, b->ops, a->nr * sizeof(a->ops[0]));
}

static struct ftrace_set *set_find(const struct ftrace_set *like, u16 *bucket)
{
	struct ftrace_set *set;
	u16 id;

	for (id = *bucket; id; id = set->hash_next) {
		set = set_of(id);
		if (set_equal(set, like))
			return set;
	}
	return NULL;
}

static void set_unhash(struct ftrace_set *set)
{
	u16 *id = set_hash(set);

	while (*id != set->id)
		id = &set_of(*id)->hash_next;
	*id = set->hash_next;
}

/* ---- the ladder: what a site with this set calls ---- */

static unsigned long make_chain(struct ftrace_set *set)
{
	unsigned int i, n = set->nr;
	struct ftrace_tramp_desc *desc;
	unsigned long chain = 0;

	desc = kmalloc(sizeof(*desc) + n * sizeof(desc->call[0]));
	if (!desc)
		return 0;
	desc->n = n;
	desc->regs = set->flags & FTRACE_SET_REGS;
	desc->direct = set->direct;
	for (i = 0; i < n; i++) {
		desc->call[i].func = set->ops[i]->func;
		desc->call[i].ops = set->ops[i];
		desc->call[i].guard = set->ops[i]->flags &
				      FTRACE_OPS_FL_RECURSION;
	}
	set->chain_size = arch_ftrace_trampoline_size(desc);
	if (stats.chain_bytes + set->chain_size <= CHAIN_MEMORY)
		chain = arch_ftrace_make_trampoline(desc);
	kfree(desc);
	if (!chain)
		return 0;
	stats.chains++;
	stats.chain_bytes += set->chain_size;
	return chain;
}

/* Failing to get a better answer is no failure: the list serves anybody. */
static void set_choose_target(struct ftrace_set *set)
{
	set->kind = FTRACE_SET_LIST;
	if (!set->nr) {
		set->kind = FTRACE_SET_DIRECT;
		set->target = set->direct;
	} else if (set->flags & FTRACE_SET_STUB) {
		/* Only the list function leaves somebody out. */
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
		set->target =
			arch_ftrace_static_caller(set->flags & FTRACE_SET_REGS);
}

/* ---- making sets ---- */

static u8 set_flags(unsigned long ops_flags)
{
	u8 flags = 0;

	if (ops_flags & FTRACE_OPS_FL_SAVE_REGS)
		flags |= FTRACE_SET_REGS;
	if (ops_flags & FTRACE_OPS_FL_IPMODIFY)
		flags |= FTRACE_SET_IPMODIFY;
	if (ops_flags & FTRACE_OPS_FL_STUB)
		flags |= FTRACE_SET_STUB;
	if (ops_flags & FTRACE_OPS_FL_RECURSION)
		flags |= FTRACE_SET_GUARD;
	return flags;
}

static void set_append(struct ftrace_set *set, struct ftrace_ops *ops)
{
	set->ops[set->nr++] = ops;
	set->flags |= set_flags(ops->flags);
}

/* The callbacks of @from without @ops, or with it in its place by age. */
static void copy_calls(struct ftrace_set *set, const struct ftrace_set *from,
		       struct ftrace_ops *ops, bool add)
{
	unsigned int i;

	for (i = 0; i < from->nr; i++) {
		if (from->ops[i] == ops)
			continue;
		if (add && ops->seq < from->ops[i]->seq) {
			set_append(set, ops);
			add = false;
		}
		set_append(set, from->ops[i]);
	}
	if (add)
		set_append(set, ops);
}

/* What was asked for; not yet interned. */
static struct ftrace_set *set_draft(const struct ftrace_set *from,
				    struct ftrace_ops *ops, bool add,
				    unsigned long direct)
{
	bool is_direct = ops->flags & FTRACE_OPS_FL_DIRECT;
	struct ftrace_set *set;

	/* Room for one more, and for the NULL at the end. */
	set = kzalloc(sizeof(*set) + (from->nr + 2) * sizeof(set->ops[0]));
	if (!set)
		return NULL;
	if (!is_direct) {
		set->direct = from->direct;
		set->direct_ops = from->direct_ops;
	} else if (add) {
		set->direct = direct;
		set->direct_ops = ops;
	}
	if (set->direct)
		set->flags = FTRACE_SET_HAS_DIRECT;
	copy_calls(set, from, ops, add && !is_direct);
	return set;
}

struct ftrace_set *ftrace_set_change(const struct ftrace_set *from,
				     struct ftrace_ops *ops, bool add,
				     unsigned long direct)
{
	struct ftrace_set *set, *same;
	u16 *bucket;
	int err;

	set = set_draft(from, ops, add, direct);
	if (!set)
		return ERR_PTR(-ENOMEM);
	bucket = set_hash(set);
	same = set_users(set) ? set_find(set, bucket) : &set_zero; /* S1, S3 */
	if (same) {
		kfree(set);
		same->refs++;
		return same;
	}
	err = id_alloc(&set->id);
	if (err) {
		kfree(set);
		return ERR_PTR(err);
	}
	set_choose_target(set);
	set->refs = 1;
	set->hash_next = *bucket;
	*bucket = set->id;
	stats.sets++;
	/* Pairs with list_set(), ftrace_list.c: found only when complete. */
	smp_store_release(set_slot(set->id), set);
	return set;
}

/* ---- giving them back ---- */

void ftrace_set_put(struct ftrace_set *set, u32 n,
		    struct ftrace_retired *retired)
{
	if (set == &set_zero)
		return; /* S3 */
	set->refs -= n;
	if (set->refs)
		return;
	set_unhash(set);
	set->next = retired->sets;
	retired->sets = set;
}

/* Nobody is inside the chain or reads the set any more. */
static void set_free(struct ftrace_set *set)
{
	id_free(set->id);
	stats.sets--;
	if (set->kind == FTRACE_SET_CHAIN) {
		arch_ftrace_free_trampoline(set->target);
		stats.chains--;
		stats.chain_bytes -= set->chain_size;
	}
	kfree(set);
}

void ftrace_discard(struct ftrace_retired *retired)
{
	struct ftrace_set *set;

	assert_held(&ftrace_lock);
	while (retired->sets) {
		set = retired->sets;
		retired->sets = set->next;
		set_free(set);
	}
	if (retired->tramp)
		arch_ftrace_free_trampoline(retired->tramp);
	*retired = (struct ftrace_retired){ 0 };
}

void ftrace_retire(struct ftrace_retired *retired)
{
	if (!retired->sets && !retired->tramp && !retired->wait)
		return;
	synchronize_tasks();
	mutex_lock(&ftrace_lock);
	ftrace_discard(retired);
	mutex_unlock(&ftrace_lock);
}

/* ---- */

static void update_chain(struct ftrace_set *set, struct ftrace_ops *ops)
{
	unsigned int i;

	if (set->kind != FTRACE_SET_CHAIN)
		return;
	for (i = 0; i < set->nr; i++)
		if (set->ops[i] == ops)
			arch_ftrace_set_inner(set->target, i, ops->func);
}

void ftrace_set_update_func(struct ftrace_ops *ops)
{
	unsigned int bucket;
	u16 id;

	assert_held(&ftrace_lock);
	for (bucket = 0; bucket < SET_BUCKETS; bucket++)
		for (id = set_bucket[bucket]; id; id = set_of(id)->hash_next)
			update_chain(set_of(id), ops);
}

void ftrace_set_stats(struct ftrace_set_stats *out)
{
	*out = stats;
}
