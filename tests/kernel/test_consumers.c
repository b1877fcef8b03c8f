// SPDX-License-Identifier: MIT
/*
 * sample and stat: consumers that come and go beside the tracers. Counts are
 * exact, stacks are those of what was interrupted, and a wrong word changes
 * nothing.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/tracers/call_stat.h"
#include "trace/tracers/sample.h"
#include <asm/tsc.h>

#define ROOM 32768

static char text[ROOM];

/* Write what is refused. Is the caret under @culprit? */
static void refused(const char *path, const char *input, const char *culprit)
{
	struct tracefs_file *file;
	char *line, *next;

	tt_write("error_log", "\n");
	ASSERT_EQ(tracefs_open(path, TRACEFS_WRITE, &file), 0);
	EXPECT_EQ(tracefs_write(file, input, strlen(input)), -EINVAL);
	EXPECT_EQ(tracefs_close(file), 0);
	tt_read("error_log", text, ROOM);
	line = strstr(text, "  Command: ");
	ASSERT(line != NULL);
	next = strchr(line, '\n') + 1;
	line += strcspn(next, "^");
	if (!EXPECT(!strncmp(line, culprit, strlen(culprit))))
		ktest_note("\"%s\": not at \"%s\"", input, culprit);
	tt_write("error_log", "\n");
}

/* ---- stat ---------------------------------------------------------------- */

/* The calls of a function by this task, as the file says. */
static u64 calls_of(const char *name, int pid)
{
	char row[64], *at;
	u64 n = 0;

	tt_read("stat", text, ROOM);
	snprintf(row, sizeof(row), "%-32s ", name);
	for (at = text; (at = strstr(at, row)); at++) {
		char *dash = strchr(at + strlen(row), '-');
		int found = 0;

		for (dash++; *dash >= '0' && *dash <= '9'; dash++)
			found = found * 10 + *dash - '0';
		if (found != pid)
			continue;
		dash += strspn(dash, " ");
		for (; *dash >= '0' && *dash <= '9'; dash++)
			n = n * 10 + *dash - '0';
	}
	return n;
}

static u64 calls_of_all(const char *name)
{
	char row[64], *at, *end;
	u64 n = 0;

	tt_read("stat", text, ROOM);
	snprintf(row, sizeof(row), "%-32s ", name);
	for (at = text; (at = strstr(at, row)); at = end) {
		u64 calls = 0, unit = 1;

		end = strchr(at, '\n');
		for (at = end; *--at != ' '; unit *= 10)
			calls += (*at - '0') * unit;
		n += calls;
	}
	return n;
}

KTEST(consumers, stat_counts_by_function_and_task)
{
	unsigned int i;

	tt_write("stat", "ftrace_target_001 ftrace_target_002\n");
	for (i = 0; i < 30; i++)
		ftrace_target[1 + i % 3]();
	ftrace_target[2]();
	EXPECT_EQ(calls_of("ftrace_target_001", current->pid), 10);
	EXPECT_EQ(calls_of("ftrace_target_002", current->pid), 11);
	EXPECT(!strstr(text, "ftrace_target_003"));
	tt_write("stat", "ftrace_target_003\n"); /* begins from 0 */
	EXPECT(tt_says("stat", ""));
	ftrace_target[3]();
	EXPECT_EQ(calls_of("ftrace_target_003", current->pid), 1);
	tt_write("stat", "\n");
	EXPECT(tt_says("stat", ""));
	EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(target_ip(3))), 0);
	EXPECT_EQ(ftrace_check(), 0);
}

static void call_target(void *unused)
{
	(void)unused;
	ftrace_target[1]();
}

KTEST_FLAGS(consumers, stat_is_exact_beside_an_ops_CS1, 0, 120)
{
	static struct count_ops count = COUNT_OPS();
	struct tt_calls made;

	EXPECT_EQ(filter_targets(&count.ops, 1, 1), 0);
	memset(count.hits, 0, sizeof(count.hits));
	EXPECT_EQ(register_ftrace_function(&count.ops), 0);
	tt_write("stat", "ftrace_target_001\n");
	made = tt_storm(call_target, NULL, 5000, 2, false);
	EXPECT_EQ(calls_of_all("ftrace_target_001"),
		  made.task + made.irq + made.nmi);
	EXPECT_EQ(calls_of_all("ftrace_target_001"), count_hits(&count));
	tt_write("stat", "\n");
	EXPECT_EQ(unregister_ftrace_function(&count.ops), 0);
	EXPECT_EQ(ftrace_free_filter(&count.ops), 0);
}

