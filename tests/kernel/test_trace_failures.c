// SPDX-License-Identifier: MIT
/*
 * Memory runs out at every allocation in turn: a request says so, and nothing
 * has changed.
 */
#include "kernel/base/fail.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/graph/fgraph.h"

KTEST(trace_failures, a_task_without_shadow_stack)
{
	struct fgraph_ret_stack *stack;
	unsigned long before = fgraph_no_stack();

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		stack = current->ret_stack;
		current->ret_stack = NULL;
		EXPECT(fg_check_all(1, 4));
		EXPECT_EQ(tt_stats().entries, 0);
		EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
		fail_nth(1);
		trace_set_tracer(trace_top(), "function_graph");
		EXPECT(fail_end());
		EXPECT(current->ret_stack || fgraph_no_stack() > before);
		if (!current->ret_stack)
			current->ret_stack = stack;
		else
			free_pages(stack, FGRAPH_STACK_ORDER);
	}
	tt_end();
}

static void every_failure(const char *tracer)
{
	struct trace_array *tr = trace_top();
	unsigned int n;
	int err;

	EXPECT_EQ(ftrace_set_filter(&tr->ops, FG_FILTER, strlen(FG_FILTER), 1),
		  0);
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		err = trace_set_tracer(tr, tracer);
		if (!fail_end())
			break;
		if (!err) { /* it could do without */
			EXPECT_EQ(trace_set_tracer(tr, "nop"), 0);
			continue;
		}
		ASSERT_EQ(err, -ENOMEM);
		EXPECT(!strcmp(trace_current_tracer(tr)->name, "nop"));
		EXPECT(fg_check_all(1, 3));
		EXPECT_EQ(tt_stats().written, 0);
	}
	EXPECT_EQ(err, 0);
	EXPECT(n > 2);
	EXPECT(fg_check_all(1, 3));
	EXPECT(tt_stats().written);
	tt_end();
	EXPECT_EQ(ftrace_check(), 0);
}

/* CT1 */
KTEST(trace_failures, function_tracer)
{
	every_failure("function");
}

KTEST(trace_failures, function_graph_tracer)
{
	every_failure("function_graph");
}

KTEST(trace_failures, option_with_a_callback_of_its_own)
{
	struct trace_array *tr = trace_top();
	unsigned int n;
	int err;

	for (n = 1; n < 1000; n++) {
		ASSERT(tt_begin("function", FG_FILTER, 64));
		fail_nth(n);
		err = trace_set_option(tr, TRACE_OPT_func_stack_trace, true);
		if (!fail_end())
			break;
		if (err) {
			EXPECT_EQ(err, -ENOMEM);
			EXPECT(!trace_option(tr, TRACE_OPT_func_stack_trace));
		}
		EXPECT(fg_check_all(1, 3));
		tt_end();
		trace_set_option(tr, TRACE_OPT_func_stack_trace, false);
	}
	EXPECT_EQ(err, 0);
	tt_end();
	trace_set_option(tr, TRACE_OPT_func_stack_trace, false);
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST(trace_failures, readers)
{
	struct trace_iterator *iter;
	unsigned int n;

	for (n = 1; n < 100; n++) {
		fail_nth(n);
		iter = trace_open(trace_top(), TRACE_CPU_ALL);
		if (!fail_end())
			break;
		ASSERT_EQ(PTR_ERR(iter), -ENOMEM);
	}
	EXPECT_EQ(n, 2 + num_online_cpus() + 1);
	trace_close(iter);
	fail_nth(1);
	EXPECT_EQ(PTR_ERR(trace_pipe_open(trace_top(), 0)), -ENOMEM);
	EXPECT(fail_end());
	iter = trace_pipe_open(trace_top(), 0); /* is not taken for open */
	EXPECT(!IS_ERR(iter));
	trace_close(iter);
}

/* What the tracer keeps for a reader comes last; no reader counts as open. */
KTEST(trace_failures, readers_of_a_graph)
{
	struct trace_array *tr = trace_top();
	struct trace_iterator *iter;
	unsigned int n, before = tr->readers;

	ASSERT(tt_begin("function_graph", "fg_leaf", 64));
	for (n = 1; n < 100; n++) {
		fail_nth(n);
		iter = trace_pipe_open(tr, 0);
		if (!fail_end())
			break;
		if (!IS_ERR(iter)) { /* an empty slab made up for a page */
			trace_close(iter);
			continue;
		}
		EXPECT_EQ(PTR_ERR(iter), -ENOMEM);
		EXPECT_EQ(tr->readers, before);
		EXPECT_EQ(tr->pipes, 0);
	}
	EXPECT(n > 2);
	EXPECT_EQ(tr->readers, before + 1);
	trace_close(iter);
	tt_end();
}

KTEST(trace_failures, buffer_size)
{
	struct trace_array *tr = trace_top();
	size_t kb = trace_buffer_kb(tr, 0);
	unsigned int n;
	int err;

	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		err = trace_set_buffer_kb(tr, 0, 40);
		if (!fail_end())
			break;
		ASSERT_EQ(err, -ENOMEM);
		EXPECT_EQ(trace_buffer_kb(tr, 0), kb);
	}
	EXPECT_EQ(err, 0);
	EXPECT_EQ(trace_set_buffer_kb(tr, 0, 7), 0);
}

KTEST(trace_failures, text_of_a_file)
{
	struct tracefs_file *file;
	char c = 0;

	ASSERT_EQ(tracefs_open("available_tracers", TRACEFS_READ, &file), 0);
	fail_nth(1);
	EXPECT_EQ(tracefs_read(file, &c, 1), -ENOMEM);
	EXPECT(fail_end());
	EXPECT_EQ(tracefs_read(file, &c, 1), 1);
	EXPECT_EQ(c, 'f');
	EXPECT_EQ(tracefs_close(file), 0);
}
