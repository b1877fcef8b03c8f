// SPDX-License-Identifier: MIT
/*
 * instances/: traces that the user makes and removes, each with its own
 * functions, filters, settings and readers.
 */
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/output/trace_bprint.h"
#include "trace/trace_snapshot.h"

#define ROOM 4096

static char text[ROOM];

#define PATH 96

/* Write to instances/NAME/FILE. Several tasks do so at once. */
static void put(const char *name, const char *file, const char *what)
{
	char path[PATH];

	snprintf(path, PATH, "instances/%s/%s", name, file);
	tt_write(path, what);
}

static void begin(const char *name, const char *filter, const char *tracer)
{
	char path[PATH];

	snprintf(path, PATH, "instances/%s", name);
	EXPECT_EQ(tracefs_mkdir(path), 0);
	put(name, "buffer_size_kb", "64\n");
	put(name, "set_ftrace_filter", filter);
	put(name, "current_tracer", tracer);
}

static void end(const char *name)
{
	char path[PATH];

	snprintf(path, PATH, "instances/%s", name);
	EXPECT_EQ(tracefs_rmdir(path), 0);
}

/* Events ever written to a trace; none of them has been lost. */
static u64 written(const char *name)
{
	struct trace_array *tr = trace_array_get(name);
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 n = 0;

	if (!EXPECT(tr != NULL))
		return 0;
	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		EXPECT_EQ(stats.dropped + stats.commit_overrun + stats.overrun,
			  0);
		n += stats.written;
	}
	trace_array_put(tr);
	return n;
}

/* ---- directories --------------------------------------------------------- */

static bool listed(const char *dir, const char *name)
{
	struct tracefs_dirent entry;
	u64 cursor = 0;
	bool found = false;

	while (tracefs_readdir(dir, &cursor, &entry) > 0)
		found |= !strcmp(entry.name, name);
	return found;
}

KTEST(instances, mkdir_and_rmdir)
{
	struct tracefs_stat a, b;

	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT(listed("instances", "foo/"));
	EXPECT_EQ(tracefs_stat("instances/foo", &a), 0);
	EXPECT(a.dir);
	EXPECT_EQ(tracefs_mkdir("instances/foo"), -EEXIST);
	EXPECT_EQ(tracefs_mkdir("instances/foo/"), -EEXIST);
	EXPECT_EQ(tracefs_mkdir("instances/bar//"), 0);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
	EXPECT_EQ(tracefs_stat("instances/foo", &b), -ENOENT);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), -ENOENT);
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT_EQ(tracefs_stat("instances/foo", &b), 0);
	EXPECT(a.ino != b.ino); /* T2: another one of the same name */
	EXPECT_EQ(tracefs_rmdir("instances/foo/"), 0);
	EXPECT_EQ(tracefs_rmdir("instances/bar"), 0);
	EXPECT(!listed("instances", "foo/"));
}

