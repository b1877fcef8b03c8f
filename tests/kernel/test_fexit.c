// SPDX-License-Identifier: MIT
/*
 * Generated entry-and-exit targets: arguments and results of every shape,
 * many functions at once, replaced under load, and lifetimes: a call that
 * sleeps in the function while its target is replaced and dropped, and one
 * that never returns.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ftrace_load.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

/* ---- handlers ---- */

struct seen {
	u64 entries, exits;
	struct ftrace_fexit_call entry, exit; /* the last ones */
};

static void notrace note_entry(struct ftrace_fexit_call *call, void *data)
{
	struct seen *seen = data;

	seen->entry = *call;
	__atomic_fetch_add(&seen->entries, 1, __ATOMIC_RELAXED);
}

static void notrace note_exit(struct ftrace_fexit_call *call, void *data)
{
	struct seen *seen = data;

	seen->exit = *call;
	__atomic_fetch_add(&seen->exits, 1, __ATOMIC_RELAXED);
}

static struct seen seen_a, seen_b, seen_c;
static const struct ftrace_fexit_prog prog_a = { note_entry, note_exit,
						 &seen_a };
static const struct ftrace_fexit_prog prog_b = { note_entry, note_exit,
						 &seen_b };
static const struct ftrace_fexit_prog prog_c = { note_entry, note_exit,
						 &seen_c };
static const struct ftrace_fexit_spec spec_a = { .nr = 1, .prog = &prog_a };
static const struct ftrace_fexit_spec spec_b = { .nr = 1, .prog = &prog_b };
static const struct ftrace_fexit_spec spec_c = { .nr = 1, .prog = &prog_c };

static void forget(void)
{
	memset(&seen_a, 0, sizeof(seen_a));
	memset(&seen_b, 0, sizeof(seen_b));
	memset(&seen_c, 0, sizeof(seen_c));
}

static struct ftrace_fexit *attach_one(const struct ftrace_fexit_spec *spec,
				       const void *fn)
{
	unsigned long ip = (unsigned long)fn;
	struct ftrace_fexit *fexit = ftrace_fexit_attach(spec, &ip, 1);

	EXPECT(!IS_ERR(fexit));
	return IS_ERR(fexit) ? NULL : fexit;
}

static void detach(struct ftrace_fexit *fexit)
{
	if (fexit)
		EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

/* ---- arguments and results ---- */

#define PROBED __attribute__((__noipa__))

static PROBED u64 six(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

static PROBED u64 nine(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h,
		       u64 i)
{
	return six(a, b, c, d, e, f) + 1000000 * g + 10000000 * h +
	       100000000 * i;
}

static PROBED u64 ten(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h,
		      u64 i, u64 j)
{
	return nine(a, b, c, d, e, f, g, h, i) + 1000000000 * j;
}

struct wide {
	u64 low, high;
};

static PROBED struct wide two_words(u64 low, u64 high)
{
	return (struct wide){ low, high };
}

static PROBED u64 sum_of(int n, ...)
{
	u64 sum = 0;
	va_list ap;

	va_start(ap, n);
	while (n--)
		sum += va_arg(ap, u64);
	va_end(ap);
	return sum;
}

KTEST(fexit, six_arguments_and_the_result)
{
	struct ftrace_fexit *fexit;
	u64 i;

	forget();
	fexit = attach_one(&spec_a, six);
	EXPECT_EQ(six(1, 2, 3, 4, 5, 6), 654321);
	EXPECT_EQ(seen_a.entries, 1);
	EXPECT_EQ(seen_a.exits, 1);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(seen_a.entry.arg[i], i + 1);
		EXPECT_EQ(seen_a.exit.arg[i], i + 1);
	}
	EXPECT_EQ(seen_a.exit.ret, 654321);
	EXPECT_EQ(seen_a.entry.ip, (unsigned long)six);
	detach(fexit);
	EXPECT_EQ(six(1, 2, 3, 4, 5, 6), 654321);
	EXPECT_EQ(seen_a.entries, 1);
}

/* An odd and an even number of words, and fewer than there are. */
KTEST(fexit, stack_arguments)
{
	struct ftrace_fexit_spec spec = spec_a;
	struct ftrace_fexit *fexit;

	forget();
	spec.stack_words = 3;
	fexit = attach_one(&spec, nine);
	EXPECT_EQ(nine(1, 2, 3, 4, 5, 6, 7, 8, 9), 987654321);
	detach(fexit);
	spec.stack_words = 4;
	fexit = attach_one(&spec, ten);
	EXPECT_EQ(ten(1, 2, 3, 4, 5, 6, 7, 8, 9, 1), 1987654321);
	detach(fexit);
	EXPECT_EQ(seen_a.exits, 2);
	spec.stack_words = FTRACE_FEXIT_STACK_WORDS + 1;
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec, target_ips(0), 1)),
		  -EINVAL);
}

