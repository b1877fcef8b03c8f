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

extern struct mutex ftrace_lock, direct_mutex; /* ftrace.c */

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
/* Return: ERR_PTR of -EINVAL no site there, -ENOMEM. */
struct ftrace_hash *ftrace_hash_of_ips(const unsigned long *ips,
				       unsigned int cnt);
/* The position of @rec, or of the first element above it. */
size_t ftrace_hash_pos(const struct ftrace_hash *hash, u32 rec);
bool ftrace_hash_test(const struct ftrace_hash *hash, u32 rec);
/* The number of elements from @pos that are neighbouring sites, at least 1. */
size_t ftrace_hash_neighbours(const struct ftrace_hash *hash, size_t pos);

/* Is @rec one of the sites that @ops matches with its present hashes? */
bool ftrace_ops_match(const struct ftrace_ops *ops, u32 rec);

/* ---- ftrace_names.c ---- */

/*
 * Put into an empty set, which has room for all, the sites of the functions
 * whose names contain @text, 1 to TEXT_SEARCH_MAX characters: anywhere, or at
 * the front, at the end, or both. Not those that are disabled.
 */
void ftrace_names_with(struct ftrace_hash *found, const char *text, size_t len,
		       bool at_front, bool at_end);
/* The same for a whole name. */
void ftrace_names_equal(struct ftrace_hash *found, const char *name);

/* ---- ftrace_set.c: sets of subscribers ---- */

enum ftrace_set_kind {
	FTRACE_SET_NOP,
	FTRACE_SET_DIRECT,
	FTRACE_SET_TRAMP,
	FTRACE_SET_CHAIN,
	FTRACE_SET_LIST,
};

#define FTRACE_SET_REGS	     1U /* a subscriber wants full registers */
#define FTRACE_SET_IPMODIFY  2U
#define FTRACE_SET_STUB	     4U
#define FTRACE_SET_GUARD     8U	 /* a subscriber wants the guard */
#define FTRACE_SET_NOT_CALLS 16U /* a direct target, or nothing at all */

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

#define FTRACE_SET_PAGE	     64	   /* sets in a page of memory */
#define FTRACE_SET_CALLS_MAX 65535 /* callbacks of a set: nr is a u16 */
#define FTRACE_SET_MAX	     65536

/* Sets lie in pages that never move; id / FTRACE_SET_PAGE is the page. */
extern struct ftrace_set *ftrace_set_dir[FTRACE_SET_MAX / FTRACE_SET_PAGE];
extern bool ftrace_use_trampolines, ftrace_use_chains; /* [I] command line */

