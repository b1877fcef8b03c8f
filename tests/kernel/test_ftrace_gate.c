// SPDX-License-Identifier: MIT
/*
 * The gate of a trampoline: while the flag of a lone ops is false, a call
 * returns before anything is saved, and the callback is not called.
 */
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

static bool gate;
static unsigned long calls, others;

static void count(unsigned long ip, unsigned long parent_ip,
		  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	calls++;
}

static void count_other(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	others++;
}

u64 gate_target(u64 n, u64 m);
noinline u64 gate_target(u64 n, u64 m)
{
	barrier();
	return n * 3 + m;
}

#define TARGET "gate_target"

static void attach(struct ftrace_ops *ops)
{
	EXPECT_EQ(ftrace_set_filter(ops, TARGET, strlen(TARGET), 1), 0);
	EXPECT_EQ(register_ftrace_function(ops), 0);
}

static void detach(struct ftrace_ops *ops)
{
	EXPECT_EQ(unregister_ftrace_function(ops), 0);
	ftrace_free_filter(ops);
}

/* Ten calls, of which so many reach the callback; registers are as before. */
static void expect_calls(unsigned long n)
{
	unsigned long before = calls;

	for (u64 i = 0; i < 10; i++)
		EXPECT_EQ(gate_target(i, 7), i * 3 + 7);
	EXPECT_EQ(calls - before, n);
}

static void open_and_close(unsigned long flags)
{
	static struct ftrace_ops other = { .func = count_other };
	struct ftrace_ops ops = { .func = count,
				  .flags = flags,
				  .gate = &gate };

	gate = false;
	attach(&ops);
	expect_calls(0);
	WRITE_ONCE(gate, true);
	expect_calls(10);
	WRITE_ONCE(gate, false);
	expect_calls(0);
	/* In a chain the callback itself looks, if it has to. */
	others = 0;
	attach(&other);
	expect_calls(10);
	EXPECT_EQ(others, 10);
	detach(&other);
	expect_calls(0);
	detach(&ops);
}

KTEST(ftrace_gate, a_closed_gate_returns_at_once)
{
	if (!ftrace_use_trampolines)
		KTEST_SKIP("there are no trampolines");
	open_and_close(0);
}

KTEST(ftrace_gate, with_a_guard_and_with_full_registers)
{
	if (!ftrace_use_trampolines)
		KTEST_SKIP("there are no trampolines");
	open_and_close(FTRACE_OPS_FL_RECURSION);
	open_and_close(FTRACE_OPS_FL_SAVE_REGS);
	open_and_close(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION);
}

/* The inner call is found behind the gate. */
KTEST(ftrace_gate, the_callback_behind_it_can_be_exchanged)
{
	static struct ftrace_ops ops = { .func = count, .gate = &gate };

	if (!ftrace_use_trampolines)
		KTEST_SKIP("there are no trampolines");
	gate = true;
	others = 0;
	attach(&ops);
	ASSERT(ops.trampoline);
	EXPECT(arch_ftrace_inner(ops.trampoline, 0) == count);
	arch_ftrace_set_inner(ops.trampoline, 0, count_other);
	expect_calls(0);
	EXPECT_EQ(others, 10);
	arch_ftrace_set_inner(ops.trampoline, 0, count);
	expect_calls(10);
	detach(&ops);
}
