/* SPDX-License-Identifier: MIT */
/*
 * ftrace.h - trace any function while it runs: the public face of trace/.
 *
 * A *site* is the 5-byte slot at the start of a traceable function, a *rec*
 * its record, an *ops* a subscriber with a callback and a filter. Names,
 * argument order and errors are Linux's. See trace/DESIGN.md.
 *
 * Lock legend for fields: [I] immutable while registered, [F] ftrace_lock,
 * [A] atomic (one store, read anywhere), [Q] freed only after
 * synchronize_tasks().
 *
 * Unless said otherwise a function here is for task context, may sleep, and
 * must not be called from a callback. Those that say "probe" may be called
 * from a callback, in interrupts and NMIs too.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

struct dyn_ftrace;
struct trace_seq;
struct ftrace_hash;
struct task_struct;

/* What ops_func is asked, see ftrace_share.c. */
enum ftrace_ops_cmd {
	FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF,
	FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER,
	FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER,
};

typedef int (*ftrace_ops_func_t)(struct ftrace_ops *ops,
				 enum ftrace_ops_cmd cmd);

/* Set by the owner before registering: */
#define FTRACE_OPS_FL_SAVE_REGS		     BIT(0) /* full pt_regs */
#define FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED BIT(1) /* the same here */
#define FTRACE_OPS_FL_RECURSION		     BIT(2) /* guard recursion */
#define FTRACE_OPS_FL_STUB		     BIT(3) /* counts, not called */
#define FTRACE_OPS_FL_IPMODIFY		     BIT(4) /* may change the ip */
#define FTRACE_OPS_FL_PERMANENT		     BIT(6) /* not to be disabled */
#define FTRACE_OPS_FL_DELETED		     BIT(7) /* owner gone, refuse */
/* Set by the core: */
#define FTRACE_OPS_FL_ENABLED	  BIT(8)  /* on the list */
#define FTRACE_OPS_FL_DYNAMIC	  BIT(9)  /* not static data */
#define FTRACE_OPS_FL_ALLOC_TRAMP BIT(10) /* made by arch */
#define FTRACE_OPS_FL_ADDING	  BIT(11) /* register runs */
#define FTRACE_OPS_FL_REMOVING	  BIT(12) /* unregister runs */
#define FTRACE_OPS_FL_MODIFYING	  BIT(13) /* filter changes */
#define FTRACE_OPS_FL_DIRECT	  BIT(14) /* a direct caller */
#define FTRACE_OPS_FL_SHARES	  BIT(15) /* agreed to IPMODIFY */

/* Tasks that the ops which point to it are called for; all zero: for all. */
struct ftrace_pids {
	struct pid_list *only, *never; /* [F,A] NULL: no such list */
	u64 bit; /* [F,A] its own, while it has a list; else 0 */
};

struct ftrace_ops {
	ftrace_func_t func;	    /* [A] what gets called */
	unsigned long flags;	    /* caller's [I], core's [F] */
	void *private;		    /* the owner's */
	ftrace_ops_func_t ops_func; /* [I] or NULL */
	struct ftrace_pids *pids;   /* [I] or NULL: called for all tasks */
	/*
	 * Below: the core's. A caller may give a trampoline of its own before
	 * registering; it is called as is and never modified.
	 */
	unsigned long trampoline;	  /* [F,Q] */
	ftrace_func_t saved_func;	  /* [F] func without the PID filter */
	struct ftrace_hash *filter_hash;  /* [F] NULL: all functions */
	struct ftrace_hash *notrace_hash; /* [F] NULL: none excluded */
	unsigned long direct_call;	  /* [F] target of all sites, or 0 */
	struct ftrace_ops *next;	  /* [F] in order of registration */
	u64 seq;			  /* [I] when registered; call order */
	size_t nr_sites;		  /* [F] sites that match and can */
};

/*
 * register_ftrace_function - have @ops->func called by all its sites
 *
 * The filter is set before (none set: every function). The callback may run
 * before this returns, and runs in whatever context the traced function has.
 *
 * Context: task.
 * Return: 0; -EINVAL deleted ops, no callback, IPMODIFY without a filter or
 * with any in notrace, a trampoline of its own out of reach; -EBUSY registered
 * already, a second IPMODIFY owner on a site, PERMANENT while ftrace is
 * disabled; what a direct caller refused to share a site with (its ops_func);
 * -ENOMEM; -ENOSPC too many different sets of subscribers; -EDEADLK called
 * from a callback, or where one cannot sleep; -ENODEV ftrace is dead. No other
 * code is returned.
 */
int __must_check register_ftrace_function(struct ftrace_ops *ops);

