// SPDX-License-Identifier: MIT
/*
 * fgraph.c - hooks on the return of functions, for several users.
 *
 * Owns the table of users and the shadow stacks, one page per task that is
 * given to it when the first user comes, or at its creation. A user's callback
 * at entry (fgraph_enter() in fgraph.h) puts the address of return_to_handler
 * where the caller's return address stands, and a frame on the shadow stack;
 * the function then returns into return_to_handler (fgraph_entry.asm), which
 * asks here where it really goes.
 *
 * A second user that wants the same call finds its frame on top and adds its
 * bit. A function entered by a tail call finds the hook of the one that made
 * it: it gets a frame of its own for the same slot, whose true return address
 * is return_to_handler again, so both return in turn.
 *
 * I1  A hooked slot has a frame that says where it returns to, from before it
 *     is hooked until after it was returned through; frames of other contexts
 *     on the same task lie above and are gone when it is looked at.
 * I2  A call is hooked only if there was room for its frame; else it is
 *     counted in task->trace_overrun and returns as ever.
 * I3  Frames above the one that is returned through belong to calls that were
 *     left by force (trap_catch_call()); they are dropped and counted.
 * I4  A user's slot is free when no frame has its bit and nobody is in its
 *     callbacks.
 *
 * Context: entry and return in any, NMI included; not traceable. Registering
 * takes graph_lock; task lists task_list_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/mm/page.h"
#include "kernel/panic.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include "trace/fgraph.h"
#include "arch/x86_64/ftrace_frame.h"
#include <asm/atomic.h>

static DEFINE_MUTEX(graph_lock);
static struct fgraph_ops *users[FGRAPH_USERS]; /* [G], read in probes */
static bool stacks_wanted;	     /* [A] a user has come; stays so */
static unsigned long no_stack;	     /* [A] */
static struct task_struct *idle_tasks[NR_CPUS]; /* [task_list_lock] */
static unsigned int nr_idle_tasks;

/* ---- entry and return ---------------------------------------------------- */

static bool entry_true(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	(void)ent;
	(void)gops;
	return true;
}

/* The callback of users that have none of their own. */
static void fgraph_call(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct fgraph_ops *gops = ops->private;

	(void)parent_ip;
	fgraph_enter(ip, gops, ftrace_return_slot(fregs), gops->entryfunc);
}

/* I3: the frame of the call that returns is not on top. */
static noinline unsigned int drop_abandoned(struct task_struct *task,
					    const unsigned long *retp)
{
	struct fgraph_ret_stack *stack = task->ret_stack;
	unsigned int n = task->curr_ret_stack;

	while (n && stack->frame[n - 1].retp != retp)
		n--;
	if (!n)
		panic("I1: no frame for the call whose return address was at %p",
		      retp);
	stack->abandoned += task->curr_ret_stack - n;
	WRITE_ONCE(task->curr_ret_stack, n);
	return n;
}

__no_fp unsigned long ftrace_return_to_handler(unsigned long *retp,
					       unsigned long rax,
					       unsigned long rdx)
{
	struct task_struct *task = current;
	struct fgraph_ret_stack *stack = task->ret_stack;
	unsigned int n = task->curr_ret_stack;
	struct fgraph_frame *frame = &stack->frame[n - 1];
	struct ftrace_graph_ret ret;
	unsigned int slot;
	u32 bits;

	if (unlikely(!n || frame->retp != retp)) {
		n = drop_abandoned(task, retp);
		frame = &stack->frame[n - 1];
	}
	ret.func = frame->func;
	ret.calltime = frame->calltime;
	ret.retval = rax;
	ret.retval_high = rdx;
	ret.overrun = task->trace_overrun;
	for (bits = READ_ONCE(frame->users); bits; bits &= bits - 1) {
		slot = __builtin_ctz(bits);
		ret.depth = --stack->depth[slot];
		users[slot]->retfunc(&ret, users[slot]);
	}
	rax = frame->ret;
	barrier(); /* I1: read before an interrupt may push here */
	WRITE_ONCE(task->curr_ret_stack, n - 1);
	return rax;
}

/* Up-call of the stack walker, see kernel/unwind_hooks.h. */
unsigned long ftrace_graph_ret_addr(struct task_struct *task, int *idx,
				    unsigned long addr, unsigned long *retp)
{
	const struct fgraph_ret_stack *stack = READ_ONCE(task->ret_stack);
	unsigned int n = READ_ONCE(task->curr_ret_stack);

	(void)idx;
	if (addr != (unsigned long)return_to_handler || !stack)
		return addr;
	/* Newest first: a stale pointer in a frame lies below the live one. */
	for (n = min(n, (unsigned int)FGRAPH_DEPTH_MAX); n; n--) {
		if (READ_ONCE(stack->frame[n - 1].retp) != retp)
			continue;
		addr = READ_ONCE(stack->frame[n - 1].ret);
		if (addr != (unsigned long)return_to_handler)
			break; /* else made by a tail call: look further */
	}
	return addr;
}

