// SPDX-License-Identifier: MIT
/*
 * Tables and pools of fixed size: each is filled and emptied ten times over,
 * and ends with what it began with. What can only be used up shows here.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/error_log.h"
#include "trace/control/tracefs.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"
#include "trace/event/trace_event.h"
#include "trace/graph/fgraph.h"
#include "trace/trace.h"
#include "trace/tracers/profile_internal.h"
#include <asm/smp.h>

#define TIMES	       10
#define ABSENT_APIC_ID 231

/* ---- idle tasks: one for each CPU number, however often it is tried ------ */

static int try_absent_cpu(void)
{
	return smp_start_cpu(NR_CPUS - 1, ABSENT_APIC_ID, 1000000);
}

/* KT3 */
KTEST_FLAGS(tables, starting_a_cpu_in_vain_costs_once, KTEST_LEAKS, 0)
{
	struct task_struct *idle;
	size_t pages, bytes;
	unsigned int i;

	if (cpu_online(NR_CPUS - 1) || acpi_info.nr_cpus == 0)
		KTEST_SKIP("needs a free CPU number, and a list of CPUs");
	EXPECT_EQ(try_absent_cpu(), -ETIMEDOUT);
	idle = sched_idle_task(NR_CPUS - 1);
	EXPECT(idle != NULL);
	pages = page_free_count();
	bytes = kmalloc_live();
	for (i = 0; i < TIMES; i++)
		EXPECT_EQ(try_absent_cpu(), -ETIMEDOUT);
	EXPECT_EQ(page_free_count(), pages);
	EXPECT_EQ(kmalloc_live(), bytes);
	EXPECT(sched_idle_task(NR_CPUS - 1) == idle);
}

/*
 * It never comes online, but until that is known it could at any moment. (Here,
 * because the suite smp counts what the first start of that CPU takes.)
 */
KTEST_FLAGS(tables, a_cpu_that_starts_has_rows_of_the_profiler_FP2, KTEST_LEAKS,
	    0)
{
	if (cpu_online(NR_CPUS - 1) || acpi_info.nr_cpus == 0)
		KTEST_SKIP("needs a free CPU number, and a list of CPUs");
	tt_write("set_ftrace_filter", "ftrace_target_003\n");
	tt_write("function_profile_enabled", "1\n");
	EXPECT_EQ(try_absent_cpu(), -ETIMEDOUT);
	EXPECT(profile_rows_of(NR_CPUS - 1) != NULL);
	tt_write("function_profile_enabled", "0\n");
	tt_write("set_ftrace_filter", "\n");
}

/* ---- what all the others are compared with ------------------------------- */

struct level {
	size_t bytes, exec;
	struct ftrace_set_stats sets;
};

static struct level level_now(void)
{
	struct level level = { .bytes = kmalloc_live(),
			       .exec = exec_pool_free_bytes() };

	ftrace_set_stats(&level.sets);
	return level;
}

static void expect_level(const struct level *before)
{
	struct level now = level_now();

	EXPECT_EQ(now.bytes, before->bytes);
	EXPECT_EQ(now.exec, before->exec);
	EXPECT_EQ(now.sets.sets, before->sets.sets);
	EXPECT_EQ(now.sets.chains, before->sets.chains);
	EXPECT_EQ(now.sets.chain_bytes, before->sets.chain_bytes);
	EXPECT_EQ(ftrace_check(), 0);
}

/* ---- entry-and-exit targets ---------------------------------------------- */

#define FEXIT_SETS 64 /* a bit for each, ftrace_fexit.c */

static struct ftrace_fexit *attach_target(unsigned int i)
{
	static const struct ftrace_fexit_prog prog = { NULL };
	const struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };

	return ftrace_fexit_attach(&spec, target_ips(i), 1);
}

