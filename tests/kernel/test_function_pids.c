// SPDX-License-Identifier: MIT
/*
 * The option function-fork: a task that a task of set_ftrace_pid or
 * set_ftrace_notrace_pid starts is listed, too, until it ends. Calls are
 * counted exactly.
 */
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include <asm/atomic.h>

#define ONLY	    "set_ftrace_pid"
#define NEVER	    "set_ftrace_notrace_pid"
#define CHILD_CALLS 3
#define WAIT_MS	    10000

static traced_function void forked_call(void)
{
	barrier();
}

static int call_thrice(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < CHILD_CALLS; i++)
		forked_call();
	return 0;
}

static void run_child(int (*fn)(void *))
{
	struct task_struct *task = kthread_run(fn, NULL, "forked");

	if (EXPECT(!IS_ERR(task)))
		kthread_join(task);
}

static int have_grandchild(void *unused)
{
	(void)unused;
	run_child(call_thrice);
	return 0;
}

/* Return: the events recorded since the last call. */
static u64 recorded_in(struct trace_array *tr)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		EXPECT_EQ(stats.dropped + stats.commit_overrun, 0);
		sum += stats.written;
	}
	trace_reset(tr, TRACE_CPU_ALL);
	return sum;
}

static u64 of_child(int (*fn)(void *))
{
	run_child(fn);
	return recorded_in(trace_top());
}

static u64 of_myself(void)
{
	forked_call();
	return recorded_in(trace_top());
}

static void put_pid(const char *path, int pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", pid);
	tt_write(path, text);
}

static bool lists_me_only(const char *path)
{
	char own[16];

	snprintf(own, sizeof(own), "%d\n", current->pid);
	return tt_says(path, own);
}

static void children_of_listed_tasks(const char *tracer)
{
	u64 call = 0; /* events of one */

	if (tt_begin(tracer, "forked_call", 64)) {
		call = of_myself();
		EXPECT(call > 0);
		put_pid(ONLY, current->pid);
		EXPECT_EQ(of_child(call_thrice), 0);
		tt_write("trace_options", "function-fork\n");
		EXPECT_EQ(of_child(call_thrice), CHILD_CALLS * call);
		EXPECT_EQ(of_child(have_grandchild), CHILD_CALLS * call);
		EXPECT_EQ(of_myself(), call);
		/* Joined, they have ended, and are not listed any more. */
		EXPECT(lists_me_only(ONLY));
		tt_write("options/function-fork", "0\n");
		EXPECT_EQ(of_child(call_thrice), 0);
		tt_write("options/function-fork", "1\n");
		put_pid(ONLY, 999999); /* the child of a task not listed */
		EXPECT_EQ(of_child(call_thrice), 0);
		tt_write("trace_options", "nofunction-fork\n");
		tt_write(ONLY, "\n");
		EXPECT_EQ(of_child(call_thrice), CHILD_CALLS * call);
	}
	tt_end();
}

KTEST(function_pids, children_of_listed_tasks_are_traced)
{
	children_of_listed_tasks("function");
}

/* Memory may differ: the first user of the graph gives each task a stack. */
KTEST_FLAGS(function_pids, children_of_listed_tasks_in_a_graph, KTEST_LEAKS, 0)
{
	children_of_listed_tasks("function_graph");
}

KTEST(function_pids, children_of_excluded_tasks_are_not)
{
	if (tt_begin("function", "forked_call", 64)) {
		put_pid(NEVER, current->pid);
		EXPECT_EQ(of_child(call_thrice), CHILD_CALLS);
		tt_write("options/function-fork", "1\n");
		EXPECT_EQ(of_child(call_thrice), 0);
		EXPECT_EQ(of_child(have_grandchild), 0);
		EXPECT(lists_me_only(NEVER));
		tt_write("options/function-fork", "0\n");
		EXPECT_EQ(of_child(call_thrice), CHILD_CALLS);
		tt_write(NEVER, "\n");
	}
	tt_end();
}

/* ---- until it ends ------------------------------------------------------- */

static atomic_t leave;

static int stay(void *unused)
{
	(void)unused;
	wait_until(atomic_read(&leave), WAIT_MS);
	return 0;
}

/* Return: a task that stays until end_staying(). */
static struct task_struct *start_staying(void)
{
	struct task_struct *task;

