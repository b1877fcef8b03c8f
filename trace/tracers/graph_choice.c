// SPDX-License-Identifier: MIT
/*
 * graph_choice.c - choose the calls that function_graph records: by depth, by
 * the sets of set_graph_function and set_graph_notrace, and by context.
 *
 * Owns these settings of each trace. A call to a function in a set gets a mark
 * in its own frame on the shadow stack. So the frames of the task show what
 * surrounds a call, and a trace sees only the marks of its own frames.
 *
 * G1  A set that probes may be reading is freed only after synchronize_tasks().
 * G2  When a set changes, no frame keeps a mark of the old set.
 *
 * Context: graph_choose(): probe; all others: task, may sleep. Locks:
 * graph_sets_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "trace/tracers/function_graph.h"
#include <asm/context.h>

static DEFINE_MUTEX(graph_sets_lock);

/*
 * Return: the innermost call around this one that records or hides its callees,
 * or NULL. No call inside a hiding call is hooked, so the innermost call
 * decides.
 */
static const struct fgraph_frame *surrounding(const struct graph_trace *g)
{
	const struct fgraph_ret_stack *stack = current->ret_stack;
	const struct fgraph_frame *frame;

	for (frame = stack->top - 1; frame > stack->frame; frame--) {
		/*
		 * While retp is NULL the frame is being set up; its marks are
		 * old.
		 */
		if (frame->users & g->gops.bit && READ_ONCE(frame->retp) &&
		    frame->users & (GRAPH_FRAME_ROOT | GRAPH_FRAME_HIDE))
			return frame;
	}
	return NULL;
}

/*
 * A call that hides its callees is hooked but not recorded, so that its return
 * is seen.
 */
enum graph_choice graph_choose(const struct graph_trace *g, unsigned long func,
			       int depth)
{
	const struct ftrace_hash *set = READ_ONCE(g->only);
	const struct ftrace_hash *hidden = READ_ONCE(g->never);
	unsigned int deepest = READ_ONCE(g->max_depth);
	const struct fgraph_frame *around = NULL;

	if (!in_task() && !trace_option(g->tr, TRACE_OPT_funcgraph_irqs))
		return GRAPH_SKIP;
	if (set || hidden)
		around = surrounding(g);
	if (around && around->users & GRAPH_FRAME_HIDE)
		return GRAPH_SKIP;
	if (hidden && ftrace_hash_has(hidden, func))
		return GRAPH_HIDE;
	if (set && !around)
		return ftrace_hash_has(set, func) ? GRAPH_ROOT : GRAPH_SKIP;
	if (around)
		depth -= around->depth;
	return deepest && depth >= (int)deepest ? GRAPH_SKIP : GRAPH_RECORD;
}

/* ---- settings ------------------------------------------------------------ */

/* Without special settings the fast path does not call graph_choose(). */
static void recompute_special(struct graph_trace *g)
{
	assert_held(&graph_sets_lock);
	WRITE_ONCE(g->tr->special,
		   g->other_clock || g->only || g->never || g->max_depth ||
			   trace_thresh() ||
			   !(g->options & BIT(TRACE_OPT_funcgraph_irqs)) ||
			   g->options & BIT(TRACE_OPT_funcgraph_retval));
}

void graph_set_options(struct graph_trace *g, u32 options)
{
	mutex_lock(&graph_sets_lock);
	g->options = options;
	recompute_special(g);
	mutex_unlock(&graph_sets_lock);
}

void graph_set_other_clock(struct graph_trace *g, bool other)
{
	mutex_lock(&graph_sets_lock);
	WRITE_ONCE(g->other_clock, other);
	recompute_special(g);
	mutex_unlock(&graph_sets_lock);
}

unsigned int trace_graph_depth(struct trace_array *tr)
{
	return READ_ONCE(graph_trace(tr)->max_depth);
}

void trace_set_graph_depth(struct trace_array *tr, unsigned int depth)
{
	struct graph_trace *g = graph_trace(tr);

	mutex_lock(&graph_sets_lock);
	WRITE_ONCE(g->max_depth, depth);
	recompute_special(g);
	mutex_unlock(&graph_sets_lock);
}

int trace_graph_hash_get(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash **copy)
{
	struct graph_trace *g = graph_trace(tr);
	const struct ftrace_hash *set;

	mutex_lock(&graph_sets_lock);
	set = notrace_set ? g->never : g->only;
	*copy = set ? ftrace_hash_begin(set) : NULL;
	mutex_unlock(&graph_sets_lock);
	return set && !*copy ? -ENOMEM : 0;
}

int trace_graph_hash_set(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash *hash)
{
	struct graph_trace *g = graph_trace(tr);
	struct ftrace_hash **where = notrace_set ? &g->never : &g->only;
	struct ftrace_hash *old;

	mutex_lock(&graph_sets_lock);
	old = *where;
	WRITE_ONCE(*where, hash);
	recompute_special(g);
	if (old)
		synchronize_tasks(); /* G1; its marks are all set */
	fgraph_clear_marks(&g->gops, GRAPH_FRAME_ROOT | GRAPH_FRAME_HIDE);
	ftrace_hash_free(old);
	mutex_unlock(&graph_sets_lock);
	return 0;
}
