// SPDX-License-Identifier: MIT
/*
 * Probes at sites by their trampoline: many at once, so that sites share a
 * bucket of its table; alone, with a second probe, and beside another ops; the
 * stack seen from a handler; and a switch that a handler asks for.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/arch_kprobe.h"
#include "trace/probes/kprobe.h"
#include "trace/probes/kretprobe.h"
#include <asm/pt_regs.h>

static struct kprobe probes[NR_TARGETS];
static struct kprobe *list[NR_TARGETS];
static volatile u32 hits[NR_TARGETS];

static int count_own(struct kprobe *p, struct pt_regs *regs)
{
	hits[p - probes] += regs->ip == (unsigned long)p->addr + 1;
	return 0;
}

KTEST(kprobe_sites, each_of_a_thousand_finds_its_own_K4)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < NR_TARGETS; i++) {
		probes[i] = (struct kprobe){ .addr = (u8 *)target_ip(i),
					     .pre_handler = count_own };
		list[i] = &probes[i];
		hits[i] = 0;
	}
	ASSERT_EQ(register_kprobes(list, NR_TARGETS), 0);
	for (i = 0; i < NR_TARGETS; i++)
		ftrace_target[i]();
	unregister_kprobes(list, NR_TARGETS / 2);
	for (i = 0; i < NR_TARGETS; i++)
		ftrace_target[i]();
	unregister_kprobes(list, NR_TARGETS);
	for (i = 0; i < NR_TARGETS; i++) {
		ftrace_target[i]();
		wrong += hits[i] != (i < NR_TARGETS / 2 ? 1 : 2);
		wrong += probes[i].nmissed != 0;
	}
	EXPECT_EQ(wrong, 0);
}

static unsigned int bucket(unsigned long site)
{
	return kprobe_site_bucket(site + MCOUNT_INSN_SIZE);
}

/* A site in the bucket of @site that is not a target; or 0. */
static unsigned long neighbour_of(unsigned long site)
{
	unsigned long ip;
	size_t i;

	for (i = 0; i < ftrace_rec_count(); i++) {
		ip = ftrace_rec_ip(ftrace_rec(i));
		if (!ftrace_rec_disabled(ftrace_rec(i)) &&
		    (ip < target_ip(0) || ip > target_ip(NR_TARGETS - 1)) &&
		    bucket(ip) == bucket(site))
			return ip;
	}
	return 0;
}

/* The first of a bucket, and one behind it. */
KTEST(kprobe_sites, two_in_one_bucket)
{
	struct kprobe near = { .flags = KPROBE_FLAG_DISABLED };
	unsigned int i;

	for (i = 0; i < NR_TARGETS; i++) {
		near.addr = (u8 *)neighbour_of(target_ip(i));
		if (near.addr)
			break;
	}
	ASSERT(i < NR_TARGETS);
	probes[i] = (struct kprobe){ .addr = (u8 *)target_ip(i),
				     .pre_handler = count_own };
	hits[i] = 0;
	ASSERT_EQ(register_kprobe(&near), 0);
	ASSERT_EQ(register_kprobe(&probes[i]), 0);
	ftrace_target[i]();
	EXPECT_EQ(hits[i], 1);
	unregister_kprobe(&near);
	ftrace_target[i]();
	near.flags = KPROBE_FLAG_DISABLED;
	ASSERT_EQ(register_kprobe(&near), 0);
	ftrace_target[i]();
	EXPECT_EQ(hits[i], 3);
	unregister_kprobe(&probes[i]);
	ftrace_target[i]();
	EXPECT_EQ(hits[i], 3);
	unregister_kprobe(&near);
}

/* The trampoline, its general part and a chain call the same handlers. */
KTEST(kprobe_sites, alone_with_another_probe_and_in_a_chain)
{
	static struct count_ops other = COUNT_OPS(0);
	struct kprobe second = { .addr = (u8 *)target_ip(0) };

	probes[0] = (struct kprobe){ .addr = (u8 *)target_ip(0),
				     .pre_handler = count_own };
	hits[0] = 0;
	ASSERT_EQ(register_kprobe(&probes[0]), 0);
	ftrace_target[0]();
	EXPECT_EQ(hits[0], 1);
	ASSERT_EQ(register_kprobe(&second), 0);
	ftrace_target[0]();
	EXPECT_EQ(hits[0], 2);
	ASSERT_EQ(filter_targets(&other.ops, 0, 1), 0);
	ASSERT_EQ(register_ftrace_function(&other.ops), 0);
	ftrace_target[0]();
	unregister_kprobe(&second);
	ftrace_target[0]();
	EXPECT_EQ(hits[0], 4);
	EXPECT_EQ(count_hits(&other), 2);
	EXPECT_EQ(unregister_ftrace_function(&other.ops), 0);
	ftrace_target[0]();
	EXPECT_EQ(hits[0], 5);
	unregister_kprobe(&probes[0]);
	EXPECT_EQ(ftrace_free_filter(&other.ops), 0);
}

static struct {
	unsigned long ip[16];
	unsigned int n;
} trace;

static noinline void walked(void)
{
	__asm__ volatile("");
}

