// SPDX-License-Identifier: MIT
/*
 * function_graph.c - the function_graph tracer: one event at a function's
 * entry, and one with both times at its return.
 *
 * Owns the callbacks. The top trace's callbacks find its data at a constant
 * address; the callbacks of other traces find it by their fgraph_ops.
 * graph_choice.c chooses the calls.
 *
 * FG1 An entry event is written if and only if the call is hooked, so every
 *     entry has its return, except calls under way when the tracer is reset.
 *     With tracing_thresh there are no entry events, and the return event of
 *     each call that took at least so long.
 * FG2 calltime and rettime come from the local clock, whichever clock stamps
 *     the events. The event's own time is used only while the local clock
 *     stamps events.
 *
 * Context: callbacks: probe; all others: task, trace_lock held.
 */
#include "kernel/base/clock.h"
#include "kernel/base/slab.h"
#include "kernel/quiesce.h"
#include "kernel/trace_hooks.h"
#include "trace/core/recursion.h"
#include "trace/event/trace_record.h"
#include "trace/tracers/function_graph.h"
#include <asm/ftrace_frame.h>

static bool graph_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops);
static void graph_return(const struct ftrace_graph_ret *ret,
			 struct fgraph_ops *gops);

/* The data of the top trace, at a constant address for its callbacks. */
struct graph_trace graph_top = {
	.tr = &trace_top_array,
	.gops = { .entryfunc = graph_entry,
		  .retfunc = graph_return,
		  .handler = graph_handler },
};

/* [A] bits of the users that do not count time asleep */
static u32 sleepless;

static struct graph_trace *graph_of(struct fgraph_ops *gops)
{
	return container_of(gops, struct graph_trace, gops);
}

/*
 * FG2: the local time of an event with time stamp @stamp. The event is reserved
 * and not yet committed, so that the clock and other_clock do not both change
 * in between.
 */
static u64 graph_time(const struct graph_trace *g, u64 stamp)
{
	return READ_ONCE(g->other_clock) ? local_clock() : stamp;
}

/* ---- recording an entry -------------------------------------------------- */

/* Return: the time, or 0 if the entry was not recorded. */
static u64 record_entry(struct graph_trace *g, unsigned long func, int depth)
{
	struct ring_buffer *buffer = &g->tr->buffer;
	struct ftrace_graph_ent_entry *entry;
	u64 time;

	entry = ring_buffer_lock_reserve(buffer, sizeof(*entry), &time);
	if (!entry)
		return 0;
	trace_fill(entry, TRACE_GRAPH_ENT);
	entry->func = func;
	entry->depth = depth;
	time = graph_time(g, time);
	ring_buffer_unlock_commit(buffer);
	return time;
}

/* The entry callback for all cases. Return: whether to hook the call. */
static bool graph_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	struct graph_trace *g = graph_of(gops);
	enum graph_choice choice = GRAPH_RECORD;

	if (READ_ONCE(g->tr->special))
		choice = graph_choose(g, ent->func, ent->depth);
	if (choice == GRAPH_SKIP)
		return false;
	if (choice == GRAPH_HIDE) {
		ent->marks = GRAPH_FRAME_HIDE | FGRAPH_FRAME_HIDDEN;
		return true;
	}
	if (choice == GRAPH_ROOT)
		ent->marks = GRAPH_FRAME_ROOT;
	/* I1: with a threshold only the return shows whether it is recorded. */
	ent->calltime = trace_thresh() ? local_clock() :
					 record_entry(g, ent->func, ent->depth);
	return ent->calltime;
}

/* The ops callback of every trace but the top one, which has graph_call(). */
static void graph_call_any(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct fgraph_ops *gops = ops->private;

	if (READ_ONCE(graph_of(gops)->tr->on))
		fgraph_enter(ip, gops, ftrace_return_slot(fregs), graph_entry);
}

static noinline void graph_call_slow(unsigned long ip, unsigned long *retp)
{
	fgraph_enter(ip, &graph_top.gops, retp, graph_entry);
}