	atomic_set(&leave, 0);
	task = kthread_run(stay, NULL, "staying");
	return EXPECT(!IS_ERR(task)) ? task : NULL;
}

static void end_staying(struct task_struct *task)
{
	atomic_set(&leave, 1);
	kthread_join(task);
}

static bool lists_both(int pid)
{
	int me = current->pid;
	char both[32];

	snprintf(both, sizeof(both), "%d\n%d\n", me < pid ? me : pid,
		 me < pid ? pid : me);
	return tt_says(ONLY, both);
}

KTEST(function_pids, listed_from_fork_to_exit)
{
	struct task_struct *task;
	char text[16];
	int pid;

	put_pid(ONLY, current->pid);
	tt_write("options/function-fork", "1\n");
	task = start_staying();
	ASSERT(task);
	EXPECT(lists_both(task->pid));
	end_staying(task);
	EXPECT(lists_me_only(ONLY));
	/* Without the option a task that has ended stays in the list. */
	tt_write("options/function-fork", "0\n");
	task = start_staying();
	ASSERT(task);
	pid = task->pid;
	EXPECT(lists_me_only(ONLY));
	put_pid(ONLY, pid);
	end_staying(task);
	snprintf(text, sizeof(text), "%d\n", pid);
	EXPECT(tt_says(ONLY, text));
	tt_write(ONLY, "\n");
	EXPECT(tt_says(ONLY, "no pid\n"));
}

/* A list whose tasks have all ended is a list: no other task is traced. */
KTEST(function_pids, a_list_whose_tasks_have_ended)
{
	struct task_struct *task;

	if (tt_begin("function", "forked_call", 64)) {
		task = start_staying();
		ASSERT(task);
		put_pid(ONLY, task->pid);
		tt_write("options/function-fork", "1\n");
		end_staying(task);
		EXPECT(tt_says(ONLY, ""));
		EXPECT_EQ(of_myself(), 0);
		/* To add nothing changes nothing. */
		EXPECT_EQ(bells_put(ONLY, "\n"), 1);
		EXPECT(tt_says(ONLY, ""));
		EXPECT_EQ(of_myself(), 0);
		tt_write(ONLY, "\n");
		EXPECT(tt_says(ONLY, "no pid\n"));
		EXPECT_EQ(of_myself(), 1);
		tt_write("options/function-fork", "0\n");
	}
	tt_end();
}

/* ---- of each trace ------------------------------------------------------- */

static void in_instance(struct trace_array *tr)
{
	EXPECT(!trace_option(tr, TRACE_OPT_function_fork));
	EXPECT(!trace_option(tr, TRACE_OPT_event_fork));
	tt_write("options/function-fork", "0\n");
	tt_write("instances/forks/set_ftrace_filter", "forked_call\n");
	tt_write("instances/forks/current_tracer", "function\n");
	put_pid("instances/forks/set_ftrace_pid", current->pid);
	put_pid(ONLY, current->pid);
	recorded_in(tr);
	EXPECT_EQ(of_child(call_thrice), 0);
	EXPECT_EQ(recorded_in(tr), 0);
	tt_write("instances/forks/options/function-fork", "1\n");
	EXPECT(tt_says("options/function-fork", "0\n"));
	EXPECT_EQ(of_child(call_thrice), 0);
	EXPECT_EQ(recorded_in(tr), CHILD_CALLS);
	tt_write("instances/forks/options/function-fork", "0\n");
	tt_write("options/function-fork", "1\n");
	EXPECT_EQ(of_child(call_thrice), CHILD_CALLS);
	EXPECT_EQ(recorded_in(tr), 0);
}

/* A new one has neither option, as on Linux, whatever the top trace has. */
KTEST(function_pids, an_instance_has_an_option_of_its_own)
{
	struct trace_array *tr;

	if (tt_begin("function", "forked_call", 64)) {
		tt_write("trace_options", "function-fork\nevent-fork\n");
		ASSERT_EQ(tracefs_mkdir("instances/forks"), 0);
		tr = trace_array_find("forks");
		in_instance(tr);
		tt_write("instances/forks/current_tracer", "nop\n");
		EXPECT_EQ(tracefs_rmdir("instances/forks"), 0);
		tt_write("trace_options", "nofunction-fork\nnoevent-fork\n");
		tt_write(ONLY, "\n");
	}
	tt_end();
}
