/* SPDX-License-Identifier: MIT */
/*
 * ftrace_internal.h - shared by the files of the ftrace core.
 *
 * Three layers of data:
 *
 *	ops	 a subscriber; its filter is one or two hashes
 *	set	 the subscribers that some sites have in common, and the target
 *		 of such a site; interned: equal sets are one object
 *	rec	 one site: the set it wants, the set its bytes serve
 *
 * A rec names sets, and a set points to ops. A set does not list its recs, and
 * an ops does not list its sets.
 *
 * Invariants
 * I4  A set, chain or trampoline that was published is freed only after
 *     synchronize_tasks() (struct ftrace_retired).
 * I6  A request builds everything first and changes nothing that exists until
 *     it publishes.
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
 * Make the table in the memory of [start, stop), which holds site addresses in
 * any order. Context: boot, once.
 */
void ftrace_rec_init(unsigned long *start, unsigned long *stop);

static __always_inline unsigned long rec_ip(const struct dyn_ftrace *rec)
{
	return (unsigned long)_text + rec->ip_off;
}

/* A walk that gives names of recs in rising order without a search for each. */
struct ftrace_name_walk {
	unsigned int sym, count;       /* symbols read, and their total */
	unsigned long addr, next_addr; /* of the present and the next symbol */
	const char *name, *next_name;
	char buf[FTRACE_NAME_MAX]; /* label of a rec without a name */
};

void ftrace_name_walk_init(struct ftrace_name_walk *walk);
const char *ftrace_name_walk(struct ftrace_name_walk *walk,
			     const struct dyn_ftrace *rec);

/* ---- ftrace_hash.c: sets of sites as sorted vectors; pure ---- */

struct ftrace_hash {
	size_t count, room;
	unsigned long *direct; /* NULL, or the target of each site */
	u32 rec[];	       /* rising indices into the site table */
};

struct ftrace_hash *ftrace_hash_alloc(size_t room, bool direct);
/* a minus b; NULL without memory. In a union the targets of b win. */
struct ftrace_hash *ftrace_hash_minus(const struct ftrace_hash *a,
				      const struct ftrace_hash *b);
/* The position of @rec, or of the first element above it. */
size_t ftrace_hash_pos(const struct ftrace_hash *hash, u32 rec);
bool ftrace_hash_test(const struct ftrace_hash *hash, u32 rec);

/* A walk over one hash in rising order; in holds for all sites below end. */
struct ftrace_cursor {
	size_t end;
	size_t pos; /* first element not below end */
	bool in;
};

/* The sites that an ops matches, asked in rising order. Pure. */
struct ftrace_match {
	bool active; /* false: no site */
	const struct ftrace_hash *filter, *exclude;
	struct ftrace_cursor in_filter, in_exclude;
};

/*
 * Does site @i match? The answer goes to *is and is the same for all sites
 * from @i to the returned index, exclusive. The sites of one file lie together,
 * so a decision is made for a stretch of sites and not for each.
 */
size_t ftrace_match_stretch(struct ftrace_match *match, size_t i, bool *is);

/* ---- ftrace_set.c: sets of subscribers ---- */

enum ftrace_set_kind {
	FTRACE_SET_NOP,
	FTRACE_SET_DIRECT,
	FTRACE_SET_TRAMP,
	FTRACE_SET_CHAIN,
	FTRACE_SET_LIST,
};

#define FTRACE_SET_REGS	      1U /* a subscriber wants full registers */
#define FTRACE_SET_IPMODIFY   2U
#define FTRACE_SET_STUB	      4U
#define FTRACE_SET_GUARD      8U /* a subscriber wants the guard */
#define FTRACE_SET_HAS_DIRECT 16U

/* The new sets of the sites of one set, in the plan being made. */
struct ftrace_memo {
	u32 plan;  /* the plan's number; a memo of another plan is invalid */
	u16 to[2]; /* the ids of the sets without and with the plan's ops; the
		    * set's own id: not known yet */
};

