// SPDX-License-Identifier: MIT
/*
 * function.c - the function tracer: one event per call of a function.
 *
 * Owns the callbacks; the top trace's trampoline has function_fast.asm in front
 * of them. trace_function() handles every unusual case. The ring buffer's
 * ->state for this CPU stops recursion, so no callback needs the trampoline's
 * guard.
 *
 * Context: probe; the tracer's init and reset: task, trace_lock held.
 */
#include "kernel/base/printk.h"
#include "trace/core/recursion.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"
#include "trace/tracers/tracer_options.h"
#include <asm/ftrace_frame.h>

void trace_function(struct trace_array *tr, unsigned long ip,
		    unsigned long parent_ip)
{
	struct ring_buffer *buffer = &tr->buffer;
	struct ftrace_entry *entry;

	entry = ring_buffer_lock_reserve(buffer, sizeof(*entry), NULL);
	if (!entry)
		return;
	trace_fill(entry, TRACE_FN);
	entry->ip = ip;
	entry->parent_ip = parent_ip;
	ring_buffer_unlock_commit(buffer);
}

/* Is the running task not to be seen? Its interrupts are. */
static bool task_untraced(void)
{
	return this_cpu_read(ftrace_aside) & FTRACE_ASIDE_UNTRACED && in_task();
}

/* The running task may not be one to be seen. */
static noinline void function_aside(struct trace_array *tr, unsigned long ip,
				    unsigned long parent_ip)
{
	if (!task_untraced())
		trace_function(tr, ip, parent_ip);
}

/* Called by function_call(), which has disabled preemption once. */
static noinline void function_again(unsigned long ip, unsigned long parent_ip)
{
	preempt_enable_no_resched();
	trace_function(&trace_top_array, ip, parent_ip);
}

/* The callback of the top trace: its ring is one load away. */
static __no_fp void function_call(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast f;
	struct ftrace_entry *entry;

	(void)ops;
	(void)fregs;
	if (unlikely(!trace_top_array.on))
		return;
	if (unlikely(this_cpu_is_set(ftrace_aside))) {
		function_aside(&trace_top_array, ip, parent_ip);
		return;
	}
	preempt_disable_notrace();
	rb = this_cpu_read(trace_top_ring);
	if (unlikely(!ring_buffer_reserve_fast(rb, sizeof(*entry), &f))) {
		function_again(ip, parent_ip);
		return;
	}
	entry = f.payload;
	trace_fill(entry, TRACE_FN);
	entry->ip = ip;
	entry->parent_ip = parent_ip;
	ring_buffer_commit_fast(rb, &f);
	preempt_enable_notrace();
}

/*
 * Called where the fast code cannot finish. If @refused, no event is written:
 * write it here. Otherwise commit for a nested writer if @word is a ring, then
 * make the switch that is due.
 */
static void function_late(void *word, struct ftrace_regs *fregs, u32 refused)
{
	struct ring_buffer_per_cpu *rb = word;

	if (refused) {
		ring_buffer_not_written(rb, refused);
		function_again(fregs->ip - MCOUNT_INSN_SIZE, fregs->parent_ip);
		return;
	}
	if (rb)
		ring_buffer_commit_rest(rb);
	preempt_enable_notrace();
}

extern const u8 function_fast_code[], function_fast_end[];

static const struct ftrace_fast function_fast = {
	.func = function_call,
	.code = function_fast_code,
	.end = function_fast_end,
	.late = function_late,
};

/* The same for function_call_any(). */
static noinline void function_again_any(unsigned long ip,
					unsigned long parent_ip,
					struct trace_array *tr)
{
	preempt_enable_no_resched();
	trace_function(tr, ip, parent_ip);
}

/* The callback of any other trace. */
static __no_fp void function_call_any(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	struct trace_array *tr = container_of(ops, struct trace_array, ops);
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_fast f;
	struct ftrace_entry *entry;

	(void)fregs;
	if (unlikely(!tr->on))
		return;
	if (unlikely(this_cpu_is_set(ftrace_aside))) {
		function_aside(tr, ip, parent_ip);
		return;
	}
	preempt_disable_notrace();
	rb = READ_ONCE(tr->buffer.cpu[this_cpu_read_index(cpu_number)]);
	if (unlikely(!ring_buffer_reserve_fast(rb, sizeof(*entry), &f))) {
		function_again_any(ip, parent_ip, tr);
		return;
	}
	entry = f.payload;
	trace_fill(entry, TRACE_FN);
	entry->ip = ip;
	entry->parent_ip = parent_ip;
	ring_buffer_commit_fast(rb, &f);
	preempt_enable_notrace();
}

/* The callback for func_stack_trace: a stack follows each event. */
static void function_stack_call(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops,
				struct ftrace_regs *fregs)
{
	struct trace_array *tr = container_of(ops, struct trace_array, ops);

	if (!READ_ONCE(tr->on) || task_untraced())
		return;
	trace_function(tr, ip, parent_ip);
	trace_stack(tr, ip + MCOUNT_INSN_SIZE);
}

static int function_register(struct trace_array *tr, bool stacks)
{
	ftrace_func_t call = tr == &trace_top_array ? function_call :
						      function_call_any;

	tr->ops.func = stacks ? function_stack_call : call;
	tr->ops.gate = &tr->on;
	tr->ops.fast = &function_fast;
	if (stacks && !READ_ONCE(tr->ops.filter_hash))
		pr_warn("function: every function records its stack, which is "
			"very slow; set_ftrace_filter selects a few");
	return register_ftrace_function(&tr->ops);
}

static int function_init(struct trace_array *tr)
{
	return function_register(tr,
				 trace_option(tr, TRACE_OPT_func_stack_trace));
}

static int function_reset(struct trace_array *tr)
{
	return unregister_ftrace_function(&tr->ops);
}

/* As on Linux, turning tracing on empties the buffer. */
static void function_start(struct trace_array *tr)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		ring_buffer_reset(&tr->buffer, cpu);
}

/* If the other callback cannot be registered, nop becomes the tracer. */
static int function_set_option(struct trace_array *tr, unsigned int option,
			       bool on)
{
	int err = unregister_ftrace_function(&tr->ops);

	(void)option;
	if (err)
		return err;
	err = function_register(tr, on);
	if (err)
		tr->tracer = &nop_tracer;
	return err;
}

static const struct tracer function_tracer = {
	.name = "function",
	.init = function_init,
	.reset = function_reset,
	.start = function_start,
	.options = BIT(TRACE_OPT_func_stack_trace),
	.set_option = function_set_option,
};
TABLE_ENTRY(tracers, 20, function_tracer);
