// SPDX-License-Identifier: MIT
/*
 * fgraph.c - hooks on the return of functions, for several users.
 *
 * Owns the table of users; fgraph_stack.c has the shadow stacks. A user's
 * callback at entry (fgraph_enter() in fgraph.h) replaces the
 * return address in its slot on the stack by the address of return_to_handler,
 * and pushes a frame on the shadow stack. The function then returns into
 * return_to_handler (fgraph_entry.asm), which gets the true return address
 * here.
 *
 * The slot is already hooked when a second user, or a tail-called function,
 * arrives. Each gets a frame of its own for the same slot. The return address
 * in that frame is return_to_handler again, so all frames return in turn. Users
 * of one call have the same depth; no user sees the time in another user's
 * frame.
 *
 * R1  A hooked slot has a frame that holds its true return address, from before
 *     it is hooked until after the return through it. Frames of other contexts
 *     on the same task lie above it, and are popped before it is read.
 * R2  A call is hooked only if there is room for its frame. A call without room
 *     is counted in task->trace_overrun and returns as usual.
 * R3  Frames above the returning one belong to calls that were left by force
 *     (trap_catch_call()). They are dropped and counted.
 * R4  A user's slot is free when no frame has its bit and no CPU is in its
 *     callbacks.
 * R5  While a user's callback runs, at entry or return, no call that it makes
 *     in this context is hooked by fgraph_enter(), except for one more level:
 *     the transition bit of recursion.h. Such calls are counted (->recursed).
 *     Code that pushes frames without fgraph_enter() must call no function that
 *     is hooked. Linux also tests its recursion bits at entry, and around
 *     fprobe's exit handlers since 2023 ("add recursion detection").
 * R6  A user's retfunc gets the words that its entry reserved for the same
 *     call, as the entry left them. The words form a second stack beside the
 *     frames: an interrupt reserves above the words in use, and restores
 *     ->data_used. Popping a frame frees its words (R3 included).
 *
 * Context: entry and return run in any context, NMI included; not traceable.
 * Registering takes graph_lock; walking the task list takes task_list_lock.
 */
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>
#include <asm/ftrace_frame.h>

static enum fgraph_handled refuse(unsigned long *retp)
{
	(void)retp;
	return FGRAPH_REFUSED;
}

static DEFINE_MUTEX(graph_lock);
static struct fgraph_ops *users[FGRAPH_USERS]; /* [G], read in probes */

fgraph_handler_t fgraph_return_handler = refuse;

/* ---- entry and return ---------------------------------------------------- */

/*
 * Return: true if the frame on top belongs to another user of this same call:
 * the slot is hooked, the function is the same, and no frame of the call has
 * our bit. If false, the frame belongs to the function that tail-called this
 * one, or it is stale: its call was left by force, or a context that we
 * interrupted is still making it and the frame holds the words of an earlier
 * interrupt.
 */
static bool fgraph_shared(unsigned long ip, u32 bit, const unsigned long *retp,
			  const struct fgraph_frame *top)
{
	const struct fgraph_frame *frame = top;

	if (*retp != (unsigned long)return_to_handler)
		return false;
	while (frame->retp == retp && frame->func == ip &&
	       frame->depth == top->depth) {
		if (frame->users & bit)
			return false;
		frame--; /* frame[0] has no slot */
	}
	return frame != top;
}

#define NO_SEGMENT (~0UL)

/*
 * Begin the next segment. An interrupt that does the same before ->data_used is
 * set stores the same. Return: the position of its first word.
 */
static noinline u64 next_segment(struct fgraph_ret_stack *stack, u64 used)
{
	u64 next = (used >> 32) + 1;

	if (next >= smp_load_acquire(&stack->nr_segments))
		return NO_SEGMENT;
	WRITE_ONCE(stack->segment[next].below, (u32)used);
	barrier();
	return next << 32;
}

