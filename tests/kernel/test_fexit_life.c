// SPDX-License-Identifier: MIT
/*
 * The last moments of entry-and-exit targets: calls that have been counted out
 * and have not returned yet, and room that is there once nobody is inside.
 */
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trap_owner.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

#define PROBED __attribute__((__noipa__))
#define TF     0x100UL /* of the flags: single step (SDM 3A 2.3) */
#define RET    0xc3
#define FREED  0xcc

static u32 asleep;
static bool wake;

static PROBED u64 sleeps(u64 a)
{
	__atomic_fetch_add(&asleep, 1, __ATOMIC_RELAXED);
	while (!READ_ONCE(wake))
		msleep(1);
	return a;
}

static int call_sleeps(void *unused)
{
	return (int)sleeps(42);
}

static struct ftrace_fexit *attach_to_sleeps(const struct ftrace_fexit_spec *s)
{
	unsigned long ip = (unsigned long)sleeps;

	asleep = wake = 0;
	EXPECT_EQ(ftrace_fexit_pending(NULL, 0), 0);
	return ftrace_fexit_attach(s, &ip, 1);
}

/* ---- between the last count and the return ---- */

static struct task_struct *stepper;
static unsigned long stopped_ip;
static bool stopped, go_on, reaped;

/* An exit handler: from here to the return step by step. */
static notrace void step_from_here(struct ftrace_fexit_call *call, void *data)
{
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"i"(TF)
			 : "memory", "cc");
}

static notrace bool stop_at_ret(struct pt_regs *regs)
{
	unsigned long start, size;

	if (current != stepper)
		return false;
	if (arch_ftrace_find_fexit(regs->ip, &start, &size) &&
	    *(const u8 *)regs->ip == RET) {
		stopped_ip = regs->ip;
		stand_preempted(&stopped, &go_on);
		regs->flags &= ~TF;
	}
	return true;
}

static int reap(void *unused)
{
	EXPECT_EQ(ftrace_fexit_reap(), 0);
	WRITE_ONCE(reaped, true);
	return 0;
}

static void reap_while_it_stands(void)
{
	struct task_struct *reaper;

	/* Listed, though out. */
	EXPECT_EQ(ftrace_fexit_pending(NULL, 0), 1);
	reaper = kthread_run(reap, NULL, "reaper");
	wait_until(READ_ONCE(reaper->state) == TASK_SLEEPING ||
			   READ_ONCE(reaped),
		   5000);
	EXPECT(!READ_ONCE(reaped));
	EXPECT_EQ(*(const u8 *)stopped_ip, RET);
	WRITE_ONCE(go_on, true);
	EXPECT_EQ(kthread_join(stepper), 42);
	kthread_join(reaper);
	EXPECT_EQ(*(const u8 *)stopped_ip, FREED);
}

KTEST(fexit, counted_out_is_not_yet_returned)
{
	struct ftrace_fexit_prog prog = { NULL, step_from_here, NULL };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	struct ftrace_fexit *fexit = attach_to_sleeps(&spec);

	ASSERT(!IS_ERR(fexit));
	stopped = go_on = reaped = false;
	trap_set_step_hook(stop_at_ret);
	stepper = kthread_create(call_sleeps, NULL, "stepper");
	wake_up_process(stepper);
	wait_until(READ_ONCE(asleep), 5000);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 1);
	WRITE_ONCE(wake, true);
	if (wait_until(READ_ONCE(stopped), 5000))
		reap_while_it_stands();
	trap_set_step_hook(NULL);
}

/* ---- room ---- */

#define SETS 64 /* at a time: a bit for each, ftrace_fexit.c */

/* What nobody is inside any more stands in nobody's way. */
KTEST(fexit, a_set_that_is_empty_makes_room)
{
	static struct task_struct *task[SETS];
	struct ftrace_fexit_prog prog = { NULL };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	struct ftrace_fexit *fexit = attach_to_sleeps(&spec);
	unsigned int i, n = SETS - 1;

	ASSERT(!IS_ERR(fexit));
	for (i = 0; i < n; i++) {
		task[i] = kthread_run(call_sleeps, NULL, "sleeper");
		wait_until(READ_ONCE(asleep) == i + 1, 5000);
		EXPECT_EQ(ftrace_fexit_replace(fexit, &spec), 0);
	}
	EXPECT_EQ(ftrace_fexit_replace(fexit, &spec), -ENOSPC);
	WRITE_ONCE(wake, true);
	for (i = 0; i < n; i++)
		kthread_join(task[i]);
	EXPECT_EQ(ftrace_fexit_replace(fexit, &spec), 0);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}