static noinline notrace void calls_walked(void)
{
	walked();
	__asm__ volatile(""); /* no tail call */
}

static int walk(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	trace.n = stack_trace_save(trace.ip, ARRAY_SIZE(trace.ip), 0);
	return 0;
}

static bool is_in(unsigned long ip, const char *name)
{
	unsigned long off, size;
	const char *symbol = kallsyms_lookup(ip, &off, &size);

	return symbol && !strcmp(symbol, name);
}

/* The trampoline hides neither the probed function nor its caller. */
KTEST(kprobe_sites, the_stack_in_a_handler_is_the_callers)
{
	struct kprobe p = { .addr = (u8 *)walked, .pre_handler = walk };
	unsigned int i;

	trace.n = 0;
	ASSERT_EQ(register_kprobe(&p), 0);
	calls_walked();
	unregister_kprobe(&p);
	for (i = 0; i < trace.n && !is_in(trace.ip[i], "walked"); i++)
		;
	ASSERT(i + 1 < trace.n);
	EXPECT(is_in(trace.ip[i + 1], "calls_walked"));
}

/* ---- a handler that writes the word which tells two frames apart ---- */

static unsigned long scribbled, whole, damaged;

static int scribble(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	scribbled++;
	regs->orig_ax = 0x5a5a5a5a;
	return 0;
}

static int scribble_at_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	(void)ri;
	scribbled++;
	regs->orig_ax = 0x5a5a5a5a;
	return 0;
}

static notrace void look_at_frame(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	bool right = ftrace_get_regs(fregs) &&
		     ftrace_regs_get_instruction_pointer(fregs) ==
			     ip + MCOUNT_INSN_SIZE;

	(void)parent_ip;
	(void)ops;
	whole += right;
	damaged += !right;
}

/* One ops is called before the handler, the other one behind it. */
static void beside_two_others(struct kprobe *p, struct kretprobe *rp)
{
	struct ftrace_ops a = { .func = look_at_frame,
				.flags = FTRACE_OPS_FL_SAVE_REGS };
	struct ftrace_ops b = a;

	scribbled = whole = damaged = 0;
	EXPECT_EQ(filter_targets(&a, 0, 1), 0);
	EXPECT_EQ(filter_targets(&b, 0, 1), 0);
	ASSERT_EQ(register_ftrace_function(&a), 0);
	EXPECT_EQ(p ? register_kprobe(p) : register_kretprobe(rp), 0);
	EXPECT_EQ(register_ftrace_function(&b), 0);
	ftrace_target[0]();
	EXPECT_EQ(unregister_ftrace_function(&b), 0);
	EXPECT_EQ(unregister_ftrace_function(&a), 0);
	ftrace_target[0]();
	if (p)
		unregister_kprobe(p);
	else
		unregister_kretprobe(rp);
	EXPECT_EQ(scribbled, 2);
	EXPECT_EQ(whole, 2);
	EXPECT_EQ(damaged, 0);
	EXPECT_EQ(ftrace_free_filter(&a), 0);
	EXPECT_EQ(ftrace_free_filter(&b), 0);
}

KTEST_FLAGS(kprobe_sites, a_handler_may_write_orig_ax, KTEST_LEAKS, 0)
{
	struct kprobe p = { .addr = (u8 *)target_ip(0),
			    .pre_handler = scribble };
	struct kretprobe rp = { .kp = { .addr = (u8 *)target_ip(0) },
				.entry_handler = scribble_at_entry };

	beside_two_others(&p, NULL);
	beside_two_others(NULL, &rp);
}

/* ---- a switch that falls due in a handler ---- */

#define CALLS 20

static int make_due(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	set_need_resched();
	return 0;
}

static int make_due_and_go(struct kprobe *p, struct pt_regs *regs)
{
	regs->ip = (unsigned long)walked;
	return !make_due(p, regs);
}

/* A call without a look ends without a switch, unless a tick comes. */
static unsigned int calls_without_a_switch(void)
{
	unsigned int i, late = 0;
	unsigned long switches;

	for (i = 0; i < CALLS; i++) {
		switches = current->nivcsw;
		ftrace_target[0]();
		late += current->nivcsw == switches;
	}
	return late;
}

KTEST(kprobe_sites, a_switch_that_falls_due_happens_at_the_end)
{
	struct kprobe p = { .addr = (u8 *)target_ip(0),
			    .pre_handler = make_due };

	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(calls_without_a_switch(), 0);
	unregister_kprobe(&p);
}

/* By the general part, and away from the function. */
KTEST(kprobe_sites, a_switch_that_falls_due_happens_on_each_way_out)
{
	struct kprobe p = { .addr = (u8 *)target_ip(0),
			    .pre_handler = make_due };
	struct kprobe second = { .addr = (u8 *)target_ip(0) };

	ASSERT_EQ(register_kprobe(&p), 0);
	ASSERT_EQ(register_kprobe(&second), 0);
	EXPECT_EQ(calls_without_a_switch(), 0);
	unregister_kprobe(&second);
	unregister_kprobe(&p);
	p.pre_handler = make_due_and_go;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(calls_without_a_switch(), 0);
	unregister_kprobe(&p);
}
