/* SPDX-License-Identifier: MIT */
/*
 * fgraph.h - callbacks at entry and return of functions, for several users at
 * once.
 *
 * At entry a user's ftrace_ops callback puts the address of return_to_handler
 * in place of the caller's return address. It saves the true one on the task's
 * shadow stack, in one frame for each user that wants this call. The top of
 * fgraph.c explains it in full.
 *
 * Lock legend: [I] immutable while registered; [G] graph_lock; [T] the task
 * itself, with its interrupts and NMIs, each of which restores it.
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
	u64 calltime;	    /* out: the time, in a clock of the user's choice */
	u32 marks;	    /* out: FGRAPH_FRAME_HIDDEN, the user's _MARK(n) */
};

struct ftrace_graph_ret {
	unsigned long func;
	int depth;
	u64 calltime;		   /* from this user's entry */
	unsigned long retval;	   /* rax as returned */
	unsigned long retval_high; /* rdx */
	unsigned long overrun;	   /* calls of this task not hooked */
	const u64 *data;       /* words this user's entry reserved, or NULL */
	unsigned int words;    /* number of data words */
	unsigned long *result; /* rax for the caller: a callback may set it */
};

/*
 * Context of both: probe. If the entry function returns false, the return
 * function is not called. Calls that they make are hooked one level deep at
 * most; deeper ones are counted (fgraph.c, R5).
 */
typedef bool (*trace_func_graph_ent_t)(struct ftrace_graph_ent *ent,
				       struct fgraph_ops *gops);
typedef void (*trace_func_graph_ret_t)(const struct ftrace_graph_ret *ret,
				       struct fgraph_ops *gops);

struct fgraph_ops {
	trace_func_graph_ent_t entryfunc; /* [I] NULL: always true */
	trace_func_graph_ret_t retfunc;	  /* [I] NULL: no callback */
	/*
	 * [I] The ops with its filters. If ->func is NULL, registering sets the
	 * callback that calls entryfunc. A ->func of the user's own calls
	 * fgraph_enter() with an entry function. Registering overwrites
	 * ->private.
	 */
	struct ftrace_ops *ops;
	/*
	 * [I] NULL, or a handler that return_to_handler tries first while this
	 * is the only user. The handler must refuse a frame whose ->users is
	 * more than its own bit (of another user, or with data), and must call
	 * no function that may be hooked.
	 */
	fgraph_handler_t handler;
	/*
	 * [I] NULL, or called for a call that will never return, with its data
	 * words: its task has ended, or left its frame behind (R3). Context:
	 * any task or probe, preemption off.
	 */
	void (*lostfunc)(const u64 *data, struct fgraph_ops *gops);
	void *private;	    /* for the owner */
	void *owner;	    /* the same, for fprobes */
	unsigned int words; /* [I] that a call may reserve; 0: few or none */
	u32 bit;	    /* [G] in fgraph_frame.users, while registered */
};

/*
 * register_ftrace_graph() - start to hook the functions of gops->ops
 *
 * Every existing task gets its shadow stack now; a later task gets it at its
 * creation. A task without memory for one is not traced, and is counted
 * (fgraph_no_stack()). Calls under way are not hooked.
 *
 * Context: task, may sleep.
 * Return: 0; -EDEADLK from a callback, at entry or return; -EBUSY gops or its
 * ops is already registered; -ENOSPC there are FGRAPH_USERS users; or an error
 * of register_ftrace_function(). No other code is returned.
 */
int __must_check register_ftrace_graph(struct fgraph_ops *gops);

/*
 * unregister_ftrace_graph() - stop hooking the functions of gops->ops
 * Calls under way lose their return callback and return as usual. On return no
 * CPU runs or will run a callback, ->handler included.
 * Return: 0; -EDEADLK from a callback, at entry or return; -EBUSY not
 * registered; or an error of unregister_ftrace_function(). On an error nothing
 * has changed.
 */
int unregister_ftrace_graph(struct fgraph_ops *gops);

/*
 * fgraph_join() - be a user whose ops is not registered yet; it may be later,
 * by ftrace_move_ips() for example. Return: as register_ftrace_graph().
 * fgraph_leave() - undo it; the ops is not registered, nor ever was
 */
int __must_check fgraph_join(struct fgraph_ops *gops);
void fgraph_leave(struct fgraph_ops *gops);

/*
 * fgraph_clear_marks() - clear marks in all frames of a user
 * A callback under way may still set them. Context: task.
 */
void fgraph_clear_marks(const struct fgraph_ops *gops, u32 marks);

/* Words of one call: 32 of a user's as on Linux, and what fprobes add. */
#define FGRAPH_DATA_MAX 48

/*
 * fgraph_reserve_data() - reserve words for this call until it returns
 *
 * Called by an entry function, once per call. The entry function writes the
 * words before it returns, and retfunc reads them. They are freed when the call
 * returns or the entry function returns false. They are not zeroed. A user that
 * needs one word can use ->calltime, which costs nothing.
 *
 * Context: probe.
 * Return: the words; NULL if there is no room, counted in task->trace_overrun
 * like a call without room for its frame, or @words is 0 or above
 * FGRAPH_DATA_MAX, or the call already has words. On NULL the entry function
 * returns false.
 */
u64 *fgraph_reserve_data(unsigned int words);

/*
 * Gives every task a shadow stack, those to come, too, with room for
 * FGRAPH_DEPTH_MAX calls of @users users that reserve @words words together.
 * Segments that have become needless stay. Context: task, graph_lock.
 */
void fgraph_give_stacks(unsigned int users, unsigned int words);
/* Pages of all segments. */
unsigned long fgraph_segment_pages(void);
/* Number of tasks, since boot, that got no shadow stack for lack of memory. */
unsigned long fgraph_no_stack(void);