/*
 * unregister_ftrace_function - the reverse
 *
 * On return nobody runs or will run the callback: ops, its data and code may
 * be freed or reused.
 *
 * Context: task.
 * Return: 0; -EBUSY not registered; -ENOMEM, -ENOSPC (still registered: those
 * who stay need sets, too); -EDEADLK called from a callback, or where one
 * cannot sleep; -ENODEV ftrace is dead: do not free anything. No other code is
 * returned.
 */
int unregister_ftrace_function(struct ftrace_ops *ops);

/*
 * ftrace_set_filter, ftrace_set_notrace - choose functions by pattern
 * @buf: patterns separated by white space: a name, a glob, the 1-based index
 *	in the list of functions (0x..: hexadecimal, 0..: octal), each with
 *	'!' before it to remove; NULL for none
 * @reset: start from nothing instead of from what is set; with @buf NULL the
 *	filter is "all functions" again (notrace: "none")
 *
 * A live ops changes in one step: no site is lost or gained in between, and
 * on an error nothing changed. Removing the last function of a filter leaves
 * the filter "nothing", not "everything".
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
 * Return: 0; -EINVAL no site there; -ENOENT to be removed but not in the
 * filter; and as ftrace_set_filter(). Adding what is there is no error; no
 * address and no reset asks for nothing.
 */
int ftrace_set_filter_ip(struct ftrace_ops *ops, unsigned long ip, int remove,
			 int reset);
int ftrace_set_filter_ips(struct ftrace_ops *ops, const unsigned long *ips,
			  unsigned int cnt, int remove, int reset);
int ftrace_set_notrace_ips(struct ftrace_ops *ops, const unsigned long *ips,
			   unsigned int cnt, int remove, int reset);

/*
 * ftrace_free_filter - forget both filters of an unregistered ops
 * Return: 0; -EBUSY it is registered; -EDEADLK called from a callback. No
 * other code is returned.
 */
int ftrace_free_filter(struct ftrace_ops *ops);

/*
 * Filters edited in several steps and put in force at the end, as files of
 * the control tree need it: a candidate is copied, edited and committed (or
 * dropped), the live one is swapped in one step.
 *
 * ftrace_hash_begin() copies @hash (NULL: an empty set; free with
 * ftrace_hash_free()); NULL without memory. ftrace_hash_edit() applies the
 * patterns of ftrace_set_filter(); on an error *@hash is unchanged.
 * ftrace_ops_set_hashes() takes over both candidates whatever it returns.
 */
struct ftrace_hash *ftrace_hash_begin(const struct ftrace_hash *hash);
int __must_check ftrace_hash_edit(struct ftrace_hash **hash, const char *buf,
				  size_t len);
void ftrace_hash_free(struct ftrace_hash *hash);
int ftrace_ops_set_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
			  struct ftrace_hash *exclude);

/*
 * A copy of the filter in force, or of what it excludes; *@hash is NULL for
 * "all" (none excluded). Return: 0 or -ENOMEM. No other code is returned.
 */
int ftrace_ops_get_hash(struct ftrace_ops *ops, bool exclude,
			struct ftrace_hash **hash);

size_t ftrace_hash_count(const struct ftrace_hash *hash);
/* The i-th function of the set, rising. */
struct dyn_ftrace *ftrace_hash_rec(const struct ftrace_hash *hash, size_t i);
/* Is site @ip in it? Context: probe. NULL: no. */
bool ftrace_hash_has(const struct ftrace_hash *hash, unsigned long ip);

/*
 * Both give a new set, NULL without memory. Like everywhere a NULL argument
 * is "all" for a filter; the union or intersection with it is not computed
 * here.
 */
struct ftrace_hash *ftrace_hash_union(const struct ftrace_hash *a,
				      const struct ftrace_hash *b);
struct ftrace_hash *ftrace_hash_intersect(const struct ftrace_hash *a,
					  const struct ftrace_hash *b);

/*
 * Something unexpected stands in the text: no site is patched any more,
 * every request is refused with -ENODEV, the system runs on.
 */
void ftrace_kill(void);
bool ftrace_is_dead(void);

/*
 * The big switch. Off: every site is a NOP, but stays subscribed.
 * Return: 0; -EBUSY a PERMANENT ops is registered; -ENOMEM; -EDEADLK;
 * -ENODEV. No other code is returned.
 */
int ftrace_set_enabled(bool on);
bool ftrace_is_enabled(void);

/*
 * Ops that point to @pids are called for these tasks only (or, with @exclude,
 * for all but these; that wins). n == 0: no such filter. Before @pids is freed
 * it has neither.
 * Return: 0; -ENOMEM; -ENOSPC 64 others have lists; -EDEADLK; -ENODEV. No other
 * code is returned.
 */
int ftrace_set_pids(struct ftrace_pids *pids, const int *pid, size_t n,
		    bool exclude);
/* Copies up to @max pids out. Return: how many there are. */
size_t ftrace_get_pids(const struct ftrace_pids *pids, int *pid, size_t max,
		       bool exclude);

