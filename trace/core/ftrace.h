/* SPDX-License-Identifier: MIT */
/*
 * ftrace.h - trace any function while it runs: the public interface of trace/.
 *
 * A *site* is the 5-byte slot at the start of a traceable function, a *rec*
 * its record, an *ops* a subscriber with a callback and a filter. Names,
 * argument order and errors are Linux's. See trace/core/DESIGN.md.
 *
 * Lock legend for fields: [I] immutable while registered, [F] ftrace_lock,
 * [A] atomic (one store, read anywhere), [Q] freed only after
 * synchronize_tasks().
 *
 * Unless said otherwise a function here is for task context, may sleep, and
 * must not be called from a callback. A function with the context "probe" may
 * be called from a callback, also in interrupts and NMIs.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

struct dyn_ftrace;
struct trace_seq;
struct ftrace_hash;
struct task_struct;

/* The requests to ops_func, see ftrace_register.c. */
enum ftrace_ops_cmd {
	FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF,
	FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER,
	FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER,
	FTRACE_OPS_CMD_STEP_ASIDE, /* of FTRACE_OPS_FL_YIELDS only */
};

typedef int (*ftrace_ops_func_t)(struct ftrace_ops *ops,
				 enum ftrace_ops_cmd cmd);

/* Set by the owner before registering: */
#define FTRACE_OPS_FL_SAVE_REGS		     BIT(0)  /* full pt_regs */
#define FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED BIT(1)  /* the same here */
#define FTRACE_OPS_FL_RECURSION		     BIT(2)  /* needs the guard */
#define FTRACE_OPS_FL_STUB		     BIT(3)  /* counts, never called */
#define FTRACE_OPS_FL_IPMODIFY		     BIT(4)  /* may change the ip */
#define FTRACE_OPS_FL_PERMANENT		     BIT(6)  /* forbids disabling */
#define FTRACE_OPS_FL_DELETED		     BIT(7)  /* owner gone: refused */
#define FTRACE_OPS_FL_YIELDS		     BIT(16) /* direct: moves away */
/* Set by the core: */
#define FTRACE_OPS_FL_ENABLED	  BIT(8)  /* on the list */
#define FTRACE_OPS_FL_DYNAMIC	  BIT(9)  /* not static data */
#define FTRACE_OPS_FL_ALLOC_TRAMP BIT(10) /* made by arch */
#define FTRACE_OPS_FL_ADDING	  BIT(11) /* during register */
#define FTRACE_OPS_FL_REMOVING	  BIT(12) /* during unregister */
#define FTRACE_OPS_FL_MODIFYING	  BIT(13) /* during a filter change */
#define FTRACE_OPS_FL_DIRECT	  BIT(14) /* a direct caller */
#define FTRACE_OPS_FL_SHARES	  BIT(15) /* agreed to IPMODIFY */

/* The tasks for which an ops that points here is called; all zero: for all. */
struct ftrace_pids {
	struct pid_set *only, *never; /* [F,A] NULL: no such list */
	u64 bit;		      /* [F,A] its bit; 0 without a list */
	ftrace_func_t func;	      /* [F] tests the bit; NULL likewise */
	/*
	 * [I] NULL, or set before the first list is in force, and cleared with
	 * the last: for fast code, which the test of the bit does not reach.
	 */
	bool *listed;
	/*
	 * [A] the owner's: a task that a listed task starts is listed, too, and
	 * a task that has ended is not any more.
	 */
	bool fork;
};

struct ftrace_ops {
	ftrace_func_t func;	    /* [A] the callback */
	unsigned long flags;	    /* the caller's [I], the core's [F] */
	void *private;		    /* for the owner */
	ftrace_ops_func_t ops_func; /* [I] or NULL */
	struct ftrace_pids *pids;   /* [I] or NULL: called for all tasks */
	/*
	 * [I] NULL, or a flag: while it is false, the callback would do
	 * nothing, and a trampoline of this ops alone does not call it.
	 */
	const bool *gate;
	/*
	 * [I] NULL, or what a trampoline of this ops alone does instead of the
	 * callback that it names. It stands behind the gate, without which it
	 * is not taken. While ->pids has a list it must leave the call to the
	 * callback: ftrace_aside (recursion.h) or ->pids->listed tells.
	 */
	const struct ftrace_fast *fast;
	/*
	 * The core owns the fields below. A caller may set a trampoline of its
	 * own before it registers; sites call it, and the core never changes
	 * it.
	 */
	unsigned long trampoline;	  /* [F,Q] */
	ftrace_func_t saved_func;	  /* [F] func without the PID filter */
	struct ftrace_hash *filter_hash;  /* [F] NULL: all functions */
	struct ftrace_hash *notrace_hash; /* [F] NULL: none excluded */
	unsigned long direct_call;	  /* [F] target of all sites, or 0 */
	struct ftrace_ops *next;	  /* [F] in order of registration */
	u64 seq;	 /* [I] rank of registration and call */
	size_t nr_sites; /* [F] matching sites, not disabled */
};