struct ftrace_set {
	unsigned long target; /* [F] its sites call this address */
	unsigned long direct; /* [I] target of the direct caller, 0: none */
	struct ftrace_ops *direct_ops; /* [I] the direct caller, or NULL */
	struct ftrace_ops **ops; /* [I] in order of call, NULL at the end */
	union {
		struct ftrace_memo memo; /* [F] while records want the set */
		struct ftrace_set *next; /* [F] in a list of retired sets */
	};
	u32 refs;	/* [F] recs that want the set */
	u32 chain_size; /* [F] bytes of executable memory */
	u16 id;		/* [I] */
	u16 hash_next;	/* [F] id of the next in the bucket, 0 ends */
	u16 bucket;	/* [I] index into the table of equal sets */
	u16 nr;		/* [I] callbacks; the direct caller not counted */
	u8 kind;	/* [F] enum ftrace_set_kind */
	u8 flags;	/* [I] FTRACE_SET_* */
	bool pinned;	/* [F] by the plan being made: lives without refs */
	bool waits;	/* [F] waits for room for a chain (C1) */
};

#define FTRACE_SET_PAGE 64 /* sets in a page of memory */
#define FTRACE_SET_MAX	65536

/* Sets lie in pages that never move; id / FTRACE_SET_PAGE is the page. */
extern struct ftrace_set *ftrace_set_dir[FTRACE_SET_MAX / FTRACE_SET_PAGE];
extern bool ftrace_use_trampolines, ftrace_use_chains; /* [I] command line */

static __always_inline struct ftrace_set *set_of(u16 id)
{
	return &ftrace_set_dir[id / FTRACE_SET_PAGE][id % FTRACE_SET_PAGE];
}

/* The number of callbacks plus the direct caller. */
static __always_inline unsigned int set_users(const struct ftrace_set *set)
{
	return set->nr + (set->direct_ops != NULL);
}

void ftrace_set_init(void);

/*
 * Finds or makes the set @from without @ops or, with @add, with it; @direct is
 * its target if @ops is a direct caller. The result is pinned.
 * Return: the set; ERR_PTR(-ENOMEM); ERR_PTR(-ENOSPC) too many sets.
 */
struct ftrace_set *ftrace_set_change(const struct ftrace_set *from,
				     struct ftrace_ops *ops, bool add,
				     unsigned long direct);

/* Objects to be freed after a wait. All zero: empty. */
struct ftrace_retired {
	struct ftrace_set *sets;
	unsigned long tramp;
	bool wait; /* wait even if there is nothing to free */
};

/* Drop @n refs, or the pin; a set with neither left goes to @retired. */
void ftrace_set_put(struct ftrace_set *set, u32 n,
		    struct ftrace_retired *retired);
void ftrace_set_unpin(struct ftrace_set *set, struct ftrace_retired *retired);
/* Waits, then frees. Context: task, ftrace_lock not held. */
void ftrace_retire(struct ftrace_retired *retired);
/* Free objects that were never published, without a wait. */
void ftrace_discard(struct ftrace_retired *retired);

/* Re-poke every chain of @ops after its callback changed to ops->func. */
void ftrace_set_update_func(struct ftrace_ops *ops);

/*
 * Would ftrace_set_change() have to make a set? Context: task. Return: 0, 1,
 * -ENOMEM.
 */
int ftrace_set_is_new(const struct ftrace_set *from, struct ftrace_ops *ops,
		      bool add, unsigned long direct);
/* The number of sets that can still be made. */
size_t ftrace_set_room(void);

struct ftrace_set_stats {
	size_t sets, chains, chain_bytes;
	size_t waiting;	      /* sets that wait for room for a chain */
	size_t waiting_bytes; /* executable memory that they need */
};
void ftrace_set_stats(struct ftrace_set_stats *stats);

/* ---- ftrace_chain.c: the target of the sites of a set ---- */

/*
 * Choose kind and target of a new set that has callbacks, and drop them. The
 * choice cannot fail: the list function serves any set.
 * Context: task, ftrace_lock; for the drop no task is inside the chain.
 */
