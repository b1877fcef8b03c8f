// SPDX-License-Identifier: MIT
/*
 * Arguments and results of every shape, through everything that may stand
 * between a caller and a function: a plain direct target or a generated one,
 * alone or behind callbacks, by chain or by list.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"

#define PROBED __attribute__((__noipa__))

typedef unsigned __int128 u128;

/* ---- the functions ---- */

static PROBED u64 none(void)
{
	return 17;
}

static PROBED u64 one(u64 a)
{
	return a;
}

static PROBED u64 two(u64 a, u64 b)
{
	return one(a) + 10 * b;
}

static PROBED u64 three(u64 a, u64 b, u64 c)
{
	return a + 10 * b + 100 * c;
}

static PROBED u64 four(u64 a, u64 b, u64 c, u64 d)
{
	return three(a, b, c) + 1000 * d;
}

static PROBED u64 five(u64 a, u64 b, u64 c, u64 d, u64 e)
{
	return four(a, b, c, d) + 10000 * e;
}

static unsigned long six_returns_to;

static PROBED u64 six(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	six_returns_to = (unsigned long)__builtin_return_address(0);
	return five(a, b, c, d, e) + 100000 * f;
}

static PROBED u64 nine(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h,
		       u64 i)
{
	return six(a, b, c, d, e, f) + 1000000 * g + 10000000 * h +
	       100000000 * i;
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

static PROBED u128 product(u64 a, u64 b)
{
	return (u128)a * b;
}

struct large {
	u64 word[5];
};

/* Returned where the caller says, by a pointer in front of the arguments. */
static PROBED struct large large_one(u64 a)
{
	return (struct large){ { a, a + 1, a + 2, a + 3, a + 4 } };
}

/* Ends with a jump to six(), which returns for it. */
static PROBED u64 ends_in_another(u64 a, u64 b)
{
	return six(b, a, 3, 4, 5, 6);
}

static PROBED void never_returns(u64 result)
{
	kthread_exit((int)result);
}

/* ---- what each must give ---- */

static bool none_right(void)
{
	return none() == 17;
}

static bool one_right(void)
{
	return one(1) == 1;
}

static bool two_right(void)
{
	return two(1, 2) == 21;
}

static bool three_right(void)
{
	return three(1, 2, 3) == 321;
}

static bool four_right(void)
{
	return four(1, 2, 3, 4) == 4321;
}

static bool five_right(void)
{
	return five(1, 2, 3, 4, 5) == 54321;
}

static bool six_right(void)
{
	return six(1, 2, 3, 4, 5, 6) == 654321;
}

static bool nine_right(void)
{
	return nine(1, 2, 3, 4, 5, 6, 7, 8, 9) == 987654321;
}

static bool sum_right(void)
{
	return sum_of(10, 1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL, 9UL, 10UL) ==
	       55;
}

static bool product_right(void)
{
	u128 got = product(0xfedcba9876543210, 0x1000000000000001);

	return (u64)got == 0xfedcba9876543210 &&
	       (u64)(got >> 64) == 0x0fedcba987654321;
}

static bool large_right(void)
{
	struct large got = large_one(10);

	return got.word[0] == 10 && got.word[4] == 14;
}

static bool ends_right(void)
{
	return ends_in_another(2, 1) == 654321;
}

static int call_never(void *arg)
{
	never_returns(7);
	return 0;
}

static bool never_right(void)
{
	return kthread_join(kthread_run(call_never, NULL, "never")) == 7;
}

static const struct shape {
	const char *name;
	const void *fn;
	bool (*right)(void);
	unsigned int stack_words;
	bool varargs;
} shapes[] = {
	{ "none", none, none_right },
	{ "one", one, one_right },
	{ "two", two, two_right },
	{ "three", three, three_right },
	{ "four", four, four_right },
	{ "five", five, five_right },
	{ "six", six, six_right },
	{ "nine", nine, nine_right, .stack_words = 3 },
	{ "variable", sum_of, sum_right, .stack_words = 8, .varargs = true },
	{ "128 bits", product, product_right },
	{ "in memory", large_one, large_right },
	{ "tail call", ends_in_another, ends_right },
};

/* ---- what stands in between ---- */

static struct ftrace_ops direct;
static u64 entries, exits;

static void notrace count_entry(struct ftrace_fexit_call *call, void *data)
{
	__atomic_fetch_add(&entries, 1, __ATOMIC_RELAXED);
}

static void notrace count_exit(struct ftrace_fexit_call *call, void *data)
{
	__atomic_fetch_add(&exits, 1, __ATOMIC_RELAXED);
}

/* Called once, with the right arguments, and gave the right result? */
static void plain_once(const struct shape *shape)
{
	direct_reset();
	EXPECT(shape->right());
	EXPECT_EQ(direct_hits(0), 1);
}

static void wrapped_once(const struct shape *shape)
{
	entries = exits = 0;
	EXPECT(shape->right());
	EXPECT_EQ(entries, 1);
	EXPECT_EQ(exits, 1);
}

/* Nobody, one and two callbacks in front, the second with all registers. */
static void in_company(const struct shape *shape,
		       void (*once)(const struct shape *shape))
{
	static struct count_ops guest[2];
	unsigned long ip = (unsigned long)shape->fn;
	int n, i;

	once(shape);
	for (n = 0; n < 2; n++) {
		guest[n] = (struct count_ops)COUNT_OPS();
		guest[n].ops.flags = n ? FTRACE_OPS_FL_SAVE_REGS : 0;
		EXPECT_EQ(ftrace_set_filter_ip(&guest[n].ops, ip, 0, 1), 0);
		EXPECT_EQ(register_ftrace_function(&guest[n].ops), 0);
		once(shape);
		for (i = 0; i <= n; i++)
			EXPECT_EQ(count_hits(&guest[i]), (u64)(n - i) + 1);
	}
	for (n = 0; n < 2; n++) {
		EXPECT_EQ(unregister_ftrace_function(&guest[n].ops), 0);
		ftrace_free_filter(&guest[n].ops);
	}
}

static void through_plain(const struct shape *shape)
{
	direct = (struct ftrace_ops){ 0 };
	EXPECT_EQ(ftrace_set_filter_ip(&direct, (unsigned long)shape->fn, 0, 1),
		  0);
	if (EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0)) {
		in_company(shape, plain_once);
		EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0],
						   true),
			  0);
	}
	EXPECT(shape->right());
}

