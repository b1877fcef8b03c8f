// SPDX-License-Identifier: MIT
/*
 * ftrace_set.c - sets: the subscribers that share a site. ftrace_chain.c
 * chooses the target of such a site.
 *
 * Owns the sets and their ids. Equal sets are one object. So sites with the
 * same subscribers hold the same 16-bit id, and a decision made for one of them
 * is made for all.
 *
 * Invariants
 * S1  Two sets never have the same subscribers and direct target.
 * S2  refs counts the records that want a set. A set with no refs and no pin of
 *     a request in progress cannot be found any more and is freed after a wait
 *     (I4).
 * S3  Set 0 has no subscribers; it is never counted and never freed.
 *
 * Context and locks: ftrace_lock, except where a reader without locks is
 * named. See DESIGN.md, "Ladder".
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

#define SET_BUCKETS 4096

struct ftrace_set *ftrace_set_dir[FTRACE_SET_MAX / FTRACE_SET_PAGE];

static struct ftrace_ops *no_calls[1]; /* the empty array: its NULL only */
static struct ftrace_set first_page[FTRACE_SET_PAGE];
#define set_zero (first_page[0])    /* S3 */
static u16 set_bucket[SET_BUCKETS]; /* ids, 0 ends */
static struct ftrace_set_stats stats;

/* ---- ids: the place of a set in its page, allocated when needed ---- */

static struct {
	u16 free; /* a free id; hash_next links the others, 0 ends */
	u16 used;
} set_page[ARRAY_SIZE(ftrace_set_dir)];
static size_t set_page_hint; /* the pages below it are full */

/* ops == NULL marks a free slot; a live set has an array, at least no_calls. */
static void id_free(struct ftrace_set *set)
{
	size_t i = set->id / FTRACE_SET_PAGE;

	set->ops = NULL;
	set->hash_next = set_page[i].free;
	set_page[i].free = set->id;
	set_page_hint = min(set_page_hint, i);
	if (--set_page[i].used)
		return;
	kfree(ftrace_set_dir[i]);
	ftrace_set_dir[i] = NULL;
	set_page[i].free = 0;
}

static void page_init(size_t i, struct ftrace_set *page)
{
	size_t k;

	ftrace_set_dir[i] = page;
	set_page[i].free = 0;
	for (k = FTRACE_SET_PAGE; k--;) {
		page[k].ops = NULL;
		page[k].id = i * FTRACE_SET_PAGE + k;
		page[k].hash_next = set_page[i].free;
		set_page[i].free = page[k].id;
	}
}

void ftrace_set_init(void)
{
	page_init(0, first_page);
	set_page[0].free = set_zero.hash_next;
	set_page[0].used = 1;
	set_zero.ops = no_calls;
	set_zero.flags = FTRACE_SET_NOT_CALLS;
}

static noinline int find_page(void)
{
	struct ftrace_set *page;
	size_t i = set_page_hint;

	while (i < ARRAY_SIZE(set_page) && set_page[i].used == FTRACE_SET_PAGE)
		i++;
	if (i == ARRAY_SIZE(set_page))
		return -ENOSPC;
	set_page_hint = i;
	if (ftrace_set_dir[i])
		return 0;
	page = kmalloc(FTRACE_SET_PAGE * sizeof(*page));
	if (!page)
		return -ENOMEM;
	page_init(i, page);
	return 0;
}

/* Allocate a set with its id; the caller fills in all other fields. */
static __always_inline struct ftrace_set *id_alloc(void)
{
	struct ftrace_set *set;
	size_t i = set_page_hint;
	int err;
	u16 id;

	if (!set_page[i].free) {
		err = find_page();
		if (err)
			return ERR_PTR(err);
		i = set_page_hint;
	}
	id = set_page[i].free;
	set = &ftrace_set_dir[i][id % FTRACE_SET_PAGE];
	set_page[i].free = set->hash_next;
	set_page[i].used++;
	return set;
}

/* ---- finding an equal set ---- */

/* The subscribers of a site, the key of a set: equal keys mean one set. */
struct who {
	unsigned long direct;
	struct ftrace_ops *direct_ops;
	struct ftrace_ops **ops;
	u16 nr, bucket;
	u8 flags;
};

