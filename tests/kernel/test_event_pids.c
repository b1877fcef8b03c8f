// SPDX-License-Identifier: MIT
/*
 * set_event_pid, set_event_notrace_pid and the option event-fork: whose events
 * are recorded, counted exactly.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_event_file.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define ONLY  "set_event_pid"
#define NEVER "set_event_notrace_pid"

static ssize_t put(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE | TRACEFS_TRUNC);
}

static ssize_t add(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE);
}

/* Write this pid, after > if @first. */
static void put_pid(const char *path, int pid, bool first)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", pid);
	EXPECT_EQ(first ? put(path, text) : add(path, text), strlen(text));
}

static bool begin(void)
{
	return bells_begin() &&
	       EXPECT_EQ(put("events/belfry/bell/enable", "1"), 1);
}

/* Return: how many of two rings of this task are recorded. */
static unsigned int rings(void)
{
	bell_ring(1);
	bell_ring(2);
	return bells_recorded();
}

static int ring_twice(void *unused)
{
	bell_ring(1);
	bell_ring(2);
	return 0;
}

/* The same of a new task, a child of this one. */
static unsigned int rings_of_child(void)
{
	struct task_struct *task = kthread_run(ring_twice, NULL, "ringer");

	if (EXPECT(!IS_ERR(task)))
		kthread_join(task);
	return bells_recorded();
}

KTEST(event_pids, only_listed_tasks_are_recorded)
{
	ASSERT(begin());
	EXPECT(tt_says(ONLY, ""));
	EXPECT_EQ(rings(), 2);
	put_pid(ONLY, current->pid, true);
	EXPECT_EQ(rings(), 2);
	EXPECT_EQ(rings_of_child(), 0);
	EXPECT_EQ(put(ONLY, "999999\n"), 7);
	EXPECT_EQ(rings(), 0);
	put_pid(ONLY, current->pid, false);
	EXPECT_EQ(rings(), 2);
	EXPECT_EQ(put(ONLY, "\n"), 1);
	EXPECT(tt_says(ONLY, ""));
	EXPECT_EQ(rings_of_child(), 2);
	bells_end();
}

KTEST(event_pids, the_list_of_those_never_recorded_wins)
{
	ASSERT(begin());
	put_pid(NEVER, current->pid, true);
	EXPECT_EQ(rings(), 0);
	EXPECT_EQ(rings_of_child(), 2);
	put_pid(ONLY, current->pid, true);
	EXPECT_EQ(rings(), 0);
	EXPECT_EQ(put(NEVER, ""), 0);
	EXPECT_EQ(rings(), 2);
	EXPECT_EQ(put(ONLY, ""), 0);
	bells_end();
}

KTEST(event_pids, lists_are_read_in_order_and_may_be_split)
{
	ASSERT(begin());
	EXPECT_EQ(put(ONLY, " 30 1\n200\t30 "), 13);
	EXPECT(tt_says(ONLY, "1\n30\n200\n"));
	EXPECT_EQ(add(ONLY, "7"), 1);
	EXPECT(tt_says(ONLY, "1\n7\n30\n200\n"));
	EXPECT_EQ(put(NEVER, "0 5"), 3);
	EXPECT(tt_says(NEVER, "0\n5\n"));
	EXPECT_EQ(put(ONLY, ""), 0);
	EXPECT_EQ(put(NEVER, ""), 0);
	bells_end();
}

KTEST(event_pids, what_is_no_pid_changes_nothing)
{
	static const char *const bad[] = { "x",	   "1 -2",	  "3 1x",
					   "0x10", "99999999999", "4 ," };
	unsigned int i;

	ASSERT(begin());
	EXPECT_EQ(put(ONLY, "12"), 2);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(add(ONLY, bad[i]), -EINVAL);
		EXPECT(tt_says(ONLY, "12\n"));
	}
	EXPECT(bells_logged("set_event_pid: error: no pid\n"
			    "  Command: 4 ,\n"
			    "             ^\n"));
	EXPECT_EQ(put(ONLY, ""), 0);
	bells_end();
}