/* Called by graph_call(), which has disabled preemption once. */
static noinline void graph_call_again(unsigned long ip, unsigned long *retp)
{
	preempt_enable_no_resched();
	graph_call_slow(ip, retp);
}

/* If not, fgraph_enter() looks: its guard refuses an untraced task. */
static __always_inline bool is_usual(const struct ftrace_regs *fregs)
{
	return trace_top_array.state == TRACE_USUAL &&
	       !ftrace_regs_full(fregs) && !this_cpu_is_set(ftrace_aside);
}

/*
 * fgraph_enter() and graph_entry() in one function for the common case, where
 * the fast code below does not stand in front: with several callbacks.
 */
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
	if (unlikely(!is_usual(fregs))) {
		if (trace_top_array.on)
			graph_call_slow(ip, ftrace_return_slot(fregs));
		return;
	}
	preempt_disable_notrace();
	rb = this_cpu_read(trace_top_ring);
	stack = current->ret_stack;
	if (unlikely(!stack))
		goto again;
	top = stack->top;
	if (unlikely(top->retp == retp || top >= stack->end))
		goto again;
	frame = fgraph_push(stack, top, ip, retp, graph_top.gops.bit);
	if (unlikely(!ring_buffer_reserve_fast(rb, sizeof(*entry), &f)))
		goto pop;
	frame->calltime = f.time;
	entry = f.payload;
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

/* Preemption on again, and the commit that a nested writer left to @rb. */
static void graph_end(struct ring_buffer_per_cpu *rb)
{
	if (rb)
		ring_buffer_commit_rest(rb);
	preempt_enable_notrace();
}

/* The end of graph_fast_code: as function_late(). */
static void graph_late(void *word, struct ftrace_regs *fregs, u32 refused)
{
	if (!refused) {
		graph_end(word);
		return;
	}
	ring_buffer_not_written(word, refused);
	graph_call_again(fregs->ip - MCOUNT_INSN_SIZE, &fregs->parent_ip);
}

extern const u8 graph_fast_code[], graph_fast_end[];

static const struct ftrace_fast graph_fast = {
	.func = graph_call,
	.code = graph_fast_code,
	.end = graph_fast_end,
	.late = graph_late,
};

/* ---- recording a return -------------------------------------------------- */

/* The return callback for all cases. */
static void graph_return(const struct ftrace_graph_ret *ret,
			 struct fgraph_ops *gops)
{
	const struct graph_trace *g = graph_of(gops);
	struct trace_array *tr = g->tr;
	bool value = trace_option(tr, TRACE_OPT_funcgraph_retval);
	struct ftrace_graph_retval_entry *entry;
	u64 time;

	if (!ret->calltime || !READ_ONCE(tr->on) ||
	    local_clock() - ret->calltime < trace_thresh())
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
	entry->ret.rettime = graph_time(g, time);
	if (value)
		entry->retval = ret->retval;
	ring_buffer_unlock_commit(&tr->buffer);
}

/* The end of graph_handler(), which has unhooked the call. */
enum fgraph_handled graph_handler_late(struct ring_buffer_per_cpu *rb)
{
	graph_end(rb);
	return FGRAPH_RETURNS;
}

/* It has done nothing. */
enum fgraph_handled graph_handler_refused(struct ring_buffer_per_cpu *rb,
					  u32 refused)
{
	ring_buffer_not_written(rb, refused);
	preempt_enable_no_resched();
	return FGRAPH_REFUSED;
}

/* ---- time asleep --------------------------------------------------------- */

/*
 * Without sleep-time, the time a task is switched out does not count: move the
 * calltime of the calls around it forward by that time. Context: interrupts
 * off.
 */
static void graph_switched(struct task_struct *prev, struct task_struct *next)
{
	u32 bits = READ_ONCE(sleepless);
	struct fgraph_ret_stack *stack;
	struct fgraph_frame *frame;
	u64 now;

	if (likely(!bits))
		return;
	now = local_clock(); /* FG2 */
	if (prev->ret_stack)
		prev->ret_stack->slept_at = now;
	stack = next->ret_stack;
	if (!stack || !stack->slept_at)
		return;
	for (frame = stack->top; frame > stack->frame; frame--) {
		if (frame->users & bits && frame->calltime)
			frame->calltime += now - stack->slept_at;
	}
	stack->slept_at = 0;
}

