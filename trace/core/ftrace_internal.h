/* SPDX-License-Identifier: MIT */
/*
 * ftrace_internal.h - what the files of the ftrace core share.
 *
 * Three layers of data, each only pointing down:
 *
 *	ops	 who wants to be called; its filter is a hash or two
 *	set	 the consumers some sites have in common, and what such a site
 *		 calls; interned: equal sets are one object
 *	rec	 one site: the set it wants, the set its bytes serve
 *
 * Invariants
 * I4  A set, chain or trampoline that was published is freed only after
 *     synchronize_tasks() (struct ftrace_retired).
 * I6  A request builds everything first; until it publishes nothing that was
 *     there has changed.
 * I7  rec->wanted is the set of the enabled ops whose filter matches.
 *
 * Lock order: direct_mutex > ftrace_lock > text_mutex > allocator > console.
 * Legend as in ftrace.h. The list function reads recs and sets without locks.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace.h"
#include <asm/layout.h>

#define FTRACE_FL_DISABLED 1U /* [I] after boot */
#define FTRACE_FL_TOUCHED  2U /* [F] has called something since boot */
#define FTRACE_FL_MODIFIED 4U /* [F] has had DIRECT or IPMODIFY */

#define FTRACE_FL_SHIFT 26

struct dyn_ftrace {
	union {
		struct {
			u32 ip_off : FTRACE_FL_SHIFT; /* [I] from _text */
			u32 flags : 32 - FTRACE_FL_SHIFT;
		};
		u32 where; /* both, to set a flag in one instruction */
	};
	union {
		struct {
			u16 wanted; /* [F,A] ids of sets */
			u16 actual; /* [F] */
		};
		u32 sets; /* both, for one store */
	};
};
static_assert(sizeof(struct dyn_ftrace) == 8, "8 bytes a site is the promise");

extern struct mutex ftrace_lock;  /* ftrace.c */
extern struct mutex direct_mutex; /* ftrace_direct.c */

/* ---- ftrace_rec.c: the site table ---- */

extern struct dyn_ftrace *ftrace_recs; /* [I] */
extern size_t ftrace_nr_recs;	       /* [I] */

/*
 * Make the table in the memory of [start, stop), site addresses in any order.
 * Context: boot, once.
 */
void ftrace_rec_init(unsigned long *start, unsigned long *stop);

static __always_inline unsigned long rec_ip(const struct dyn_ftrace *rec)
{
	return (unsigned long)_text + rec->ip_off;
}

/* Names of recs in rising order without a search for each. */
struct ftrace_name_walk {
	unsigned int sym, count;       /* symbols looked at, and in all */
	unsigned long addr, next_addr; /* of the present and the next symbol */
	const char *name, *next_name;
	char buf[FTRACE_NAME_MAX]; /* for recs that have no name */
};

void ftrace_name_walk_init(struct ftrace_name_walk *walk);
const char *ftrace_name_walk(struct ftrace_name_walk *walk,
			     const struct dyn_ftrace *rec);

/* ---- ftrace_hash.c: sets of sites as sorted vectors; pure ---- */

struct ftrace_hash {
	size_t count, room;
	unsigned long *direct; /* NULL, or the target of each */
	u32 rec[];	       /* rising indices into the site table */
};

struct ftrace_hash *ftrace_hash_alloc(size_t room, bool direct);
/* a plus or minus b; NULL without memory. b's targets win. */
struct ftrace_hash *ftrace_hash_minus(const struct ftrace_hash *a,
				      const struct ftrace_hash *b);
/* Position of @rec, or of the first above it. */
size_t ftrace_hash_pos(const struct ftrace_hash *hash, u32 rec);
bool ftrace_hash_test(const struct ftrace_hash *hash, u32 rec);

/* One hash asked in rising order: the answer for all sites below end. */
struct ftrace_cursor {
	size_t end;
	size_t pos; /* first element not below end */
	bool in;
};

/* Which sites an ops gets, asked in rising order. Pure. */
struct ftrace_match {
	bool active; /* false: none at all */
	const struct ftrace_hash *filter, *exclude;
	struct ftrace_cursor in_filter, in_exclude;
};

/*
 * Does site @i match? The answer goes to *is and is the same for all sites
 * from @i to the returned index. Sites lie together as files do, so a
 * decision is made for stretches of them, not for each.
 */
size_t ftrace_match_stretch(struct ftrace_match *match, size_t i, bool *is);

/* ---- ftrace_set.c: sets of consumers ---- */