static void name_targets(unsigned int n)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		len += snprintf(text + len, ROOM - len, "ftrace_target_%03u ",
				i);
}

KTEST(consumers, stat_refuses_what_it_cannot_count)
{
	static char many[2048];

	tt_write("stat", "ftrace_target_001\n");
	refused("stat", "ftrace_target_002 nosuch\n", "nosuch");
	refused("stat", "memcpy\n", "memcpy");
	EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(target_ip(2))), 0);
	EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(target_ip(1))), 1);
	name_targets(CALL_STAT_MAX);
	strscpy(many, text, sizeof(many));
	tt_write("stat", many);
	EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(target_ip(63))), 1);
	ftrace_target[63]();
	EXPECT_EQ(calls_of("ftrace_target_063", current->pid), 1);
	name_targets(CALL_STAT_MAX + 1);
	strscpy(many, text, sizeof(many));
	refused("stat", many, "ftrace_target_064");
	EXPECT_EQ(calls_of("ftrace_target_063", current->pid), 1);
	tt_write("stat", "\n");
}

/*
 * Where only the end of the one before fails, that one stays registered, but is
 * of no list; the next write ends it (CS2).
 */
KTEST(consumers, stat_without_memory_stays_as_it_was_CS2)
{
	unsigned long ips[2] = { target_ip(2), target_ip(3) };
	unsigned int n, failed = 0, left = 0;
	int err = 0;

	tt_write("stat", "ftrace_target_001\n");
	ftrace_target[1]();
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		err = call_stat_set(ips, 2);
		if (!fail_end())
			break;
		if (!err) { /* it can do without that one */
			left += ftrace_rec_users(ftrace_rec_find(target_ip(1)));
			EXPECT_EQ(calls_of_all("ftrace_target_001"), 0);
			tt_write("stat", "ftrace_target_001\n");
			EXPECT_EQ(
				ftrace_rec_users(ftrace_rec_find(target_ip(1))),
				1);
			ftrace_target[1]();
			continue;
		}
		EXPECT_EQ(err, -ENOMEM);
		failed++;
		EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(ips[0])), 0);
		EXPECT_EQ(calls_of("ftrace_target_001", current->pid), 1);
	}
	EXPECT_EQ(err, 0);
	EXPECT(failed > 2);
	EXPECT(left > 0);
	tt_write("stat", "\n");
	EXPECT_EQ(ftrace_rec_users(ftrace_rec_find(target_ip(1))), 0);
	EXPECT_EQ(ftrace_check(), 0);
}

/* ---- sample -------------------------------------------------------------- */

void sample_spin(void);
void sample_caller(void);

static bool irqs_off;

traced_function void sample_spin(void)
{
	u64 until = ktime_ns() + 60000000; /* 15 ticks */

	while (ktime_ns() < until)
		;
}

traced_function void sample_caller(void)
{
	unsigned long flags = 0;

	if (irqs_off)
		local_irq_save(flags);
	sample_spin();
	if (irqs_off)
		local_irq_restore(flags);
	barrier(); /* no tail call */
}

/* Samples whose stack ends in these functions, or in what the last calls. */
static u64 samples_of(const char *what)
{
	char *at, *end;
	u64 n = 0;

	tt_read("sample", text, ROOM);
	for (at = text; *at; at = end + 1) {
		u64 count = 0, unit = 1;
		char *digit;

		end = strchr(at, '\n');
		*end = '\0';
		if (!strstr(at, what))
			continue;
		for (digit = end; *--digit != ' '; unit *= 10)
			count += (*digit - '0') * unit;
		n += count;
	}
	return n;
}

#define STACK ";sample_caller;sample_spin"

/* Memory may differ afterwards: the stacks can still be read. */
KTEST_FLAGS(consumers, sample_by_timer, KTEST_LEAKS, 0)
{
	u64 n;

	irqs_off = false;
	tt_write("sample", "period_us=1000\n");
	sample_caller();
	tt_write("sample", "0\n");
	EXPECT(!sample_on());
	n = samples_of(STACK);
	EXPECT(n > 3);
	EXPECT_EQ(samples_of("timers_run"), 0); /* not the interrupt's */
	sample_caller();
	EXPECT_EQ(samples_of(STACK), n);	       /* it has stopped */
	tt_write("sample", "period_us=1000 cpus=1\n"); /* and begins from 0 */
	EXPECT(samples_of(STACK) < n);
	tt_write("sample", "0\n");
}

