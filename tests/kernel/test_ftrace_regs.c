// SPDX-License-Identifier: MIT
/*
 * Registers, flags and stack through every kind of trampoline, with random
 * contents: what the traced function and a direct target find is what the
 * caller left, and what the caller finds is what they left. The callback
 * destroys all it may.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

/* Shared with ftrace_probe.asm. */
struct pt_regs ftrace_probe_in, ftrace_probe_out, ftrace_probe_direct_regs;
struct probe_cb {
	unsigned long ip, parent_ip, ops, fregs, sp, calls;
} ftrace_probe_cb;
extern struct pt_regs ftrace_probe_in, ftrace_probe_out;
extern struct pt_regs ftrace_probe_direct_regs;
extern struct probe_cb ftrace_probe_cb;
void ftrace_probe(void);
void ftrace_probe_callback(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *fregs);
void ftrace_probe_direct(void);
void ftrace_probe_direct_jmp(void);

#define ROUNDS 50

static struct ftrace_ops ops[3];
static struct ftrace_ops direct;
static u64 seed = 88172645463325252ULL;

static u64 random_word(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void randomize(void)
{
	u64 *word = (u64 *)&ftrace_probe_in;
	size_t i;

	for (i = 0; i < sizeof(ftrace_probe_in) / 8; i++)
		word[i] = random_word();
	/* CF PF AF ZF SF OF; DF is 0 at every call. */
	ftrace_probe_in.flags = (random_word() & 0x8d5) | X86_EFLAGS_FIXED |
				X86_EFLAGS_IF;
	ftrace_probe_in.ip = target_ip(7);
	memset(&ftrace_probe_out, 0, sizeof(ftrace_probe_out));
	memset(&ftrace_probe_direct_regs, 0, sizeof(ftrace_probe_direct_regs));
	memset(&ftrace_probe_cb, 0, sizeof(ftrace_probe_cb));
}

/* Everything a callee must find or leave; all of it if @full. */
static bool same(const struct pt_regs *a, const struct pt_regs *b, bool full)
{
	if (full && (a->r10 != b->r10 || a->r11 != b->r11))
		return false;
	return a->r15 == b->r15 && a->r14 == b->r14 && a->r13 == b->r13 &&
	       a->r12 == b->r12 && a->bp == b->bp && a->bx == b->bx &&
	       a->r9 == b->r9 && a->r8 == b->r8 && a->ax == b->ax &&
	       a->cx == b->cx && a->dx == b->dx && a->si == b->si &&
	       a->di == b->di;
}

static bool callback_was_right(unsigned int n)
{
	return ftrace_probe_cb.calls == n &&
	       (!n ||
		(ftrace_probe_cb.ip == target_ip(7) &&
		 ftrace_probe_cb.sp % 8 == 0 &&
		 ftrace_probe_cb.ops == (unsigned long)&ops[n - 1] &&
		 ftrace_probe_cb.parent_ip > (unsigned long)ftrace_probe &&
		 ftrace_probe_cb.parent_ip <
			 (unsigned long)ftrace_probe + 1024));
}

/* One call with @n callbacks on the site; @target what else is, or 0. */
static bool one_call(unsigned int n, bool full, unsigned long target)
{
	struct pt_regs *in = &ftrace_probe_in, *out = &ftrace_probe_out;
	struct pt_regs *seen = &ftrace_probe_direct_regs;
	bool jmp = target & FTRACE_ADDR_JMP;

	randomize();
	ftrace_probe();
	if (!EXPECT(callback_was_right(n)) || !EXPECT(same(in, out, full)))
		return false;
	if (!EXPECT_EQ(in->sp, out->sp) || !EXPECT_EQ(in->ss, out->ss) ||
	    !EXPECT_EQ(in->orig_ax, out->orig_ax))
		return false;
	if (full && !target && !EXPECT_EQ(in->flags, out->flags))
		return false;
	if (!target)
		return true;
	return EXPECT(same(in, seen, full)) &&
	       EXPECT_EQ(seen->sp, in->sp - (jmp ? 8 : 16)) &&
	       (jmp || EXPECT_EQ(seen->ip, target_ip(7) + MCOUNT_INSN_SIZE));
}

static void ops_setup(unsigned int n, unsigned long flags)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		ops[i] = (struct ftrace_ops){ .func = ftrace_probe_callback,
					      .flags = flags };
		EXPECT_EQ(filter_targets(&ops[i], 7, 1), 0);
		EXPECT_EQ(register_ftrace_function(&ops[i]), 0);
	}
}