/*
 * register_ftrace_function - make all sites of @ops call @ops->func
 *
 * The caller sets the filter first (no filter: every function). The callback
 * may run before this returns. It runs in the context of the traced function.
 *
 * Context: task.
 * Return: 0; -EINVAL deleted ops, no callback, IPMODIFY without a filter or
 * with any in notrace, a trampoline of its own out of reach; -EBUSY registered
 * already, a second IPMODIFY owner on a site, PERMANENT while ftrace is
 * disabled; the code with which a direct caller's ops_func refused to share a
 * site; -ENOMEM; -ENOSPC more than 65,535 sets of subscribers (logged), or a
 * site has 65,535 callbacks; -EDEADLK called from a callback, or where the
 * caller cannot sleep; -ENODEV ftrace is dead. No other code is returned.
 */
int __must_check register_ftrace_function(struct ftrace_ops *ops);

/*
 * unregister_ftrace_function - undo register_ftrace_function()
 *
 * On return no task runs the callback and none will. The ops, its data and its
 * code may be freed or reused.
 *
 * Context: task.
 * Return: 0; -EBUSY not registered; -ENOMEM, -ENOSPC still registered: the
 * remaining ops need new sets, which could not be allocated; -EDEADLK called
 * from a callback, or where the caller cannot sleep; -ENODEV ftrace is dead:
 * do not free anything. No other code is returned.
 */
int unregister_ftrace_function(struct ftrace_ops *ops);

/*
 * ftrace_set_filter, ftrace_set_notrace - choose functions by pattern
 * @buf: patterns separated by white space: a name, a glob, or the 1-based index
 *	in the list of functions (0x..: hexadecimal, 0..: octal), each with
 *	'!' before it to remove; NULL for none
 * @reset: start from the empty set instead of the present one; with @buf NULL
 *	the filter is "all functions" again (notrace: "none")
 *
 * A live ops changes in one step: no site is lost or gained in between, and
 * on an error nothing changes. After the last function of a filter is removed
 * the filter is "nothing", not "everything".
 *
 * Context: task.
 * Return: 0; -EINVAL a pattern matched nothing or is malformed, IPMODIFY or a
 * direct caller would lose its filter, or sites have targets of their own
 * (update_ftrace_direct_add()); and as register_ftrace_function().
 */
int ftrace_set_filter(struct ftrace_ops *ops, const char *buf, size_t len,
		      int reset);
int ftrace_set_notrace(struct ftrace_ops *ops, const char *buf, size_t len,
		       int reset);

/*
 * ftrace_set_filter_ip, _ips - the same by address
 * @ip, @ips: addresses of sites or starts of functions
 *
 * Return: 0; -EINVAL no site there; -ENOENT a site to be removed is not in the
 * filter; and as ftrace_set_filter(). It is no error to add a site twice. A
 * call with no address and no reset does nothing.
 */
int ftrace_set_filter_ip(struct ftrace_ops *ops, unsigned long ip, int remove,
			 int reset);
int ftrace_set_filter_ips(struct ftrace_ops *ops, const unsigned long *ips,
			  unsigned int cnt, int remove, int reset);
int ftrace_set_notrace_ips(struct ftrace_ops *ops, const unsigned long *ips,
			   unsigned int cnt, int remove, int reset);

/*
 * ftrace_move_ips - move sites from one ops to another, in one step
 * @from: a registered ops whose filter names the sites; it is unregistered if
 *	it loses the last one
 * @to: an ops with a callback; it is registered if it is not, with these sites
 *	as its filter
 *
 * A call of such a site reaches exactly one of the two.
 * Return: 0; -EINVAL @n is 0, a site that is not one of @from's, @from is @to
 * or is not registered, an ops with an exclusion, @to has no callback or is a
 * direct caller; and as register_ftrace_function() for @to. On an error nothing
 * has changed.
 */
