// SPDX-License-Identifier: MIT
/*
 * Stack walks that begin at every kind of place in a function, in the entry
 * code, and on damaged stacks.
 */
#include "arch/x86_64/cpu/entry.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/stack_probe.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

/* Three functions with frames, to stand in. */
static noinline void edge_inner(void)
{
	barrier();
}

static noinline void edge_middle(void)
{
	edge_inner();
	barrier();
}

static noinline void edge_outer(void)
{
	edge_middle();
	barrier();
}

/* ---- at every place of a function ---------------------------------------- */

/*
 * A walk from registers as they are at an instruction of edge_middle(), on a
 * stack made up for it: [ret] or [rbp, ret] on top, then the caller's frame.
 */
static bool caller_found(unsigned long ip, unsigned int pushed, bool framed)
{
	unsigned long stack[8] = { 0 };
	unsigned long caller = (unsigned long)edge_outer + 12;
	unsigned long *frame = &stack[4];
	struct pt_regs regs = { .ip = ip };
	struct trace t;

	frame[0] = 0;
	frame[1] = (unsigned long)edge_inner + 12;
	stack[3] = caller;
	stack[2] = (unsigned long)frame;
	regs.sp = (unsigned long)&stack[3 - pushed];
	regs.bp = framed ? (unsigned long)&stack[2] : (unsigned long)frame;
	t.n = stack_trace_save_regs(&regs, t.ip, TRACE_DEPTH, 0);
	if (t.n == 3 && t.ip[0] == ip && t.ip[1] == caller &&
	    t.ip[2] == frame[1])
		return true;
	ktest_note("at %pS:", (void *)ip);
	trace_show(&t);
	return false;
}

/* The bytes tell where in the prologue and epilogue we are. */
KTEST(stacktrace, no_caller_is_lost_at_the_edges_of_a_function)
{
	unsigned long start = (unsigned long)edge_middle, size, off;
	const u8 *code = (const u8 *)edge_middle;
	unsigned long push;

	ASSERT(kallsyms_lookup(start, &off, &size));
	push = code[0] == 0x55 ? 0 : 5;
	ASSERT_EQ(code[push], 0x55);
	ASSERT_EQ(code[push + 1], 0x48); /* mov rbp, rsp */
	EXPECT(caller_found(start, 0, false));
	if (push) {
		EXPECT(caller_found(start + 1, 0, false)); /* behind an INT3 */
		EXPECT(caller_found(start + 5, 0, false));
	}
	EXPECT(caller_found(start + push + 1, 1, false));
	EXPECT(caller_found(start + push + 4, 1, true));
	for (off = push; code[off] != 0xc3 && off < size; off++)
		;
	ASSERT_EQ(code[off], 0xc3);
	ASSERT_EQ(code[off - 1], 0x5d); /* pop rbp */
	EXPECT(caller_found(start + off - 1, 1, true));
	EXPECT(caller_found(start + off, 0, false));
}

/*
 * On the way out of the graph tracer's hook, pop rcx and jmp rcx, the caller
 * is the word on top, then rcx alone: what is below rsp may be overwritten.
 */
static bool caller_found_on_way_out(const u8 *at, bool popped)
{
	unsigned long caller = (unsigned long)edge_outer + 12;
	unsigned long stack[8] = { 0 }, *frame = &stack[4];
	struct pt_regs regs = {
		.ip = (unsigned long)at,
		.sp = (unsigned long)&stack[popped ? 4 : 3],
		.bp = (unsigned long)frame,
	};
	struct trace t;

	frame[1] = (unsigned long)edge_inner + 12;
	if (popped)
		regs.cx = caller;
	else
		stack[3] = caller;
	t.n = stack_trace_save_regs(&regs, t.ip, TRACE_DEPTH, 0);
	return t.n == 3 && t.ip[1] == caller && t.ip[2] == frame[1];
}

KTEST(stacktrace, no_caller_is_lost_on_the_way_out_of_a_hook)
{
	const u8 *at = (const u8 *)return_to_handler;

	while (at < (const u8 *)return_to_handler_end &&
	       (at[0] != 0x59 || at[1] != 0xff || at[2] != 0xe1))
		at++;
	ASSERT(at < (const u8 *)return_to_handler_end);
	EXPECT(caller_found_on_way_out(at, false));
	EXPECT(caller_found_on_way_out(at + 1, true));
}

/*
 * The same in earnest: one CPU is interrupted by NMIs at whatever instruction
 * it is, while it runs through small functions. A function called by
 * st_sampled() must have it as caller, whichever instruction it stands at.
 */
static noinline unsigned long st_leaf(unsigned long n)
{
	return n * 3 + 1;
}

static noinline unsigned long st_early_out(const char *s)
{
	if (!*s)
		return 7;
	return strlen(s);
}

static noinline void st_sampled(void)
{
	static unsigned long n;

	n = st_leaf(n) + st_early_out("") + st_early_out("abc");
	n += strcmp("same text", "same test");
	barrier();
}

