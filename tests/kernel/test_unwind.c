// SPDX-License-Identifier: MIT
/*
 * Stack walks while functions are traced: through every kind of trampoline,
 * past return addresses that the graph tracer has replaced, and from NMIs that
 * strike at any instruction of all that.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/stack_probe.h"
#include "trace/core/ftrace.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

static struct trace in_callback, in_callee, at_return, at_hook;

/* uw_caller() -> uw_traced() -> uw_inner(); uw_traced() is traced. */
static noinline void uw_inner(void)
{
	unsigned long *traced = *(unsigned long **)__builtin_frame_address(0);
	struct pt_regs regs = {
		.ip = (unsigned long)return_to_handler,
		.bp = traced[0],
		.sp = (unsigned long)(traced + 2),
	};

	in_callee.n = stack_trace_save(in_callee.ip, TRACE_DEPTH, 0);
	/* As it will be when uw_traced() has just returned to the hook. */
	at_hook.n = stack_trace_save_regs(&regs, at_hook.ip, TRACE_DEPTH, 0);
	barrier();
}

static noinline void uw_traced(void)
{
	uw_inner();
	barrier();
}

static noinline void uw_caller(void)
{
	uw_traced();
	barrier();
}

/* Does the trace have these two, one right after the other? */
static bool has_pair(const struct trace *t, const void *callee,
		     const void *caller)
{
	unsigned int i;

	for (i = 0; i + 1 < t->n; i++)
		if (is_in(t->ip[i], callee) && is_in(t->ip[i + 1], caller))
			return true;
	trace_show(t);
	return false;
}

static notrace void save_callback(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	in_callback.n = stack_trace_save(in_callback.ip, TRACE_DEPTH, 0);
	EXPECT(is_in(parent_ip, uw_caller));
}

static notrace void other_callback(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops,
				   struct ftrace_regs *fregs)
{
	barrier();
}

static void walk_in_callback(void)
{
	in_callback.n = 0;
	uw_caller();
	EXPECT(is_in(in_callback.ip[0], save_callback));
	EXPECT(has_pair(&in_callback, uw_traced, uw_caller));
	/* Nothing in between but, if it was asked for, the list function. */
	if (!cmdline_is("chains", "off") && !cmdline_is("trampolines", "off"))
		EXPECT(is_in(in_callback.ip[1], uw_traced));
	EXPECT(has_pair(&in_callee, uw_inner, uw_traced));
	EXPECT(has_pair(&in_callee, uw_traced, uw_caller));
}

static bool trace_function(struct ftrace_ops *ops, const void *function)
{
	return EXPECT_EQ(
		       ftrace_set_filter_ip(ops, (unsigned long)function, 0, 1),
		       0) &&
	       EXPECT_EQ(register_ftrace_function(ops), 0);
}

static void with_flags(unsigned long flags)
{
	struct ftrace_ops ops = { .func = save_callback, .flags = flags };

	if (!trace_function(&ops, uw_traced))
		return;
	walk_in_callback();
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
}

KTEST(unwind, through_a_trampoline)
{
	with_flags(0);
}

KTEST(unwind, through_a_trampoline_with_a_guard)
{
	with_flags(FTRACE_OPS_FL_RECURSION);
}

KTEST(unwind, through_a_trampoline_with_all_registers)
{
	with_flags(FTRACE_OPS_FL_SAVE_REGS);
	with_flags(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION);
}

KTEST(unwind, through_a_chain)
{
	struct ftrace_ops other = { .func = other_callback };

	if (!trace_function(&other, uw_traced))
		return;
	with_flags(0);
	with_flags(FTRACE_OPS_FL_SAVE_REGS);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	ftrace_free_filter(&other);
}

/* ---- return addresses replaced ------------------------------------------- */

static notrace bool graph_entry(struct ftrace_graph_ent *ent,
				struct fgraph_ops *gops)
{
	in_callback.n = stack_trace_save(in_callback.ip, TRACE_DEPTH, 0);
	return true;
}

static notrace void graph_return(const struct ftrace_graph_ret *ret,
				 struct fgraph_ops *gops)
{
	at_return.n = stack_trace_save(at_return.ip, TRACE_DEPTH, 0);
}