KTEST_FLAGS(tables, sets_of_entry_and_exit_targets, 0, 120)
{
	static struct ftrace_fexit *fexit[FEXIT_SETS];
	unsigned int i, times, room = FEXIT_SETS;
	struct level before = level_now();

	for (times = 0; times < TIMES; times++) {
		for (i = 0; i < room; i++) {
			fexit[i] = attach_target(i);
			ASSERT(!IS_ERR(fexit[i]));
		}
		EXPECT_EQ(PTR_ERR(attach_target(room)), -ENOSPC);
		while (i--)
			EXPECT_EQ(ftrace_fexit_detach(fexit[i]), 0);
		EXPECT_EQ(ftrace_fexit_reap(), 0);
	}
	expect_level(&before);
}

static __attribute__((__noipa__)) void may_end_the_task(bool end)
{
	if (end)
		kthread_exit(1);
}

static int end_inside(void *unused)
{
	may_end_the_task(true);
	return 0;
}

/* Two each, which end inside: more than there are sets. */
KTEST_FLAGS(tables, calls_whose_tasks_end_inside, 0, 120)
{
	static const struct ftrace_fexit_prog prog = { NULL };
	const struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	unsigned long ip = (unsigned long)may_end_the_task;
	struct level before = level_now();
	struct ftrace_fexit *fexit;
	unsigned int i, k;

	for (i = 0; i < FEXIT_SETS + TIMES; i++) {
		fexit = ftrace_fexit_attach(&spec, &ip, 1);
		ASSERT(!IS_ERR(fexit));
		for (k = 0; k < 2; k++)
			EXPECT_EQ(kthread_join(kthread_run(end_inside, NULL,
							   "ends")),
				  1);
		EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
		EXPECT_EQ(ftrace_fexit_reap(), 0);
	}
	expect_level(&before);
}

/* ---- executable memory --------------------------------------------------- */

#define PIECE 4096

KTEST(tables, executable_memory)
{
	size_t before = exec_pool_free_bytes(), n, left;
	unsigned int times;

	for (times = 0; times < TIMES; times++) {
		void **pieces = kcalloc(before / PIECE, sizeof(*pieces));

		ASSERT(pieces != NULL);
		for (n = 0; n < before / PIECE; n++) {
			pieces[n] = exec_alloc(PIECE);
			if (!pieces[n])
				break;
		}
		left = exec_pool_free_bytes();
		EXPECT(n > 0 && n * PIECE + left == before);
		while (n--)
			exec_free(pieces[n], PIECE);
		kfree(pieces);
		EXPECT_EQ(exec_pool_free_bytes(), before);
	}
}

/* ---- users of the graph -------------------------------------------------- */

KTEST_FLAGS(tables, users_of_the_graph, KTEST_LEAKS, 120)
{
	static struct ftrace_ops ops[FGRAPH_USERS + 1];
	static struct fgraph_ops gops[FGRAPH_USERS + 1];
	unsigned int i, times;
	struct level before;

	for (i = 0; i <= FGRAPH_USERS; i++) {
		ops[i] = (struct ftrace_ops){ 0 };
		gops[i] = (struct fgraph_ops){ .ops = &ops[i] };
		ASSERT_EQ(filter_targets(&ops[i], i, 2), 0);
	}
	before = level_now();
	for (times = 0; times < TIMES; times++) {
		for (i = 0; i < FGRAPH_USERS; i++)
			ASSERT_EQ(register_ftrace_graph(&gops[i]), 0);
		EXPECT_EQ(register_ftrace_graph(&gops[i]), -ENOSPC);
		ftrace_target[3]();
		while (i--)
			EXPECT_EQ(unregister_ftrace_graph(&gops[i]), 0);
	}
	expect_level(&before);
	for (i = 0; i <= FGRAPH_USERS; i++)
		ftrace_free_filter(&ops[i]);
}

/* ---- events -------------------------------------------------------------- */

static const struct trace_field no_fields[] = { TRACE_FIELDS_END };

/* Event number @i of a group, registered. Return: as trace_event_register(). */
static int register_event(struct trace_event *event, char name[8],
			  unsigned int i)
{
	snprintf(name, 8, "e%u", i);
	*event = (struct trace_event){ .system = "tables",
				       .name = name,
				       .size = sizeof(struct trace_entry),
				       .fields = no_fields };
	return trace_event_register(event);
}

/* Those of the table, and those that the kernel has registered. */
static unsigned int events_now(void)
{
	unsigned int slot = 0, n = 0;

	while (trace_event_next(&slot))
		n++;
	return n;
}

