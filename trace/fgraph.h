/* SPDX-License-Identifier: MIT */
/*
 * fgraph.h - callbacks at entry and at return of functions, several users at
 * once.
 *
 * At entry a user's ftrace_ops callback puts the address of return_to_handler
 * in place of the caller's return address, and the true one on the task's
 * shadow stack; one frame serves all users that want this call. Told in full
 * at the top of fgraph.c.
 *
 * Lock legend: [I] immutable while registered; [G] graph_lock; [T] the task
 * itself, its interrupts and NMIs included, each leaving it as it found it.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched.h"
#include "trace/ftrace.h"

struct fgraph_ops;

#define FGRAPH_USERS 16

struct ftrace_graph_ent {
	unsigned long func; /* the site */
	int depth;	    /* calls of this user that surround this one */
	u64 calltime;	    /* out: when, in whatever clock the user likes */
};

struct ftrace_graph_ret {
	unsigned long func;
	int depth;
	u64 calltime; /* what the entry callback gave */
	unsigned long retval;	   /* rax as returned */
	unsigned long retval_high; /* rdx */
	unsigned long overrun;	   /* calls of this task not hooked so far */
};

/* Context of both: probe. An entry that returns false has no return. */
typedef bool (*trace_func_graph_ent_t)(struct ftrace_graph_ent *ent,
				       struct fgraph_ops *gops);
typedef void (*trace_func_graph_ret_t)(const struct ftrace_graph_ret *ret,
				       struct fgraph_ops *gops);

struct fgraph_ops {
	trace_func_graph_ent_t entryfunc; /* [I] NULL: true */
	trace_func_graph_ret_t retfunc;	  /* [I] NULL: nothing */
	/*
	 * [I] filters and all; ->func NULL means the one that calls entryfunc,
	 * else it calls fgraph_enter() with an entry function of its own;
	 * ->private is overwritten.
	 */
	struct ftrace_ops *ops;
	void *private;	   /* the owner's */
	unsigned int slot; /* [G] */
};

/*
 * register_ftrace_graph() - begin to hook the functions of gops->ops
 *
 * Every task that exists gets its shadow stack now, those made later at their
 * creation; a task there is no memory for is not traced and counted
 * (fgraph_no_stack()). Calls under way are not hooked.
 *
 * Context: task, may sleep.
 * Return: 0; -EBUSY registered already; -ENOSPC FGRAPH_USERS users; -ENOMEM;
 * or what register_ftrace_function() returns.
 */
int __must_check register_ftrace_graph(struct fgraph_ops *gops);

/*
 * unregister_ftrace_graph() - the reverse
 * Calls under way lose their return callback; they return as ever. On return
 * nobody runs or will run a callback.
 * Return: 0, or what unregister_ftrace_function() returns (then nothing
 * changed).
 */
int unregister_ftrace_graph(struct fgraph_ops *gops);

/* Tasks without a shadow stack for want of memory, since boot. */
unsigned long fgraph_no_stack(void);

/*
 * fgraph_for_each_stack() - call fn for the shadow stack of every task
 * Context: task; fn runs with a spinlock held.
 */
struct fgraph_ret_stack;
void fgraph_for_each_stack(void (*fn)(struct fgraph_ret_stack *stack,
				      unsigned long arg),
			   unsigned long arg);

/* A task begins, or has ended: trace_task.c. Context: task. */
void fgraph_task_created(struct task_struct *task);
void fgraph_task_ended(struct task_struct *task);

/* ---- the shadow stack ---------------------------------------------------- */

struct fgraph_frame {
	unsigned long ret;   /* [T] where the call really returns to */
	unsigned long *retp; /* [T] where that stood; NULL: being made */
	unsigned long func;  /* [T] */
	u64 calltime;	     /* [T] */
	u32 users;	     /* [T] set by the task, cleared by anybody */
	u32 unused;
};

#define FGRAPH_STACK_BYTES 4096
#define FGRAPH_DEPTH_MAX   100

struct fgraph_ret_stack {
	u16 depth[FGRAPH_USERS]; /* [T] calls now hooked, by user */
	u32 graph_root;		 /* [T] function_graph: frames below which ... */
	u32 graph_notrace;	 /* ... recording is on, or off; 0: none */
	u64 slept_at;		 /* [T] when it was switched out; 0: is not */
	u64 abandoned;		 /* [T] frames never returned through */
	struct fgraph_frame frame[FGRAPH_DEPTH_MAX];
};

static_assert(sizeof(struct fgraph_ret_stack) <= FGRAPH_STACK_BYTES,
	      "shadow stack");

/* asm, fgraph_entry.asm: where hooked calls return to. */
void return_to_handler(void);

/*
 * From return_to_handler: the call whose return address stood at retp returns
 * with rax and rdx. Return: where it really returns to.
 */
unsigned long ftrace_return_to_handler(unsigned long *retp, unsigned long rax,
				       unsigned long rdx);

/* The second user of a call hooked already. Return: the frame, or NULL. */
static __always_inline struct fgraph_frame *
fgraph_shared_frame(struct fgraph_frame *top, unsigned long ip,
		    unsigned long *retp, u32 user)
{
	/*
	 * The same slot and function: this very call, unless this user has
	 * been here before; then it is the function's tail call of itself.
	 */
	if (likely(top->retp != retp) || top->func != ip || top->users & user)
		return NULL;
	return top;
}

/*
 * fgraph_enter() - a traced call begins; for an ops callback
 * @retp:  where the traced function's return address stands
 * @entry: entry function, a constant so that it is inlined
 *
 * Context: probe.
 */
static __always_inline void fgraph_enter(unsigned long ip,
					 struct fgraph_ops *gops,
					 unsigned long *retp,
					 trace_func_graph_ent_t entry)
{
	struct task_struct *task = current;
	struct fgraph_ret_stack *stack = READ_ONCE(task->ret_stack);
	unsigned int n = READ_ONCE(task->curr_ret_stack);
	u32 slot = gops->slot;
	struct ftrace_graph_ent ent = { .func = ip };
	struct fgraph_frame *frame, *shared = NULL;

	if (unlikely(!stack))
		return;
	frame = &stack->frame[n];
	if (n)
		shared = fgraph_shared_frame(frame - 1, ip, retp, 1U << slot);
	if (unlikely(shared)) {
		ent.depth = stack->depth[slot]++;
		if (entry(&ent, gops))
			shared->users |= 1U << slot;
		else
			stack->depth[slot]--;
		return;
	}
	if (unlikely(n >= FGRAPH_DEPTH_MAX)) {
		task->trace_overrun++;
		return;
	}
	/*
	 * The frame is ours before it says anything: an interrupt from here
	 * on pushes above it, and a walk finds no slot in it that is hooked.
	 */
	WRITE_ONCE(frame->retp, NULL);
	WRITE_ONCE(task->curr_ret_stack, n + 1);
	ent.depth = stack->depth[slot]++;
	if (!entry(&ent, gops)) {
		stack->depth[slot]--;
		WRITE_ONCE(task->curr_ret_stack, n);
		return;
	}
	frame->ret = *retp;
	frame->func = ip;
	frame->calltime = ent.calltime;
	frame->users = 1U << slot;
	barrier(); /* a walk that sees the hook sees the frame */
	WRITE_ONCE(frame->retp, retp);
	WRITE_ONCE(*retp, (unsigned long)return_to_handler);
}