/* Some would be within reach of a call by chance; these are not. */
KTEST(fexit, handlers_out_of_reach_are_refused)
{
	ftrace_fexit_func_t far = (ftrace_fexit_func_t)0x123400000000UL;
	struct ftrace_fexit_prog prog[2] = { spec_a.prog[0], { .entry = far } };
	struct ftrace_fexit_spec spec = { .nr = 2, .prog = prog };
	unsigned long ip = (unsigned long)ten;

	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec, &ip, 1)), -EINVAL);
	prog[1] = (struct ftrace_fexit_prog){ .exit = far };
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec, &ip, 1)), -EINVAL);
	EXPECT_EQ(arch_ftrace_read(ip), 0);
	prog[1] = (struct ftrace_fexit_prog){ 0 };
	detach(attach_one(&spec, ten));
}

KTEST(fexit, result_of_two_words)
{
	struct ftrace_fexit *fexit;
	struct wide wide;

	forget();
	fexit = attach_one(&spec_a, two_words);
	wide = two_words(0x1234, 0x5678);
	EXPECT_EQ(wide.low, 0x1234);
	EXPECT_EQ(wide.high, 0x5678);
	EXPECT_EQ(seen_a.exit.ret, 0x1234);
	EXPECT_EQ(seen_a.exit.ret_high, 0x5678);
	detach(fexit);
}

KTEST(fexit, variable_arguments_need_a_number)
{
	struct ftrace_fexit_spec spec = spec_a;
	unsigned long ip = (unsigned long)sum_of;
	struct ftrace_fexit *fexit;

	forget();
	spec.varargs = true;
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec, &ip, 1)), -EINVAL);
	spec.stack_words = 8;
	fexit = attach_one(&spec, sum_of);
	EXPECT_EQ(sum_of(10, 1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL, 9UL, 10UL),
		  55);
	EXPECT_EQ(seen_a.exit.ret, 55);
	detach(fexit);
}

static void notrace change_entry(struct ftrace_fexit_call *call, void *data)
{
	call->arg[0] = 9;
}

static void notrace change_exit(struct ftrace_fexit_call *call, void *data)
{
	call->ret += (unsigned long)data;
}

/* Progs in order; what they change is used on. */
KTEST(fexit, several_progs_change_what_they_see)
{
	static const struct ftrace_fexit_prog prog[3] = {
		{ change_entry, NULL, NULL },
		{ note_entry, note_exit, &seen_a },
		{ NULL, change_exit, (void *)1000000 },
	};
	struct ftrace_fexit_spec spec = { .nr = 3, .prog = prog };
	struct ftrace_fexit *fexit;

	forget();
	fexit = attach_one(&spec, six);
	EXPECT_EQ(six(1, 2, 3, 4, 5, 6), 1654329);
	EXPECT_EQ(seen_a.entry.arg[0], 9);
	EXPECT_EQ(seen_a.exit.ret, 654329);
	detach(fexit);
}

/* ---- with others on the site ---- */