KTEST(event_pids, too_many_pids)
{
	char text[16];
	int i;

	ASSERT(begin());
	for (i = 0; i < 2; i++) {
		int pid;

		for (pid = 1; pid <= EVENT_PIDS_MAX; pid++)
			put_pid(ONLY, pid * 1000 + i, pid == 1);
		snprintf(text, sizeof(text), "%d", 999 + i);
		EXPECT_EQ(add(ONLY, text), -ENOSPC);
		put_pid(ONLY, 1000 + i, false); /* it is listed */
	}
	EXPECT_EQ(put(ONLY, ""), 0);
	bells_end();
}

KTEST(event_pids, a_list_without_memory)
{
	struct tracefs_file *file;

	ASSERT(begin());
	EXPECT_EQ(put(ONLY, "1"), 1);
	ASSERT_EQ(tracefs_open(ONLY, TRACEFS_WRITE, &file), 0);
	/* A block of this size takes two requests. */
	fail_nth(1);
	EXPECT_EQ(tracefs_write(file, "2", 1), -ENOMEM);
	EXPECT(fail_end());
	EXPECT_EQ(tracefs_close(file), 0);
	EXPECT(tt_says(ONLY, "1\n"));
	EXPECT_EQ(put(ONLY, ""), 0);
	bells_end();
}

/* ---- event-fork ---------------------------------------------------------- */

KTEST(event_pids, children_are_listed_with_event_fork)
{
	char own[16];

	ASSERT(begin());
	snprintf(own, sizeof(own), "%d\n", current->pid);
	put_pid(ONLY, current->pid, true);
	EXPECT_EQ(rings_of_child(), 0);
	tt_write("trace_options", "event-fork\n");
	EXPECT_EQ(rings_of_child(), 2);
	/* Joined, it has ended, and is not listed any more. */
	EXPECT(tt_says(ONLY, own));
	put_pid(ONLY, 999999, true);
	EXPECT_EQ(rings_of_child(), 0);
	EXPECT_EQ(put(ONLY, ""), 0);
	put_pid(NEVER, current->pid, true);
	EXPECT_EQ(rings_of_child(), 0);
	tt_write("trace_options", "noevent-fork\n");
	EXPECT_EQ(rings_of_child(), 2);
	EXPECT_EQ(put(NEVER, ""), 0);
	bells_end();
}

/* Of another trace: lists of its own. */
KTEST(event_pids, another_trace_has_lists_of_its_own)
{
	struct trace_array *tr;

	ASSERT(begin());
	tr = trace_array_create("belfry");
	ASSERT(!IS_ERR(tr));
	event_session_begin();
	EXPECT_EQ(trace_event_enable_disable(trace_event_file_find(tr, &bell),
					     true),
		  0);
	event_session_end();
	EXPECT_EQ(put(ONLY, "999999"), 6);
	bell_ring(1);
	EXPECT_EQ(bells_recorded_in(tr), 1);
	EXPECT_EQ(bells_recorded(), 0);
	EXPECT_EQ(put(ONLY, ""), 0);
	EXPECT_EQ(trace_array_destroy(tr), 0);
	bells_end();
}

/* ---- events about two tasks ---------------------------------------------- */

struct switches {
	int me;
	unsigned int from_me, to_me, others;
};

static void count_switch(unsigned int cpu,
			 const struct ring_buffer_event *event, void *arg)
{
	const struct trace_event *is = trace_event_of(event->data, event->len);
	struct switches *seen = arg;
	int prev, next;

	if (!is || strcmp(is->name, "sched_switch"))
		return;
	/* As the format file of sched_switch says. */
	prev = *(const int *)(event->data + 24);
	next = *(const int *)(event->data + 56);
	seen->from_me += prev == seen->me;
	seen->to_me += next == seen->me;
	seen->others += prev != seen->me && next != seen->me;
}

static int do_nothing(void *unused)
{
	return 0;
}

static struct switches switches_of_a_child(void)
{
	struct switches seen = { .me = current->pid };
	struct task_struct *child = kthread_create(do_nothing, NULL, "child");

	if (!EXPECT(!IS_ERR(child)))
		return seen;
	kthread_bind(child, smp_processor_id());
	wake_up_process(child);
	kthread_join(child);
	tt_consume(count_switch, &seen);
	return seen;
}