/*
 * Return: the true return address of a call of @task. This is @addr, read from
 * @retp, unless @addr is return_to_handler. Context: any, NMI included; no
 * locks.
 */
unsigned long ftrace_graph_ret_addr(struct task_struct *task,
				    unsigned long addr, unsigned long *retp);

/*
 * fgraph_for_each_stack() - call fn for the shadow stack of every task
 * Context: task; fn runs with a spinlock held.
 */
struct fgraph_ret_stack;
/* The task of this stack has ended: tell ->lostfunc of each call in it. */
void fgraph_lose_calls(struct fgraph_ret_stack *stack);
void fgraph_for_each_stack(void (*fn)(struct fgraph_ret_stack *stack,
				      unsigned long arg),
			   unsigned long arg);

/* ---- the shadow stack ---------------------------------------------------- */

struct fgraph_frame {
	unsigned long ret;   /* [T] the true return address */
	unsigned long *retp; /* [T] its slot; NULL: being set up */
	unsigned long func;  /* [T] */
	u64 calltime;	     /* [T] */
	u32 users;	     /* [T] bits below; changed atomically by any CPU */
	int depth;	     /* [T] 0: the outermost */
};

/*
 * ->users holds the bit of the frame's user, which is cleared when the user
 * unregisters; the number of data words, which stays; and marks (n < 9), valid
 * while the frame has the user's bit.
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

/*
 * Three pages of frames, a page of data words, and further words in segments.
 * So many calls can be nested with each user that has declared its ->words, up
 * to FGRAPH_FRAMES_MAX frames; and so many frames can be in use without one.
 */
#define FGRAPH_STACK_ORDER 2
#define FGRAPH_DEPTH_MAX   100
#define FGRAPH_FRAMES_MAX  300
#define FGRAPH_DATA_WORDS  512 /* of the page */
#define FGRAPH_SEGMENTS	   8

/* Words of one call lie in one segment. */
struct fgraph_segment {
	u64 *word;  /* [I] while it counts in nr_segments */
	u32 length; /* [I] */
	u32 below;  /* [T] words in use of the segment before, when this one
		     * was begun */
};

struct fgraph_ret_stack {
	struct fgraph_frame *top; /* [T] the innermost call, or frame[0] */
	struct fgraph_frame *end; /* [I] limit of top */
	u64 slept_at;		  /* [T] time of switch-out; 0: not needed */
	u64 abandoned;		  /* [T] frames never returned through */
	u64 recursed;		  /* [T] calls of callbacks, not hooked */
	u64 data_used;		  /* [T] segment << 32 | words used in it;
				   * 0 words only in the first segment */
	unsigned int nr_segments; /* [A] they only become more */
	struct fgraph_segment segment[FGRAPH_SEGMENTS];
	/* frame[0] belongs to no call, so that there is always a top. */
	struct fgraph_frame frame[1 + FGRAPH_FRAMES_MAX];
	u64 data[FGRAPH_DATA_WORDS] __aligned(4096); /* [T] */
};

/* ->data_used before @words were reserved, if it is @used behind them. */
static __always_inline u64 fgraph_data_below(
	const struct fgraph_ret_stack *stack, u64 used, unsigned int words)
{
	used -= words;
	if (unlikely(used >> 32 && !(u32)used)) /* the first of a segment */
		used = ((used >> 32) - 1) << 32 |
		       stack->segment[used >> 32].below;
	return used;
}

/* The last @words of the words in use, @used. */
static __always_inline u64 *
fgraph_data_last(const struct fgraph_ret_stack *stack, u64 used,
		 unsigned int words)
{
	return stack->segment[used >> 32].word + (u32)used - words;
}

/* asm, fgraph_entry.asm: the code that hooked calls return to. */
void return_to_handler(void);
extern char return_to_handler_end[];

/*
 * fgraph_push() - push a frame above top for the call whose return address is
 * at retp; the caller has checked that there is room
 * Return: the frame; every field except retp and calltime is set. Context:
 * probe.
 */
static __always_inline struct fgraph_frame *
fgraph_push(struct fgraph_ret_stack *stack, struct fgraph_frame *top,
	    unsigned long ip, const unsigned long *retp, u32 bit)
{
	struct fgraph_frame *frame = top + 1;

	/*
	 * Move top before filling the frame: an interrupt after this store
	 * pushes above the frame, and a walk skips it because ->retp is NULL.
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

/* Pop the frame of a call that is not hooked after all, or is unhooked. */
static __always_inline void fgraph_pop(struct fgraph_ret_stack *stack,
				       struct fgraph_frame *frame)
{
	barrier(); /* read the frame before an interrupt overwrites it */
	WRITE_ONCE(stack->top, frame - 1);
}

/* Make the call of the top frame return to return_to_handler. */
static __always_inline void fgraph_hook(struct fgraph_frame *frame,
					unsigned long *retp)
{
	barrier(); /* a walk that sees the hook sees the frame */
	WRITE_ONCE(frame->retp, retp);
	WRITE_ONCE(*retp, (unsigned long)return_to_handler);
}

/* Make the call of the top frame return to its true address again. */
static __always_inline void fgraph_unhook(struct fgraph_ret_stack *stack,
					  struct fgraph_frame *frame)
{
	/*
	 * Restore the slot first: a walk finds the hook and the frame, or
	 * neither.
	 */
	WRITE_ONCE(*frame->retp, frame->ret);
	fgraph_pop(stack, frame);
}

/*
 * fgraph_enter() - hook a call; an ops callback calls it at the entry
 * @retp:  the stack slot of the traced function's return address
 *
 * Context: probe.
 */
void fgraph_enter(unsigned long ip, struct fgraph_ops *gops,
		  unsigned long *retp, trace_func_graph_ent_t entry);