KTEST(fexit, callbacks_first)
{
	static struct count_ops count[2] = { COUNT_OPS(), COUNT_OPS() };
	struct ftrace_fexit *fexit;
	unsigned long ip = (unsigned long)six;
	int i;

	forget();
	fexit = attach_one(&spec_a, six);
	for (i = 0; i < 2; i++) {
		count[i] = (struct count_ops)COUNT_OPS();
		count[i].ops.flags = i ? FTRACE_OPS_FL_SAVE_REGS : 0;
		EXPECT_EQ(ftrace_set_filter_ip(&count[i].ops, ip, 0, 1), 0);
		EXPECT_EQ(register_ftrace_function(&count[i].ops), 0);
		EXPECT_EQ(six(1, 2, 3, 4, 5, 6), 654321);
		EXPECT_EQ(seen_a.exits, (u64)i + 1);
		EXPECT_EQ(count_hits(&count[i]), 1);
	}
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec_b, &ip, 1)), -EBUSY);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(unregister_ftrace_function(&count[i].ops), 0);
		ftrace_free_filter(&count[i].ops);
	}
	EXPECT_EQ(six(1, 2, 3, 4, 5, 6), 654321);
	EXPECT_EQ(seen_a.exits, 3);
	detach(fexit);
	EXPECT_EQ(ftrace_check(), 0);
}

/* A function whose ip somebody changes cannot be wrapped, nor the reverse. */
KTEST(fexit, no_ip_modifier_beside_it)
{
	static struct count_ops modifier =
		COUNT_OPS(.flags = FTRACE_OPS_FL_IPMODIFY);
	unsigned long ip = (unsigned long)six;
	struct ftrace_fexit *fexit;

	EXPECT_EQ(ftrace_set_filter_ip(&modifier.ops, ip, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&modifier.ops), 0);
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&spec_a, &ip, 1)), -EBUSY);
	EXPECT_EQ(unregister_ftrace_function(&modifier.ops), 0);
	fexit = attach_one(&spec_a, six);
	EXPECT_EQ(register_ftrace_function(&modifier.ops), -EBUSY);
	detach(fexit);
	ftrace_free_filter(&modifier.ops);
	EXPECT_EQ(ftrace_check(), 0);
}

static unsigned long stack[16];
static unsigned int stack_depth;

static PROBED u64 notes_its_callers(void)
{
	stack_depth = stack_trace_save(stack, ARRAY_SIZE(stack), 0);
	return stack_depth;
}

static PROBED u64 calls_it(void)
{
	return notes_its_callers() + 1;
}

/* The target has a frame like any function's. */
KTEST(fexit, stack_is_walked_through_the_target)
{
	unsigned long off, size;
	struct ftrace_fexit *fexit;
	unsigned int plain, i, named = 0;
	bool found = false;

	calls_it();
	plain = stack_depth;
	fexit = attach_one(&spec_a, notes_its_callers);
	calls_it();
	EXPECT_EQ(stack_depth, plain + 1);
	for (i = 0; i < stack_depth; i++) {
		const char *name =
			ftrace_trampoline_symbol(stack[i], &off, &size);

		found |= stack[i] > (unsigned long)calls_it &&
			 stack[i] < (unsigned long)calls_it + 64;
		named += name && !strcmp(name, "ftrace_fexit") && off < size;
	}
	EXPECT(found);
	EXPECT_EQ(named, 1);
	detach(fexit);
}

/* ---- many at once, replaced under load ---- */

