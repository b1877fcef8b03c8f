// SPDX-License-Identifier: MIT
/*
 * trace/probes/kprobe.h: registration, handlers, counts.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/jump_label.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kprobe.h"
#include <asm/pt_regs.h>

#define CALLS 50

/* A function with a site, and one without; both are called by nobody else. */
static noinline long probed_sum(long a, long b)
{
	__asm__ volatile("" : "+r"(a));
	return a + b;
}

static noinline notrace long plain_sum(long a, long b)
{
	__asm__ volatile("" : "+r"(a));
	return a + b;
}

static noinline long other(long a)
{
	__asm__ volatile("" : "+r"(a));
	return -a;
}

typedef long (*sum_fn)(long a, long b);

/* One of each mechanism. */
static const sum_fn functions[] = { probed_sum, plain_sum };

/* What handlers have seen. */
static struct {
	unsigned long pre, post;
	struct pt_regs at_pre;
	unsigned long ip_at_post;
	char order[16];
	size_t n;
} seen;

static int note_pre(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	seen.pre++;
	seen.at_pre = *regs;
	return 0;
}

static void note_post(struct kprobe *p, struct pt_regs *regs,
		      unsigned long flags)
{
	(void)p;
	(void)flags;
	seen.post++;
	seen.ip_at_post = regs->ip;
}

static void forget(void)
{
	memset(&seen, 0, sizeof(seen));
}

static void call(sum_fn fn, unsigned int n)
{
	while (n--)
		EXPECT_EQ(fn(n, 7), n + 7);
}

KTEST(kprobe, counts_are_exact_and_registers_right_K4)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct kprobe p = { .addr = (kprobe_opcode_t *)functions[i],
				    .pre_handler = note_pre };
		unsigned long sp = 0;

		forget();
		call(functions[i], 3);
		ASSERT_EQ(register_kprobe(&p), 0);
		EXPECT_EQ(!!(p.flags & KPROBE_FLAG_FTRACE), i == 0);
		EXPECT(p.flags & KPROBE_FLAG_ON_FUNC_ENTRY);
		call(functions[i], CALLS);
		EXPECT_EQ(seen.pre, CALLS);
		EXPECT_EQ(functions[i](40, 2), 42);
		EXPECT_EQ(seen.at_pre.di, 40);
		EXPECT_EQ(seen.at_pre.si, 2);
		EXPECT_EQ(seen.at_pre.ip, (unsigned long)functions[i] + 1);
		sp = seen.at_pre.sp;
		EXPECT(sp < (unsigned long)__builtin_frame_address(0));
		unregister_kprobe(&p);
		call(functions[i], 3);
		EXPECT_EQ(seen.pre, CALLS + 1);
		EXPECT_EQ(p.nmissed, 0);
	}
}

KTEST(kprobe, post_handler_comes_after_the_instruction)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct kprobe p = { .addr = (kprobe_opcode_t *)functions[i],
				    .post_handler = note_post };

		forget();
		ASSERT_EQ(register_kprobe(&p), 0);
		call(functions[i], CALLS);
		unregister_kprobe(&p);
		EXPECT_EQ(seen.post, CALLS);
		if (i == 0)
			EXPECT_EQ(seen.ip_at_post,
				  (unsigned long)functions[i] + 5);
		else
			EXPECT(seen.ip_at_post > (unsigned long)functions[i] &&
			       seen.ip_at_post <
				       (unsigned long)functions[i] + 16);
	}
}

/* Returns 1000 * a from the function at once. */
static int return_at_once(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	seen.pre++;
	regs->ax = 1000 * regs->di;
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += 8;
	return 1;
}

/* Goes on in another function instead. */
static int go_elsewhere(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	seen.pre++;
	regs->ip = (unsigned long)other;
	return 1;
}

KTEST(kprobe, a_handler_may_change_ip)
{
	struct kprobe p = { .pre_handler = return_at_once,
			    .post_handler = note_post };
	struct kprobe later = { .pre_handler = note_pre };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		p.addr = later.addr = (kprobe_opcode_t *)functions[i];
		p.pre_handler = go_elsewhere;
		forget();
		ASSERT_EQ(register_kprobe(&p), 0);
		ASSERT_EQ(register_kprobe(&later), 0);
		EXPECT_EQ(functions[i](5, 6), -5);
		EXPECT_EQ(seen.pre, 1); /* no later handler */
		EXPECT_EQ(seen.post, 0);
		EXPECT_EQ(later.nmissed, 0);
		unregister_kprobe(&p);
		unregister_kprobe(&later);
	}
	p.addr = (kprobe_opcode_t *)plain_sum;
	p.pre_handler = return_at_once;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(plain_sum(5, 6), 5000);
	unregister_kprobe(&p);
	EXPECT_EQ(plain_sum(5, 6), 11);
}