/* ---- shadow stacks ------------------------------------------------------- */

static void give_stack(struct task_struct *task)
{
	struct fgraph_ret_stack *none = NULL, *stack;

	static_assert(FGRAPH_STACK_BYTES == PAGE_SIZE, "one page");
	if (READ_ONCE(task->ret_stack))
		return;
	stack = alloc_pages_zeroed(0);
	if (!stack) {
		fetch_add(&no_stack, 1);
		return;
	}
	if (!try_cmpxchg(&task->ret_stack, &none, stack))
		free_page(stack);
}

/* Call fn for every task, the idle ones included. */
static void for_each_any_task(void (*fn)(struct task_struct *task, void *arg),
			      void *arg)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		fn(task, arg);
	for (i = 0; i < nr_idle_tasks; i++)
		fn(idle_tasks[i], arg);
	spin_unlock_irqrestore(&task_list_lock, flags);
}

static void give_stack_each(struct task_struct *task, void *unused)
{
	(void)unused;
	give_stack(task);
}

struct stack_call {
	void (*fn)(struct fgraph_ret_stack *stack, unsigned long arg);
	unsigned long arg;
};

static void call_stack(struct task_struct *task, void *arg)
{
	struct stack_call *call = arg;

	if (task->ret_stack)
		call->fn(task->ret_stack, call->arg);
}

void fgraph_for_each_stack(void (*fn)(struct fgraph_ret_stack *stack,
				      unsigned long arg),
			   unsigned long arg)
{
	struct stack_call call = { fn, arg };

	for_each_any_task(call_stack, &call);
}

void fgraph_task_created(struct task_struct *task)
{
	unsigned long flags;

	if (task_is_idle(task)) {
		spin_lock_irqsave(&task_list_lock, flags);
		idle_tasks[nr_idle_tasks++] = task;
		spin_unlock_irqrestore(&task_list_lock, flags);
	}
	if (READ_ONCE(stacks_wanted))
		give_stack(task);
}

void fgraph_task_ended(struct task_struct *task)
{
	if (task->ret_stack)
		free_page(task->ret_stack);
	task->ret_stack = NULL;
}

unsigned long fgraph_no_stack(void)
{
	return READ_ONCE(no_stack);
}

/* ---- users --------------------------------------------------------------- */

static void reset_depth(struct fgraph_ret_stack *stack, unsigned long slot)
{
	stack->depth[slot] = 0;
}

/* Calls under way forget this user. */
static void clear_user(struct fgraph_ret_stack *stack, unsigned long slot)
{
	unsigned int i;

	for (i = 0; i < FGRAPH_DEPTH_MAX; i++) {
		if (READ_ONCE(stack->frame[i].users) & 1U << slot)
			fetch_and(&stack->frame[i].users, ~(1U << slot));
	}
}

static void return_nothing(const struct ftrace_graph_ret *ret,
			   struct fgraph_ops *gops)
{
	(void)ret;
	(void)gops;
}

static int take_slot(struct fgraph_ops *gops)
{
	unsigned int slot, first_free = FGRAPH_USERS;

	for (slot = FGRAPH_USERS; slot-- > 0;) {
		if (users[slot] == gops)
			return -EBUSY;
		if (!users[slot])
			first_free = slot;
	}
	if (first_free == FGRAPH_USERS)
		return -ENOSPC;
	gops->slot = first_free;
	return 0;
}

int register_ftrace_graph(struct fgraph_ops *gops)
{
	int err;

	if (!gops->entryfunc)
		gops->entryfunc = entry_true;
	if (!gops->retfunc)
		gops->retfunc = return_nothing;
	if (!gops->ops->func)
		gops->ops->func = fgraph_call;
	gops->ops->private = gops;
	mutex_lock(&graph_lock);
	err = take_slot(gops);
	if (err)
		goto unlock;
	/* Tasks made from here on see it; the walk finds all others. */
	WRITE_ONCE(stacks_wanted, true);
	for_each_any_task(give_stack_each, NULL);
	fgraph_for_each_stack(reset_depth, gops->slot);
	WRITE_ONCE(users[gops->slot], gops);
	err = register_ftrace_function(gops->ops);
	if (err)
		users[gops->slot] = NULL;
unlock:
	mutex_unlock(&graph_lock);
	return err;
}

int unregister_ftrace_graph(struct fgraph_ops *gops)
{
	int err;

	mutex_lock(&graph_lock);
	err = unregister_ftrace_function(gops->ops);
	if (!err) {
		/* I4: nobody pushes its bit any more; take it out of all
		 * frames, then wait for those that have just read it. */
		fgraph_for_each_stack(clear_user, gops->slot);
		synchronize_tasks();
		users[gops->slot] = NULL;
	}
	mutex_unlock(&graph_lock);
	return err;
}
