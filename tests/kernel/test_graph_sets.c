// SPDX-License-Identifier: MIT
/*
 * The sets of set_graph_function and set_graph_notrace change while a call is
 * being looked up in them.
 *
 * Two tasks: the caller makes the traced call with the trap flag set, and is
 * preempted where the tracer has read which set is in force, but not yet
 * looked into it; a waiter takes the set away.
 */
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_test.h"
#include "tests/kernel/trap_owner.h"
#include "trace/tracers/function_graph.h"
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

void ftrace_step_call(target_fn fn);

static struct task_struct *caller;
static bool stopped, go_on, looked;

static bool notrace at_the_look(struct pt_regs *regs)
{
	if (current != caller)
		return false;
	if (regs->ip == (unsigned long)ftrace_hash_has) {
		stand_preempted(&stopped, &go_on);
		/* No further: a switch would hand the trap flag on. */
		regs->flags &= ~X86_EFLAGS_TF;
	}
	return true;
}

static int call_stepped(void *unused)
{
	(void)unused;
	ftrace_step_call((target_fn)fg_leaf);
	EXPECT(wait_until(READ_ONCE(looked), QUIESCE_WAIT_MS));
	return 0;
}

static void take_set_away(void)
{
	EXPECT_EQ(trace_graph_hash_set(trace_top(), false, NULL), 0);
}

static bool has_root(const struct task_struct *task)
{
	const struct fgraph_ret_stack *stack = task->ret_stack;
	const struct fgraph_frame *frame;

	for (frame = stack->top; frame > stack->frame; frame--) {
		if (frame->users & GRAPH_FRAME_ROOT)
			return true;
	}
	return false;
}

static void change_during_the_look(void)
{
	struct waiter w;

	stopped = go_on = looked = false;
	caller = kthread_create(call_stepped, NULL, "caller");
	wake_up_process(caller);
	EXPECT(wait_until(READ_ONCE(stopped), QUIESCE_WAIT_MS));
	if (waiter_start(&w, take_set_away, last_cpu())) {
		EXPECT(waiter_keeps_waiting(&w));
		WRITE_ONCE(go_on, true);
		waiter_end(&w);
	}
	WRITE_ONCE(go_on, true);
	EXPECT(!has_root(caller));
	WRITE_ONCE(looked, true);
	kthread_join(caller);
}

/*
 * A set is taken away only once nobody looks into it (G1), and a task found in
 * a set that is gone is no root when its call is over (G2).
 */
KTEST(function_graph, no_root_of_a_set_that_is_gone)
{
	struct ftrace_hash *set = ftrace_hash_begin(NULL);

	EXPECT_EQ(ftrace_hash_edit(&set, "fg_leaf", 7), 0);
	EXPECT_EQ(trace_graph_hash_set(trace_top(), false, set), 0);
	if (tt_begin("function_graph", "fg_leaf", 64)) {
		trap_set_step_hook(at_the_look);
		change_during_the_look();
		trap_set_step_hook(NULL);
		EXPECT_EQ(tt_stats().entries, 2); /* it was recorded */
	}
	EXPECT_EQ(trace_graph_hash_set(trace_top(), false, NULL), 0);
	tt_end();
}