u64 *fgraph_reserve_data(unsigned int words)
{
	struct fgraph_ret_stack *stack = current->ret_stack;
	u64 used = READ_ONCE(stack->data_used);

	if (!words || words > FGRAPH_DATA_MAX || fgraph_words(stack->top))
		return NULL;
	if (unlikely(words > stack->segment[used >> 32].length - (u32)used))
		used = next_segment(stack, used);
	if (unlikely(used == NO_SEGMENT)) { /* R2 */
		current->trace_overrun++;
		return NULL;
	}
	fetch_or(&stack->top->users, words << FGRAPH_WORDS_SHIFT);
	WRITE_ONCE(stack->data_used, used + words);
	return stack->segment[used >> 32].word + (u32)used;
}

/* R6: free the words of a popped frame. */
static __always_inline void give_words_back(struct fgraph_ret_stack *stack,
					    unsigned int words)
{
	barrier(); /* read the words before an interrupt reuses them */
	if (unlikely(words))
		WRITE_ONCE(stack->data_used,
			   fgraph_data_below(stack, stack->data_used, words));
}

/* Hook the call if there is room and the user's entry returns true. */
static __always_inline void enter_guarded(struct fgraph_ret_stack *stack,
					  unsigned long ip,
					  struct fgraph_ops *gops,
					  unsigned long *retp,
					  trace_func_graph_ent_t entry)
{
	struct ftrace_graph_ent ent = { .func = ip };
	struct fgraph_frame *top = stack->top, *frame;
	unsigned int words;

	if (unlikely(top >= stack->end)) { /* R2 */
		current->trace_overrun++;
		return;
	}
	frame = fgraph_push(stack, top, ip, retp, gops->bit);
	if (top->retp == retp && fgraph_shared(ip, gops->bit, retp, top))
		frame->depth = top->depth;
	ent.depth = frame->depth;
	if (!entry(&ent, gops)) {
		words = fgraph_words(frame);
		fgraph_pop(stack, frame);
		give_words_back(stack, words);
		return;
	}
	frame->calltime = ent.calltime;
	if (unlikely(ent.marks))
		fetch_or(&frame->users, ent.marks);
	fgraph_hook(frame, retp); /* R1 */
}

void fgraph_enter(unsigned long ip, struct fgraph_ops *gops,
		  unsigned long *retp, trace_func_graph_ent_t entry)
{
	struct fgraph_ret_stack *stack = READ_ONCE(current->ret_stack);
	u32 guard;

	if (unlikely(!stack))
		return;
	guard = ftrace_guard_enter(FTRACE_GUARD_GRAPH); /* R5 */
	if (unlikely(!guard)) {
		stack->recursed++;
		return;
	}
	enter_guarded(stack, ip, gops, retp, entry);
	ftrace_guard_leave(guard);
}

static bool entry_true(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	(void)ent;
	(void)gops;
	return true;
}

/* The callback of users that have no callback of their own. */
static void fgraph_call(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct fgraph_ops *gops = ops->private;

	(void)parent_ip;
	fgraph_enter(ip, gops, ftrace_return_slot(fregs), gops->entryfunc);
}

/*
 * The call of this frame never returns. @used: words up to its own, included.
 * Return: up to those of the frame below.
 */
static u64 lose_call(struct fgraph_ret_stack *stack, struct fgraph_frame *frame,
		     u64 used)
{
	u32 bits = READ_ONCE(frame->users) & FGRAPH_USER_BITS;
	unsigned int words = fgraph_words(frame);
	struct fgraph_ops *gops;

	for (; bits; bits &= bits - 1) {
		gops = READ_ONCE(users[__builtin_ctz(bits)]);
		if (gops && gops->lostfunc && words)
			gops->lostfunc(fgraph_data_last(stack, used, words),
				       gops);
	}
	return fgraph_data_below(stack, used, words);
}

void fgraph_lose_calls(struct fgraph_ret_stack *stack)
{
	struct fgraph_frame *frame = stack->top;
	u64 used = stack->data_used;

	preempt_disable_notrace();
	for (; frame > stack->frame; frame--)
		used = lose_call(stack, frame, used);
	preempt_enable_notrace();
}