KTEST(instances, what_cannot_be_made_or_removed)
{
	static const char longest[] =
		"instances/"
		"a123456789b123456789c123456789d123456789e123456789"
		"f123456789g12";

	EXPECT_EQ(tracefs_mkdir(""), -EEXIST);
	EXPECT_EQ(tracefs_mkdir("instances"), -EEXIST);
	EXPECT_EQ(tracefs_mkdir("trace"), -EEXIST);
	EXPECT_EQ(tracefs_mkdir("foo"), -EPERM);
	EXPECT_EQ(tracefs_mkdir("per_cpu/foo"), -EPERM);
	EXPECT_EQ(tracefs_mkdir("nowhere/foo"), -ENOENT);
	EXPECT_EQ(tracefs_mkdir("trace/foo"), -ENOTDIR);
	EXPECT_EQ(tracefs_rmdir("instances"), -EPERM);
	EXPECT_EQ(tracefs_rmdir("per_cpu/cpu0"), -EPERM);
	EXPECT_EQ(tracefs_rmdir("trace"), -ENOTDIR);
	EXPECT_EQ(tracefs_rmdir("nothing"), -ENOENT);
	EXPECT_EQ(strlen(strchr(longest, '/') + 1), TRACEFS_NAME_MAX - 1);
	EXPECT_EQ(tracefs_mkdir(longest), 0);
	EXPECT_EQ(tracefs_mkdir("instances/foo/instances/bar"), -ENOENT);
	EXPECT_EQ(tracefs_rmdir(longest), 0);
	EXPECT_EQ(tracefs_mkdir("instances/"
				"a123456789b123456789c123456789d123456789"
				"e123456789f123456789g123"),
		  -ENAMETOOLONG);
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT_EQ(tracefs_mkdir("instances/foo/bar"), -EPERM);
	EXPECT_EQ(tracefs_mkdir("instances/foo/instances"), -EPERM);
	EXPECT_EQ(tracefs_rmdir("instances/foo/per_cpu"), -EPERM);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

static const char *const files[] = {
	"available_tracers",
	"buffer_size_kb",
	"buffer_total_size_kb",
	"current_tracer",
	"error_log",
	"set_ftrace_filter",
	"set_ftrace_notrace",
	"set_ftrace_pid",
	"snapshot",
	"trace",
	"trace_clock",
	"trace_marker",
	"trace_options",
	"trace_pipe",
	"tracing_cpumask",
	"tracing_on",
	"events/header_page",
	"per_cpu/cpu0/trace",
	"per_cpu/cpu0/trace_pipe_raw",
	"per_cpu/cpu0/stats",
	"per_cpu/cpu0/snapshot",
	"per_cpu/cpu0/snapshot_raw",
};

/* Every file of a trace is there; while one is open, its trace stays. */
KTEST(instances, an_open_file_keeps_its_trace)
{
	struct tracefs_file *file;
	struct tracefs_stat stat;
	unsigned int i, how;

	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		char path[PATH];

		snprintf(path, PATH, "instances/foo/%s", files[i]);
		ASSERT_EQ(tracefs_stat(path, &stat), 0);
		how = stat.mode & 0400 ? TRACEFS_READ : TRACEFS_WRITE;
		ASSERT_EQ(tracefs_open(path, how, &file), 0);
		EXPECT_EQ(tracefs_rmdir("instances/foo"), -EBUSY);
		EXPECT_EQ(tracefs_close(file), 0);
	}
	EXPECT_EQ(tracefs_stat("instances/foo/README", &stat), -ENOENT);
	EXPECT_EQ(tracefs_stat("instances/foo/instances", &stat), -ENOENT);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

/* ---- each its own -------------------------------------------------------- */

#define EIGHT 8

#define TARGET(n)                                     \
	u64 instance_target##n(u64 x);                \
	traced_function u64 instance_target##n(u64 x) \
	{                                             \
		barrier();                            \
		return x;                             \
	}
TARGET(0)
TARGET(1)
TARGET(2)
TARGET(3)
TARGET(4)
TARGET(5)
TARGET(6)
TARGET(7)

static u64 (*const targets[EIGHT])(u64 x) = {
	instance_target0, instance_target1, instance_target2, instance_target3,
	instance_target4, instance_target5, instance_target6, instance_target7,
};

static void call_all(void)
{
	unsigned int i, j;

	for (i = 0; i < EIGHT; i++)
		for (j = 0; j <= i; j++)
			targets[i](j);
}

/*
 * Target i is called i + 1 times. Trace i selects targets i and (i + 1) % 8;
 * every other trace records entries and returns. Memory may differ afterwards:
 * the first user of the graph gives each task its shadow stack.
 */
KTEST_FLAGS(instances, eight_count_exactly_their_own, KTEST_LEAKS, 0)
{
	char name[] = "i0", filter[64];
	unsigned int i, next;

	for (i = 0; i < EIGHT; i++) {
		name[1] = '0' + i;
		snprintf(filter, sizeof(filter),
			 "instance_target%u instance_target%u\n", i,
			 (i + 1) % EIGHT);
		begin(name, filter, i % 2 ? "function_graph\n" : "function\n");
	}
	call_all();
	for (i = 0; i < EIGHT; i++) {
		name[1] = '0' + i;
		next = (i + 1) % EIGHT;
		EXPECT_EQ(written(name), (i + 1 + next + 1) * (i % 2 + 1));
	}
	for (i = 0; i < EIGHT; i++) {
		name[1] = '0' + i;
		end(name);
	}
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST(instances, two_see_the_same_calls_of_one_function)
{
	static char a[ROOM], b[ROOM];
	char *at_a, *at_b;

	begin("a", "fg_leaf\n", "function\n");
	begin("b", "fg_leaf\n", "function\n");
	kthread_bind(current, 0);
	fg_parent(1);
	fg_leaf(1);
	tt_read("instances/a/trace", a, ROOM);
	tt_read("instances/b/trace", b, ROOM);
	at_a = strstr(a, "fg_leaf <-");
	at_b = strstr(b, "fg_leaf <-");
	EXPECT_EQ(written("a"), 4);
	EXPECT_EQ(written("b"), 4);
	while (EXPECT(at_a && at_b)) { /* the same callers, in this order */
		size_t n = strcspn(at_a, "\n");

		EXPECT(!strncmp(at_a, at_b, n + 1));
		at_a = strstr(at_a + n, "fg_leaf <-");
		at_b = strstr(at_b + n, "fg_leaf <-");
		if (!at_a && !at_b)
			break;
	}
	end("a");
	end("b");
}

KTEST(instances, settings_and_errors_are_its_own)
{
	EXPECT_EQ(trace_set_option(trace_top(), TRACE_OPT_sym_addr, true), 0);
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT_EQ(trace_set_option(trace_top(), TRACE_OPT_sym_addr, false), 0);
	tt_read("instances/foo/trace_options", text, ROOM);
	EXPECT(strstr(text, "\nsym-addr\n")); /* as the top trace had it */
	tt_read("trace_options", text, ROOM);
	EXPECT(strstr(text, "\nnosym-addr\n"));
	tt_write("instances/foo/trace_marker", "hello\n");
	tt_write("instances/foo/tracing_on", "0\n");
	EXPECT(tt_says("tracing_on", "1\n"));
	tt_read("instances/foo/trace", text, ROOM);
	EXPECT(strstr(text, "hello"));
	tt_read("trace", text, ROOM);
	EXPECT(!strstr(text, "hello"));
	tt_write("error_log", "\n");
	EXPECT_EQ(trace_set_clock(trace_array_find("foo"), "counter"), 0);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

KTEST(instances, starts_small_and_grows_at_first_use)
{
	char full[32];

	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT(tt_says("instances/foo/buffer_size_kb", "1408\n"));
	EXPECT_EQ(trace_array_find("foo")->buffer.cpu[0]->data.nr_slots, 2);
	tt_write("instances/foo/set_ftrace_filter", "fg_leaf\n");
	tt_write("instances/foo/current_tracer", "function\n");
	snprintf(full, sizeof(full), "%u\n", TRACE_BUFFER_KB_DEFAULT);
	EXPECT(tt_says("instances/foo/buffer_size_kb", full));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

#define SWITCH "events/sched/sched_switch/"

/* A trigger acts on its own trace only, and goes with it. */
KTEST(instances, triggers_are_their_own)
{
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	tt_write("instances/foo/" SWITCH "trigger", "traceoff:1\n");
	msleep(20);
	EXPECT(tt_says("instances/foo/tracing_on", "0\n"));
	EXPECT(tt_says("tracing_on", "1\n"));
	tt_read("instances/foo/" SWITCH "trigger", text, ROOM);
	EXPECT(strstr(text, "traceoff:count=0"));
	tt_read(SWITCH "trigger", text, ROOM);
	EXPECT(!strstr(text, "\ntraceoff:") && strncmp(text, "traceoff:", 9));
	EXPECT(tt_says(SWITCH "enable", "0\n"));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	tt_read("instances/foo/" SWITCH "trigger", text, ROOM);
	EXPECT(!strstr(text, "count="));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

#define WAKING "events/sched/sched_waking/"

/* Triggers that switch each other's event hold both; they go at once. */
KTEST(instances, triggers_in_a_ring_go_with_it)
{
	size_t live = kmalloc_live();

	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	tt_write("instances/foo/" SWITCH "trigger",
		 "enable_event:sched:sched_waking\n");
	tt_write("instances/foo/" WAKING "trigger",
		 "disable_event:sched:sched_switch:3\n");
	tt_write("instances/foo/" WAKING "trigger", "stacktrace:2\n");
	EXPECT(tt_says("instances/foo/" SWITCH "enable", "0*\n"));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
	EXPECT_EQ(kmalloc_live(), live);
	EXPECT(tt_says(SWITCH "enable", "0\n"));
	EXPECT(tt_says(WAKING "enable", "0\n"));
}

static noinline void call_tracepoint(void)
{
	tp_call_two(1, 0);
	barrier(); /* no jump: this function is to be on the stack */
}

/* The stack of an event begins where the tracepoint is, as in the top trace. */
KTEST(instances, a_stack_begins_at_the_tracepoint)
{
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	tt_write("instances/foo/options/stacktrace", "1\n");
	tt_write("instances/foo/events/testing_tp/testing_two/enable", "1\n");
	call_tracepoint();
	tt_write("instances/foo/tracing_on", "0\n");
	tt_read("instances/foo/trace", text, ROOM);
	EXPECT(strstr(text, ": <stack trace>\n => call_tracepoint\n"));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

/* ---- trace_printk() ------------------------------------------------------ */

static bool printed(const char *path, const char *what)
{
	tt_read(path, text, ROOM);
	return strstr(text, what);
}

#define DEST "options/trace_printk_dest"

/* BP1 */
KTEST(instances, prints_go_to_one_of_them)
{
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	EXPECT_EQ(tracefs_mkdir("instances/bar"), 0);
	EXPECT(tt_says(DEST, "1\n") && tt_says("instances/foo/" DEST, "0\n"));
	tt_write("instances/foo/" DEST, "1\n");
	EXPECT(tt_says(DEST, "0\n") && tt_says("instances/foo/" DEST, "1\n"));
	trace_printk("to foo %d\n", 1);
	EXPECT(printed("instances/foo/trace", ": to foo 1\n"));
	EXPECT(!printed("trace", "to foo"));
	tt_write("instances/bar/" DEST, "1\n");
	EXPECT(tt_says("instances/foo/" DEST, "0\n"));
	trace_printk("to bar %d\n", 2);
	EXPECT(printed("instances/bar/trace", ": to bar 2\n"));
	EXPECT(!printed("instances/foo/trace", "to bar"));
	tt_write("instances/bar/trace_options", "notrace_printk_dest");
	EXPECT(tt_says(DEST, "1\n"));
	EXPECT_EQ(trace_set_option(trace_top(), TRACE_OPT_trace_printk_dest, 0),
		  -EINVAL);
	EXPECT(tt_says(DEST, "1\n"));
	EXPECT_EQ(tracefs_rmdir("instances/bar"), 0);
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

KTEST(instances, prints_of_one_that_goes_BP1)
{
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0);
	tt_write("instances/foo/" DEST, "1\n");
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
	EXPECT(tt_says(DEST, "1\n"));
	trace_printk("to the top %d\n", 3);
	EXPECT(printed("trace", ": to the top 3\n"));
	tt_write("trace", "");
	EXPECT_EQ(tracefs_mkdir("instances/foo"), 0); /* not inherited */
	EXPECT(tt_says("instances/foo/" DEST, "0\n"));
	fail_nth(1);
	EXPECT_EQ(trace_set_option(trace_array_find("foo"),
				   TRACE_OPT_trace_printk_dest, true),
		  -ENOMEM);
	fail_end();
	EXPECT(tt_says(DEST, "1\n"));
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

/* ---- no memory, and much coming and going -------------------------------- */

KTEST(instances, every_allocation_fails_once)
{
	unsigned int n;
	int err = 0;

	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		err = tracefs_mkdir("instances/foo");
		if (!fail_end())
			break;
		EXPECT_EQ(err, -ENOMEM);
		EXPECT(!listed("instances", "foo/"));
	}
	EXPECT_EQ(err, 0);
	EXPECT(n > 2 + num_online_cpus());
	EXPECT_EQ(tracefs_rmdir("instances/foo"), 0);
}

#define MAKERS 4

static struct {
	u64 until;
	u64 lives[MAKERS];
} makers;

/* Make a trace, have it count this task's calls, remove it; for a second. */
static int make_and_remove(void *arg)
{
	unsigned long i = (unsigned long)arg;
	char name[] = "m0", filter[32], pid[16];
	u64 n;

	name[1] = '0' + i;
	snprintf(filter, sizeof(filter), "instance_target%lu\n", i);
	snprintf(pid, sizeof(pid), "%d\n", current->pid);
	for (n = 0; ktime_ns() < makers.until; n++) {
		begin(name, filter, "nop\n");
		put(name, "set_ftrace_pid", pid);
		put(name, "current_tracer",
		    n % 2 ? "function_graph\n" : "function\n");
		targets[i](1);
		targets[(i + 1) % MAKERS](1); /* this one is another's */
		EXPECT_EQ(written(name), n % 2 + 1);
		end(name);
	}
	makers.lives[i] = n;
	return 0;
}

static struct {
	bool stop;
} load;

static int call_on(void *unused)
{
	(void)unused;
	while (!READ_ONCE(load.stop)) {
		call_all();
		fg_parent(1);
		yield();
	}
	return 0;
}

KTEST_FLAGS(instances, made_and_removed_by_four_under_load, KTEST_LEAKS, 120)
{
	struct task_struct *task[MAKERS], *caller;
	unsigned long i;

	load.stop = false;
	makers.until = ktime_ns() + 1000000000;
	caller = kthread_run(call_on, NULL, "caller");
	ASSERT(!IS_ERR(caller));
	for (i = 0; i < MAKERS; i++)
		task[i] =
			kthread_run(make_and_remove, (void *)i, "maker%lu", i);
	for (i = 0; i < MAKERS; i++) {
		kthread_join(task[i]);
		EXPECT(makers.lives[i] > 0);
	}
	WRITE_ONCE(load.stop, true);
	kthread_join(caller);
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT(!trace_top()->next);
}
