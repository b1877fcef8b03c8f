// SPDX-License-Identifier: MIT
/*
 * function_graph.c - the function_graph tracer: an event at a function's
 * entry and one, with both times, at its return.
 *
 * Owns the callbacks, and the choice of calls: by depth, by the sets of
 * set_graph_function and set_graph_notrace, by context.
 *
 * I1  An entry event is written exactly if the call is hooked, so every entry
 *     has its return, but for calls under way when the tracer goes.
 * I2  A set that probes may be reading is freed after synchronize_tasks().
 * I3  calltime and rettime are the local clock's, whatever stamps the events:
 *     the event's own time only while the local clock does.
 *
 * Context: probe; the rest: task, trace_lock or graph_sets_lock held.
 */
#include "arch/x86_64/patch/ftrace_frame.h"
#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/trace_hooks.h"
#include "trace/event/trace_record.h"
#include "trace/graph/fgraph.h"
#include "trace/trace_graph.h"

static unsigned int max_depth;	  /* [A] 0: unlimited */
static struct ftrace_hash *only;  /* [A,Q] NULL: everything */
static struct ftrace_hash *never; /* [A,Q] NULL: nothing */
static bool active;		  /* [A] the tracer is current */
static bool other_clock;  /* [A] events may not be stamped by the local one */
static u32 graph_options; /* [graph_sets_lock] a copy of the trace's */

static struct fgraph_ops graph_ops;
static DEFINE_MUTEX(graph_sets_lock);

/* ---- the choice of calls ------------------------------------------------- */

enum choice { GRAPH_SKIP, GRAPH_RECORD, GRAPH_ROOT, GRAPH_HIDE };

/*
 * What to do with a call: for its context, its function, one that surrounds
 * it, its depth. ->graph_root and ->graph_notrace are depth + 1 of the call of
 * set_graph_function or set_graph_notrace that surrounds this one. A call that
 * hides others is hooked, but not recorded, so that its end is seen.
 */
static enum choice graph_choose(unsigned long func, int depth)
{
	struct fgraph_ret_stack *stack = current->ret_stack;
	const struct ftrace_hash *set = READ_ONCE(only);
	const struct ftrace_hash *hidden = READ_ONCE(never);
	unsigned int deepest = READ_ONCE(max_depth);
	unsigned int above = stack->graph_root ? stack->graph_root - 1 : 0;

	if (!in_task() &&
	    !trace_option(&trace_top_array, TRACE_OPT_funcgraph_irqs))
		return GRAPH_SKIP;
	if (stack->graph_notrace)
		return GRAPH_SKIP;
	if (hidden && ftrace_hash_has(hidden, func)) {
		stack->graph_notrace = depth + 1;
		return GRAPH_HIDE;
	}
	if (set && !stack->graph_root) {
		if (!ftrace_hash_has(set, func))
			return GRAPH_SKIP;
		stack->graph_root = depth + 1;
		return GRAPH_RECORD;
	}
	if (deepest && depth - above >= deepest)
		return GRAPH_SKIP;
	return GRAPH_RECORD;
}

/* The call that the choice of others depended on is over. */
static void graph_leave(unsigned int depth)
{
	struct fgraph_ret_stack *stack = current->ret_stack;

	if (stack->graph_notrace == depth + 1)
		stack->graph_notrace = 0;
	if (stack->graph_root == depth + 1)
		stack->graph_root = 0;
}

/*
 * I3: the time of an event, which has been reserved and not yet committed, so
 * that the clock and other_clock do not both change in between.
 */
static u64 graph_time(u64 stamp)
{
	return READ_ONCE(other_clock) ? local_clock() : stamp;
}

/* ---- recording an entry -------------------------------------------------- */

/* Return: the time, 0 if it was not recorded. */
static u64 record_entry(unsigned long func, int depth)
{
	struct ring_buffer *buffer = &trace_top_array.buffer;
	struct ftrace_graph_ent_entry *entry;
	u64 time;

	entry = ring_buffer_lock_reserve(buffer, sizeof(*entry), &time);
	if (!entry)
		return 0;
	trace_fill(entry, TRACE_GRAPH_ENT);
	entry->func = func;
	entry->depth = depth;
	time = graph_time(time);
	ring_buffer_unlock_commit(buffer);
	return time;
}

/* In all cases. Return: whether to hook the call. */
static bool graph_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	enum choice choice = GRAPH_RECORD;

	(void)gops;
	if (READ_ONCE(trace_top_array.graph_special))
		choice = graph_choose(ent->func, ent->depth);
	ent->calltime = 0;
	if (choice == GRAPH_RECORD) {
		ent->calltime = record_entry(ent->func, ent->depth);
		if (!ent->calltime)
			graph_leave(ent->depth); /* no root after all */
	}
	ent->hidden = choice == GRAPH_HIDE;
	return ent->calltime || ent->hidden;
}

static noinline void graph_call_slow(unsigned long ip, unsigned long *retp)
{
	fgraph_enter(ip, &graph_ops, retp, graph_entry);
}

