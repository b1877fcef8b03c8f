// SPDX-License-Identifier: MIT
/*
 * fgraph_stack.c - the shadow stacks of all tasks.
 *
 * A task gets its shadow stack, two pages, when the first user of the graph
 * registers, or at its creation if that is later. It is freed with the task.
 *
 * Context: task; walking the task list takes task_list_lock.
 */
#include "kernel/base/page.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>

static bool stacks_wanted;     /* [A] set by the first user, for good */
static unsigned long no_stack; /* [A] */

static void give_stack(struct task_struct *task)
{
	struct fgraph_ret_stack *none = NULL, *stack;

	static_assert(offsetof(struct fgraph_ret_stack, data) == PAGE_SIZE &&
			      sizeof(*stack) == PAGE_SIZE << FGRAPH_STACK_ORDER,
		      "a page of frames, a page of data");
	if (READ_ONCE(task->ret_stack))
		return;
	stack = alloc_pages_zeroed(FGRAPH_STACK_ORDER);
	if (!stack) {
		fetch_add(&no_stack, 1);
		return;
	}
	stack->top = stack->frame;
	stack->end = stack->frame + FGRAPH_DEPTH_MAX;
	stack->frame[0].depth = -1;
	if (!try_cmpxchg(&task->ret_stack, &none, stack))
		free_pages(stack, FGRAPH_STACK_ORDER);
}

/* Call fn for every task, the idle ones included. */
static void for_each_any_task(void (*fn)(struct task_struct *task, void *arg),
			      void *arg)
{
	struct task_struct *task;
	unsigned long flags;
	unsigned int cpu;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		fn(task, arg);
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		task = sched_idle_task(cpu);
		if (task)
			fn(task, arg);
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
}

static void give_stack_each(struct task_struct *task, void *unused)
{
	(void)unused;
	give_stack(task);
}

/* A task created after this store sees it; the walk finds all the others. */
void fgraph_give_stacks(void)
{
	WRITE_ONCE(stacks_wanted, true);
	for_each_any_task(give_stack_each, NULL);
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

static void stack_for_new_task(struct task_struct *task)
{
	if (READ_ONCE(stacks_wanted))
		give_stack(task);
}

static void stack_of_ended_task(struct task_struct *task)
{
	if (task->ret_stack)
		free_pages(task->ret_stack, FGRAPH_STACK_ORDER);
	task->ret_stack = NULL;
}

static const struct task_hooks shadow_stacks = {
	.created = stack_for_new_task,
	.ended = stack_of_ended_task,
};
TABLE_ENTRY(task_hooks, 10, shadow_stacks);

unsigned long fgraph_no_stack(void)
{
	return READ_ONCE(no_stack);
}