/* Tasks keep their shadow stacks once they have been given one. */
KTEST_FLAGS(unwind, past_replaced_return_addresses, KTEST_LEAKS, 0)
{
	struct ftrace_ops ops = { .flags = FTRACE_OPS_FL_RECURSION };
	struct fgraph_ops gops = { .entryfunc = graph_entry,
				   .retfunc = graph_return,
				   .ops = &ops };

	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)uw_traced, 0, 1),
		  0);
	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)uw_caller, 0, 0),
		  0);
	ASSERT_EQ(register_ftrace_graph(&gops), 0);
	at_return.n = 0;
	uw_caller();
	EXPECT(has_pair(&in_callee, uw_inner, uw_traced));
	EXPECT(has_pair(&in_callee, uw_traced, uw_caller));
	EXPECT(has_pair(&in_callee, uw_caller,
			ktest_unwind_past_replaced_return_addresses));
	EXPECT(has_pair(&in_callback, uw_traced, uw_caller));
	EXPECT(has_pair(&at_return, graph_return, ftrace_return_to_handler));
	EXPECT(has_pair(&at_return, ftrace_return_to_handler,
			return_to_handler));
	EXPECT(has_pair(&at_return, return_to_handler,
			ktest_unwind_past_replaced_return_addresses));
	EXPECT(has_pair(&at_hook, return_to_handler, uw_caller));
	EXPECT_EQ(unregister_ftrace_graph(&gops), 0);
	ftrace_free_filter(&ops);
}

/* ---- NMIs anywhere ------------------------------------------------------- */

/* An entry-and-exit target, and what comes behind it is not @caller. */
static notrace bool wrapper_is_followed_by_other(const struct trace *t,
						 const void *caller)
{
	unsigned long start, size;
	unsigned int i;

	for (i = 0; i + 1 < t->n; i++)
		if (arch_ftrace_find_fexit(t->ip[i], &start, &size))
			return !is_in(t->ip[i + 1], caller);
	return false;
}

/*
 * Whatever is on top, below it come sample_loop(), then sample_root() and the
 * thread's own, with nothing lost: each function found is followed by its
 * caller. Before sample_loop() stands what it calls.
 */
static notrace bool sample_is_whole(const struct trace *t)
{
	unsigned int i = 0;

	if (wrapper_is_followed_by_other(t, sample_loop))
		return false;
	while (i < t->n && !is_in(t->ip[i], sample_loop) &&
	       !is_in(t->ip[i], sample_root))
		i++;
	if (i < t->n && is_in(t->ip[i], sample_loop))
		i++;
	else if (i && is_in(t->ip[i - 1], sample_leaf))
		return false; /* its caller has been lost */
	if (is_ftrace_trampoline(t->ip[0]) && !is_in(t->ip[1], sample_leaf) &&
	    !is_in(t->ip[1], sample_loop))
		return false; /* the function it traces has been lost */
	return i + 1 < t->n && is_in(t->ip[i], sample_root);
}

/* The last two are the thread's loop and kthread_main(). */
static notrace enum sample_verdict judge(const struct trace *t)
{
	if (t->n < 4 || !is_in(t->ip[t->n - 3], sample_root))
		return SAMPLE_ELSEWHERE;
	return sample_is_whole(t) ? SAMPLE_GOOD : SAMPLE_BAD;
}

static void sample_code(bool interrupts)
{
	const struct nmi_sample what = { sample_root, judge, interrupts };

	nmi_sample(&what);
}

static void sample_with_flags(unsigned long flags)
{
	struct ftrace_ops ops = { .func = other_callback, .flags = flags };

	if (!trace_function(&ops, sample_leaf))
		return;
	sample_code(false);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
}

KTEST(unwind, wherever_an_nmi_strikes_an_interrupt)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	sample_code(true);
}

KTEST(unwind, wherever_an_nmi_strikes_a_trampoline)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	sample_with_flags(FTRACE_OPS_FL_RECURSION);
	sample_with_flags(FTRACE_OPS_FL_SAVE_REGS);
}

static notrace void around_it(struct ftrace_fexit_call *call, void *data)
{
	barrier();
}

KTEST(unwind, wherever_an_nmi_strikes_an_entry_and_exit_target)
{
	static const struct ftrace_fexit_prog prog = { around_it, around_it,
						       NULL };
	static const struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	unsigned long ip = (unsigned long)sample_leaf;
	struct ftrace_fexit *fexit;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	fexit = ftrace_fexit_attach(&spec, &ip, 1);
	ASSERT(!IS_ERR(fexit));
	sample_code(false);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	ftrace_fexit_reap();
}

static notrace bool hook_it(struct ftrace_graph_ent *ent,
			    struct fgraph_ops *gops)
{
	return true;
}

static notrace void nothing_at_return(const struct ftrace_graph_ret *ret,
				      struct fgraph_ops *gops)
{
	barrier();
}

/* Tasks keep their shadow stacks. */
KTEST_FLAGS(unwind, wherever_an_nmi_strikes_the_graph_tracer, KTEST_LEAKS, 0)
{
	struct ftrace_ops ops = { .flags = FTRACE_OPS_FL_RECURSION };
	struct fgraph_ops gops = { .entryfunc = hook_it,
				   .retfunc = nothing_at_return,
				   .ops = &ops };

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)sample_leaf, 0, 1),
		  0);
	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)sample_loop, 0, 0),
		  0);
	ASSERT_EQ(register_ftrace_graph(&gops), 0);
	sample_code(false);
	EXPECT_EQ(unregister_ftrace_graph(&gops), 0);
	ftrace_free_filter(&ops);
}