void ftrace_set_choose_target(struct ftrace_set *set);
void ftrace_set_drop_target(struct ftrace_set *set);

/*
 * Makes the chains of waiting sets once there is enough room. Their sites leave
 * the list function. Context: task, ftrace_lock held.
 */
void ftrace_set_upgrade(void);

/* Fills in the fields of @stats about chains. */
void ftrace_chain_stats(struct ftrace_set_stats *stats);

/* ---- ftrace_plan.c: the decisions; changes nothing ---- */

/* One ops before and after a change; both may share hashes. */
struct ftrace_request {
	struct ftrace_ops *ops;
	struct ftrace_match before, after;
	unsigned long direct; /* new target, if the hashes name none */
};

/* Does each site get a target of its own? */
static __always_inline bool
ftrace_has_targets(const struct ftrace_request *request)
{
	return request->ops->flags & FTRACE_OPS_FL_DIRECT &&
	       request->after.filter && request->after.filter->direct;
}

/* Neighbouring sites that all change from one set to another. */
struct ftrace_change {
	struct ftrace_set *from, *to;
	u32 first, count;
};

struct ftrace_transition {
	struct ftrace_set *from, *to;
	unsigned long direct;
	bool was, is;
};

/* A number for memos, different from that of any earlier plan. */
u32 ftrace_plan_number(void);

/*
 * The memo of @from in the plan with this number. All its sites that shall have
 * the ops go to one set, and all others to another.
 */
static __always_inline struct ftrace_memo *ftrace_memo(struct ftrace_set *from,
						       u32 number)
{
	if (unlikely(from->memo.plan != number))
		from->memo =
			(struct ftrace_memo){ number, { from->id, from->id } };
	return &from->memo;
}

/* The end of the run of patchable sites with this set that starts at @i. */
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
	size_t nr_sites; /* sites that match after the change */
	u32 number;	 /* of this plan: struct ftrace_memo */
	bool by_data;	 /* the list may call a target that is fresh code */
};

/*
 * Return: 0; -ENOMEM; -ENOSPC, found before any set is made; -EBUSY a site has
 * an ops already of a kind that it allows once. After an error there is nothing
 * to clean up.
 */
int ftrace_plan_build(struct ftrace_plan *plan, struct ftrace_request *request);
/* All sites from NOP to their target (@on) or back. Return: 0; -ENOMEM. */
int ftrace_plan_enable(struct ftrace_plan *plan, bool on);
/*
 * ftrace_room.c: refuses early a request that would run out of ids.
 * Context: task, ftrace_lock. Return: 0; -ENOSPC; -ENOMEM.
 */
int ftrace_check_room(const struct ftrace_request *request);
/*
 * The sites of every pinned set, from the target @old(set) to the set's present
 * target. Return: 0; -ENOMEM.
 */
int ftrace_plan_pinned(struct ftrace_plan *plan,
		       unsigned long (*old)(const struct ftrace_set *set));
/* Write the plan to records and references; cannot fail. */
void ftrace_plan_publish(struct ftrace_plan *plan,
			 struct ftrace_retired *retired);
/* Called after publishing, or instead of it. */
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
 * May the caller make a request? False in a callback, where the caller cannot
 * sleep, and inside another request. Ask it before any step that may sleep.
 * Context: any.
 */
bool ftrace_may_request(void);
/* Is this task in a callback, at entry or return? Context: task. */
bool ftrace_in_callback(void);

/*
 * These two enclose every request of the public API; they take and release
 * direct_mutex. Return: 0; -EDEADLK ftrace_may_request() is false; -ENODEV
 * ftrace is dead.
 */
int __must_check ftrace_enter(void);
void ftrace_leave(void);

/*
 * Context: direct_mutex held; each takes ftrace_lock. The caller passes
 * @retired to ftrace_retire() or, after a successful unregister, to
 * ftrace_forget(), with ftrace_lock released.
 */