static int note_order(struct kprobe *p, struct pt_regs *regs)
{
	(void)regs;
	if (seen.n < sizeof(seen.order) - 1)
		seen.order[seen.n++] = p->symbol_name ? '?' : (char)p->offset;
	return 0;
}

/* Several on one address, each switched on and off. */
KTEST(kprobe, aggregation)
{
	struct kprobe a = { .pre_handler = note_order };
	struct kprobe b = { .pre_handler = note_pre };
	struct kprobe c = { .post_handler = note_post,
			    .flags = KPROBE_FLAG_DISABLED };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct kprobe *all[] = { &a, &b, &c };

		a.addr = b.addr = c.addr = (kprobe_opcode_t *)functions[i];
		a.flags = b.flags = 0;
		c.flags = KPROBE_FLAG_DISABLED;
		forget();
		ASSERT_EQ(register_kprobes(all, 3), 0);
		EXPECT_EQ((u64)get_kprobe(a.addr), (u64)&a);
		call(functions[i], 4);
		EXPECT_EQ(seen.n, 4);
		EXPECT_EQ(seen.pre, 4);
		EXPECT_EQ(seen.post, 0);
		EXPECT_EQ(enable_kprobe(&c), 0);
		EXPECT_EQ(disable_kprobe(&b), 0);
		call(functions[i], 4);
		EXPECT_EQ(seen.n, 8);
		EXPECT_EQ(seen.pre, 4);
		EXPECT_EQ(seen.post, 4);
		unregister_kprobe(&c);
		EXPECT_EQ(disable_kprobe(&a), 0);
		call(functions[i], 4);
		EXPECT_EQ(seen.n, 8);
		EXPECT_EQ(enable_kprobe(&b), 0);
		call(functions[i], 4);
		EXPECT_EQ(seen.pre, 8);
		EXPECT_EQ(seen.post, 4);
		unregister_kprobes(all, 3); /* c is skipped */
		EXPECT(!get_kprobe((void *)functions[i]));
	}
}

KTEST(kprobe, the_switch_of_all)
{
	struct kprobe p = { .pre_handler = note_pre };
	struct kprobe q = { .pre_handler = note_pre };

	p.addr = (kprobe_opcode_t *)probed_sum;
	q.addr = (kprobe_opcode_t *)plain_sum;
	forget();
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(kprobes_set_all(false), 0);
	EXPECT(!kprobes_all());
	ASSERT_EQ(register_kprobe(&q), 0);
	call(probed_sum, 3);
	call(plain_sum, 3);
	EXPECT_EQ(seen.pre, 0);
	EXPECT_EQ(kprobes_set_all(true), 0);
	call(probed_sum, 3);
	call(plain_sum, 3);
	EXPECT_EQ(seen.pre, 6);
	unregister_kprobe(&p);
	unregister_kprobe(&q);
}

/* ---- nesting ---- */

static int call_the_other(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	seen.pre++;
	EXPECT(kprobe_running() == p);
	EXPECT_EQ(plain_sum(1, 2), 3);
	EXPECT_EQ(probed_sum(1, 2), 3);
	return 0;
}

/* A probe reached from a handler is missed, and counted. */
KTEST(kprobe, nested_hits_are_missed_K4)
{
	struct kprobe outer = { .pre_handler = call_the_other };
	struct kprobe inner = { .pre_handler = note_pre };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		outer.addr = (kprobe_opcode_t *)functions[i];
		inner.addr = (kprobe_opcode_t *)functions[!i];
		forget();
		ASSERT_EQ(register_kprobe(&outer), 0);
		ASSERT_EQ(register_kprobe(&inner), 0);
		call(functions[i], CALLS);
		EXPECT_EQ(seen.pre, CALLS);
		EXPECT_EQ(outer.nmissed, CALLS); /* it calls itself, too */
		EXPECT_EQ(inner.nmissed, CALLS);
		call(functions[!i], 2);
		EXPECT_EQ(seen.pre, CALLS + 2);
		EXPECT(!kprobe_running());
		unregister_kprobe(&outer);
		unregister_kprobe(&inner);
	}
}