KTEST(tables, events_of_run_time)
{
	static struct trace_event event[TRACE_EVENT_SLOTS];
	static char name[TRACE_EVENT_SLOTS][8];
	unsigned int times, n, room = TRACE_EVENT_SLOTS - events_now();

	EXPECT(room < TRACE_EVENT_SLOTS - 8);
	for (times = 0; times < TIMES; times++) {
		for (n = 0; n < TRACE_EVENT_SLOTS; n++)
			if (register_event(&event[n], name[n], n))
				break;
		EXPECT_EQ(n, room);
		EXPECT_EQ(register_event(&event[n], name[n], n), -ENOSPC);
		EXPECT(trace_event_find(event[n - 1].id) == &event[n - 1]);
		while (n--)
			trace_event_unregister(&event[n]);
		synchronize_tasks();
	}
}

/* ---- direct callers: ids of sets ----------------------------------------- */

/* The ids to the last one: tests/unit/test_ftrace_switches.c. */
KTEST_FLAGS(tables, a_direct_target_for_each_site, 0, 120)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(NR_TARGETS);
	struct ftrace_ops ops = { 0 };
	unsigned int i, times;
	struct level before;

	ASSERT(hash != NULL);
	for (i = 0; i < NR_TARGETS; i++)
		EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(i),
						 (unsigned long)direct_0 +
							 16 * (i % 2)),
			  0);
	before = level_now();
	for (times = 0; times < TIMES; times++) {
		EXPECT_EQ(update_ftrace_direct_add(&ops, hash), 0);
		EXPECT_EQ(update_ftrace_direct_del(&ops, hash), 0);
	}
	expect_level(&before);
	ftrace_hash_free(hash);
}

/* ---- names of tasks that have ended -------------------------------------- */

#define NAMES 256 /* trace_task.c keeps so many */

static int be_traced(void *pid)
{
	*(int *)pid = current->pid;
	ftrace_target[0]();
	return 0;
}

static void end_many_tasks(void)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;
	unsigned int i;
	int pid = 0;

	for (i = 0; i < TIMES * (NAMES + 1); i++) {
		task = kthread_run(be_traced, &pid, "name%u", i);
		ASSERT(!IS_ERR(task));
		kthread_join(task);
		if (!EXPECT(trace_find_cmdline(pid, comm)))
			break;
	}
	EXPECT(!strcmp(comm, "name2569"));
}

KTEST_FLAGS(tables, names_of_ended_tasks, 0, 120)
{
	if (tt_begin("function", "ftrace_target_000", 64))
		end_many_tasks();
	tt_end();
}

/* ---- error_log ----------------------------------------------------------- */

#define ERRORS 8

static unsigned int logged(void)
{
	static char text[8192];
	struct tracefs_file *file;
	unsigned int n = 0;
	char *at = text;
	ssize_t got;

	if (!EXPECT_EQ(tracefs_open("error_log", TRACEFS_READ, &file), 0))
		return 0;
	while ((got = tracefs_read(file, at, text + sizeof(text) - 1 - at)) > 0)
		at += got;
	*at = '\0';
	tracefs_close(file);
	for (at = text; (at = strstr(at, "Command:")); at++)
		n++;
	return n;
}

static int write_nonsense(void)
{
	struct tracefs_file *file;
	int ret = tracefs_open("current_tracer", TRACEFS_WRITE, &file);

	if (ret)
		return ret;
	ret = tracefs_write(file, "nonsense", 8);
	tracefs_close(file);
	return ret;
}

KTEST(tables, the_log_of_errors)
{
	size_t bytes = kmalloc_live();
	unsigned int i, times;

	for (times = 0; times < TIMES; times++) {
		error_log_clear(trace_top());
		EXPECT_EQ(logged(), 0);
		for (i = 1; i <= ERRORS + 2; i++) {
			EXPECT_EQ(write_nonsense(), -EINVAL);
			EXPECT_EQ(logged(), min(i, (unsigned int)ERRORS));
		}
	}
	error_log_clear(trace_top());
	EXPECT_EQ(kmalloc_live(), bytes);
}
