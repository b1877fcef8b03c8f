// SPDX-License-Identifier: MIT
/*
 * A second trace beside the top one: each counts exactly its own, whatever the
 * other one is set to, and a trace that goes leaves nothing behind.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/smp.h"
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_test.h"
#include "trace/tracers/function_graph.h"

/* fg_parent() makes one call of itself, three of fg_leaf(), one of
 * fg_hidden(), which makes one of the three. */
#define PARENT_FILTER "fg_parent fg_leaf fg_hidden"
#define PARENT_CALLS  5

static struct trace_array *second_begin(const char *tracer, const char *filter)
{
	struct trace_array *tr = trace_array_create("second");

	if (!EXPECT(!IS_ERR(tr)))
		return NULL;
	EXPECT(trace_array_find("second") == tr);
	EXPECT_EQ(ftrace_set_filter(&tr->ops, filter, strlen(filter), 1), 0);
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 64), 0);
	EXPECT_EQ(trace_set_tracer(tr, tracer), 0);
	return tr;
}

static void second_end(struct trace_array *tr)
{
	EXPECT_EQ(trace_array_destroy(tr), 0);
	EXPECT(!trace_array_find("second"));
	EXPECT_EQ(ftrace_check(), 0);
}

static u64 written(const struct trace_array *tr)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		EXPECT_EQ(stats.dropped + stats.commit_overrun, 0);
		sum += stats.written;
	}
	return sum;
}

/* Have the traces got exactly so many events from fn(1)? Both are emptied. */
static bool both_get(struct trace_array *tr, u64 (*fn)(u64 n), u64 top,
		     u64 second)
{
	bool good;

	trace_reset(trace_top(), TRACE_CPU_ALL);
	trace_reset(tr, TRACE_CPU_ALL);
	fn(1);
	good = EXPECT_EQ(written(trace_top()), top);
	return EXPECT_EQ(written(tr), second) && good;
}

static const char *const tracers[] = { "function", "function_graph" };

/*
 * An event for each call, or two. Memory may differ afterwards: the first user
 * of the graph gives each task its shadow stack.
 */
KTEST_FLAGS(trace_array, two_traces_of_the_same_functions, KTEST_LEAKS, 0)
{
	struct trace_array *tr;
	unsigned int i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < 2; j++) {
			ASSERT(tt_begin(tracers[i], PARENT_FILTER, 64));
			tr = second_begin(tracers[j], PARENT_FILTER);
			ASSERT(tr);
			both_get(tr, fg_parent, PARENT_CALLS * (i + 1),
				 PARENT_CALLS * (j + 1));
			second_end(tr);
			tt_end();
		}
	}
}

KTEST(trace_array, two_traces_of_different_functions)
{
	struct trace_array *tr;
	unsigned int i, j;

	for (i = 0; i < 2; i++) {
		for (j = 0; j < 2; j++) {
			ASSERT(tt_begin(tracers[i], "fg_leaf", 64));
			tr = second_begin(tracers[j], "fg_hidden");
			ASSERT(tr);
			both_get(tr, fg_parent, 3 * (i + 1), j + 1);
			EXPECT_EQ(trace_set_tracer(tr, "nop"), 0);
			both_get(tr, fg_parent, 3 * (i + 1), 0);
			second_end(tr);
			both_get(trace_top(), fg_leaf, i + 1, i + 1);
			tt_end();
		}
	}
}

static void set_graph(struct trace_array *tr, bool notrace_set,
		      const char *function)
{
	struct ftrace_hash *set = NULL;

	if (function) {
		set = ftrace_hash_begin(NULL);
		EXPECT_EQ(ftrace_hash_edit(&set, function, strlen(function)),
			  0);
	}
	EXPECT_EQ(trace_graph_hash_set(tr, notrace_set, set), 0);
}

/*
 * One call shows what it calls in one trace and hides it in the other. With one
 * choice for both on the task, the first to come would decide for both.
 */