KTEST(event_pids, a_switch_is_recorded_if_either_task_is_listed)
{
	struct switches seen;

	kthread_bind(current, 0);
	ASSERT(begin());
	put_pid(ONLY, current->pid, true);
	EXPECT_EQ(put("set_event", "sched:sched_switch"), 18);
	seen = switches_of_a_child();
	EXPECT(seen.from_me >= 1);
	EXPECT(seen.to_me >= 1);
	EXPECT_EQ(seen.others, 0);
	/* Never this task: still recorded where the other one may be. */
	EXPECT_EQ(put(ONLY, ""), 0);
	put_pid(NEVER, current->pid, true);
	seen = switches_of_a_child();
	EXPECT(seen.from_me >= 1 && seen.to_me >= 1);
	/* Neither: nothing is. */
	EXPECT_EQ(put(ONLY, "999999"), 6);
	seen = switches_of_a_child();
	EXPECT_EQ(seen.from_me + seen.to_me + seen.others, 0);
	EXPECT_EQ(put(ONLY, ""), 0);
	EXPECT_EQ(put(NEVER, ""), 0);
	EXPECT_EQ(put("set_event", ""), 0);
	bells_end();
	kthread_bind(current, CPU_ANY);
}

/* How many files of the top trace say that it has lists, and how many not. */
static void count_files(unsigned int *with, unsigned int *without)
{
	struct trace_event_file *file;
	u32 slot = 0;

	*with = *without = 0;
	event_session_begin();
	while ((file = trace_event_file_next(trace_top(), &slot)))
		++*(file->flags & EVENT_FILE_PIDS ? with : without);
	event_session_end();
}

KTEST(event_pids, files_say_whether_there_is_a_list_EP1)
{
	unsigned int with, without, all;

	ASSERT(begin());
	count_files(&with, &all);
	EXPECT(all > 10);
	EXPECT_EQ(with, 0);
	put_pid(ONLY, current->pid, true);
	put_pid(NEVER, 999999, true);
	count_files(&with, &without);
	EXPECT_EQ(with, all);
	EXPECT_EQ(put(ONLY, ""), 0); /* one of two */
	count_files(&with, &without);
	EXPECT_EQ(with, all);
	EXPECT_EQ(put(NEVER, ""), 0);
	count_files(&with, &without);
	EXPECT_EQ(without, all);
	EXPECT_EQ(with, 0);
	bells_end();
}

/* ---- freed in time ------------------------------------------------------- */

static atomic_t holding, release;

/* A probe, for all that a wait for CPUs can know: its preemption is off. */
static int hold_cpu(void *unused)
{
	preempt_disable();
	atomic_set(&holding, 1);
	while (!atomic_read(&release))
		cpu_relax();
	preempt_enable();
	return 0;
}

static void forget_pids(void)
{
	tt_write(ONLY, "\n");
}

static void forget_the_others(void)
{
	tt_write(NEVER, "\n");
}

/*
 * A write that replaces a set returns only after each probe that may read it.
 */
static void replaced_after_its_readers(const char *path, void (*replace)(void))
{
	struct task_struct *holder;
	struct waiter w;

	put_pid(path, current->pid, true);
	atomic_set(&holding, 0);
	atomic_set(&release, 0);
	holder = kthread_create(hold_cpu, NULL, "holder");
	ASSERT(!IS_ERR(holder));
	kthread_bind(holder, 1);
	wake_up_process(holder);
	EXPECT(wait_until(atomic_read(&holding), QUIESCE_WAIT_MS));
	if (waiter_start(&w, replace, 0)) {
		EXPECT(waiter_keeps_waiting(&w));
		atomic_set(&release, 1);
		waiter_end(&w);
	}
	atomic_set(&release, 1);
	kthread_join(holder);
}

KTEST(event_pids, a_set_is_freed_after_its_readers_EP2)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU reads the set");
	kthread_bind(current, 0);
	ASSERT(begin());
	replaced_after_its_readers(ONLY, forget_pids);
	replaced_after_its_readers(NEVER, forget_the_others);
	EXPECT(tt_says(ONLY, "") && tt_says(NEVER, ""));
	bells_end();
	kthread_bind(current, CPU_ANY);
}