static void ops_teardown(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		EXPECT_EQ(unregister_ftrace_function(&ops[i]), 0);
		ftrace_free_filter(&ops[i]);
	}
}

/* @n callbacks with @flags, and @target, by whatever way they go. */
static void run(unsigned int n, unsigned long flags, unsigned long target)
{
	bool full = flags & FTRACE_OPS_FL_SAVE_REGS || !n;
	int i;

	direct = (struct ftrace_ops){ 0 };
	EXPECT_EQ(filter_targets(&direct, 7, 1), 0);
	if (target)
		EXPECT_EQ(register_ftrace_direct(&direct, target), 0);
	ops_setup(n, flags);
	for (i = 0; i < ROUNDS; i++)
		if (!one_call(n, full, target))
			break;
	ops_teardown(n);
	if (target)
		EXPECT_EQ(unregister_ftrace_direct(&direct, target, false), 0);
	ftrace_free_filter(&direct);
}

static void every_mix(unsigned long target)
{
	static const unsigned long flags[] = {
		0,
		FTRACE_OPS_FL_SAVE_REGS,
		FTRACE_OPS_FL_RECURSION,
		FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_SAVE_REGS,
	};
	unsigned int n;
	size_t i;

	run(0, 0, target);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (n = 1; n <= 3; n++)
			run(n, flags[i], target);
}

/* By own trampoline, chain, list and static caller. */
static void every_way(unsigned long target)
{
	bool chains = ftrace_use_chains, tramps = ftrace_use_trampolines;

	every_mix(target);
	ftrace_use_chains = false;
	every_mix(target);
	ftrace_use_trampolines = false;
	every_mix(target);
	ftrace_use_chains = chains;
	ftrace_use_trampolines = tramps;
}

KTEST(ftrace_regs, survive_callbacks)
{
	every_way(0);
}

KTEST(ftrace_regs, reach_a_direct_target)
{
	every_way((unsigned long)ftrace_probe_direct);
}

KTEST(ftrace_regs, reach_a_direct_target_by_jump)
{
	every_way((unsigned long)ftrace_probe_direct_jmp | FTRACE_ADDR_JMP);
}

/* The probe itself: a callback's traces are seen where they may be. */
KTEST(ftrace_regs, probe_sees_what_is_not_promised)
{
	unsigned int i, differs = 0;

	ops_setup(1, 0);
	for (i = 0; i < ROUNDS; i++) {
		randomize();
		ftrace_probe();
		differs += ftrace_probe_in.r10 != ftrace_probe_out.r10;
	}
	ops_teardown(1);
	EXPECT_EQ(differs, ROUNDS);
}

/* ---- what a callback may look at and change ---- */

static bool regs_right;

static void notrace callback_look(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *unused,
				  struct ftrace_regs *fregs)
{
	const struct pt_regs *in = &ftrace_probe_in;
	struct pt_regs *regs = ftrace_get_regs(fregs);

	regs_right = ftrace_regs_get_argument(fregs, 0) == in->di &&
		     ftrace_regs_get_argument(fregs, 1) == in->si &&
		     ftrace_regs_get_argument(fregs, 2) == in->dx &&
		     ftrace_regs_get_argument(fregs, 3) == in->cx &&
		     ftrace_regs_get_argument(fregs, 4) == in->r8 &&
		     ftrace_regs_get_argument(fregs, 5) == in->r9 &&
		     ftrace_regs_get_argument(fregs, 6) == 0 &&
		     ftrace_regs_get_return_value(fregs) == in->ax &&
		     ftrace_regs_get_stack_pointer(fregs) == in->sp - 8 &&
		     ftrace_regs_get_instruction_pointer(fregs) ==
			     ip + MCOUNT_INSN_SIZE;
	if (regs)
		regs_right &= same(regs, in, true) &&
			      regs->flags == in->flags &&
			      regs->sp == in->sp - 8 &&
			      regs->ip == ip + MCOUNT_INSN_SIZE;
}

