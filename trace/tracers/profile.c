// SPDX-License-Identifier: MIT
/*
 * profile.c - the function profiler: its callbacks, and its start and end.
 *
 * Owns the rows. Each CPU has a row for each site, in the order of the records.
 * A table gives the offset of a site's row by its address: two sites never lie
 * in one slot of the table, so one load finds it.
 *
 * FP1 A call is counted in the row of the CPU it begins on, its time in that
 *     of the CPU it ends on. Each count is changed by one instruction with
 *     preemption off, so no context and no CPU loses another one's count.
 * FP2 A CPU has its rows before a callback can run on it.
 *
 * Context: callbacks: probe; all others: task, trace_lock held.
 */
#include "trace/tracers/profile.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include "trace/trace_options.h"
#include "trace/tracers/function_graph.h"
#include "trace/tracers/profile_internal.h"
#include <asm/ftrace_frame.h>
#include <asm/tsc.h>

/* [I] while a callback can run */
static struct {
	u32 *offset;	    /* of the row, by slot; NULL: never used */
	unsigned long base; /* address of the first site */
	u64 shift;	    /* a slot has 1 << shift bytes */
	bool children;	    /* graph-time: the time of callees counts */
} map;

static DEFINE_PER_CPU(struct profile_row *, profile_rows);

static bool enabled; /* [trace_lock] */
static bool timed;   /* [trace_lock] of the last start */
static struct ftrace_ops ops;

/* ---- counting ------------------------------------------------------------ */

/* Context: preemption off. */
static __always_inline struct profile_row *row_of(unsigned long ip)
{
	char *rows = (char *)this_cpu_read(profile_rows);

	return (struct profile_row *)(rows +
				      map.offset[(ip - map.base) >> map.shift]);
}

static void count_call(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *unused, struct ftrace_regs *fregs)
{
	(void)parent_ip;
	(void)unused;
	(void)fregs;
	preempt_disable_notrace();
	local_inc(&row_of(ip)->calls); /* FP1 */
	preempt_enable_notrace();
}

/* Context: preemption off. */
static __always_inline void add_time(unsigned long func, u64 time)
{
	struct profile_row *row = row_of(func);
	unsigned __int128 square = (unsigned __int128)time * time;

	local_add(&row->time, time);
	local_add_wide(&row->squares, square, square >> 64);
}

/* Clocks of two CPUs may differ a little: never less than nothing. */
static __always_inline u64 since(u64 then)
{
	u64 now = local_clock();

	return now > then ? now - then : 0;
}

/* ---- the general case ---------------------------------------------------- */

static bool time_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *unused)
{
	u64 *callees = NULL;

	(void)unused;
	if (!map.children) {
		callees = fgraph_reserve_data(1);
		if (!callees)
			return false;
		*callees = 0;
	}
	ent->calltime = local_clock();
	return true;
}

/* Without graph-time: the word of the call around this one, or NULL. */
static u64 *word_of_caller(struct fgraph_ret_stack *stack, u32 bit)
{
	struct fgraph_frame *frame = stack->top;
	u64 used =
		fgraph_data_below(stack, stack->data_used, fgraph_words(frame));

	while (--frame > stack->frame) {
		unsigned int words = fgraph_words(frame);

		if (words && frame->users & bit)
			return fgraph_data_last(stack, used, words);
		used = fgraph_data_below(stack, used, words);
	}
	return NULL;
}

static void time_return(const struct ftrace_graph_ret *ret,
			struct fgraph_ops *gops)
{
	u64 time = since(ret->calltime), callees = 0, *word;

	if (ret->words) {
		callees = min(*ret->data, time);
		word = word_of_caller(current->ret_stack, gops->bit);
		if (word)
			*word += time;
	}
	preempt_disable_notrace();
	add_time(ret->func, time - callees);
	preempt_enable_notrace();
}

/* ---- the common case: the only user of the graph ------------------------- */

static enum fgraph_handled time_handler(unsigned long *retp);

static struct fgraph_ops gops = {
	.entryfunc = time_entry,
	.retfunc = time_return,
	.handler = time_handler,
	.ops = &ops,
};

static noinline void time_call_slow(unsigned long ip, unsigned long *retp)
{
	fgraph_enter(ip, &gops, retp, time_entry);
}

static void time_call(unsigned long ip, unsigned long parent_ip,
		      struct ftrace_ops *unused, struct ftrace_regs *fregs)
{
	unsigned long *retp = ftrace_return_slot(fregs);
	struct fgraph_frame *top, *frame;
	struct fgraph_ret_stack *stack;

	(void)parent_ip;
	(void)unused;
	preempt_disable_notrace();
	local_inc(&row_of(ip)->calls); /* FP1 */
	stack = current->ret_stack;
	if (unlikely(!stack || !map.children))
		goto slow;
	top = stack->top;
	if (unlikely(top->retp == retp || top >= stack->end))
		goto slow;
	frame = fgraph_push(stack, top, ip, retp, gops.bit);
	frame->calltime = local_clock();
	fgraph_hook(frame, retp);
	preempt_enable_notrace();
	return;

slow:
	preempt_enable_notrace();
	time_call_slow(ip, retp);
}