KTEST(trace_array, what_a_call_shows_or_hides_is_of_one_trace_G2)
{
	struct trace_array *top = trace_top(), *tr;

	ASSERT(tt_begin("function_graph", PARENT_FILTER, 64));
	tr = second_begin("function_graph", PARENT_FILTER);
	ASSERT(tr);
	set_graph(top, false, "fg_hidden");
	set_graph(tr, true, "fg_hidden");
	both_get(tr, fg_parent, 2 * 2, 3 * 2);
	set_graph(top, false, NULL);
	set_graph(top, true, "fg_hidden");
	set_graph(tr, true, NULL);
	set_graph(tr, false, "fg_hidden");
	both_get(tr, fg_parent, 3 * 2, 2 * 2);
	set_graph(top, true, NULL);
	trace_set_graph_depth(tr, 1);
	both_get(tr, fg_parent, 5 * 2, 1 * 2);
	EXPECT_EQ(trace_graph_depth(top), 0);
	second_end(tr); /* with its set */
	tt_end();
}

KTEST(trace_array, settings_are_of_one_trace)
{
	struct trace_array *top = trace_top(), *tr;
	int far = 999999;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	tr = second_begin("function_graph", "fg_leaf");
	ASSERT(tr);
	EXPECT_EQ(ftrace_set_pids(&tr->pids, &far, 1, false), 0);
	both_get(tr, fg_leaf, 1, 0);
	EXPECT_EQ(ftrace_set_pids(&tr->pids, NULL, 0, false), 0);
	EXPECT_EQ(ftrace_set_pids(&top->pids, &far, 1, false), 0);
	both_get(tr, fg_leaf, 0, 2);
	EXPECT_EQ(ftrace_set_pids(&top->pids, NULL, 0, false), 0);
	trace_set_on(tr, false);
	both_get(tr, fg_leaf, 1, 0);
	trace_set_on(tr, true);
	EXPECT_EQ(trace_set_cpumask(tr, 0), 0);
	both_get(tr, fg_leaf, 1, 0);
	EXPECT_EQ(trace_set_cpumask(tr, cpu_online_mask), 0);
	EXPECT_EQ(trace_set_clock(tr, "counter"), 0);
	EXPECT(top->clock != tr->clock && !top->special && tr->special);
	both_get(tr, fg_leaf, 1, 2);
	EXPECT_EQ(trace_set_option(tr, TRACE_OPT_funcgraph_proc, true), 0);
	EXPECT(!trace_option(top, TRACE_OPT_funcgraph_proc));
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 128), 0);
	EXPECT_EQ(trace_buffer_kb(top, 0), 64);
	/* With lists of pids set, too: they go with the trace. */
	EXPECT_EQ(ftrace_set_pids(&tr->pids, &far, 1, true), 0);
	second_end(tr);
	tt_end();
}

/* Only as much as there is room for. */
static ssize_t read_all(struct trace_array *tr, char *text, size_t room)
{
	struct trace_iterator *iter = trace_open(tr, TRACE_CPU_ALL);
	ssize_t n;

	if (!EXPECT(!IS_ERR(iter)))
		return 0;
	EXPECT_EQ(trace_array_destroy(tr), -EBUSY);
	n = trace_read(iter, text, room - 1);
	text[n] = '\0';
	trace_close(iter);
	return n;
}

KTEST(trace_array, each_is_read_in_the_form_of_its_tracer)
{
	static char text[4096];
	struct trace_array *tr;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	tr = second_begin("function_graph", "fg_leaf");
	ASSERT(tr);
	fg_leaf(1);
	read_all(tr, text, sizeof(text));
	EXPECT(strstr(text, "# tracer: function_graph\n"));
	EXPECT(strstr(text, "fg_leaf();\n"));
	second_end(tr);
	tt_end();
}

KTEST(trace_array, refusals_and_no_memory)
{
	char name[TRACE_NAME_MAX + 1] = "";
	struct trace_array *tr;
	unsigned int n;

	EXPECT_EQ(PTR_ERR(trace_array_create("")), -EINVAL);
	EXPECT_EQ(PTR_ERR(trace_array_create("a/b")), -EINVAL);
	EXPECT_EQ(PTR_ERR(trace_array_create("..")), -EINVAL);
	memset(name, 'x', TRACE_NAME_MAX);
	EXPECT_EQ(PTR_ERR(trace_array_create(name)), -EINVAL);
	EXPECT_EQ(trace_array_destroy(trace_top()), -EINVAL);
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		tr = trace_array_create("second");
		if (!fail_end())
			break;
		ASSERT_EQ(PTR_ERR(tr), -ENOMEM);
		EXPECT(!trace_array_find("second"));
	}
	EXPECT(n > 2 + num_online_cpus());
	ASSERT(!IS_ERR(tr));
	EXPECT_EQ(PTR_ERR(trace_array_create("second")), -EEXIST);
	second_end(tr);
}

