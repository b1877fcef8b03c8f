// SPDX-License-Identifier: MIT
/*
 * ftrace_list.c - the list function, and the callbacks of the two static
 * callers.
 *
 * A site whose subscribers have no code of their own (no chain could be made,
 * chains=off, a stub among them) calls a static caller, which calls the list
 * function. The list function looks up the site's record and visits only that
 * site's subscribers. Ops of other sites cost nothing.
 *
 * Invariants
 * L1  A static caller loads (ops, func) as two words. While more than one ops
 *     may meet there, func is the list function, which ignores ops. A single
 *     callback is installed only after its ops was published and a wait for
 *     every task that may hold another ops has passed.
 * I5  The list function calls nothing traceable, takes no lock and is bounded.
 *
 * Context: the list function: any. All other functions: task, ftrace_lock.
 */
#include "kernel/quiesce.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include <asm/barrier.h>
#include <asm/call_each.h>

#define LIST_CACHE 512 /* records, for a site table of any size */

static struct dyn_ftrace *list_cache[LIST_CACHE]; /* [A] hints */
static ftrace_func_t static_func = ftrace_stub;	  /* [F] NULL: the list */

/* Install func in both static callers; NULL: the list function. */
static void static_set_func(ftrace_func_t func)
{
	if (func == static_func)
		return;
	arch_ftrace_set_inner(arch_ftrace_static_caller(false), 0,
			      func ?: ftrace_ops_list_func);
	arch_ftrace_set_inner(arch_ftrace_static_caller(true), 0,
			      func ?: ftrace_ops_list_regs_func);
	static_func = func;
}

/* A hint may be any valid record. */
void ftrace_list_init(void)
{
	size_t i;

	for (i = 0; i < LIST_CACHE; i++)
		list_cache[i] = ftrace_recs;
	static_set_func(NULL);
}

static __always_inline size_t list_slot(unsigned long ip)
{
	return ip / 16 % LIST_CACHE;
}

static noinline struct dyn_ftrace *list_find(unsigned long ip)
{
	struct dyn_ftrace *rec = ftrace_rec_find(ip);

	WRITE_ONCE(list_cache[list_slot(ip)], rec);
	return rec;
}

/*
 * The subscribers of the site. The record is read once. A set found there is
 * complete (publish_run()) and stays valid until this call has left (I4).
 */
static __always_inline const struct ftrace_set *list_set(unsigned long ip)
{
	struct dyn_ftrace *rec = READ_ONCE(list_cache[list_slot(ip)]);

	if (unlikely(rec_ip(rec) != ip))
		rec = list_find(ip);
	return set_of(READ_ONCE(rec->wanted));
}

/* Call one subscriber, unless its flags or the guard forbid it. */
static __always_inline void list_call_careful(unsigned long ip,
					      unsigned long parent_ip,
					      struct ftrace_ops *ops,
					      struct ftrace_regs *fregs)
{
	u32 bit;

	if (ops->flags & FTRACE_OPS_FL_STUB)
		return;
	/* A site that is about to get full registers may not have them yet. */
	if (ops->flags & FTRACE_OPS_FL_SAVE_REGS && !ftrace_get_regs(fregs))
		return;
	if (!(ops->flags & FTRACE_OPS_FL_RECURSION)) {
		READ_ONCE(ops->func)(ip, parent_ip, ops, fregs);
		return;
	}
	bit = ftrace_guard_enter(FTRACE_GUARD_CORE);
	if (!bit)
		return;
	READ_ONCE(ops->func)(ip, parent_ip, ops, fregs);
	ftrace_guard_leave(bit);
}

static noinline void list_call_set(unsigned long ip, unsigned long parent_ip,
				   const struct ftrace_set *set,
				   struct ftrace_regs *fregs)
{
	struct ftrace_ops *const *ops;

	for (ops = set->ops; *ops; ops++)
		list_call_careful(ip, parent_ip, *ops, fregs);
	if (set->direct)
		arch_ftrace_set_direct_caller(fregs, set->direct);
}

/* The loop of most sets; a set with a flag of @special takes the slow path. */
static __always_inline void list_visit(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_regs *fregs, u8 special)
{
	const struct ftrace_set *set = list_set(ip);

	static_assert(!offsetof(struct ftrace_ops, func), "call_each()");
	if (unlikely(set->flags & special)) {
		list_call_set(ip, parent_ip, set, fregs);
		return;
	}
	call_each(set->ops, set->nr, ip, parent_ip, fregs);
}

#define SPECIAL (FTRACE_SET_STUB | FTRACE_SET_GUARD | FTRACE_SET_NOT_CALLS)

__own_line void ftrace_ops_list_func(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	list_visit(ip, parent_ip, fregs, SPECIAL | FTRACE_SET_REGS);
}

void ftrace_ops_list_regs_func(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	list_visit(ip, parent_ip, fregs, SPECIAL);
}

/* ---- the callback of the static callers ---- */

/* The only registered ops, if the static callers may call it directly. */
static struct ftrace_ops *static_single_ops(void)
{
	struct ftrace_ops *ops = ftrace_ops_list;

	if (!ops || ops->next || ops->trampoline || !ftrace_enabled ||
	    ops->flags & (FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_RECURSION |
			  FTRACE_OPS_FL_STUB | FTRACE_OPS_FL_DIRECT))
		return NULL;
	return ops;
}

/* L1: point both static callers at the list function; it suits any ops. */
void ftrace_static_before(void)
{
	assert_held(&ftrace_lock);
	static_set_func(NULL);
}

void ftrace_static_after(void)
{
	struct ftrace_ops *ops = static_single_ops();

	assert_held(&ftrace_lock);
	if (!ops)
		return;
	arch_ftrace_set_static_ops(ops);
	/* A task may be preempted between loading ops and calling func. */
	synchronize_tasks();
	static_set_func(ops->func);
}

void ftrace_static_update_func(struct ftrace_ops *ops)
{
	assert_held(&ftrace_lock);
	if (static_func)
		static_set_func(ops->func);
}
