/* SPDX-License-Identifier: MIT */
/*
 * fgraph.h - callbacks at entry and at return of functions, several users at
 * once.
 *
 * At entry a user's ftrace_ops callback puts the address of return_to_handler
 * in place of the caller's return address, and the true one on the task's
 * shadow stack, in a frame for each user that wants this call. Told in full at
 * the top of fgraph.c.
 *
 * Lock legend: [I] immutable while registered; [G] graph_lock; [T] the task
 * itself, its interrupts and NMIs included, each leaving it as it found it.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched.h"
#include "trace/core/ftrace.h"

struct fgraph_ops;

#define FGRAPH_USERS 16

struct ftrace_graph_ent {
	unsigned long func; /* the site */
	int depth;	    /* hooked calls of this task that surround it */
	u64 calltime;	    /* out: when, in whatever clock the user likes */
	u32 marks;	    /* out: FGRAPH_FRAME_HIDDEN, _MARK(n) of its own */
};

struct ftrace_graph_ret {
	unsigned long func;
	int depth;
	u64 calltime;		   /* what this user's entry gave */
	unsigned long retval;	   /* rax as returned */
	unsigned long retval_high; /* rdx */
	unsigned long overrun;	   /* calls of this task not hooked so far */
	const u64 *data;    /* what this user's entry reserved, or NULL */
	unsigned int words; /* of it */
};

/*
 * Context of both: probe. An entry that returns false has no return. What they
 * call is hooked one level deep at most, then counted (fgraph.c, I5).
 */
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
	/*
	 * [I] NULL, or what return_to_handler tries first while this is the
	 * only user. It must refuse frames whose ->users is not just its own
	 * bit (of another user, or with data), and call nothing that may be
	 * hooked.
	 */
	fgraph_handler_t handler;
	void *private; /* the owner's */
	u32 bit;       /* [G] in fgraph_frame.users, while registered */
};

/*
 * register_ftrace_graph() - begin to hook the functions of gops->ops
 *
 * Every task that exists gets its shadow stack now, those made later at their
 * creation; a task there is no memory for is not traced and counted
 * (fgraph_no_stack()). Calls under way are not hooked.
 *
 * Context: task, may sleep.
 * Return: 0; -EDEADLK from a callback, at entry or return; -EBUSY registered
 * already, or its ops is, by whomever; -ENOSPC FGRAPH_USERS users; or what
 * register_ftrace_function() returns. No other code is returned.
 */
int __must_check register_ftrace_graph(struct fgraph_ops *gops);

/*
 * unregister_ftrace_graph() - the reverse
 * Calls under way lose their return callback; they return as ever. On return
 * nobody runs or will run a callback, ->handler included.
 * Return: 0; -EDEADLK from a callback, at entry or return; -EBUSY not
 * registered; or what unregister_ftrace_function() returns. On an error nothing
 * has changed.
 */
int unregister_ftrace_graph(struct fgraph_ops *gops);

/*
 * fgraph_clear_marks() - take marks from all frames of a user
 * A callback under way may still set them. Context: task.
 */
void fgraph_clear_marks(const struct fgraph_ops *gops, u32 marks);

#define FGRAPH_DATA_MAX 32 /* words of one call; as on Linux */

/*
 * fgraph_reserve_data() - words that belong to this call until it has returned
 *
 * For an entry function, once per call. The words keep what is written to them
 * before the entry function returns, are given to retfunc, and go when the call
 * returns or the entry function returns false. They are not zeroed. A user that
 * needs one word has ->calltime, which costs nothing.
 *
 * Context: probe.
 * Return: the words; NULL: no room, counted in task->trace_overrun like a call
 * without room for its frame, or @words is 0 or above FGRAPH_DATA_MAX, or the
 * call has words already. Without them the entry function returns false.
 */
u64 *fgraph_reserve_data(unsigned int words);

/* Tasks without a shadow stack for want of memory, since boot. */
unsigned long fgraph_no_stack(void);

/*
 * The true return address of a call of @task: @addr, found at @retp, unless
 * that is return_to_handler. Context: any, NMI included; no locks.
 */
unsigned long ftrace_graph_ret_addr(struct task_struct *task,
				    unsigned long addr, unsigned long *retp);

/*
 * fgraph_for_each_stack() - call fn for the shadow stack of every task
 * Context: task; fn runs with a spinlock held.
 */
struct fgraph_ret_stack;
void fgraph_for_each_stack(void (*fn)(struct fgraph_ret_stack *stack,
				      unsigned long arg),
			   unsigned long arg);

/* ---- the shadow stack ---------------------------------------------------- */