/* With interrupts off there is no tick: an NMI of another CPU's sees it. */
KTEST_FLAGS(consumers, sample_by_nmi, KTEST_LEAKS, 0)
{
	unsigned int round;

	if (num_online_cpus() == 1)
		KTEST_SKIP("the only CPU has its interrupts off");
	kthread_bind(current, 0);
	irqs_off = true;
	tt_write("sample", "period_us=1000 cpus=1\n");
	sample_caller();
	tt_write("sample", "0\n");
	EXPECT(samples_of(STACK) <= 1);
	tt_write("sample", "period_us=1000 cpus=1 nmi=1\n");
	/* On a busy host the other CPU may hardly run during one call. */
	for (round = 0; round < 20 && samples_of(STACK) <= 3; round++)
		sample_caller();
	tt_write("sample", "0\n");
	EXPECT(samples_of(STACK) > 3);
	irqs_off = false;
}

KTEST_FLAGS(consumers, sample_refuses_what_it_cannot_do, KTEST_LEAKS, 0)
{
	refused("sample", "\n", "");
	refused("sample", "cpus=1\n", "");
	refused("sample", "period_us=\n", "");
	refused("sample", "period_us=12x\n", "12x");
	refused("sample", "period_us=99\n", "99");
	refused("sample", "period_us=1000 cpus=0\n", "0");
	refused("sample", "period_us=1000 nmi=2\n", "2");
	refused("sample", "period_us=1000 nmi=1 nmi=1\n", "nmi=1");
	refused("sample", "period=1000\n", "period=1000");
	refused("sample", "0 1\n", "1");
	EXPECT(!sample_on());
	tt_write("sample", "cpus=1 period_us=1000\n");
	refused("sample", "period_us=1\n", "1");
	EXPECT(sample_on()); /* as before */
	tt_write("sample", "0\n");
}

#define PATH_BITS 9 /* as many stacks as a table has room for */

static bool path_stop;

traced_function void sample_left(unsigned int path, unsigned int depth);
traced_function void sample_right(unsigned int path, unsigned int depth);

/* The bits of @path say which functions the stack has. */
static void path_step(unsigned int path, unsigned int depth)
{
	u64 until = ktime_ns() + 150000;

	if (depth && path & 1)
		sample_left(path >> 1, depth - 1);
	else if (depth)
		sample_right(path >> 1, depth - 1);
	else
		while (ktime_ns() < until)
			;
}

traced_function void sample_left(unsigned int path, unsigned int depth)
{
	path_step(path, depth);
	barrier(); /* no tail call */
}

traced_function void sample_right(unsigned int path, unsigned int depth)
{
	path_step(path, depth);
	barrier();
}

static int path_thread(void *unused)
{
	unsigned int path;

	(void)unused;
	for (path = 0; !READ_ONCE(path_stop); path++)
		path_step(path, PATH_BITS);
	return 0;
}

/* A reader beside a CPU that takes samples: no address is missing in a line. */
KTEST_FLAGS(consumers, a_reader_sees_whole_stacks_SA1, KTEST_LEAKS, 0)
{
	struct task_struct *task;
	unsigned int round;
	u64 until;

	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	path_stop = false;
	kthread_bind(current, 0);
	task = kthread_create(path_thread, NULL, "paths");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	for (round = 0; round < 6; round++) { /* each begins with none */
		tt_write("sample", "period_us=100 cpus=2\n");
		until = ktime_ns() + 40000000;
		do {
			tt_read("sample", text, ROOM);
			EXPECT(!strstr(text, "0x0"));
		} while (ktime_ns() < until);
	}
	tt_write("sample", "0\n");
	WRITE_ONCE(path_stop, true);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
}

/* After the end no timer and no NMI writes to a table, so it may be freed. */
KTEST_FLAGS(consumers, tables_outlive_their_timers_SA2, KTEST_LEAKS, 0)
{
	static char before[ROOM];
	unsigned int round;

	for (round = 0; round < 10; round++) {
		EXPECT_EQ(sample_start(100, ~0ULL, round & 1), 0);
		udelay(300);
		sample_stop();
		tt_read("sample", before, ROOM);
		udelay(1000);
		tt_read("sample", text, ROOM);
		EXPECT(!strcmp(before, text));
	}
}