/* Lookups. Context: probe. Return: the site's address, or 0. */
unsigned long ftrace_location(unsigned long ip);
unsigned long ftrace_location_range(unsigned long start, unsigned long end);
bool ftrace_text_reserved(unsigned long start, unsigned long end);

/* Is @addr inside a trampoline or static caller? Context: probe. */
bool is_ftrace_trampoline(unsigned long addr);
/* Name for backtraces: "ftrace_trampoline", "ftrace_fexit"...; or NULL. */
const char *ftrace_trampoline_symbol(unsigned long addr, unsigned long *off,
				     unsigned long *size);

/*
 * The table of sites, sorted by address. rec number i, i < count.
 * Context: probe.
 */
size_t ftrace_rec_count(void);
struct dyn_ftrace *ftrace_rec(size_t i);
size_t ftrace_rec_index(const struct dyn_ftrace *rec);
unsigned long ftrace_rec_ip(const struct dyn_ftrace *rec);
struct dyn_ftrace *ftrace_rec_find(unsigned long ip);
/* What is there belongs to no function any more; never patched. */
bool ftrace_rec_disabled(const struct dyn_ftrace *rec);
bool ftrace_rec_enabled(const struct dyn_ftrace *rec);
bool ftrace_rec_touched(const struct dyn_ftrace *rec);
/* How many registered ops match. */
unsigned int ftrace_rec_users(const struct dyn_ftrace *rec);
/* Its name; @buf is used for a disabled one, which has none. */
#define FTRACE_NAME_MAX 40
const char *ftrace_rec_name(const struct dyn_ftrace *rec,
			    char buf[FTRACE_NAME_MAX]);

/*
 * A line as in Linux's enabled_functions (with newline): name, users,
 * letters, and what the bytes really call. Context: task, takes ftrace_lock.
 */
void ftrace_describe_rec(const struct dyn_ftrace *rec, struct trace_seq *s);

/*
 * Direct callers: the site calls the user's own code, no callback.
 * @addr: that code; with FTRACE_ADDR_JMP set it is jumped to
 *
 * It must leave all argument registers as they were and return to where it
 * was called from, or call the original itself and return to its caller.
 * One direct caller a site. On return of unregister and modify nobody is in
 * the old target any more, but for calls that sleep in an original it called:
 * who wraps functions that sleep counts them (trace/core/ftrace_fexit.h).
 *
 * Return: 0; -EINVAL no @addr or one out of reach of a call, ops has a
 * callback or trampoline or is registered, no or an empty filter; wrong @addr
 * or not registered (modify, unregister); -EBUSY a site has a direct caller,
 * or an ip modifier and ops will not share, or cannot: its target is, or is to
 * be, jumped to; what ops_func refused with (-EAGAIN: call again); -ENOMEM,
 * -ENOSPC, -EDEADLK, -ENODEV as above. No other code is returned.
 */
int __must_check register_ftrace_direct(struct ftrace_ops *ops,
					unsigned long addr);
int unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr,
			     bool free_filters);
int modify_ftrace_direct(struct ftrace_ops *ops, unsigned long addr);
/* The same from code that runs with the direct lock held: ops_func. */
int modify_ftrace_direct_nolock(struct ftrace_ops *ops, unsigned long addr);

/* The older names. */
#define register_ftrace_direct_multi	  register_ftrace_direct
#define unregister_ftrace_direct_multi	  unregister_ftrace_direct
#define modify_ftrace_direct_multi	  modify_ftrace_direct
#define modify_ftrace_direct_multi_nolock modify_ftrace_direct_nolock

/*
 * One ops, many sites, each with its own target. A set of pairs is made with
 * ftrace_direct_hash_add(), which sorts; all of it happens or nothing. Adding
 * a pair: -EINVAL no site there or out of use, no target or out of reach;
 * -EEXIST the site has a pair; -ENOSPC no room.
 *
 * add: -EINVAL empty, -EBUSY a site has a direct caller already. del: every
 * pair must be there, else -EINVAL; the last one gone unregisters. mod:
 * -EINVAL when a site is not among the ops' own. @do_direct_lock false: from
 * ops_func. Other codes as register_ftrace_direct().
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

/* The direct target of site @ip, 0 if none. Context: probe. */
unsigned long ftrace_find_rec_direct(unsigned long ip);

/*
 * Recomputes for every site who should be called and compares with the
 * records and the bytes (I7). Prints what differs. Context: task, takes
 * ftrace_lock. Return: number of sites that differ.
 */
size_t ftrace_check(void);

/*
 * Boot step: makes the site table from __mcount_loc; a site that does not hold
 * its NOP is told and never patched. Return: 0, or what arch_ftrace_init()
 * returned.
 */
int ftrace_init(void);