/* R3: the frame of the call that returns is not on top. */
static noinline struct fgraph_frame *
drop_abandoned(struct fgraph_ret_stack *stack, const unsigned long *retp)
{
	struct fgraph_frame *frame = stack->top;
	u64 used = stack->data_used;

	preempt_disable_notrace();
	for (; frame > stack->frame && frame->retp != retp; frame--)
		used = lose_call(stack, frame, used);
	preempt_enable_notrace();
	if (frame == stack->frame)
		panic("R1: no frame for the call that returns at %p", retp);
	stack->abandoned += stack->top - frame;
	WRITE_ONCE(stack->top, frame);
	barrier();
	WRITE_ONCE(stack->data_used, used);
	return frame;
}

void ftrace_return_to_handler(unsigned long *retp, unsigned long rax,
			      unsigned long rdx)
{
	struct fgraph_ret_stack *stack = current->ret_stack;
	struct fgraph_frame *frame = stack->top;
	struct ftrace_graph_ret ret;
	struct fgraph_ops *gops;
	unsigned int words;
	u32 bits, guard;

	if (unlikely(frame->retp != retp))
		frame = drop_abandoned(stack, retp);
	words = fgraph_words(frame);
	ret = (struct ftrace_graph_ret){
		.func = frame->func,
		.depth = frame->depth,
		.calltime = frame->calltime,
		.retval = rax,
		.retval_high = rdx,
		.overrun = current->trace_overrun,
		.data = words ? fgraph_data_last(stack, stack->data_used,
						 words) :
				NULL,
		.words = words,
		.result = ftrace_result_slot(retp),
	};
	/* R5. A frame without a user bit calls nothing. */
	guard = ftrace_guard_enter(FTRACE_GUARD_GRAPH);
	bits = READ_ONCE(frame->users) & FGRAPH_USER_BITS;
	for (; bits; bits &= bits - 1) {
		gops = users[__builtin_ctz(bits)];
		gops->retfunc(&ret, gops);
	}
	ftrace_guard_leave(guard);
	fgraph_unhook(stack, frame); /* R1 */
	give_words_back(stack, words);
}

unsigned long ftrace_graph_ret_addr(struct task_struct *task,
				    unsigned long addr, unsigned long *retp)
{
	const struct fgraph_ret_stack *stack = READ_ONCE(task->ret_stack);
	const struct fgraph_frame *frame;

	if (addr != (unsigned long)return_to_handler || !stack)
		return addr;
	/* Newest first: a stale ->retp lies below the live frame. */
	for (frame = READ_ONCE(stack->top); frame > stack->frame; frame--) {
		if (READ_ONCE(frame->retp) != retp)
			continue;
		addr = READ_ONCE(frame->ret);
		if (addr != (unsigned long)return_to_handler)
			break; /* else a shared slot: look further */
	}
	return addr;
}

static const struct unwind_hooks graph_unwind = {
	.return_address = ftrace_graph_ret_addr,
};
TABLE_ENTRY(unwind_hooks, 20, graph_unwind);

/* ---- users --------------------------------------------------------------- */

/* Clear the bits of the lower half in frames that have a bit of the upper. */
static void clear_bits(struct fgraph_ret_stack *stack, unsigned long bits)
{
	unsigned int i;

	for (i = 1; i <= FGRAPH_FRAMES_MAX; i++) {
		if (READ_ONCE(stack->frame[i].users) & bits >> 32)
			fetch_and(&stack->frame[i].users, ~(u32)bits);
	}
}

/* Clear this user's bit in the frames of all calls under way. */
static void clear_user(struct fgraph_ret_stack *stack, unsigned long bit)
{
	clear_bits(stack, bit << 32 | bit);
}

void fgraph_clear_marks(const struct fgraph_ops *gops, u32 marks)
{
	fgraph_for_each_stack(clear_bits, (u64)gops->bit << 32 | marks);
}

