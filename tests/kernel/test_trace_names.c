// SPDX-License-Identifier: MIT
/*
 * Names of tasks: saved while tracing and only then, kept when the task has
 * ended, replaced by younger ones when the table is full.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"

#define SAVED_MAX 256 /* of trace/trace_task.c */

static char text[16384], again[16384];

static const char *show(char *buf)
{
	struct trace_seq s;

	trace_seq_init(&s, buf, sizeof(text));
	trace_saved_cmdlines_show(&s);
	EXPECT(!s.overflow);
	return buf;
}

static traced_function void named_call(void)
{
	barrier();
}

static int call_once(void *unused)
{
	(void)unused;
	named_call();
	return 0;
}

/* Return: the pid of a task that made one call and has ended. */
static int run_task(const char *name)
{
	struct task_struct *task = kthread_run(call_once, NULL, "%s", name);
	int pid;

	if (!EXPECT(!IS_ERR(task)))
		return -1;
	pid = task->pid;
	kthread_join(task);
	kthread_reap();
	return pid;
}

static bool listed(int pid, const char *name)
{
	char line[40];

	snprintf(line, sizeof(line), "%d %s\n", pid, name);
	return strstr(show(text), line);
}

/* SN1 */
KTEST(trace_names, kept_when_the_task_has_ended)
{
	char comm[TASK_COMM_LEN];
	int pid = -1;

	if (tt_begin("function", "named_call", 64))
		pid = run_task("shortlived");
	tt_end();
	EXPECT(trace_find_cmdline(pid, comm));
	EXPECT(!strcmp(comm, "shortlived"));
	EXPECT(listed(pid, "shortlived"));
	EXPECT(trace_find_cmdline(0, comm) && !strcmp(comm, "<idle>"));
	EXPECT(!trace_find_cmdline(99999, comm) && !strcmp(comm, "<...>"));
	EXPECT(trace_find_cmdline(current->pid, comm));
	EXPECT(!strcmp(comm, current->comm));
}

/* While nothing is recorded, tasks that come and go change nothing. */
KTEST(trace_names, not_saved_without_tracing)
{
	char comm[TASK_COMM_LEN];
	unsigned int i;
	int pid;

	show(text);
	for (i = 0; i < 20; i++) {
		pid = run_task("untraced");
		EXPECT(!trace_find_cmdline(pid, comm));
		EXPECT(!strcmp(show(again), text));
	}
}

/* Filled more than ten times over: the youngest are there, each once. SN3 */
/* SN2 */
KTEST_FLAGS(trace_names, the_oldest_give_way, 0, 120)
{
	static int pid[10 * SAVED_MAX + 100];
	char comm[TASK_COMM_LEN];
	unsigned int i, n = ARRAY_SIZE(pid), lines = 0;
	const char *at;

	if (tt_begin("function", "named_call", 64))
		for (i = 0; i < n; i++)
			pid[i] = run_task("crowd");
	tt_end();
	for (i = n - SAVED_MAX + 16; i < n; i++)
		EXPECT(trace_find_cmdline(pid[i], comm));
	for (i = 0; i < n - SAVED_MAX; i++)
		EXPECT(!trace_find_cmdline(pid[i], comm));
	for (at = show(text); (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_EQ(lines, SAVED_MAX);
}

/* The table can have any size; setting it forgets the names. SN3 */
KTEST(trace_names, a_table_of_another_size)
{
	unsigned int i, lines = 0;
	const char *at;

	EXPECT(tt_says("saved_cmdlines_size", "256\n"));
	tt_write("saved_cmdlines_size", "16");
	EXPECT(tt_says("saved_cmdlines_size", "16\n"));
	if (tt_begin("function", "named_call", 64))
		for (i = 0; i < 40; i++)
			run_task("few");
	tt_end();
	for (at = show(text); (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_EQ(lines, 16);
	EXPECT_EQ(bells_write("saved_cmdlines_size", "0", TRACEFS_WRITE),
		  -EINVAL);
	EXPECT_EQ(bells_write("saved_cmdlines_size", "32769", TRACEFS_WRITE),
		  -EINVAL);
	fail_nth(1);
	EXPECT_EQ(trace_set_saved_cmdlines_size(100), -ENOMEM);
	EXPECT(fail_end());
	EXPECT(tt_says("saved_cmdlines_size", "16\n"));
	EXPECT_EQ(trace_set_saved_cmdlines_size(SAVED_MAX), 0);
}

/* ---- record-cmd ---------------------------------------------------------- */

/* Does the trace show a call of this task, under this name? */
static bool traced_as(const char *name, int pid)
{
	char *trace = tt_text(TRACE_CPU_ALL), start[40];
	bool found;

	snprintf(start, sizeof(start), "%s-%d ", name, pid);
	found = trace && strstr(trace, start);
	kfree(trace);
	return found;
}

static void without_record_cmd(void)
{
	char comm[TASK_COMM_LEN];
	int pid = run_task("unnamed");

	named_call();
	EXPECT(!trace_find_cmdline(pid, comm) && !strcmp(comm, "<...>"));
	EXPECT(!trace_find_cmdline(current->pid, comm)); /* a live task */
	EXPECT(trace_find_cmdline(0, comm) && !strcmp(comm, "<idle>"));
	EXPECT(tt_says("saved_cmdlines", ""));
	EXPECT(traced_as("<...>", pid));
	EXPECT(traced_as("<...>", current->pid));
}

KTEST(trace_names, saved_with_record_cmd_only)
{
	int before = -1, pid;

	EXPECT(tt_says("options/record-cmd", "1\n"));
	EXPECT_EQ(trace_set_saved_cmdlines_size(SAVED_MAX), 0); /* empty */
	if (tt_begin("function", "named_call", 64)) {
		tt_write("trace_options", "norecord-cmd\n");
		without_record_cmd();
		tt_write("trace_options", "record-cmd\n");
		before = run_task("named");
		EXPECT(traced_as("named", before));
		EXPECT(listed(before, "named"));
		/* What is saved stays. */
		tt_write("options/record-cmd", "0\n");
		pid = run_task("unnamed");
		EXPECT(traced_as("<...>", pid));
		EXPECT(traced_as("named", before));
		tt_write("options/record-cmd", "1\n");
	}
	tt_end();
}

KTEST(trace_names, only_the_top_trace_has_record_cmd)
{
	struct tracefs_file *file;

	ASSERT_EQ(tracefs_mkdir("instances/named"), 0);
	EXPECT_EQ(tracefs_open("instances/named/options/record-cmd",
			       TRACEFS_READ, &file),
		  -ENOENT);
	tt_read("instances/named/trace_options", text, sizeof(text));
	EXPECT(strstr(text, "function-fork") && !strstr(text, "record-cmd"));
	EXPECT_EQ(bells_write("instances/named/trace_options", "norecord-cmd",
			      TRACEFS_WRITE),
		  -EINVAL);
	EXPECT_EQ(tracefs_rmdir("instances/named"), 0);
	EXPECT(tt_says("options/record-cmd", "1\n"));
}