static const struct task_hooks sleep_hooks = { .switched = graph_switched };
TABLE_ENTRY(task_hooks, 40, sleep_hooks);

/* ---- the tracer ---------------------------------------------------------- */

static void forget_sleep(struct fgraph_ret_stack *stack, unsigned long unused)
{
	stack->slept_at = 0;
}

void graph_leave_out_sleep(u32 bit, bool leave_out)
{
	u32 bits = sleepless & ~bit;

	if (!sleepless) /* clear old times */
		fgraph_for_each_stack(forget_sleep, 0);
	WRITE_ONCE(sleepless, leave_out ? bits | bit : bits);
}

static bool stamps_local(const struct trace_clock *clock)
{
	return clock->in_ns && clock->scaled && trace_clock_scale(clock).mult;
}

/*
 * Durations are in nanoseconds for every clock. Before another clock stamps
 * events, no task may still use a stamp as local time. After the local clock is
 * back, every task with a stamp of the other clock has committed.
 */
static void graph_clock_change(struct trace_array *tr,
			       const struct trace_clock *clock, bool before)
{
	struct graph_trace *g = graph_trace(tr);
	bool local = stamps_local(clock);

	if (local == before || local == !g->other_clock)
		return;
	graph_set_other_clock(g, !local);
	if (before)
		synchronize_tasks();
}

static void graph_thresh_change(struct trace_array *tr)
{
	struct graph_trace *g = graph_trace(tr);

	graph_set_options(g, g->options);
}

static void *graph_create(struct trace_array *tr)
{
	struct graph_trace *g;

	if (tr == &trace_top_array)
		return &graph_top;
	g = kzalloc(sizeof(*g));
	if (!g)
		return NULL;
	g->tr = tr;
	g->gops.entryfunc = graph_entry;
	g->gops.retfunc = graph_return;
	return g;
}

static void graph_destroy(struct trace_array *tr, void *data)
{
	struct graph_trace *g = data;

	ftrace_hash_free(g->only);
	ftrace_hash_free(g->never);
	if (g != &graph_top)
		kfree(g);
}

static int graph_init(struct trace_array *tr)
{
	struct graph_trace *g = graph_trace(tr);
	int err;

	graph_set_options(g, tr->options);
	tr->ops.func = g == &graph_top ? graph_call : graph_call_any;
	g->gops.ops = &tr->ops;
	tr->ops.gate = &tr->on;
	tr->ops.fast = &graph_fast;
	err = register_ftrace_graph(&g->gops);
	if (!err && !trace_option(tr, TRACE_OPT_sleep_time))
		graph_leave_out_sleep(g->gops.bit, true);
	return err;
}

static int graph_reset(struct trace_array *tr)
{
	struct graph_trace *g = graph_trace(tr);
	bool leave_out = sleepless & g->gops.bit;
	int err;

	graph_leave_out_sleep(g->gops.bit, false);
	err = unregister_ftrace_graph(&g->gops);
	if (err)
		graph_leave_out_sleep(g->gops.bit, leave_out);
	return err;
}

static int graph_set_option(struct trace_array *tr, unsigned int option,
			    bool on)
{
	struct graph_trace *g = graph_trace(tr);
	u32 options = tr->options;

	graph_set_options(g,
			  on ? options | BIT(option) : options & ~BIT(option));
	if (option == TRACE_OPT_sleep_time)
		graph_leave_out_sleep(g->gops.bit, !on);
	return 0;
}

static const struct tracer function_graph_tracer = {
	.name = "function_graph",
	.create = graph_create,
	.destroy = graph_destroy,
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
	.thresh_change = graph_thresh_change,
	.open = graph_open,
	.close = graph_close,
	.header = graph_header,
	.line = graph_line,
};
TABLE_ENTRY(tracers, 10, function_graph_tracer);

struct graph_trace *graph_trace(const struct trace_array *tr)
{
	return trace_tracer_data(tr, &function_graph_tracer);
}