static enum fgraph_handled time_handler(unsigned long *retp)
{
	struct fgraph_ret_stack *stack = current->ret_stack;
	struct fgraph_frame *frame = stack->top;

	if (unlikely(frame->retp != retp || frame->users != gops.bit))
		return FGRAPH_REFUSED;
	preempt_disable_notrace();
	add_time(frame->func, since(frame->calltime));
	fgraph_unhook(stack, frame);
	preempt_enable_notrace();
	return FGRAPH_RETURNS;
}

/* ---- memory -------------------------------------------------------------- */

/* Are no two sites in one slot of this many bytes? */
static bool slots_differ(u64 shift)
{
	unsigned long slot, last = ~0UL;
	size_t i;

	for (i = 0; i < ftrace_rec_count(); i++) {
		slot = (ftrace_rec_ip(ftrace_rec(i)) - map.base) >> shift;
		if (slot == last)
			return false;
		last = slot;
	}
	return true;
}

static int make_map(void)
{
	size_t i, n = ftrace_rec_count();
	unsigned long end;

	map.base = ftrace_rec_ip(ftrace_rec(0));
	end = ftrace_rec_ip(ftrace_rec(n - 1)) + 1;
	map.shift = 4;
	while (!slots_differ(map.shift)) /* a site alone has 5 bytes */
		map.shift--;
	map.offset = kcalloc((end - map.base) / BIT(map.shift) + 1,
			     sizeof(*map.offset));
	if (!map.offset)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		map.offset[(ftrace_rec_ip(ftrace_rec(i)) - map.base) >>
			   map.shift] = i * sizeof(struct profile_row);
	return 0;
}

/* FP2 */
static int make_rows(unsigned int cpu)
{
	struct profile_row *rows;

	if (per_cpu(profile_rows, cpu))
		return 0;
	rows = kcalloc(ftrace_rec_count(), sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	per_cpu(profile_rows, cpu) = rows;
	return 0;
}

static int profile_cpu_starting(unsigned int cpu)
{
	int err;

	mutex_lock(&trace_lock);
	err = map.offset ? make_rows(cpu) : 0;
	mutex_unlock(&trace_lock);
	return err;
}

static const struct task_hooks profile_hooks = {
	.cpu_starting = profile_cpu_starting,
};
TABLE_ENTRY(task_hooks, 35, profile_hooks);

static int make_all(void)
{
	unsigned int cpu;
	int err = map.offset ? 0 : make_map();

	for_each_online_cpu(cpu) {
		if (err)
			break;
		err = make_rows(cpu);
		if (!err)
			memset(per_cpu(profile_rows, cpu), 0,
			       ftrace_rec_count() * sizeof(struct profile_row));
	}
	return err;
}

const struct profile_row *profile_rows_of(unsigned int cpu)
{
	return per_cpu(profile_rows, cpu);
}

/* ---- start and end ------------------------------------------------------- */

/* [trace_lock held] */
static int follow(void)
{
	struct ftrace_hash *only, *never;
	int err = ftrace_ops_get_hash(&trace_top()->ops, false, &only);

	if (err)
		return err;
	err = ftrace_ops_get_hash(&trace_top()->ops, true, &never);
	if (err) {
		ftrace_hash_free(only);
		return err;
	}
	return ftrace_ops_set_hashes(&ops, only, never);
}

int function_profile_follow(void)
{
	int err;

	mutex_lock(&trace_lock);
	err = enabled ? follow() : 0;
	mutex_unlock(&trace_lock);
	return err;
}

static int start(void)
{
	struct trace_array *top = trace_top();
	int err = make_all();

	if (!err)
		err = follow();
	if (err)
		return err;
	timed = trace_option(top, TRACE_OPT_profile_time);
	map.children = trace_option(top, TRACE_OPT_graph_time);
	ops.func = timed ? time_call : count_call;
	if (!timed)
		return register_ftrace_function(&ops);
	err = register_ftrace_graph(&gops);
	if (!err)
		graph_leave_out_sleep(gops.bit,
				      !trace_option(top, TRACE_OPT_sleep_time));
	return err;
}

static int stop(void)
{
	if (!timed)
		return unregister_ftrace_function(&ops);
	graph_leave_out_sleep(gops.bit, false);
	return unregister_ftrace_graph(&gops);
}

int function_profile_set(bool on)
{
	int err = 0;

	mutex_lock(&trace_lock);
	if (on != enabled)
		err = on ? start() : stop();
	if (!err)
		enabled = on;
	mutex_unlock(&trace_lock);
	return err;
}

bool function_profile_on(void)
{
	return READ_ONCE(enabled);
}

bool profile_timed(void)
{
	return timed;
}

/* An option of a profile under way is changed: only what is read at a call. */
static void option_changed(struct trace_array *tr, unsigned int option, bool on)
{
	if (tr != trace_top() || !enabled || !timed)
		return;
	if (option == TRACE_OPT_graph_time)
		WRITE_ONCE(map.children, on);
	if (option == TRACE_OPT_sleep_time)
		graph_leave_out_sleep(gops.bit, !on);
}

static const struct trace_option_hook profile_options = { option_changed };
TABLE_ENTRY(trace_option_hooks, 50, profile_options);
