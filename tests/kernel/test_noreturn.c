// SPDX-License-Identifier: MIT
/*
 * Functions that cannot return, as tools/noreturn.py found them in the image:
 * each kind is known, and refused as what an entry-and-exit target is for;
 * those that can return after all are neither.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace.h"
#include "trace/core/ftrace_fexit.h"
#include <asm/barrier.h>

#define PROBED __attribute__((__noipa__))

/* ---- that cannot --------------------------------------------------------- */

static PROBED void spins(void)
{
	for (;;)
		cpu_relax();
}

static PROBED void ends_the_thread(u64 n)
{
	kthread_exit(n > 3);
}

/* The compiler does not know that it is for ever: a tail jump. */
static PROBED void leaves_to_spins(void)
{
	spins();
}

static PROBED void calls_spins(void)
{
	spins();
	barrier();
}

static PROBED void every_arm_ends(u64 n)
{
	switch (n) {
	case 0:
		panic("none");
	case 1:
		kthread_exit(11);
	case 2:
		leaves_to_spins();
		panic("behind it");
	case 3:
		kthread_exit(33);
	case 4:
		spins();
		kthread_exit(44);
	case 5:
		panic("five");
	default:
		kthread_exit(55);
	}
}

static PROBED void calls_the_other(u64 n);

static PROBED void calls_it_back(u64 n)
{
	calls_the_other(n + 1);
	barrier();
}

static PROBED void calls_the_other(u64 n)
{
	calls_it_back(n + 1);
	barrier();
}

static void (*const cannot[])(void) = {
	(void (*)(void))spins,		 (void (*)(void))ends_the_thread,
	(void (*)(void))leaves_to_spins, (void (*)(void))calls_spins,
	(void (*)(void))every_arm_ends,	 (void (*)(void))calls_the_other,
};

/* ---- that can ------------------------------------------------------------ */

static PROBED void may_end_the_thread(u64 n)
{
	if (n)
		kthread_exit(1);
}

static PROBED u64 one_arm_returns(u64 n)
{
	switch (n) {
	case 0:
		panic("none");
	case 1:
		kthread_exit(11);
	case 2:
		leaves_to_spins();
		panic("behind it");
	case 3:
		return n * 7;
	case 4:
		spins();
		kthread_exit(44);
	case 5:
		panic("five");
	default:
		kthread_exit(55);
	}
}

/* Nobody knows where to: it counts as returning. */
static PROBED void leaves_by_a_pointer(void (*fn)(void))
{
	fn();
}

static PROBED u64 calls_itself_at_times(u64 n)
{
	return n ? calls_itself_at_times(n - 1) + n : 0;
}

static void (*const can[])(void) = {
	(void (*)(void))may_end_the_thread,
	(void (*)(void))one_arm_returns,
	(void (*)(void))leaves_by_a_pointer,
	(void (*)(void))calls_itself_at_times,
};

static int attach(void (*fn)(void))
{
	struct ftrace_fexit_prog prog = { NULL };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	unsigned long ip = (unsigned long)fn;
	struct ftrace_fexit *fexit = ftrace_fexit_attach(&spec, &ip, 1);

	return IS_ERR(fexit) ? (int)PTR_ERR(fexit) : ftrace_fexit_detach(fexit);
}

KTEST(noreturn, functions_that_cannot_return_are_refused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cannot); i++) {
		if (!EXPECT(kallsyms_cannot_return((unsigned long)cannot[i])) ||
		    !EXPECT_EQ(attach(cannot[i]), -EINVAL))
			ktest_note("%pS", (void *)cannot[i]);
	}
	EXPECT(kallsyms_cannot_return((unsigned long)panic));
	EXPECT(kallsyms_cannot_return((unsigned long)kthread_exit));
	EXPECT_EQ(attach((void (*)(void))kthread_exit), -EINVAL);
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST(noreturn, functions_that_can_return_are_not)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(can); i++) {
		if (!EXPECT(!kallsyms_cannot_return((unsigned long)can[i])) ||
		    !EXPECT_EQ(attach(can[i]), 0))
			ktest_note("%pS", (void *)can[i]);
	}
	EXPECT(!kallsyms_cannot_return((unsigned long)schedule));
	EXPECT(!kallsyms_cannot_return((unsigned long)msleep));
	EXPECT(!kallsyms_cannot_return(0));
	EXPECT(!kallsyms_cannot_return(~0UL));
	EXPECT_EQ(one_arm_returns(3), 21);
	EXPECT_EQ(calls_itself_at_times(4), 10);
}

/* One of many: none of them gets a target. */
KTEST(noreturn, one_refused_refuses_all)
{
	unsigned long ips[] = { (unsigned long)can[0], (unsigned long)can[1],
				(unsigned long)cannot[0] };
	struct ftrace_fexit_prog prog = { NULL };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };

	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec, ips, 3)), -EINVAL);
	EXPECT_EQ(ftrace_check(), 0);
}