KTEST(fexit, a_thousand_functions)
{
	size_t free_bytes = exec_pool_free_bytes();
	struct ftrace_fexit *fexit;
	unsigned int i;

	forget();
	fexit = ftrace_fexit_attach(&spec_a, target_ips(0), NR_TARGETS);
	ASSERT(!IS_ERR(fexit));
	for (i = 0; i < NR_TARGETS; i++)
		ftrace_target[i]();
	EXPECT_EQ(seen_a.entries, NR_TARGETS);
	EXPECT_EQ(seen_a.exits, NR_TARGETS);
	EXPECT_EQ(seen_a.exit.ip, target_ip(NR_TARGETS - 1));
	EXPECT_EQ(ftrace_fexit_replace(fexit, &spec_b), 0);
	for (i = 0; i < NR_TARGETS; i++)
		ftrace_target[i]();
	EXPECT_EQ(seen_b.exits, NR_TARGETS);
	EXPECT_EQ(seen_a.exits, NR_TARGETS);
	detach(fexit);
	EXPECT_EQ(exec_pool_free_bytes(), free_bytes);
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST_FLAGS(fexit, no_call_missed_when_replaced, 0, 600)
{
	static const struct ftrace_fexit_spec *const specs[3] = {
		&spec_a,
		&spec_b,
		&spec_c,
	};
	u64 calls, start = ktime_ns();
	struct ftrace_fexit *fexit;
	unsigned int i;

	forget();
	fexit = ftrace_fexit_attach(&spec_a, target_ips(0), 20);
	ASSERT(!IS_ERR(fexit));
	EXPECT_EQ(call_load_begin(0, 20), 0);
	for (i = 1; !call_load_enough(i, 30, start) && !ktest_failed(); i++)
		EXPECT_EQ(ftrace_fexit_replace(fexit, specs[i % 3]), 0);
	call_load_progress();
	calls = call_load_end();
	EXPECT_EQ(seen_a.entries + seen_b.entries + seen_c.entries, calls);
	EXPECT_EQ(seen_a.exits + seen_b.exits + seen_c.exits, calls);
	EXPECT(seen_a.exits && seen_b.exits && seen_c.exits);
	detach(fexit);
}

/* ---- lifetimes ---- */

static bool asleep, wake;

static PROBED u64 sleeps_inside(u64 a)
{
	WRITE_ONCE(asleep, true);
	while (!READ_ONCE(wake))
		msleep(1);
	return a + 1;
}

static int call_sleeper(void *arg)
{
	return (int)sleeps_inside(41);
}

/* Its own target, and none newer, is what the call returns through. */
KTEST(fexit, asleep_inside_while_replaced_and_dropped)
{
	size_t free_bytes = exec_pool_free_bytes();
	struct ftrace_fexit_pending pending[8];
	struct ftrace_fexit *fexit;
	struct task_struct *task;

	forget();
	asleep = wake = false;
	fexit = attach_one(&spec_a, sleeps_inside);
	task = kthread_run(call_sleeper, NULL, "sleeper");
	wait_until(READ_ONCE(asleep), 5000);
	EXPECT_EQ(ftrace_fexit_replace(fexit, &spec_b), 0);
	ASSERT_EQ(ftrace_fexit_pending(pending, 8), 1);
	EXPECT_EQ(pending[0].ip, (unsigned long)sleeps_inside);
	EXPECT_EQ(pending[0].nr, 1);
	EXPECT_EQ(pending[0].users, 1);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 1);
	EXPECT(exec_pool_free_bytes() < free_bytes);
	EXPECT_EQ(seen_a.exits, 0);
	WRITE_ONCE(wake, true);
	EXPECT_EQ(kthread_join(task), 42);
	EXPECT_EQ(seen_a.exits, 1);
	EXPECT_EQ(seen_a.exit.ret, 42);
	EXPECT_EQ(seen_b.entries + seen_b.exits, 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
	EXPECT_EQ(exec_pool_free_bytes(), free_bytes);
}

/* It could, so it is not refused (test_noreturn.c). */
static PROBED void never_returns(bool ends)
{
	if (ends)
		kthread_exit(7);
}

static int call_never(void *arg)
{
	never_returns(true);
	return 0;
}

/* Its task counts it out when it is freed; until then it is listed. */
KTEST(fexit, a_call_whose_task_ends_inside_is_left)
{
	size_t free_bytes = exec_pool_free_bytes();
	struct ftrace_fexit_pending pending[8];
	struct ftrace_fexit *fexit;
	struct task_struct *task;

	forget();
	fexit = attach_one(&spec_a, never_returns);
	task = kthread_run(call_never, NULL, "never");
	wait_until(READ_ONCE(task->gone), 5000);
	EXPECT_EQ(seen_a.entries, 1);
	EXPECT_EQ(seen_a.exits, 0);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 1);
	ASSERT_EQ(ftrace_fexit_pending(pending, 8), 1);
	EXPECT_EQ(pending[0].ip, (unsigned long)never_returns);
	EXPECT_EQ(pending[0].users, 1);
	EXPECT_EQ(kthread_join(task), 7);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
	EXPECT_EQ(exec_pool_free_bytes(), free_bytes);
}