enum ftrace_set_kind {
	FTRACE_SET_NOP,
	FTRACE_SET_DIRECT,
	FTRACE_SET_TRAMP,
	FTRACE_SET_CHAIN,
	FTRACE_SET_LIST,
};

#define FTRACE_SET_REGS	      1U /* somebody wants full registers */
#define FTRACE_SET_IPMODIFY   2U
#define FTRACE_SET_STUB	      4U
#define FTRACE_SET_GUARD      8U /* somebody wants the guard */
#define FTRACE_SET_HAS_DIRECT 16U

/* Where the sites of one set go in the plan being made. */
struct ftrace_memo {
	u32 plan;  /* the number of that plan; another one's tells nothing */
	u16 to[2]; /* the ids of the sets without and with its ops, once known;
		    * the set's own id: not known */
};

struct ftrace_set {
	unsigned long target; /* [F] what a site with it calls */
	unsigned long direct; /* [I] target of the direct caller, 0: none */
	struct ftrace_ops *direct_ops; /* [I] it, or NULL */
	struct ftrace_ops **ops; /* [I] in order of call, NULL at the end */
	union {
		struct ftrace_memo memo; /* [F] while records want it */
		struct ftrace_set *next; /* [F] of those retired */
	};
	u32 refs;	/* [F] recs that want it */
	u32 chain_size; /* [F] bytes of executable memory */
	u16 id;		/* [I] */
	u16 hash_next;	/* [F] id, 0 ends */
	u16 bucket;	/* [I] of the table that finds it */
	u16 nr;		/* [I] callbacks; the direct caller not counted */
	u8 kind;	/* [F] enum ftrace_set_kind */
	u8 flags;	/* [I] FTRACE_SET_* */
	bool pinned;	/* [F] by the plan being made: lives without refs */
	bool waits;	/* [F] would have a chain if there were room (C1) */
};

#define FTRACE_SET_PAGE 64 /* of them are a page of memory */
#define FTRACE_SET_MAX	65536

/* Sets lie in pages that never move; id / FTRACE_SET_PAGE is the page. */
extern struct ftrace_set *ftrace_set_dir[FTRACE_SET_MAX / FTRACE_SET_PAGE];
extern bool ftrace_use_trampolines, ftrace_use_chains; /* [I] command line */

static __always_inline struct ftrace_set *set_of(u16 id)
{
	return &ftrace_set_dir[id / FTRACE_SET_PAGE][id % FTRACE_SET_PAGE];
}

/* Callbacks and direct caller. */
static __always_inline unsigned int set_users(const struct ftrace_set *set)
{
	return set->nr + (set->direct_ops != NULL);
}

void ftrace_set_init(void);

/*
 * The set @from without @ops, or (@add) with it and, if it is a direct caller,
 * with target @direct. The result is pinned.
 * Return: the set; ERR_PTR(-ENOMEM), ERR_PTR(-ENOSPC): too many sets.
 */
struct ftrace_set *ftrace_set_change(const struct ftrace_set *from,
				     struct ftrace_ops *ops, bool add,
				     unsigned long direct);

/* Things to free after a wait. Empty when zero. */
struct ftrace_retired {
	struct ftrace_set *sets;
	unsigned long tramp;
	bool wait; /* wait even if there is nothing to free */
};

/* Give back @n refs, or a pin; what has neither left goes to @retired. */
void ftrace_set_put(struct ftrace_set *set, u32 n,
		    struct ftrace_retired *retired);
void ftrace_set_unpin(struct ftrace_set *set, struct ftrace_retired *retired);
/* Context: task, ftrace_lock not held. Waits, then frees. */
void ftrace_retire(struct ftrace_retired *retired);
/* Free without a wait what was never published. */
void ftrace_discard(struct ftrace_retired *retired);

/* The callback of @ops changed to ops->func: re-poke every chain it is in. */
void ftrace_set_update_func(struct ftrace_ops *ops);

/*
 * Would ftrace_set_change() have to make a set? Context: task. Return: 0, 1,
 * -ENOMEM.
 */
int ftrace_set_is_new(const struct ftrace_set *from, struct ftrace_ops *ops,
		      bool add, unsigned long direct);
/* How many sets can still be made. */
size_t ftrace_set_room(void);

struct ftrace_set_stats {
	size_t sets, chains, chain_bytes;
	size_t waiting; /* sets that would have a chain if there were room */
	size_t waiting_bytes; /* executable memory that they would take */
};
void ftrace_set_stats(struct ftrace_set_stats *stats);

/* ---- ftrace_chain.c: what a site with a set calls ---- */