static __always_inline u16 who_hash(const struct who *who)
{
	unsigned long sum = who->direct ^ (unsigned long)who->direct_ops;
	unsigned int i;

	for (i = 0; i < who->nr; i++)
		sum = sum * 31 + ((unsigned long)who->ops[i] >> 4);
	return sum * 0x9e3779b97f4a7c15UL >> 52;
}
static_assert(SET_BUCKETS == 1 << (64 - 52), "who_hash() gives 12 bits");

static __always_inline bool set_is(const struct ftrace_set *set,
				   const struct who *who)
{
	return set->direct == who->direct &&
	       set->direct_ops == who->direct_ops && set->nr == who->nr &&
	       !memcmp(set->ops, who->ops, who->nr * sizeof(who->ops[0]));
}

static __always_inline struct ftrace_set *set_find(const struct who *who)
{
	struct ftrace_set *set;
	u16 id;

	for (id = set_bucket[who->bucket]; id; id = set->hash_next) {
		set = set_of(id);
		if (set_is(set, who))
			return set;
	}
	return NULL;
}

static void set_unhash(struct ftrace_set *set)
{
	u16 *id = &set_bucket[set->bucket];

	while (*id != set->id)
		id = &set_of(*id)->hash_next;
	*id = set->hash_next;
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

static void who_append(struct who *who, struct ftrace_ops *ops)
{
	who->ops[who->nr++] = ops;
	who->flags |= set_flags(ops->flags);
}

/* Appends the callbacks of @from and, behind them, the youngest ops. */
static void who_append_youngest(struct who *who, const struct ftrace_set *from,
				struct ftrace_ops *ops)
{
	memcpy(who->ops, from->ops, from->nr * sizeof(who->ops[0]));
	who->nr = from->nr;
	who->flags |= from->flags & ~FTRACE_SET_NOT_CALLS;
	who_append(who, ops);
}

/* Appends them without @ops or, with @add, with it in its place by age. */
static void who_merge(struct who *who, const struct ftrace_set *from,
		      struct ftrace_ops *ops, bool add)
{
	unsigned int i;

	for (i = 0; i < from->nr; i++) {
		if (from->ops[i] == ops)
			continue;
		if (add && ops->seq < from->ops[i]->seq) {
			who_append(who, ops);
			add = false;
		}
		who_append(who, from->ops[i]);
	}
	if (add)
		who_append(who, ops);
}

/* Makes the array of callbacks of @from without @ops or, with @add, with it. */
static noinline int who_calls(struct who *who, const struct ftrace_set *from,
			      struct ftrace_ops *ops, bool add)
{
	bool youngest = add &&
			(!from->nr || ops->seq > from->ops[from->nr - 1]->seq);

	if (add && from->nr == FTRACE_SET_CALLS_MAX)
		return -ENOSPC;
	/* Room for one more, and for the NULL at the end. */
	who->ops = kmalloc((from->nr + 2) * sizeof(who->ops[0]));
	if (!who->ops)
		return -ENOMEM;
	if (youngest)
		who_append_youngest(who, from, ops);
	else
		who_merge(who, from, ops, add);
	who->ops[who->nr] = NULL;
	return 0;
}

static void who_free(struct ftrace_ops **ops)
{
	if (ops != no_calls)
		kfree(ops);
}

static __always_inline int who_after(struct who *who,
				     const struct ftrace_set *from,
				     struct ftrace_ops *ops, bool add,
				     unsigned long direct)
{
	bool is_direct = ops->flags & FTRACE_OPS_FL_DIRECT;
	int err = 0;

	*who = (struct who){ .ops = no_calls };
	if (!is_direct) {
		who->direct = from->direct;
		who->direct_ops = from->direct_ops;
	} else if (add) {
		who->direct = direct;
		who->direct_ops = ops;
	}
	if (who->direct)
		who->flags = FTRACE_SET_NOT_CALLS;
	if (from->nr || !is_direct)
		err = who_calls(who, from, ops, add && !is_direct);
	who->bucket = who_hash(who);
	return err;
}

/* The short path for a direct caller alone: each site may have such a set. */
static __always_inline void set_choose_target(struct ftrace_set *set)
{
	if (set->nr) {
		ftrace_set_choose_target(set);
		return;
	}
	set->kind = FTRACE_SET_DIRECT;
	set->target = set->direct;
	set->waits = false;
}

static __always_inline struct ftrace_set *set_make(const struct who *who)
{
	struct ftrace_set *set = id_alloc();

	if (IS_ERR(set))
		return set;
	set->direct = who->direct;
	set->direct_ops = who->direct_ops;
	set->ops = who->ops;
	set->bucket = who->bucket;
	set->nr = who->nr;
	set->flags = who->flags;
	set->refs = 0;
	set->memo = (struct ftrace_memo){ 0 };
	set_choose_target(set);
	set->hash_next = set_bucket[set->bucket];
	set_bucket[set->bucket] = set->id;
	stats.sets++;
	return set;
}

/*
 * An ops being registered is only in sets that the plan makes. The plan makes
 * one for each old set, unless the ops has direct targets.
 */
static __always_inline bool is_unheard_of(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ADDING &&
	       !(ops->flags & FTRACE_OPS_FL_DIRECT);
}

/*
 * The set of a direct caller alone. Each of its sites may have one, so all of
 * it is in registers.
 */
static struct ftrace_set *set_of_target(struct ftrace_ops *ops,
					unsigned long direct)
{
	struct who who = { .ops = no_calls, .flags = FTRACE_SET_NOT_CALLS };
	struct ftrace_set *set;

	who.direct = direct;
	who.direct_ops = ops;
	who.bucket = who_hash(&who);
	set = set_find(&who) ?: set_make(&who); /* S1 */
	if (!IS_ERR(set))
		set->pinned = true;
	return set;
}

struct ftrace_set *ftrace_set_change(const struct ftrace_set *from,
				     struct ftrace_ops *ops, bool add,
				     unsigned long direct)
{
	struct ftrace_set *set, *same;
	struct who who;
	int err;

	if (ops->flags & FTRACE_OPS_FL_DIRECT && add && direct && !from->nr)
		return set_of_target(ops, direct);
	err = who_after(&who, from, ops, add, direct);
	if (err)
		return ERR_PTR(err);
	if (!who.nr && !who.direct)
		same = &set_zero; /* S3 */
	else if (add && is_unheard_of(ops))
		same = NULL;
	else
		same = set_find(&who); /* S1 */
	set = same ?: set_make(&who);
	if (same || IS_ERR(set))
		who_free(who.ops);
	if (!IS_ERR(set))
		set->pinned = true;
	return set;
}

int ftrace_set_is_new(const struct ftrace_set *from, struct ftrace_ops *ops,
		      bool add, unsigned long direct)
{
	struct who who;
	bool new;
	int err = who_after(&who, from, ops, add, direct);

	if (err)
		return err;
	new = (who.nr || who.direct) && !set_find(&who);
	who_free(who.ops);
	return new;
}

size_t ftrace_set_room(void)
{
	return FTRACE_SET_MAX - 1 - stats.sets;
}

/* ---- dropping and freeing sets ---- */

static void set_retire(struct ftrace_set *set, struct ftrace_retired *retired)
{
	set_unhash(set);
	set->next = retired->sets;
	retired->sets = set;
}

void ftrace_set_put(struct ftrace_set *set, u32 n,
		    struct ftrace_retired *retired)
{
	if (set == &set_zero)
		return; /* S3 */
	set->refs -= n;
	if (!set->refs && !set->pinned)
		set_retire(set, retired);
}

void ftrace_set_unpin(struct ftrace_set *set, struct ftrace_retired *retired)
{
	if (set->pinned && !set->refs && set != &set_zero)
		set_retire(set, retired);
	set->pinned = false;
}

/* Context: no task is inside the chain or reads the set any more. */
static void set_free(struct ftrace_set *set)
{
	stats.sets--;
	if (set->nr)
		ftrace_set_drop_target(set);
	who_free(set->ops);
	id_free(set);
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

/* ---- */

static void update_chain(const struct ftrace_set *set, struct ftrace_ops *ops)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->ops[i] == ops)
			arch_ftrace_set_inner(set->target, i, ops->func);
}

void ftrace_set_update_func(struct ftrace_ops *ops)
{
	const struct ftrace_set *set;
	size_t i, k;

	assert_held(&ftrace_lock);
	for (i = 0; i < ARRAY_SIZE(ftrace_set_dir); i++)
		for (k = 0; ftrace_set_dir[i] && k < FTRACE_SET_PAGE; k++) {
			set = &ftrace_set_dir[i][k];
			if (set->ops && set->kind == FTRACE_SET_CHAIN)
				update_chain(set, ops);
		}
}

void ftrace_set_stats(struct ftrace_set_stats *out)
{
	*out = stats;
	ftrace_chain_stats(out);
}
