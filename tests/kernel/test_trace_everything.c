// SPDX-License-Identifier: MIT
/*
 * Every function of the kernel traced at once, while all of it works: locks,
 * scheduler, allocator, timers, the tracer's own readers.
 */
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/tracers/stack.h"
#include <asm/atomic.h>

static atomic64_t wrong;

static void work(void *unused)
{
	void *p;

	(void)unused;
	if (!fg_check_all(5, 5))
		atomic64_inc(&wrong);
	if (in_task() && !preempt_count()) {
		p = kmalloc(100);
		kfree(p);
		yield();
	}
}

static void trace_everything(const char *tracer, bool switching)
{
	struct ring_buffer_stats stats;
	struct tt_calls calls;
	char *text;
	int i;

	atomic64_set(&wrong, 0);
	if (!tt_begin(tracer, NULL, 256))
		goto end;
	for (i = 0; i < (switching ? 5 : 2); i++) {
		calls = tt_storm(work, NULL, 60, 2, false);
		EXPECT(calls.irq && calls.nmi);
		if (switching) {
			EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
			EXPECT_EQ(trace_set_tracer(trace_top(), tracer), 0);
		}
	}
	for (i = 0; i < 20; i++)
		work(NULL);
	text = tt_text(TRACE_CPU_ALL); /* read while it goes on */
	EXPECT(text && strlen(text) > 1000);
	kfree(text);
	trace_set_on(trace_top(), false);
	stats = tt_stats();
	EXPECT(stats.written);
	EXPECT_EQ(stats.recursed, 0);
	EXPECT_EQ(atomic64_read(&wrong), 0);
end:
	tt_end();
	EXPECT_EQ(ftrace_check(), 0);
}

/* Once, so that shadow stacks are there before pages are counted. */
KTEST_FLAGS(trace_everything, function_graph, KTEST_LEAKS, 300)
{
	trace_everything("function_graph", false);
}

KTEST_FLAGS(trace_everything, function, 0, 300)
{
	trace_everything("function", false);
}

KTEST_FLAGS(trace_everything, function_switched, 0, 300)
{
	trace_everything("function", true);
}

KTEST_FLAGS(trace_everything, function_graph_switched, 0, 300)
{
	trace_everything("function_graph", true);
}

KTEST_FLAGS(trace_everything, stack_tracer_with_function_graph, 0, 300)
{
	struct trace_seq s;
	char *text = kmalloc(8192);

	ASSERT(text != NULL);
	stack_set_max_size(0);
	EXPECT_EQ(stack_tracer_set(true), 0);
	trace_everything("function_graph", false);
	EXPECT_EQ(stack_tracer_set(false), 0);
	EXPECT(stack_max_size() > 500);
	trace_seq_init(&s, text, 8192);
	stack_trace_show(&s);
	EXPECT(!s.overflow);
	/*
	 * An interrupt may strike in the hook, whose frame is true then; what
	 * must not be there is the address put in place of a caller.
	 */
	EXPECT(strstr(text, "return_to_handler+0x0/") == NULL);
	kfree(text);
}

KTEST_FLAGS(trace_everything, function_with_stacks, 0, 300)
{
	trace_set_option(trace_top(), TRACE_OPT_func_stack_trace, true);
	trace_everything("function", false);
	trace_set_option(trace_top(), TRACE_OPT_func_stack_trace, false);
}
