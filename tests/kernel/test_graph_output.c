// SPDX-License-Identifier: MIT
/*
 * The text of function_graph, by pattern: heads, columns, leaves, closing
 * lines, comments and arrows are Linux's byte for byte.
 */
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include <asm/atomic.h>

/* Once, so that shadow stacks are there before pages are counted. */
KTEST_FLAGS(graph_output, empty, KTEST_LEAKS, 0)
{
	char *text;

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		text = tt_text(TRACE_CPU_ALL);
		EXPECT(text && strstr(text, "FUNCTION CALLS\n# |     |   |"));
		kfree(text);
	}
	tt_end();
}

static void check_in_storm(void *wrong)
{
	if (!fg_check_all(42, 3))
		atomic64_inc(wrong);
}

static void call_parent(void)
{
	kthread_bind(current, 0);
	EXPECT_EQ(fg_parent(1), 6);
	kthread_bind(current, CPU_ANY);
}

static void text_is(const char *const *pattern)
{
	char *text = tt_text(0);

	if (text)
		tt_expect_lines(text, pattern);
	kfree(text);
}

#define DURATION "?[0-9. ][0-9. ][0-9. ][0-9. ][0-9. ]* us *|"
#define NOTHING	 "              |"

KTEST(graph_output, nested_calls)
{
	static const char *const lines[] = {
		"# tracer: function_graph",
		"#",
		"# CPU  DURATION                  FUNCTION CALLS",
		"# |     |   |                     |   |   |   |",
		" 0) " NOTHING "  fg_parent() {",
		" 0) " DURATION "    fg_leaf();",
		" 0) " NOTHING "    fg_hidden() {",
		" 0) " DURATION "      fg_leaf();",
		" 0) " DURATION "    }",
		" 0) " DURATION "    fg_leaf();",
		" 0) " DURATION "  }",
		NULL,
	};

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		call_parent();
		text_is(lines);
	}
	tt_end();
}

KTEST(graph_output, options)
{
	static const char *const lines[] = {
		"# tracer: function_graph",
		"#",
		"#     TIME        CPU  TASK/PID         DURATION             "
		"     FUNCTION CALLS",
		"#      |          |     |    |           |   |               "
		"      |   |   |   |",
		"*[0-9].?????? |   0) *graph_o-* | " NOTHING "  fg_parent() {",
		"*[0-9].?????? |   0) *graph_o-* | " DURATION
		"    fg_leaf(); /\\* = 0x2 \\*/",
		"*fg_hidden() {",
		"*fg_leaf(); /\\* = 0x2 \\*/",
		"* | " DURATION "    } /\\* fg_hidden = 0x2 \\*/ "
		"(Overruns: 0)",
		"*fg_leaf(); /\\* = 0x2 \\*/",
		"* | " DURATION "  } /\\* fg_parent = 0x6 \\*/ (Overruns: 0)",
		NULL,
	};
	static const unsigned int options[] = {
		TRACE_OPT_funcgraph_abstime,
		TRACE_OPT_funcgraph_proc,
		TRACE_OPT_funcgraph_retval,
		TRACE_OPT_funcgraph_overrun,
	};
	unsigned int i;

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		for (i = 0; i < ARRAY_SIZE(options); i++)
			EXPECT_EQ(
				trace_set_option(trace_top(), options[i], true),
				0);
		call_parent();
		text_is(lines);
		for (i = 0; i < ARRAY_SIZE(options); i++)
			trace_set_option(trace_top(), options[i], false);
	}
	tt_end();
}

KTEST(graph_output, markers_and_lost_calls)
{
	static const char *const lines[] = {
		"*",
		"*",
		"*",
		"*",
		" 0) " NOTHING "  /\\* hello \\*/",
		" 0) " NOTHING "  fg_parent() {",
		" 0) " DURATION "    } /\\* fg_hidden \\*/",
		NULL,
	};
	struct trace_array *tr = trace_top();
	struct ftrace_graph_ent_entry *entry;
	struct ftrace_graph_ret_entry *ret;

	if (tt_begin("function_graph", "fg_tail", 64)) {
		kthread_bind(current, 0);
		EXPECT_EQ(trace_marker_write(tr, "hello", 5), 5);
		/* What is left when events between were lost. */
		entry = ring_buffer_lock_reserve(&tr->buffer, sizeof(*entry),
						 NULL);
		*entry = (struct ftrace_graph_ent_entry){
			.ent = { .type = TRACE_GRAPH_ENT, .pid = current->pid },
			.func = (unsigned long)fg_parent,
		};
		ring_buffer_unlock_commit(&tr->buffer);
		ret = ring_buffer_lock_reserve(&tr->buffer, sizeof(*ret), NULL);
		*ret = (struct ftrace_graph_ret_entry){
			.ent = { .type = TRACE_GRAPH_RET, .pid = current->pid },
			.func = (unsigned long)fg_hidden,
			.depth = 1,
			.calltime = 1000,
			.rettime = 2234,
		};
		ring_buffer_unlock_commit(&tr->buffer);
		kthread_bind(current, CPU_ANY);
		text_is(lines);
	}
	tt_end();
}

KTEST(graph_output, interrupts)
{
	atomic64_t wrong = ATOMIC64_INIT(0);
	char *text;

	if (tt_begin("function_graph", FG_FILTER, 512)) {
		tt_storm(check_in_storm, &wrong, 200, 1, true);
		text = tt_text(0);
		EXPECT(text && strstr(text, " 0)   ==========> |\n 0) "));
		EXPECT(text && strstr(text, " 0)   <========== |\n 0) "));
		kfree(text);
	}
	tt_end();
}