struct fgraph_frame {
	unsigned long ret;   /* [T] where the call really returns to */
	unsigned long *retp; /* [T] where that stood; NULL: being made */
	unsigned long func;  /* [T] */
	u64 calltime;	     /* [T] */
	u32 users;	     /* [T] below; changed by anybody, atomically */
	int depth;	     /* [T] 0: the outermost */
};

/*
 * ->users: the bit of the frame's user, gone when the user is; the number of
 * data words, which stays; marks (n < 9), of a frame while it has that bit.
 */
#define FGRAPH_USER_BITS     (BIT(FGRAPH_USERS) - 1)
#define FGRAPH_WORDS_SHIFT   FGRAPH_USERS
#define FGRAPH_WORDS_BITS    6
#define FGRAPH_FRAME_MARK(n) (1U << (FGRAPH_USERS + FGRAPH_WORDS_BITS + (n)))
#define FGRAPH_FRAME_HIDDEN  FGRAPH_FRAME_MARK(9) /* ->handler refuses it */

static_assert(FGRAPH_DATA_MAX < BIT(FGRAPH_WORDS_BITS), "data words");

static __always_inline unsigned int
fgraph_words(const struct fgraph_frame *frame)
{
	return READ_ONCE(frame->users) >> FGRAPH_WORDS_SHIFT &
	       (BIT(FGRAPH_WORDS_BITS) - 1);
}

/* Frames take the first page, data the second: neither becomes the other. */
#define FGRAPH_STACK_ORDER 1
#define FGRAPH_DEPTH_MAX   100
#define FGRAPH_DATA_WORDS  512

struct fgraph_ret_stack {
	struct fgraph_frame *top; /* [T] the innermost call, or frame[0] */
	struct fgraph_frame *end; /* [I] top may not go beyond */
	u64 slept_at;		  /* [T] when switched out; 0: nobody asks */
	u64 abandoned;		  /* [T] frames never returned through */
	u64 recursed;		  /* [T] calls of callbacks, not hooked */
	u64 data_used;		  /* [T] words of all frames up to top */
	/* frame[0] stands for no call, so that there is always a top. */
	struct fgraph_frame frame[1 + FGRAPH_DEPTH_MAX];
	u64 data[FGRAPH_DATA_WORDS] __aligned(4096); /* [T] */
};

/* asm, fgraph_entry.asm: where hooked calls return to. */
void return_to_handler(void);
extern char return_to_handler_end[];

/*
 * fgraph_push() - a frame above top, for the call whose return address stands
 * at retp; there is room
 * Return: the frame, with all but retp and calltime set. Context: probe.
 */
static __always_inline struct fgraph_frame *
fgraph_push(struct fgraph_ret_stack *stack, struct fgraph_frame *top,
	    unsigned long ip, const unsigned long *retp, u32 bit)
{
	struct fgraph_frame *frame = top + 1;

	/*
	 * The frame is ours before it says anything: an interrupt from here
	 * on pushes above it, and a walk finds no slot in it that is hooked.
	 */
	WRITE_ONCE(frame->retp, NULL);
	WRITE_ONCE(stack->top, frame);
	barrier(); /* the compiler, too, fills it after that */
	frame->ret = *retp;
	frame->func = ip;
	frame->users = bit;
	frame->depth = top->depth + 1;
	return frame;
}

/* A call that is not hooked after all, or is unhooked. */
static __always_inline void fgraph_pop(struct fgraph_ret_stack *stack,
				       struct fgraph_frame *frame)
{
	barrier(); /* what it said was read before an interrupt pushes here */
	WRITE_ONCE(stack->top, frame - 1);
}

/* Let the call of a frame on top return to return_to_handler. */
static __always_inline void fgraph_hook(struct fgraph_frame *frame,
					unsigned long *retp)
{
	barrier(); /* a walk that sees the hook sees the frame */
	WRITE_ONCE(frame->retp, retp);
	WRITE_ONCE(*retp, (unsigned long)return_to_handler);
}

/* The call of the frame on top returns to where it should. */
static __always_inline void fgraph_unhook(struct fgraph_ret_stack *stack,
					  struct fgraph_frame *frame)
{
	/* First the slot: a walk finds the hook and the frame, or neither. */
	WRITE_ONCE(*frame->retp, frame->ret);
	fgraph_pop(stack, frame);
}

/*
 * fgraph_enter() - a traced call begins; for an ops callback
 * @retp:  where the traced function's return address stands
 *
 * Context: probe.
 */
void fgraph_enter(unsigned long ip, struct fgraph_ops *gops,
		  unsigned long *retp, trace_func_graph_ent_t entry);
