// SPDX-License-Identifier: MIT
/*
 * fgraph_stack.c - the shadow stacks of all tasks.
 *
 * A task gets its shadow stack when the first user of the graph registers, or
 * at its creation if that is later. It is freed with the task.
 *
 * It grows in place, while the task and its interrupts use it: more frames
 * count (->end), and a further segment of data words is linked. Nothing that is
 * in use moves, and nothing is taken away before the task has ended.
 *
 * Context: task; walking the task list takes task_list_lock, and growing
 * grow_lock below it.
 */
#include "kernel/base/page.h"
#include "kernel/base/spinlock.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>
#include <asm/barrier.h>

static bool stacks_wanted;     /* [A] set by the first user, for good */
static unsigned long no_stack; /* [A] */

static DEFINE_SPINLOCK(grow_lock);
static unsigned long words_wanted; /* [A] of all nested calls of one task */
static unsigned int frames_wanted = FGRAPH_DEPTH_MAX; /* [A] */
static unsigned long segment_pages;		      /* [grow_lock] */

static unsigned long capacity(const struct fgraph_ret_stack *stack)
{
	unsigned long words = 0;
	unsigned int i;

	for (i = 0; i < stack->nr_segments; i++)
		words += stack->segment[i].length - FGRAPH_DATA_MAX;
	return words; /* the end of a segment may stay unused */
}

/* Without memory the calls find no room, and are counted. */
static void add_segment(struct fgraph_ret_stack *stack, unsigned long words)
{
	unsigned int order =
		min_t(unsigned int, PAGE_MAX_ORDER,
		      page_order((words + FGRAPH_DATA_MAX) * sizeof(u64)));
	struct fgraph_segment *segment = &stack->segment[stack->nr_segments];

	segment->word = alloc_pages(order);
	if (!segment->word)
		return;
	segment->length = (u32)((PAGE_SIZE << order) / sizeof(u64));
	segment_pages += 1UL << order;
	smp_store_release(&stack->nr_segments, stack->nr_segments + 1);
}

static void grow(struct fgraph_ret_stack *stack)
{
	unsigned long flags, wanted, has;

	spin_lock_irqsave(&grow_lock, flags);
	WRITE_ONCE(stack->end, stack->frame + READ_ONCE(frames_wanted));
	wanted = READ_ONCE(words_wanted);
	has = capacity(stack);
	if (wanted > has && stack->nr_segments < FGRAPH_SEGMENTS)
		add_segment(stack, wanted - has);
	spin_unlock_irqrestore(&grow_lock, flags);
}

static void free_stack(struct fgraph_ret_stack *stack)
{
	struct fgraph_segment *segment;
	unsigned int i, order;
	unsigned long flags;

	for (i = 1; i < stack->nr_segments; i++) {
		segment = &stack->segment[i];
		order = page_order(segment->length * sizeof(u64));
		free_pages(segment->word, order);
		spin_lock_irqsave(&grow_lock, flags);
		segment_pages -= 1UL << order;
		spin_unlock_irqrestore(&grow_lock, flags);
	}
	free_pages(stack, FGRAPH_STACK_ORDER);
}

unsigned long fgraph_segment_pages(void)
{
	return READ_ONCE(segment_pages);
}

static void give_stack(struct task_struct *task)
{
	struct fgraph_ret_stack *none = NULL, *stack;

	static_assert(offsetof(struct fgraph_ret_stack, data) ==
				      3 * PAGE_SIZE &&
			      sizeof(*stack) == PAGE_SIZE << FGRAPH_STACK_ORDER,
		      "three pages of frames, a page of data");
	stack = READ_ONCE(task->ret_stack);
	if (stack) {
		grow(stack);
		return;
	}
	stack = alloc_pages_zeroed(FGRAPH_STACK_ORDER);
	if (!stack) {
		fetch_add(&no_stack, 1);
		return;
	}
	stack->top = stack->frame;
	stack->frame[0].depth = -1;
	stack->segment[0].word = stack->data;
	stack->segment[0].length = FGRAPH_DATA_WORDS;
	stack->nr_segments = 1;
	grow(stack);
	if (!try_cmpxchg(&task->ret_stack, &none, stack))
		free_stack(stack);
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
void fgraph_give_stacks(unsigned int users, unsigned int words)
{
	WRITE_ONCE(words_wanted, (unsigned long)words * FGRAPH_DEPTH_MAX);
	WRITE_ONCE(frames_wanted, min_t(unsigned int, FGRAPH_FRAMES_MAX,
					max(users, 1U) * FGRAPH_DEPTH_MAX));
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
	if (task->ret_stack) {
		fgraph_lose_calls(task->ret_stack);
		free_stack(task->ret_stack);
	}
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