static __always_inline struct ftrace_set *set_of(u16 id)
{
	unsigned long i = id;

	__asm__("" : "+r"(i)); /* else gcc masks what a shift has left */
	return &ftrace_set_dir[i / FTRACE_SET_PAGE][i % FTRACE_SET_PAGE];
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
 * Return: the set; ERR_PTR(-ENOMEM); ERR_PTR(-ENOSPC) too many sets, or @from
 * has FTRACE_SET_CALLS_MAX callbacks.
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

/* The static caller for the sites of @set. */
unsigned long ftrace_list_target(const struct ftrace_set *set);

/*
 * Once there is enough room, chains_make() gives waiting sets chains and pins
 * them; their sites still call the list function. The caller moves the sites
 * and passes its @err, with which the sets lose the chains again.
 * Context: task, ftrace_lock held. Return: sets linked by ->next, or NULL.
 */
struct ftrace_set *ftrace_chains_make(void);
void ftrace_chains_made(struct ftrace_set *sets, int err);

/* Fills in the fields of @stats about chains. */
void ftrace_chain_stats(struct ftrace_set_stats *stats);

/* ---- ftrace_plan.c: the decisions; changes nothing ---- */

/* One ops before and after a change. Before, it has the hashes in the ops. */
struct ftrace_request {
	struct ftrace_ops *ops;
	bool before, after; /* false: the ops takes part in no site */
	const struct ftrace_hash *filter, *exclude; /* those afterwards */
	unsigned long direct; /* new target, if the filter names none */
};

/* Neighbouring sites that all change from one set to another. */
struct ftrace_change {
	struct ftrace_set *from, *to;
	u32 first;
	u32 count : 30;
	u32 has_lines : 1; /* the sites are in patch[] */
	u32 is_long : 1;   /* and only the first line has the targets */
};
static_assert(sizeof(struct ftrace_change) == 24, "as much as a line");

#define FTRACE_RUN_LONG 8 /* sites; what a call for a run costs is won back */
#define FTRACE_PLAN_FEW 4 /* in a plan that needs no other memory */

struct ftrace_plan {
	struct ftrace_patch *patch;
	struct ftrace_change *change;
	size_t nr_patches, nr_changes;
	size_t room;	 /* of change */
	size_t nr_sites; /* sites that match after the change */
	u32 number;	 /* of this plan: struct ftrace_memo */
	bool has_long;	 /* a run is long */
	bool by_data;	 /* the list may call a target that is fresh code */
	struct ftrace_patch few_patches[FTRACE_PLAN_FEW];
	struct ftrace_change few_changes[FTRACE_PLAN_FEW];
};

/*
 * An empty plan for at most @room sites; not to be copied. Return: 0; -ENOMEM,
 * and there is nothing to free.
 */
int ftrace_plan_begin(struct ftrace_plan *plan, size_t room);
/*
 * Plan the change of site @i, which has @from, to @to. The caller has made room
 * for it by ftrace_plan_grow().
 */
void ftrace_plan_site(struct ftrace_plan *plan, struct ftrace_set *from,
		      struct ftrace_set *to, size_t i);

/*
 * ftrace_plan_memory.c: make room for one more run. Return: 0; -ENOMEM, and the
 * plan is as it was.
 */
int ftrace_plan_more(struct ftrace_plan *plan);
/* Says in the log that a request needs more sets than there are ids. */
void ftrace_plan_no_ids(void);

/* The lines of a run: all addresses, the targets once. */
void ftrace_plan_long_run(struct ftrace_patch *patch,
			  const struct dyn_ftrace *rec, size_t n,
			  unsigned long old, unsigned long new);

static __always_inline int ftrace_plan_grow(struct ftrace_plan *plan)
{
	return likely(plan->nr_changes < plan->room) ? 0 :
						       ftrace_plan_more(plan);
}

/*
 * Return: 0; -ENOMEM; -ENOSPC, found before any set is made; -EBUSY a site has
 * an ops already of a kind that it allows once. After an error there is nothing
 * to clean up.
 */
int ftrace_plan_build(struct ftrace_plan *plan,
		      const struct ftrace_request *request);
/*
 * All sites whose set has the target old(set) and shall have new(set).
 * Return: 0; -ENOMEM.
 */
int ftrace_plan_targets(struct ftrace_plan *plan,
			unsigned long (*old)(const struct ftrace_set *set),
			unsigned long (*new)(const struct ftrace_set *set));
/* May @ops be added to a site with the set @from? */
bool ftrace_may_arrive(const struct ftrace_set *from,
		       const struct ftrace_ops *ops);
/* Called after publishing, or instead of it. */
void ftrace_plan_free(struct ftrace_plan *plan);

/* ---- ftrace.c: what all share ---- */

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

/* ---- ftrace_session.c: a plan is carried out ---- */

/*
 * A patch session: the caller makes a plan; begin compares every old byte. Then
 * the caller changes lists and hashes, which cannot fail. At last commit
 * publishes and applies the plan, or cancel drops it.
 * Context: task, ftrace_lock held. Return: 0; -ENODEV, -ENOMEM: nothing has
 * changed and the plan is freed.
 */
int __must_check ftrace_begin(struct ftrace_plan *plan);
void ftrace_commit(struct ftrace_plan *plan, struct ftrace_retired *retired);
void ftrace_cancel(struct ftrace_plan *plan);
/* Waits, then frees. Context: task, ftrace_lock not held. */
void ftrace_retire(struct ftrace_retired *retired);
/*
 * Move the sites of waiting sets to chains, if there is enough room.
 * Context: task, ftrace_lock held.
 */
void ftrace_chains_upgrade(void);

/* ---- ftrace_register.c ---- */

/*
 * Context: direct_mutex held; each takes ftrace_lock. The caller passes
 * @retired to ftrace_retire() or, after a successful unregister, to
 * ftrace_forget(), with ftrace_lock released.
 */
int ftrace_register(struct ftrace_ops *ops, struct ftrace_retired *retired);
int ftrace_unregister(struct ftrace_ops *ops, struct ftrace_retired *retired);
void ftrace_forget(struct ftrace_ops *ops, struct ftrace_retired *retired);
/* Are these filters allowed for this kind of ops? Return: 0; -EINVAL. */
int ftrace_check_hashes(const struct ftrace_ops *ops,
			const struct ftrace_hash *filter,
			const struct ftrace_hash *exclude);

/*
 * The steps of registering, for requests that do more than that. prepare: makes
 * the trampoline; -EINVAL the owner's is out of reach. unprepare: takes it back
 * after an error; @flags are those before. arrive, leave: put on the list, take
 * off. Context: ftrace_lock.
 */
int __must_check ftrace_ops_prepare(struct ftrace_ops *ops);
void ftrace_ops_unprepare(struct ftrace_ops *ops, unsigned long flags);
void ftrace_ops_arrive(struct ftrace_ops *ops);
void ftrace_ops_leave(struct ftrace_ops *ops);
void ftrace_ops_take_trampoline(struct ftrace_ops *ops,
				struct ftrace_retired *retired);

/*
 * Direct callers and ip modifiers on one site have to agree. share: @ops is
 * about to get the sites of @hash without those of @exclude (or NULL). Return:
 * 0, -EBUSY, or the error of ops_func. unshare: end the agreements that are no
 * longer needed. Context: direct_mutex, without ftrace_lock.
 */
int ftrace_share(struct ftrace_ops *ops, const struct ftrace_hash *hash,
		 const struct ftrace_hash *exclude);
void ftrace_unshare(void);
/* Do sites jump to a target (one of @hash, or @addr if @hash has none)? Such a
 * target does not see the return address, which says where to go on. */
bool ftrace_has_jump(unsigned long addr, const struct ftrace_hash *hash);

/* ---- ftrace_swap.c ---- */

/*
 * Set new hashes of @ops; either may be the pointer that it has already.
 * Context and @retired: as ftrace_register().
 */
int ftrace_swap_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
		       struct ftrace_hash *exclude,
		       struct ftrace_retired *retired);

/* ---- ftrace_move.c ---- */

/*
 * ftrace_move_ips() (ftrace.h) for a caller that holds direct_mutex. After a
 * success it passes @retired to ftrace_retire(), and @from to ftrace_forget()
 * if that is FTRACE_OPS_FL_REMOVING.
 */
int ftrace_move(struct ftrace_ops *from, struct ftrace_ops *to,
		const struct ftrace_hash *sites,
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
