// SPDX-License-Identifier: MIT
/*
 * Storm: tasks register, refilter, unregister and free ops of their own at
 * random, another exchanges direct targets, all CPUs call. Callbacks verify
 * those they serve; counts of ops that stay are exact; at every quiet point
 * everything is recomputed (I7).
 *
 * `storm=` on the command line: seconds, for make torture.
 */
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_load.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include <asm/smp.h>

#define SPREAD 40 /* targets that are called */
#define TASKS  4
#define MAGIC  0x57082af00dUL

struct storm_ops {
	struct ftrace_ops ops;
	unsigned long magic;
	unsigned long self;
};

static u64 storm_end;
static u32 wrong; /* callbacks that found something amiss */

static bool notrace is_target(unsigned long ip)
{
	return ip >= target_ip(0) && ip <= target_ip(NR_TARGETS - 1);
}

static void notrace callback(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct storm_ops *storm = container_of(ops, struct storm_ops, ops);
	bool regs = ops->flags & FTRACE_OPS_FL_SAVE_REGS;

	if (storm->magic != MAGIC || storm->self != (unsigned long)storm ||
	    !is_target(ip) || !parent_ip ||
	    ftrace_regs_get_instruction_pointer(fregs) !=
		    ip + MCOUNT_INSN_SIZE ||
	    (regs && !ftrace_get_regs(fregs)))
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

static u64 next_random(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static int random_filter(struct ftrace_ops *ops, u64 *state)
{
	u64 r = next_random(state);
	unsigned int first = r % SPREAD, n = 1 + (r >> 8) % SPREAD;

	if (r >> 16 & 1)
		return ftrace_set_filter_ip(ops, target_ip(first), 0, 0);
	return filter_targets(ops, first, n);
}

static struct ftrace_pids storm_pids;

static struct storm_ops *storm_ops_new(u64 *state)
{
	struct storm_ops *storm = kzalloc(sizeof(*storm));

	if (!storm)
		return NULL;
	storm->ops.func = callback;
	storm->magic = MAGIC;
	storm->self = (unsigned long)storm;
	if (next_random(state) % 3 == 0)
		storm->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	if (next_random(state) % 3 == 0)
		storm->ops.flags |= FTRACE_OPS_FL_RECURSION;
	if (next_random(state) % 5 == 0)
		storm->ops.pids = &storm_pids;
	return storm;
}

/* One life of an ops. Return: requests made. */
static int one_life(u64 *state)
{
	struct storm_ops *storm = storm_ops_new(state);
	int requests = 0, edits = next_random(state) % 4;

	if (!storm)
		return 0;
	EXPECT_EQ(random_filter(&storm->ops, state), 0);
	EXPECT_EQ(register_ftrace_function(&storm->ops), 0);
	for (; edits; edits--, requests++)
		EXPECT_EQ(random_filter(&storm->ops, state), 0);
	if (next_random(state) % 4 == 0)
		msleep(1);
	EXPECT_EQ(unregister_ftrace_function(&storm->ops), 0);
	EXPECT_EQ(ftrace_free_filter(&storm->ops), 0);
	memset(storm, 0x55, sizeof(*storm));
	kfree(storm);
	return requests + 2;
}

static int storm_task(void *arg)
{
	u64 state = cmdline_u64("seed", 1) << 8 | (unsigned long)arg;
	int requests = 0;

	while (ktime_ns() < storm_end && !ktest_failed())
		requests += one_life(&state);
	return requests;
}

/* Direct targets on the upper half, exchanged; sometimes gone. */
static int direct_task(void *arg)
{
	struct ftrace_ops *direct = arg;
	u64 state = 99;
	int n = 0;

	EXPECT_EQ(filter_targets(direct, SPREAD / 2, SPREAD / 2), 0);
	EXPECT_EQ(register_ftrace_direct(direct, direct_target[0]), 0);
	while (ktime_ns() < storm_end && !ktest_failed()) {
		n++;
		ftrace_exchange_way = next_random(&state) % 3;
		EXPECT_EQ(modify_ftrace_direct(direct, direct_target[n % 4]),
			  0);
	}
	ftrace_exchange_way = FTRACE_BY_SITE;
	EXPECT_EQ(unregister_ftrace_direct(direct, direct->direct_call, true),
		  0);
	return n;
}

static int pid_task(void *arg)
{
	int pid = current->pid, n = 0;

	while (ktime_ns() < storm_end && !ktest_failed()) {
		EXPECT_EQ(ftrace_set_pids(&storm_pids, &pid, 1, n % 2), 0);
		msleep(3);
		EXPECT_EQ(ftrace_set_pids(&storm_pids, NULL, 0, n % 2), 0);
		n++;
	}
	return n;
}

static void quiet_points(void)
{
	while (ktime_ns() < storm_end && !ktest_failed()) {
		EXPECT_EQ(ftrace_check(), 0);
		msleep(20);
	}
}

static struct count_ops stays = COUNT_OPS();
static struct ftrace_ops direct;

/* Return: requests made. */
static int storm_for(u64 ns)
{
	struct task_struct *task[TASKS + 2];
	int requests = 0;
	unsigned long i;

	storm_end = ktime_ns() + ns;
	for (i = 0; i < TASKS; i++)
		task[i] = kthread_run(storm_task, (void *)(i + 1), "storm/%lu",
				      i);
	task[i++] = kthread_run(direct_task, &direct, "storm/direct");
	task[i++] = kthread_run(pid_task, NULL, "storm/pid");
	quiet_points();
	for (i = 0; i < ARRAY_SIZE(task); i++)
		requests += kthread_join(task[i]);
	return requests;
}

CMDLINE_NUMBER(storm, 1, 1000000, "seconds that the storm of requests lasts");

static void storm(void)
{
	u64 calls;

	wrong = 0;
	stays = (struct count_ops)COUNT_OPS();
	direct = (struct ftrace_ops){ 0 };
	EXPECT_EQ(filter_targets(&stays.ops, 0, SPREAD), 0);
	EXPECT_EQ(register_ftrace_function(&stays.ops), 0);
	EXPECT_EQ(call_load_begin(0, SPREAD), 0);
	EXPECT(storm_for(cmdline_u64("storm", 1) * 1000000000ULL) > 10);
	calls = call_load_end();
	EXPECT_EQ(count_hits(&stays), calls);
	EXPECT_EQ(unregister_ftrace_function(&stays.ops), 0);
	ftrace_free_filter(&stays.ops);
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST_FLAGS(ftrace_storm, everybody_at_once_I7, 0, 7200)
{
	storm();
}

KTEST_FLAGS(ftrace_storm, by_the_list_I7, 0, 7200)
{
	bool was = ftrace_use_chains;

	ftrace_use_chains = false;
	storm();
	ftrace_use_chains = was;
}