int __must_check ftrace_move_ips(struct ftrace_ops *from, struct ftrace_ops *to,
				 const unsigned long *ips, unsigned int n);

/*
 * ftrace_free_filter - free both filters of an unregistered ops
 * Return: 0; -EBUSY it is registered; -EDEADLK called from a callback. No
 * other code is returned.
 */
int ftrace_free_filter(struct ftrace_ops *ops);

/*
 * For the files of the control tree: a filter is edited in several steps and
 * takes effect at the end. The caller copies a candidate, edits it, and commits
 * or drops it. The live filter is swapped in one step.
 *
 * ftrace_hash_begin() copies @hash (NULL: an empty set; free with
 * ftrace_hash_free()); NULL without memory. ftrace_hash_edit() applies the
 * patterns of ftrace_set_filter(); on an error *@hash is unchanged.
 * ftrace_ops_set_hashes() takes over both candidates, also on an error.
 */
struct ftrace_hash *ftrace_hash_begin(const struct ftrace_hash *hash);
int __must_check ftrace_hash_edit(struct ftrace_hash **hash, const char *buf,
				  size_t len);
void ftrace_hash_free(struct ftrace_hash *hash);
int ftrace_ops_set_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
			  struct ftrace_hash *exclude);

/*
 * Copies the live filter or, with @exclude, the notrace set. *@hash is NULL
 * for "all" ("none excluded"). Return: 0 or -ENOMEM. No other code is returned.
 */
int ftrace_ops_get_hash(struct ftrace_ops *ops, bool exclude,
			struct ftrace_hash **hash);

size_t ftrace_hash_count(const struct ftrace_hash *hash);
/* The i-th function of the set, in rising order. */
struct dyn_ftrace *ftrace_hash_rec(const struct ftrace_hash *hash, size_t i);
/* Is site @ip in @hash (NULL: no)? Context: probe. */
bool ftrace_hash_has(const struct ftrace_hash *hash, unsigned long ip);

/* Return: a new set, or NULL without memory. @a and @b are not NULL. */
struct ftrace_hash *ftrace_hash_union(const struct ftrace_hash *a,
				      const struct ftrace_hash *b);

/*
 * The text holds unexpected bytes: no site is patched any more, every request
 * is refused with -ENODEV, and the system runs on.
 */
void ftrace_kill(void);
bool ftrace_is_dead(void);

/*
 * The main switch. Off: every site is a NOP, but keeps its subscribers.
 * Return: 0; -EBUSY a PERMANENT ops is registered; -ENOMEM; -EDEADLK;
 * -ENODEV. No other code is returned.
 */
int ftrace_set_enabled(bool on);
bool ftrace_is_enabled(void);

/*
 * Ops that point to @pids are called for these tasks only. With @exclude they
 * are called for all but these, and an excluded task stays excluded if it is in
 * both lists. n == 0 removes the list. The caller removes both lists before it
 * frees @pids.
 * Return: 0; -ENOMEM; -ENOSPC 64 others have lists, or n is more than
 * PID_SET_MAX; -EDEADLK; -ENODEV. No other code is returned.
 */
int ftrace_set_pids(struct ftrace_pids *pids, const int *pid, size_t n,
		    bool exclude);
/* Copies up to @max pids, rising. Return: the length of the list. */
size_t ftrace_get_pids(const struct ftrace_pids *pids, int *pid, size_t max,
		       bool exclude);
/* Is there such a list? It may be empty: all its tasks have ended. */
bool ftrace_has_pids(const struct ftrace_pids *pids, bool exclude);

/* Lookups. Context: probe. Return: the site's address, or 0. */
unsigned long ftrace_location(unsigned long ip);
unsigned long ftrace_location_range(unsigned long start, unsigned long end);
bool ftrace_text_reserved(unsigned long start, unsigned long end);

/* Is @addr inside a trampoline or static caller? Context: probe. */
bool is_ftrace_trampoline(unsigned long addr);
/* The name for backtraces: "ftrace_trampoline", "ftrace_fexit"...; or NULL. */
const char *ftrace_trampoline_symbol(unsigned long addr, unsigned long *off,
				     unsigned long *size);

/*
 * The table of sites, sorted by address. ftrace_rec(i) needs i < count.
 * Context: probe.
 */