static int register_inside(struct kprobe *p, struct pt_regs *regs)
{
	struct kprobe q = { .addr = (kprobe_opcode_t *)other };

	(void)p;
	(void)regs;
	EXPECT_EQ(register_kprobe(&q), -EDEADLK);
	EXPECT_EQ(disable_kprobe(&q), -EDEADLK);
	seen.pre++;
	return 0;
}

KTEST(kprobe, no_request_from_a_handler)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		struct kprobe p = { .addr = (kprobe_opcode_t *)functions[i],
				    .pre_handler = register_inside };

		forget();
		ASSERT_EQ(register_kprobe(&p), 0);
		call(functions[i], 1);
		EXPECT_EQ(seen.pre, 1);
		unregister_kprobe(&p);
	}
}

/* ---- refusals ---- */

static int refusal(const void *addr, const char *symbol, unsigned int offset)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)addr,
			    .symbol_name = symbol,
			    .offset = offset,
			    .pre_handler = note_pre };
	int err = register_kprobe(&p);

	if (!err)
		unregister_kprobe(&p);
	EXPECT_EQ((u64)p.addr, (u64)addr);
	return err;
}

static u8 data[16] = { 0x90, 0x90 };

KTEST(kprobe, refusals)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)plain_sum };
	struct kprobe bad = { .symbol_name = "no_such_function" };
	struct kprobe *both[] = { &p, &bad };

	EXPECT_EQ(refusal(NULL, NULL, 0), -EINVAL);
	EXPECT_EQ(refusal((void *)plain_sum, "plain_sum", 0), -EINVAL);
	EXPECT_EQ(refusal(NULL, "no_such_function", 0), -ENOENT);
	EXPECT_EQ(refusal(data, NULL, 0), -EINVAL);
	EXPECT_EQ(refusal(__exec_pool_start, NULL, 0), -EINVAL);
	EXPECT_EQ(refusal((void *)probed_sum, NULL, 1), -EILSEQ);
	EXPECT_EQ(refusal((void *)probed_sum, NULL, 4), -EILSEQ);
	EXPECT_EQ(refusal(NULL, "kprobe_trap", 0), -EINVAL);
	EXPECT_EQ(refusal(NULL, "poke_int3_handler", 0), -EINVAL);
	EXPECT_EQ(refusal(NULL, "irq_common", 0), -EINVAL);
	EXPECT_EQ(register_kprobes(both, 0), -EINVAL);
	EXPECT_EQ(register_kprobes(both, -1), -EINVAL);
	EXPECT_EQ(register_kprobes(both, 2), -ENOENT); /* all or none */
	EXPECT(!get_kprobe((void *)plain_sum));
	EXPECT_EQ(disable_kprobe(&p), -EINVAL);
	EXPECT_EQ(enable_kprobe(&p), -EINVAL);
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(register_kprobe(&p), -EINVAL);
	unregister_kprobe(&p);
	unregister_kprobe(&p);
}

DEFINE_STATIC_KEY_FALSE(probed_key);

static noinline notrace int tests_a_key(int a)
{
	return static_branch_unlikely(&probed_key) ? 2 * a : a;
}

/* The site of a static key, in the middle of a function. */
KTEST(kprobe, bytes_of_a_static_key_are_refused)
{
	unsigned long at = (unsigned long)tests_a_key;

	while (!jump_label_text_reserved(at, at + 1))
		at++;
	ASSERT(at < (unsigned long)tests_a_key + 32);
	EXPECT_EQ(refusal((void *)at, NULL, 0), -EINVAL);
	EXPECT_EQ(tests_a_key(3), 3);
	static_branch_enable(&probed_key);
	EXPECT_EQ(tests_a_key(3), 6);
	EXPECT_EQ(refusal((void *)at, NULL, 0), -EINVAL);
	static_branch_disable(&probed_key);
}

KTEST(kprobe, by_symbol_and_offset)
{
	unsigned long long value = 0;
	struct kprobe p = { .symbol_name = "kstrtoull",
			    .offset = MCOUNT_INSN_SIZE,
			    .pre_handler = note_pre };

	forget();
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ((u64)p.addr, (u64)kstrtoull + MCOUNT_INSN_SIZE);
	EXPECT_EQ(kstrtoull("12", 10, &value), 0);
	EXPECT_EQ(value, 12);
	EXPECT_EQ(seen.pre, 1);
	unregister_kprobe(&p);
	EXPECT(!p.addr);
	ASSERT_EQ(register_kprobe(&p), 0);
	unregister_kprobe(&p);
}