/* From graph_call(), with its preemption count. */
static noinline void graph_call_again(unsigned long ip, unsigned long *retp)
{
	ring_buffer_refused(this_cpu_read(trace_top_ring));
	preempt_enable_no_resched();
	graph_call_slow(ip, retp);
}

/* fgraph_enter() and graph_entry() in one, when nothing is unusual. */
static __no_fp void graph_call(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	struct ftrace_graph_ent_entry *entry;
	unsigned long *retp = &fregs->parent_ip;
	struct fgraph_frame *top, *frame;
	struct fgraph_ret_stack *stack;
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast f;

	(void)parent_ip;
	(void)ops;
	if (unlikely(trace_top_array.graph_state != GRAPH_USUAL ||
		     ftrace_regs_full(fregs))) {
		if (trace_top_array.on)
			graph_call_slow(ip, ftrace_return_slot(fregs));
		return;
	}
	preempt_disable_notrace();
	stack = current->ret_stack;
	if (unlikely(!stack))
		goto again;
	top = stack->top;
	if (unlikely(top->retp == retp || top >= stack->end))
		goto again;
	frame = fgraph_push(stack, top, ip, retp, graph_ops.bit);
	rb = this_cpu_read(trace_top_ring);
	if (unlikely(!ring_buffer_reserve_fast(rb, sizeof(*entry), &f,
					       &frame->calltime)))
		goto pop;
	entry = (void *)(f.event + RB_EVENT_HEADER);
	trace_fill(entry, TRACE_GRAPH_ENT);
	entry->func = ip;
	entry->depth = frame->depth;
	ring_buffer_commit_fast(rb, &f);
	fgraph_hook(frame, retp);
	preempt_enable_notrace();
	return;

pop:
	fgraph_pop(stack, frame);
again:
	graph_call_again(ip, retp);
}

/* ---- recording a return -------------------------------------------------- */

/* In all cases. */
static void graph_return(const struct ftrace_graph_ret *ret,
			 struct fgraph_ops *gops)
{
	struct trace_array *tr = &trace_top_array;
	bool value = trace_option(tr, TRACE_OPT_funcgraph_retval);
	struct ftrace_graph_retval_entry *entry;
	u64 time;

	(void)gops;
	graph_leave(ret->depth);
	if (!ret->calltime || !READ_ONCE(tr->on))
		return;
	entry = ring_buffer_lock_reserve(
		&tr->buffer, value ? sizeof(*entry) : sizeof(entry->ret),
		&time);
	if (!entry)
		return;
	trace_fill(entry, value ? TRACE_GRAPH_RETVAL : TRACE_GRAPH_RET);
	entry->ret.func = ret->func;
	entry->ret.depth = ret->depth;
	entry->ret.overrun = ret->overrun;
	entry->ret.calltime = ret->calltime;
	entry->ret.rettime = graph_time(time);
	if (value)
		entry->retval = ret->retval;
	ring_buffer_unlock_commit(&tr->buffer);
}

/*
 * ftrace_return_to_handler() and graph_return() in one, when nothing is
 * unusual.
 */
static __no_fp enum fgraph_handled graph_handler(unsigned long *retp)
{
	struct fgraph_ret_stack *stack = current->ret_stack;
	struct fgraph_frame *frame = stack->top;
	struct ftrace_graph_ret_entry *entry;
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast f;

	if (unlikely(frame->retp != retp || frame->users != graph_ops.bit ||
		     trace_top_array.graph_state != GRAPH_USUAL))
		return FGRAPH_REFUSED;
	preempt_disable_notrace();
	rb = this_cpu_read(trace_top_ring);
	if (unlikely(!ring_buffer_reserve_fast(rb, sizeof(*entry), &f, NULL))) {
		ring_buffer_refused(rb);
		preempt_enable_no_resched();
		return FGRAPH_REFUSED;
	}
	entry = (void *)(f.event + RB_EVENT_HEADER);
	trace_fill(entry, TRACE_GRAPH_RET);
	entry->func = frame->func;
	entry->depth = frame->depth;
	entry->overrun = current->trace_overrun;
	entry->calltime = frame->calltime;
	entry->rettime = f.time;
	ring_buffer_commit_fast(rb, &f);
	fgraph_unhook(stack, frame);
	preempt_enable_notrace();
	return FGRAPH_RETURNS;
}

/* ---- time asleep --------------------------------------------------------- */

/*
 * Without sleep-time, time switched out does not count: what surrounds it
 * begins that much later. Context: interrupts off.
 */
static void graph_switched(struct task_struct *prev, struct task_struct *next)
{
	struct fgraph_ret_stack *stack;
	struct fgraph_frame *frame;
	u64 now;

	if (!READ_ONCE(active) ||
	    trace_option(&trace_top_array, TRACE_OPT_sleep_time))
		return;
	now = local_clock(); /* I3 */
	if (prev->ret_stack)
		prev->ret_stack->slept_at = now;
	stack = next->ret_stack;
	if (!stack || !stack->slept_at)
		return;
	for (frame = stack->top; frame > stack->frame; frame--) {
		if (frame->users & graph_ops.bit && frame->calltime)
			frame->calltime += now - stack->slept_at;
	}
	stack->slept_at = 0;
}