static void look_with(unsigned long flags)
{
	int i;

	ops[0] = (struct ftrace_ops){ .func = callback_look, .flags = flags };
	EXPECT_EQ(filter_targets(&ops[0], 7, 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops[0]), 0);
	for (i = 0; i < ROUNDS; i++) {
		regs_right = false;
		randomize();
		ftrace_probe();
		if (!EXPECT(regs_right))
			break;
	}
	ops_teardown(1);
}

KTEST(ftrace_regs, callback_sees_the_callers)
{
	bool tramps = ftrace_use_trampolines;

	look_with(0);
	look_with(FTRACE_OPS_FL_SAVE_REGS);
	ftrace_use_trampolines = false;
	look_with(0);
	look_with(FTRACE_OPS_FL_SAVE_REGS);
	ftrace_use_trampolines = tramps;
}

static void notrace callback_change(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *unused,
				    struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	regs->di = 1;
	regs->bx = 2;
	regs->r15 = 3;
	regs->ax = 4;
	regs->r10 = 5;
	regs->flags ^= 1;
}

/* Full registers can be written: that is what they are for. */
KTEST(ftrace_regs, callback_changes_full_registers)
{
	ops[0] = (struct ftrace_ops){ .func = callback_change,
				      .flags = FTRACE_OPS_FL_SAVE_REGS };
	EXPECT_EQ(filter_targets(&ops[0], 7, 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops[0]), 0);
	randomize();
	ftrace_probe();
	EXPECT_EQ(ftrace_probe_out.di, 1);
	EXPECT_EQ(ftrace_probe_out.bx, 2);
	EXPECT_EQ(ftrace_probe_out.r15, 3);
	EXPECT_EQ(ftrace_probe_out.ax, 4);
	EXPECT_EQ(ftrace_probe_out.r10, 5);
	EXPECT_EQ(ftrace_probe_out.flags, ftrace_probe_in.flags ^ 1);
	EXPECT_EQ(ftrace_probe_out.si, ftrace_probe_in.si);
	ops_teardown(1);
}

/* ---- depth ---- */

/* A call for each level, whatever the compiler would like. */
static __attribute__((__noipa__)) u64 deep(u64 n, u64 a, u64 b, u64 c, u64 d,
					   u64 e, u64 f, u64 g)
{
	u64 sum;

	if (!n)
		return a + b + c + d + e + f + g;
	sum = deep(n - 1, a + 1, b, c, d, e, f, g + 1);
	barrier();
	return sum + 1;
}

/* 60 calls deep with stack arguments, each traced by two with registers. */
KTEST(ftrace_regs, deep_recursion)
{
	unsigned long ip = (unsigned long)deep;
	static struct count_ops count;
	unsigned int i;
	u64 plain = deep(60, 1, 2, 3, 4, 5, 6, 7);

	count = (struct count_ops)COUNT_OPS();
	for (i = 0; i < 2; i++) {
		ops[i] = (struct ftrace_ops){
			.func = ftrace_probe_callback,
			.flags = FTRACE_OPS_FL_SAVE_REGS,
		};
		EXPECT_EQ(ftrace_set_filter_ip(&ops[i], ip, 0, 1), 0);
		EXPECT_EQ(register_ftrace_function(&ops[i]), 0);
	}
	EXPECT_EQ(ftrace_set_filter_ip(&count.ops, ip, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&count.ops), 0);
	EXPECT_EQ(deep(60, 1, 2, 3, 4, 5, 6, 7), plain);
	EXPECT_EQ(count_hits(&count), 61);
	EXPECT_EQ(unregister_ftrace_function(&count.ops), 0);
	ftrace_free_filter(&count.ops);
	ops_teardown(2);
}