/* Entry 0 is in a function that only st_sampled() calls. */
static notrace enum sample_verdict judge(const struct trace *t)
{
	if (!t->n ||
	    (!is_in(t->ip[0], st_leaf) && !is_in(t->ip[0], st_early_out)))
		return SAMPLE_ELSEWHERE;
	return t->n > 1 && is_in(t->ip[1], st_sampled) ? SAMPLE_GOOD :
							 SAMPLE_BAD;
}

KTEST(stacktrace, no_caller_is_lost_wherever_an_nmi_strikes)
{
	static const struct nmi_sample what = { st_sampled, judge, false };

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	nmi_sample(&what);
}

/* ---- in the entry code --------------------------------------------------- */

/*
 * An NMI has struck at ip in the entry code, which was entered from the first
 * byte of edge_middle(), called by edge_outer(). The CPU's words lie @above
 * words above the stack pointer.
 */
static bool entry_seen_through(unsigned long ip, unsigned int above,
			       const unsigned long *words, unsigned int n)
{
	unsigned long caller = (unsigned long)edge_outer + 12;
	unsigned long stack[48] = { 0 };
	struct pt_regs regs = { .ip = ip };
	struct trace t;

	memcpy(&stack[above], words, n * sizeof(*words));
	if (n == 5)
		stack[above + 3] = (unsigned long)&stack[40];
	stack[n == 5 ? 40 : above + n] = caller;
	regs.sp = (unsigned long)stack;
	t.n = stack_trace_save_regs(&regs, t.ip, TRACE_DEPTH, 0);
	if (t.n == 3 && t.ip[0] == ip && t.ip[2] == caller &&
	    t.ip[1] == (unsigned long)edge_middle)
		return true;
	ktest_note("with %u words:", above);
	trace_show(&t);
	return false;
}

KTEST(stacktrace, an_nmi_in_an_entry_stub_sees_what_was_interrupted)
{
	unsigned long iret[5] = { (unsigned long)edge_middle, KERNEL_CS, 2 };
	unsigned long popf[2] = { 2, (unsigned long)edge_middle };
	const u8 *at = (const u8 *)entry_stubs;
	unsigned int above;

	for (above = 0; above <= 20; above++)
		EXPECT(entry_seen_through((unsigned long)entry_stubs + 32 * 16,
					  above, iret, 5));
	while (at < (const u8 *)entry_code_end &&
	       !(at[0] == 0x9d && at[1] == 0xc3)) /* popfq, ret: out of #BP */
		at++;
	ASSERT(at < (const u8 *)entry_code_end);
	EXPECT(entry_seen_through((unsigned long)at, 0, popf, 2));
	EXPECT(entry_seen_through((unsigned long)at + 1, 0, popf + 1, 1));
}

/* ---- damage -------------------------------------------------------------- */

static unsigned int walk_from(unsigned long bp)
{
	unsigned long here[4];
	struct pt_regs regs = {
		.ip = (unsigned long)edge_outer + 12,
		.bp = bp,
		.sp = (unsigned long)here,
	};
	struct trace t;

	return stack_trace_save_regs(&regs, t.ip, TRACE_DEPTH, 0);
}

KTEST(stacktrace, a_damaged_stack_ends_the_walk_SW1)
{
	unsigned long stack[8] = { 0 };
	unsigned long self = (unsigned long)stack;
	unsigned long end = (unsigned long)current->stack + current->stack_size;

	EXPECT_EQ(walk_from(0), 1);
	EXPECT_EQ(walk_from(8), 1);
	EXPECT_EQ(walk_from(0x1234567812345678), 1); /* not canonical */
	EXPECT_EQ(walk_from(~0UL), 1);
	EXPECT_EQ(walk_from(~0UL - 7), 1);
	EXPECT_EQ(walk_from((unsigned long)current->stack - 8), 1); /* guard */
	EXPECT_EQ(walk_from(end), 1);
	EXPECT_EQ(walk_from(end - 8), 1);
	EXPECT_EQ(walk_from(end + 1), 1); /* a pt_regs past the end */
	EXPECT_EQ(walk_from(self + 4), 1);
	stack[0] = self; /* a frame that is its own caller */
	stack[1] = (unsigned long)edge_middle + 12;
	EXPECT_EQ(walk_from(self), 2);
	stack[0] = self - 16; /* downwards */
	EXPECT_EQ(walk_from(self), 2);
}

/* A pt_regs that says "interrupted here" of itself or of its like. */
KTEST(stacktrace, a_circle_of_registers_ends_SW2)
{
	static struct pt_regs a, b;
	unsigned long ip = (unsigned long)edge_middle + 12;
	struct trace t;

	a = (struct pt_regs){ .ip = ip, .sp = (unsigned long)&b };
	b = (struct pt_regs){ .ip = ip, .sp = (unsigned long)&a };
	a.bp = (unsigned long)&b | 1;
	b.bp = (unsigned long)&a | 1;
	t.n = stack_trace_save_regs(&a, t.ip, TRACE_DEPTH, 0);
	EXPECT(t.n >= 1 && t.n < TRACE_DEPTH);
	a.bp = (unsigned long)&a | 1;
	a.ip = 0; /* not even an address to fill the buffer with */
	t.n = stack_trace_save_regs(&a, t.ip, TRACE_DEPTH, 0);
	EXPECT_EQ(t.n, 0);
}