static const struct task_hooks sleep_hooks = { .switched = graph_switched };
TABLE_ENTRY(task_hooks, 40, sleep_hooks);

/* ---- the tracer ---------------------------------------------------------- */

static struct fgraph_ops graph_ops = {
	.entryfunc = graph_entry,
	.retfunc = graph_return,
	.handler = graph_handler,
};

static void forget_calls(struct fgraph_ret_stack *stack, unsigned long unused)
{
	(void)unused;
	stack->graph_root = 0;
	stack->graph_notrace = 0;
	stack->slept_at = 0;
}

static void recompute_special(void)
{
	assert_held(&graph_sets_lock);
	WRITE_ONCE(trace_top()->graph_special,
		   other_clock || only || never || max_depth ||
			   !(graph_options & BIT(TRACE_OPT_funcgraph_irqs)) ||
			   graph_options & BIT(TRACE_OPT_funcgraph_retval));
}

static void set_graph_options(u32 options)
{
	mutex_lock(&graph_sets_lock);
	graph_options = options;
	recompute_special();
	mutex_unlock(&graph_sets_lock);
}

static bool stamps_local(const struct trace_clock *clock)
{
	return clock->scaled && clock->in_ns;
}

static void set_other_clock(bool other)
{
	mutex_lock(&graph_sets_lock);
	WRITE_ONCE(other_clock, other);
	recompute_special();
	mutex_unlock(&graph_sets_lock);
}

/*
 * Durations are nanoseconds whatever the clock. Before another clock stamps
 * events, no task may still believe a stamp; after the local one is back, every
 * task that had the other clock's time has committed.
 */
static void graph_clock_change(struct trace_array *tr,
			       const struct trace_clock *clock, bool before)
{
	bool local = stamps_local(clock);

	if (local == before || local == !other_clock)
		return;
	set_other_clock(!local);
	if (before)
		synchronize_tasks();
}

static int graph_init(struct trace_array *tr)
{
	int err;

	fgraph_for_each_stack(forget_calls, 0);
	set_graph_options(tr->options);
	tr->ops.func = graph_call;
	graph_ops.ops = &tr->ops;
	err = register_ftrace_graph(&graph_ops);
	WRITE_ONCE(active, !err);
	return err;
}

static int graph_reset(struct trace_array *tr)
{
	int err = unregister_ftrace_graph(&graph_ops);

	(void)tr;
	WRITE_ONCE(active, err);
	return err;
}

static int graph_set_option(struct trace_array *tr, enum trace_option option,
			    bool on)
{
	u32 options = tr->options;

	set_graph_options(on ? options | BIT(option) : options & ~BIT(option));
	if (option == TRACE_OPT_sleep_time)
		fgraph_for_each_stack(forget_calls, 0);
	return 0;
}

static const struct tracer function_graph_tracer = {
	.name = "function_graph",
	.init = graph_init,
	.reset = graph_reset,
	.options =
		BIT(TRACE_OPT_funcgraph_overrun) |
		BIT(TRACE_OPT_funcgraph_cpu) |
		BIT(TRACE_OPT_funcgraph_overhead) |
		BIT(TRACE_OPT_funcgraph_proc) |
		BIT(TRACE_OPT_funcgraph_duration) |
		BIT(TRACE_OPT_funcgraph_abstime) |
		BIT(TRACE_OPT_funcgraph_irqs) | BIT(TRACE_OPT_funcgraph_tail) |
		BIT(TRACE_OPT_funcgraph_retval) |
		BIT(TRACE_OPT_funcgraph_retval_hex) | BIT(TRACE_OPT_sleep_time),
	.set_option = graph_set_option,
	.clock_change = graph_clock_change,
	.header = graph_header,
	.line = graph_line,
};
TABLE_ENTRY(tracers, 10, function_graph_tracer);

/* ---- its files ----------------------------------------------------------- */

unsigned int trace_graph_depth(void)
{
	return READ_ONCE(max_depth);
}

void trace_set_graph_depth(unsigned int depth)
{
	mutex_lock(&graph_sets_lock);
	WRITE_ONCE(max_depth, depth);
	recompute_special();
	mutex_unlock(&graph_sets_lock);
}

int trace_graph_hash_get(bool notrace_set, struct ftrace_hash **copy)
{
	const struct ftrace_hash *set;

	mutex_lock(&graph_sets_lock);
	set = notrace_set ? never : only;
	*copy = set ? ftrace_hash_begin(set) : NULL;
	mutex_unlock(&graph_sets_lock);
	return set && !*copy ? -ENOMEM : 0;
}

int trace_graph_hash_set(bool notrace_set, struct ftrace_hash *hash)
{
	struct ftrace_hash **where = notrace_set ? &never : &only;
	struct ftrace_hash *old;

	mutex_lock(&graph_sets_lock);
	old = *where;
	WRITE_ONCE(*where, hash);
	recompute_special();
	if (old)
		synchronize_tasks(); /* I2; who chose by it has noted so */
	fgraph_for_each_stack(forget_calls, 0);
	ftrace_hash_free(old);
	mutex_unlock(&graph_sets_lock);
	return 0;
}