size_t ftrace_rec_count(void);
struct dyn_ftrace *ftrace_rec(size_t i);
size_t ftrace_rec_index(const struct dyn_ftrace *rec);
unsigned long ftrace_rec_ip(const struct dyn_ftrace *rec);
struct dyn_ftrace *ftrace_rec_find(unsigned long ip);
/* The same, faster if it is the one behind @last (NULL: unknown). */
struct dyn_ftrace *ftrace_rec_find_next(const struct dyn_ftrace *last,
					unsigned long ip);
/* Does the site belong to no function any more? It is never patched. */
bool ftrace_rec_disabled(const struct dyn_ftrace *rec);
bool ftrace_rec_enabled(const struct dyn_ftrace *rec);
bool ftrace_rec_touched(const struct dyn_ftrace *rec);
/* The number of registered ops that match. */
unsigned int ftrace_rec_users(const struct dyn_ftrace *rec);
/* The name of its function; a disabled one has none, and @buf gets a label. */
#define FTRACE_NAME_MAX 40
const char *ftrace_rec_name(const struct dyn_ftrace *rec,
			    char buf[FTRACE_NAME_MAX]);

/*
 * Writes a line as in Linux's enabled_functions (with newline): name, users,
 * letters, and the target that the bytes call. Context: task, takes
 * ftrace_lock.
 */
void ftrace_describe_rec(const struct dyn_ftrace *rec, struct trace_seq *s);

/*
 * Direct callers: the site calls the user's own code instead of a callback.
 * @addr: that code; with FTRACE_ADDR_JMP set the site jumps to it
 *
 * The code must preserve all argument registers and return to its return
 * address, or call the original itself and return to the original's caller.
 * A site has at most one direct caller. When unregister or modify returns, no
 * task is in the old target any more, except calls that sleep in an original
 * which it called. A user that wraps functions that sleep must count its calls
 * (trace/core/ftrace_fexit.h).
 *
 * Return: 0; -EINVAL no @addr or one out of reach of a call, ops has a
 * callback or trampoline or is registered, no or an empty filter; wrong @addr
 * or not registered (modify, unregister); -EBUSY a site has a direct caller, or
 * it has an ip modifier and ops refuses to share or cannot, because sites jump
 * or would jump to its target; the code with which ops_func refused (-EAGAIN:
 * call again); -ENOMEM, -ENOSPC, -EDEADLK, -ENODEV as above. No other code is
 * returned.
 */
int __must_check register_ftrace_direct(struct ftrace_ops *ops,
					unsigned long addr);
int unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr,
			     bool free_filters);
int modify_ftrace_direct(struct ftrace_ops *ops, unsigned long addr);
/* The same for ops_func, which runs with direct_mutex held. */
int modify_ftrace_direct_nolock(struct ftrace_ops *ops, unsigned long addr);

/*
 * One ops with many sites, each with its own target. ftrace_direct_hash_add()
 * adds a pair to a sorted set. An update applies the whole set or nothing. The
 * codes of ftrace_direct_hash_add() are 0; -EINVAL no site there or a disabled
 * one, no target or one out of reach; -EEXIST the site has a pair; -ENOSPC no
 * room.
 *
 * add: -EINVAL empty, -EBUSY a site has a direct caller already. del: -EINVAL
 * unless the ops has every pair; it unregisters the ops with its last pair.
 * mod: -EINVAL if a site is not one of the ops'. @do_direct_lock is false for a
 * call from ops_func. Other codes as register_ftrace_direct().
 */
struct ftrace_hash *ftrace_direct_hash_new(size_t room);
int __must_check ftrace_direct_hash_add(struct ftrace_hash *hash,
					unsigned long ip, unsigned long addr);
int __must_check update_ftrace_direct_add(struct ftrace_ops *ops,
					  const struct ftrace_hash *hash);
int update_ftrace_direct_del(struct ftrace_ops *ops,
			     const struct ftrace_hash *hash);
int update_ftrace_direct_mod(struct ftrace_ops *ops,
			     const struct ftrace_hash *hash,
			     bool do_direct_lock);

/* The direct target of site @ip, or 0. Context: probe. */
unsigned long ftrace_find_rec_direct(unsigned long ip);

/*
 * Recomputes the subscribers of every site and compares them with the records
 * and the bytes (I7). Prints the differences. Context: task, takes
 * ftrace_lock. Return: the number of sites that differ.
 */
size_t ftrace_check(void);

/*
 * Boot step: makes the site table from __mcount_loc. Sites that do not hold
 * their NOP are reported and never patched. Return: 0, or the error of
 * arch_ftrace_init().
 */
int ftrace_init(void);