static void return_nothing(const struct ftrace_graph_ret *ret,
			   struct fgraph_ops *gops)
{
	(void)ret;
	(void)gops;
}

static unsigned int slot_of(const struct fgraph_ops *gops)
{
	unsigned int slot = 0;

	assert_held(&graph_lock);
	while (slot < FGRAPH_USERS && users[slot] != gops)
		slot++;
	return slot;
}

/*
 * If only one user is left, @leaving not counted, return_to_handler tries this
 * user's ->handler first. That handler refuses frames that are not its own.
 */
static void choose_handler(const struct fgraph_ops *leaving)
{
	fgraph_handler_t handler = refuse;
	unsigned int slot, n = 0;

	for (slot = 0; slot < FGRAPH_USERS; slot++) {
		if (!users[slot] || users[slot] == leaving)
			continue;
		if (!n++ && users[slot]->handler)
			handler = users[slot]->handler;
		else
			handler = refuse;
	}
	WRITE_ONCE(fgraph_return_handler, handler);
}

static int add_user(struct fgraph_ops *gops)
{
	unsigned int slot = slot_of(NULL);

	/*
	 * The callback finds its gops only by ops->private: no two may share an
	 * ops.
	 */
	if (slot_of(gops) != FGRAPH_USERS ||
	    gops->ops->flags & (FTRACE_OPS_FL_ENABLED | FTRACE_OPS_FL_REMOVING))
		return -EBUSY;
	if (slot == FGRAPH_USERS)
		return -ENOSPC;
	gops->bit = 1U << slot;
	WRITE_ONCE(users[slot], gops);
	return 0;
}

/* For what the users have declared. */
static void make_room(void)
{
	unsigned int slot, n = 0, words = 0;

	for (slot = 0; slot < FGRAPH_USERS; slot++) {
		if (!users[slot] || !users[slot]->words)
			continue;
		n++;
		words += users[slot]->words;
	}
	fgraph_give_stacks(n, words);
}

/*
 * R4: the user's ops is unregistered, so no CPU pushes its bit any more. Take
 * its handler out of use and clear its bit in all frames, then wait for every
 * task that may have read either.
 */
static void remove_user(struct fgraph_ops *gops)
{
	choose_handler(gops);
	fgraph_for_each_stack(clear_user, gops->bit);
	synchronize_tasks();
	users[slot_of(gops)] = NULL;
	make_room();
}

static int join(struct fgraph_ops *gops)
{
	int err = add_user(gops);

	if (err)
		return err;
	if (!gops->entryfunc)
		gops->entryfunc = entry_true;
	if (!gops->retfunc)
		gops->retfunc = return_nothing;
	if (!gops->ops->func)
		gops->ops->func = fgraph_call;
	gops->ops->private = gops;
	make_room();
	return 0;
}

static int add(struct fgraph_ops *gops, bool with_ops)
{
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&graph_lock);
	err = join(gops);
	if (!err && with_ops) {
		err = register_ftrace_function(gops->ops);
		if (err) {
			users[slot_of(gops)] = NULL; /* no frame has its bit */
			make_room();
		}
	}
	if (!err)
		choose_handler(NULL);
	mutex_unlock(&graph_lock);
	return err;
}

int register_ftrace_graph(struct fgraph_ops *gops)
{
	return add(gops, true);
}

int fgraph_join(struct fgraph_ops *gops)
{
	return add(gops, false);
}

void fgraph_leave(struct fgraph_ops *gops)
{
	mutex_lock(&graph_lock);
	remove_user(gops);
	mutex_unlock(&graph_lock);
}

int unregister_ftrace_graph(struct fgraph_ops *gops)
{
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&graph_lock);
	err = slot_of(gops) == FGRAPH_USERS ?
		      -EBUSY :
		      unregister_ftrace_function(gops->ops);
	if (!err)
		remove_user(gops);
	mutex_unlock(&graph_lock);
	return err;
}