/*
 * Kind and target of a new set that has callbacks, and their end. Failing to
 * get a better answer is no failure: the list function serves anybody.
 * Context: task, ftrace_lock; at the end nobody is inside the chain any more.
 */
void ftrace_set_choose_target(struct ftrace_set *set);
void ftrace_set_drop_target(struct ftrace_set *set);

/*
 * Sets that found no room for a chain get it once there is enough: their sites
 * leave the list function. Context: task, ftrace_lock held.
 */
void ftrace_set_upgrade(void);

/* All that @stats says of chains. */
void ftrace_chain_stats(struct ftrace_set_stats *stats);

/* ---- ftrace_plan.c: the decisions; changes nothing ---- */

/* One ops before and after; what is the same for both may share hashes. */
struct ftrace_request {
	struct ftrace_ops *ops;
	struct ftrace_match before, after;
	unsigned long direct; /* target afterwards, if hashes name none */
};

/* Does each site get a target of its own? */
static __always_inline bool
ftrace_has_targets(const struct ftrace_request *request)
{
	return request->ops->flags & FTRACE_OPS_FL_DIRECT &&
	       request->after.filter && request->after.filter->direct;
}

/* Neighbouring sites that all go from one set to another. */
struct ftrace_change {
	struct ftrace_set *from, *to;
	u32 first, count;
};

struct ftrace_transition {
	struct ftrace_set *from, *to;
	unsigned long direct;
	bool was, is;
};

/* For memos: other than that of any plan before. */
u32 ftrace_plan_number(void);

/*
 * The memo of @from in the plan with this number: all its sites that shall
 * (not) have the ops go to the same set.
 */
static __always_inline struct ftrace_memo *ftrace_memo(struct ftrace_set *from,
						       u32 number)
{
	if (unlikely(from->memo.plan != number))
		from->memo =
			(struct ftrace_memo){ number, { from->id, from->id } };
	return &from->memo;
}

/* From @i on, the end of the sites that can be patched and have this set. */
static __always_inline size_t ftrace_run_end(size_t i, size_t end, u16 wanted)
{
	const struct dyn_ftrace *rec = &ftrace_recs[i];
	const struct dyn_ftrace *last = &ftrace_recs[end];

	while (rec < last && rec->wanted == wanted &&
	       !(rec->flags & FTRACE_FL_DISABLED))
		rec++;
	return rec - ftrace_recs;
}

struct ftrace_plan {
	struct ftrace_patch *patch;
	struct ftrace_change *change;
	size_t nr_patches, nr_changes, room;
	size_t nr_sites; /* that match afterwards */
	u32 number;	 /* of this plan: struct ftrace_memo */
	bool by_data;	 /* the list calls a target that may be fresh code */
};

/*
 * Return: 0; -ENOMEM; -ENOSPC, found before any set is made; -EBUSY a site
 * that allows only one of its kind has one. On an error nothing has to be
 * cleaned up.
 */
int ftrace_plan_build(struct ftrace_plan *plan, struct ftrace_request *request);
/* All sites from NOP to what they want (@on) or back. -ENOMEM. */
int ftrace_plan_enable(struct ftrace_plan *plan, bool on);
/*
 * ftrace_room.c: refuses a request that would run out of ids, before the work.
 * Context: task, ftrace_lock. Return: 0; -ENOSPC; -ENOMEM.
 */
int ftrace_check_room(const struct ftrace_request *request);
/*
 * The sites of every set that is pinned, from the target @old(set) to what the
 * set has now. Return: 0; -ENOMEM.
 */
int ftrace_plan_pinned(struct ftrace_plan *plan,
		       unsigned long (*old)(const struct ftrace_set *set));
/* Records and references follow the plan; cannot fail. */
void ftrace_plan_publish(struct ftrace_plan *plan,
			 struct ftrace_retired *retired);
/* After publishing, or instead of it. */
void ftrace_plan_free(struct ftrace_plan *plan);

/* ---- ftrace.c: requests ---- */

extern struct ftrace_ops *ftrace_ops_list; /* [F] */
extern bool ftrace_dead;		   /* [A] */
extern bool ftrace_enabled;		   /* [F] */

/* Can a site have this direct target? */
static __always_inline bool ftrace_target_ok(unsigned long addr)
{
	return addr & ~FTRACE_ADDR_JMP &&
	       arch_ftrace_reaches(addr & ~FTRACE_ADDR_JMP);
}

/*
 * Not from a callback, not where one cannot sleep, not from inside another
 * request. To be asked before anything that may sleep. Context: any.
 */