static struct {
	bool stop;
	u64 calls;
} load;

static int call_on_and_on(void *unused)
{
	while (!READ_ONCE(load.stop)) {
		fg_parent(1);
		load.calls++;
		yield();
	}
	return 0;
}

/* One life of a trace: it counts the calls of this task and of no other. */
static void one_life(unsigned int n)
{
	struct trace_array *tr = second_begin("nop", PARENT_FILTER);
	int pid = current->pid;

	ASSERT(tr);
	EXPECT_EQ(ftrace_set_pids(&tr->pids, &pid, 1, false), 0);
	EXPECT_EQ(trace_set_tracer(tr, tracers[n % 2]), 0);
	fg_parent(1);
	EXPECT_EQ(written(tr), PARENT_CALLS * (n % 2 + 1));
	second_end(tr);
}

KTEST(trace_array, come_and_go_under_load)
{
	struct task_struct *task;
	unsigned int n;
	u64 mine = 0;

	ASSERT(tt_begin("function_graph", PARENT_FILTER, 8192));
	load.stop = false;
	load.calls = 0;
	task = kthread_run(call_on_and_on, NULL, "load");
	ASSERT(task);
	for (n = 0; n < 16; n++) {
		one_life(n);
		mine++;
	}
	WRITE_ONCE(load.stop, true);
	kthread_join(task);
	EXPECT(load.calls > 16);
	EXPECT_EQ(written(trace_top()), (load.calls + mine) * PARENT_CALLS * 2);
	tt_end();
}

static struct trace_array *going;

static void destroy_going(void)
{
	second_end(going);
}

/* A task that was running at the call could be in the walk over the list. */
KTEST(trace_array, freed_after_the_wait_V2)
{
	struct visitor v = { .how = BY_YIELD };
	struct waiter w;

	going = trace_array_create("second");
	ASSERT(!IS_ERR(going));
	kthread_bind(current, 0);
	ASSERT(visitor_start(&v, last_cpu()));
	ASSERT(waiter_start(&w, destroy_going, 0));
	EXPECT(waiter_keeps_waiting(&w));
	EXPECT(!trace_array_find("second")); /* out of the list already */
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	visitor_end(&v);
}

/* ---- a CPU that is about to start ---------------------------------------- */

#define ABSENT_APIC_ID 231
#define ABSENT_CPU     (NR_CPUS - 1)

/* It never comes online, but until that is known it could at any moment. */
static bool start_absent_cpu(void)
{
	return EXPECT_EQ(smp_start_cpu(ABSENT_CPU, ABSENT_APIC_ID, 1000000),
			 -ETIMEDOUT);
}

KTEST_FLAGS(trace_array, a_ring_before_the_cpu_V1, KTEST_LEAKS, 0)
{
	struct trace_array *before, *after;

	if (cpu_online(ABSENT_CPU) || acpi_info.nr_cpus == 0)
		KTEST_SKIP("needs a free CPU number, and a list of CPUs");
	before = trace_array_create("second");
	ASSERT(!IS_ERR(before));
	EXPECT(start_absent_cpu());
	after = trace_array_create("third");
	ASSERT(!IS_ERR(after));
	EXPECT(trace_top()->buffer.cpu[ABSENT_CPU] != NULL);
	EXPECT(before->buffer.cpu[ABSENT_CPU] != NULL);
	EXPECT(after->buffer.cpu[ABSENT_CPU] != NULL);
	EXPECT_EQ(trace_array_destroy(after), 0);
	second_end(before);
}

/* A trace with rings for the CPUs that are online is too short then. */
KTEST_FLAGS(trace_array, control_rings_of_online_cpus_V1, KTEST_LEAKS, 0)
{
	struct ring_buffer buffer = { 0 };

	if (cpu_online(ABSENT_CPU) || acpi_info.nr_cpus == 0)
		KTEST_SKIP("needs a free CPU number, and a list of CPUs");
	EXPECT(start_absent_cpu());
	ASSERT_EQ(ring_buffer_init(&buffer, cpu_online_mask, 2,
				   trace_clock_get(0)),
		  0);
	EXPECT(!buffer.cpu[ABSENT_CPU]);
	ring_buffer_destroy(&buffer);
}