int ftrace_register(struct ftrace_ops *ops, struct ftrace_retired *retired);
int ftrace_unregister(struct ftrace_ops *ops, struct ftrace_retired *retired);
void ftrace_forget(struct ftrace_ops *ops, struct ftrace_retired *retired);
/* Set new hashes of @ops; either may be the pointer that it has already. */
int ftrace_swap_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_hash *exclude,
		       struct ftrace_retired *retired);

/* The sites that @ops matches with its present hashes. */
struct ftrace_match ftrace_match_of(const struct ftrace_ops *ops);

/*
 * A patch session in three steps: begin plans and verifies. Then the caller
 * changes lists and hashes, which cannot fail. At last commit publishes and
 * applies the plan, or cancel drops it.
 * Context: task, ftrace_lock held. Return: 0, or an error with nothing changed
 * and nothing to clean up.
 */
int __must_check ftrace_begin(struct ftrace_plan *plan,
			      struct ftrace_request *request);
void ftrace_commit(struct ftrace_plan *plan, struct ftrace_retired *retired);
void ftrace_cancel(struct ftrace_plan *plan);
/*
 * A session for the sites of all pinned sets, whose target was @old(set) and
 * has been changed. It patches the sites and removes the pins.
 * Context: task, ftrace_lock held. Return: 0, or an error: the sites still
 * call the old target, and pins may be left.
 */
int __must_check
ftrace_retarget(unsigned long (*old)(const struct ftrace_set *set),
		struct ftrace_retired *retired);

/* ---- ftrace_list.c: the list function and the static callers ---- */

/* Called by ftrace_caller and by ftrace_regs_caller. Context: probe. */
void ftrace_ops_list_func(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs);
void ftrace_ops_list_regs_func(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs);

/* Called before and after a patch session. Context: ftrace_lock. */
void ftrace_static_before(void);
void ftrace_static_after(void);
/* Follows a change of @ops' callback to ops->func. Context: ftrace_lock. */
void ftrace_static_update_func(struct ftrace_ops *ops);
void ftrace_list_init(void);

/* ---- ftrace_pid.c ---- */

/* The func to set in @ops: its own callback, or the PID filter. [F] */
ftrace_func_t ftrace_pid_wrap(const struct ftrace_ops *ops);

/* ---- ftrace_share.c ---- */

/*
 * Direct callers and ip modifiers on one site have to agree. share: @ops is
 * about to get the sites of @hash without those of @exclude (or NULL). Return:
 * 0, -EBUSY, or the error of ops_func. unshare: end the agreements that are no
 * longer needed. Context: direct_mutex, without ftrace_lock.
 */
int ftrace_share(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		 const struct ftrace_hash *exclude);
/* Do sites jump to a target (one of @hash, or @addr if @hash has none)? Such a
 * target does not see the return address, which says where to go on. */
bool ftrace_has_jump(unsigned long addr, const struct ftrace_hash *hash);
void ftrace_unshare(void);
/* Undo the agreements for @ops, whose registration has failed. */
void ftrace_share_failed(struct ftrace_ops *ops);

/* ---- ftrace_exchange.c ---- */

/*
 * Sets the targets of @ops, a direct caller, to @addr, or to those of @filter,
 * which has the same sites as before. They differ only on the sites of @where.
 * Context: task, direct_mutex without ftrace_lock; waits (D2). Return: 0;
 * -EBUSY sites with an ip modifier would jump to a target; -ENOMEM, -ENOSPC,
 * -ENODEV; on an error calls reach the same targets as before.
 */
int ftrace_exchange(struct ftrace_ops *ops, unsigned long addr,
		    struct ftrace_hash *filter,
		    const struct ftrace_hash *where);

/* The way of an exchange; ftrace_exchange.c explains them. */
enum ftrace_exchange_way {
	FTRACE_BY_SITE,	 /* the sites' targets decide */
	FTRACE_ONE_STEP, /* forced, to compare in tests; so is the next */
	FTRACE_BY_STUB,
};
extern enum ftrace_exchange_way ftrace_exchange_way; /* [I] */