bool ftrace_may_request(void);
/* Is this task in a callback, at entry or return? Context: task. */
bool ftrace_in_callback(void);

/*
 * Every request of the public API is between these two; they take and release
 * direct_mutex. Return: 0; -EDEADLK ftrace_may_request() says no; -ENODEV
 * ftrace is dead.
 */
int __must_check ftrace_enter(void);
void ftrace_leave(void);

/*
 * With direct_mutex held; each takes ftrace_lock. The caller gives @retired to
 * ftrace_retire(), after a successful unregister to ftrace_forget(), with
 * ftrace_lock released.
 */
int ftrace_register(struct ftrace_ops *ops, struct ftrace_retired *retired);
int ftrace_unregister(struct ftrace_ops *ops, struct ftrace_retired *retired);
void ftrace_forget(struct ftrace_ops *ops, struct ftrace_retired *retired);
/* New hashes for @ops; a pointer it has already is kept. */
int ftrace_swap_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_hash *exclude,
		       struct ftrace_retired *retired);

/* What an ops gets with its present hashes. */
struct ftrace_match ftrace_match_of(const struct ftrace_ops *ops);

/*
 * A patch session in three steps: begin plans and verifies; then the caller
 * changes lists and hashes, which cannot fail; commit publishes and applies,
 * or cancel forgets the plan.
 * Context: task, ftrace_lock held. Return: 0, or an error with nothing changed
 * and nothing to clean up.
 */
int __must_check ftrace_begin(struct ftrace_plan *plan,
			      struct ftrace_request *request);
void ftrace_commit(struct ftrace_plan *plan, struct ftrace_retired *retired);
void ftrace_cancel(struct ftrace_plan *plan);
/*
 * A session for the sites of all pinned sets, whose target was @old(set) and
 * has been changed: the bytes follow, and the pins are gone.
 * Context: task, ftrace_lock held. Return: 0, or an error: the sites still
 * call the old target, pins may be left.
 */
int __must_check
ftrace_retarget(unsigned long (*old)(const struct ftrace_set *set),
		struct ftrace_retired *retired);

/* ---- ftrace_list.c: the list function and the static callers ---- */

/* Under ftrace_caller and under ftrace_regs_caller. Context: probe. */
void ftrace_ops_list_func(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs);
void ftrace_ops_list_regs_func(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs);

/* Before and after a patch session. Context: ftrace_lock. */
void ftrace_static_before(void);
void ftrace_static_after(void);
/* The callback of @ops changed to ops->func. Context: ftrace_lock. */
void ftrace_static_update_func(struct ftrace_ops *ops);
void ftrace_list_init(void);

/* ---- ftrace_pid.c ---- */

/* The callback to enter for @ops: its own, or the PID filter. [F] */
ftrace_func_t ftrace_pid_wrap(const struct ftrace_ops *ops);

/* ---- ftrace_share.c ---- */

/*
 * Direct callers and ip modifiers on one site have to agree. share: @ops is
 * about to get the sites of @hash but those of @exclude (or NULL); 0, -EBUSY,
 * or what ops_func says. unshare: end agreements that nobody needs any more.
 * Context: direct_mutex, without ftrace_lock.
 */
int ftrace_share(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		 const struct ftrace_hash *exclude);
/* Is one of the targets (those of @hash, if it has any, else @addr) jumped to?
 * Such a target does not see the return address that says where to go on. */
bool ftrace_has_jump(unsigned long addr, const struct ftrace_hash *hash);
void ftrace_unshare(void);
/* @ops, which is not registered, does not get the sites it was to have. */
void ftrace_share_failed(struct ftrace_ops *ops);

/* ---- ftrace_exchange.c ---- */

/*
 * The targets of @ops, a direct caller, become @addr, or those of @filter, the
 * same sites as before; they differ on those of @where only.
 * Context: task, direct_mutex without ftrace_lock; waits (D2). Return: 0;
 * -EBUSY a target that is jumped to beside an ip modifier; -ENOMEM, -ENOSPC,
 * -ENODEV; on an error calls go where they went.
 */
int ftrace_exchange(struct ftrace_ops *ops, unsigned long addr,
		    struct ftrace_hash *filter,
		    const struct ftrace_hash *where);

/* What chooses how; the file says what each way is. */
enum ftrace_exchange_way {
	FTRACE_BY_SITE,	 /* chosen by what the sites have */
	FTRACE_ONE_STEP, /* these two for tests, to see the difference */
	FTRACE_BY_STUB,
};
extern enum ftrace_exchange_way ftrace_exchange_way; /* [I] */
