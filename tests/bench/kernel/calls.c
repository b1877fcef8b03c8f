// SPDX-License-Identifier: MIT
/*
 * calls.c - rows call.*: what a call of a traced function costs.
 *
 * Owns: the traced function and what is hung on it. Each configuration is set
 * up, measured with interrupts off, and taken down. Target, callbacks and
 * assistant are compiled without frame pointers: the target is its site and a
 * return, an empty callback one return, as under Linux.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/core/ftrace_fexit.h"

#define MANY_OPS 16

BENCH_DIRECT_TARGETS;

__no_fp noinline void bench_target(void)
{
	__asm__ volatile("");
}

__no_fp notrace noinline void bench_untraced(void)
{
	__asm__ volatile("");
}

__no_fp notrace noinline void bench_assist(void)
{
	__asm__ volatile("");
}

__no_fp notrace void bench_callback(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops,
				    struct ftrace_regs *fregs)
{
}

/* A hundred other traced functions, so that others can have ops as well. */
#define OTHER(n)                                          \
	static noinline __used void bench_other_##n(void) \
	{                                                 \
		__asm__ volatile("");                     \
	}
#define TEN(X, n) \
	X(n##0)   \
	X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define HUNDRED(X) \
	TEN(X, 0)  \
	TEN(X, 1)  \
	TEN(X, 2)  \
	TEN(X, 3) TEN(X, 4) TEN(X, 5) TEN(X, 6) TEN(X, 7) TEN(X, 8) TEN(X, 9)
#define OTHER_ADDRESS(n) (unsigned long)bench_other_##n,

HUNDRED(OTHER)

const unsigned long bench_others[BENCH_OTHERS] = { HUNDRED(OTHER_ADDRESS) };

static struct ftrace_ops ops[MANY_OPS];
static struct ftrace_ops other_ops[BENCH_OTHERS];

static unsigned int hits;

static notrace void count_callback(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *op,
				   struct ftrace_regs *fregs)
{
	hits++;
}

static void attach(struct ftrace_ops *op, unsigned long ip, unsigned long flags,
		   ftrace_func_t func)
{
	memset(op, 0, sizeof(*op));
	op->func = func;
	op->flags = flags;
	if (bench_ok("filter", ftrace_set_filter_ip(op, ip, 0, 0)))
		bench_ok("register", register_ftrace_function(op));
}

void bench_attach(struct ftrace_ops *op, unsigned long ip, unsigned long flags)
{
	attach(op, ip, flags, bench_callback);
}

void bench_detach(struct ftrace_ops *op)
{
	bench_ok("unregister", unregister_ftrace_function(op));
	bench_ok("free filter", ftrace_free_filter(op));
}

void bench_sample(const char *row)
{
	u64 ticks = bench_measure(BENCH_CALL_LOOP("bench_target"));

	bench_row(row, BENCH_PER_CALL(ticks), "insn");
}

static void attach_many(int count, unsigned long flags, ftrace_func_t func)
{
	for (int i = 0; i < count; i++)
		attach(&ops[i], (unsigned long)bench_target, flags, func);
}

static void detach_many(int count)
{
	for (int i = 0; i < count; i++)
		bench_detach(&ops[i]);
}

/*
 * The row with `count` empty ops on the target. First the same with ops that
 * count: a cost is only worth telling if all of them were called.
 */
static void with_ops(const char *row, int count, unsigned long flags)
{
	hits = 0;
	attach_many(count, flags, count_callback);
	bench_target();
	detach_many(count);
	bench_ok(row, hits == (unsigned int)count ? 0 : -EIO);
	attach_many(count, flags, bench_callback);
	bench_sample(row);
	detach_many(count);
}

static void with_direct(const char *row, void (*target)(void), int count)
{
	static struct ftrace_ops direct;
	int err;

	memset(&direct, 0, sizeof(direct));
	err = ftrace_set_filter_ip(&direct, (unsigned long)bench_target, 0, 0);
	if (!err)
		err = register_ftrace_direct(&direct, (unsigned long)target);
	if (!bench_ok(row, err))
		return;
	with_ops(row, count, 0);
	bench_ok(row, unregister_ftrace_direct(&direct, (unsigned long)target,
					       true));
}

__no_fp static notrace void fexit_handler(struct ftrace_fexit_call *call,
					  void *data)
{
}

static notrace void fexit_count(struct ftrace_fexit_call *call, void *data)
{
	hits++;
}

/* Handlers at entry and exit, by a generated target. */
static void with_fexit(const char *row, ftrace_fexit_func_t handler)
{
	const unsigned long ip = (unsigned long)bench_target;
	struct ftrace_fexit_prog prog = { .entry = handler, .exit = handler };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	struct ftrace_fexit *fexit = ftrace_fexit_attach(&spec, &ip, 1);

	if (IS_ERR(fexit)) {
		bench_ok("fexit", PTR_ERR(fexit));
		return;
	}
	if (row)
		bench_sample(row);
	else
		bench_target();
	bench_ok("fexit", ftrace_fexit_detach(fexit));
	ftrace_fexit_reap();
}

/* One hundred ops on one hundred other functions. */
static void with_others(void)
{
	for (int i = 0; i < BENCH_OTHERS; i++)
		bench_attach(&other_ops[i], bench_others[i], 0);
	with_ops("call.ops1_irr100", 1, 0);
	with_ops("call.ops2_irr100", 2, 0);
	for (int i = 0; i < BENCH_OTHERS; i++)
		bench_detach(&other_ops[i]);
}

void bench_calls(void)
{
	u64 ticks = bench_measure(BENCH_LOOP(BENCH_CALLS, ""));

	bench_row("call.loop_only", BENCH_PER_CALL(ticks), "insn");
	ticks = bench_measure(BENCH_CALL_LOOP("bench_untraced"));
	bench_row("call.notrace", BENCH_PER_CALL(ticks), "insn");
	bench_sample("call.nop_site");
	with_ops("call.ops1", 1, 0);
	with_ops("call.ops1_recursion", 1, FTRACE_OPS_FL_RECURSION);
	with_ops("call.ops1_regs", 1, FTRACE_OPS_FL_SAVE_REGS);
	with_ops("call.ops2", 2, 0);
	with_ops("call.ops4", 4, 0);
	with_ops("call.ops8", 8, 0);
	with_ops("call.ops16", 16, 0);
	with_ops("call.ops16_regs", 16, FTRACE_OPS_FL_SAVE_REGS);
	with_others();
	with_direct("call.direct_min", bench_return, 0);
	with_direct("call.direct_call", bench_direct_call, 0);
	with_direct("call.direct_call_ops1", bench_direct_call, 1);
	with_direct("call.direct_call_ops2", bench_direct_call, 2);
	hits = 0;
	with_fexit(NULL, fexit_count);
	bench_ok("fexit called", hits == 2 ? 0 : -EIO);
	with_fexit("call.entry_exit", fexit_handler);
}

/* The same calls through the list function; the boot has chains=off. */
void bench_lists(void)
{
	bench_calibrate();
	with_ops("call.list2", 2, 0);
	with_ops("call.list4", 4, 0);
	with_ops("call.list16", 16, 0);
}