static void through_generated(const struct shape *shape)
{
	static const struct ftrace_fexit_prog prog = { count_entry, count_exit,
						       NULL };
	struct ftrace_fexit_spec spec = {
		.nr = 1,
		.prog = &prog,
		.stack_words = shape->stack_words,
		.varargs = shape->varargs,
	};
	unsigned long ip = (unsigned long)shape->fn;
	struct ftrace_fexit *fexit = ftrace_fexit_attach(&spec, &ip, 1);

	ASSERT(!IS_ERR(fexit));
	in_company(shape, wrapped_once);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	ftrace_fexit_reap();
	EXPECT(shape->right());
}

static void every_shape(void (*through)(const struct shape *shape))
{
	bool chains = ftrace_use_chains, tramps = ftrace_use_trampolines;
	int way;
	size_t i;

	for (way = 0; way < 3; way++) {
		ftrace_use_chains = chains && way < 1;
		ftrace_use_trampolines = tramps && way < 2;
		for (i = 0; i < ARRAY_SIZE(shapes) && !ktest_failed(); i++) {
			through(&shapes[i]);
			if (ktest_failed())
				pr_err("shape %s, way %d", shapes[i].name, way);
		}
	}
	ftrace_use_chains = chains;
	ftrace_use_trampolines = tramps;
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST(direct_args, reach_the_function_behind_a_plain_target)
{
	every_shape(through_plain);
}

KTEST(direct_args, reach_the_function_inside_a_generated_one)
{
	every_shape(through_generated);
}

/* The control: a word that is not copied does not arrive. */
KTEST(direct_args, a_stack_word_too_few)
{
	static const struct ftrace_fexit_prog prog = { count_entry, count_exit,
						       NULL };
	struct ftrace_fexit_spec spec = {
		.nr = 1,
		.prog = &prog,
		.stack_words = 2,
	};
	unsigned long ip = (unsigned long)nine;
	struct ftrace_fexit *fexit;

	fexit = ftrace_fexit_attach(&spec, &ip, 1);
	ASSERT(!IS_ERR(fexit));
	EXPECT(!nine_right());
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	ftrace_fexit_reap();
}

/* The function is called last, also where it never comes back. */
KTEST(direct_args, never_returning)
{
	static const struct shape never = { "never", never_returns,
					    never_right };

	through_plain(&never);
}

static bool lies_in(unsigned long addr, unsigned long function)
{
	unsigned long off;

	return kallsyms_lookup(addr, &off, NULL) && addr - off == function;
}

/* The shapes are what they are called: in a tail call nobody is in between. */
KTEST(direct_args, a_tail_call_is_one)
{
	EXPECT(ends_right());
	EXPECT(!lies_in(six_returns_to, (unsigned long)ends_in_another));
	EXPECT(nine_right());
	EXPECT(lies_in(six_returns_to, (unsigned long)nine));
}
