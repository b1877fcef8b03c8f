// SPDX-License-Identifier: MIT
/*
 * What an observer outside of the machine is to see: one site of the image is
 * patched under load, and the kernel's own account of it is printed, for
 * tests/test_observer.py to lay beside the account of a QEMU plugin.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "demo/demo.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace.h"
#include <asm/percpu.h>

#define OBSERVE_NS 300000000ULL

void demo_first(void);
void demo_second(void);
DECLARE_PER_CPU(u64, demo_first_calls);
DECLARE_PER_CPU(u64, demo_second_calls);

struct account {
	u64 first, second;
	struct poke_hits hits;
};

static struct account take_account(void)
{
	struct account now = { .hits = poke_hits_total() };
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		now.first += per_cpu(demo_first_calls, cpu);
		now.second += per_cpu(demo_second_calls, cpu);
	}
	return now;
}

static u64 hits_of(const struct account *to, const struct account *from,
		   unsigned int kind)
{
	return to->hits.live[kind] + to->hits.late[kind] -
	       from->hits.live[kind] - from->hits.late[kind];
}

/* NOP -> first -> second -> first ... -> NOP, while all CPUs call. */
static void patch_under_load(struct ftrace_ops *ops)
{
	unsigned long target[] = { (unsigned long)demo_first,
				   (unsigned long)demo_second };
	u64 end = ktime_ns() + OBSERVE_NS;
	unsigned int turn = 0;

	EXPECT_EQ(register_ftrace_direct(ops, target[0]), 0);
	while (ktime_ns() < end)
		EXPECT_EQ(modify_ftrace_direct(ops, target[++turn % 2]), 0);
	EXPECT_EQ(unregister_ftrace_direct(ops, target[turn % 2], true), 0);
}

KTEST(observer, account_of_a_site)
{
	static struct ftrace_ops ops;
	struct account before = take_account(), after;

	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)demo_step, 0, 1),
		  0);
	ASSERT_EQ(load_start(), 0);
	load_open();
	patch_under_load(&ops);
	load_close();
	load_stop();
	after = take_account();
	ktest_note("account: calls=%llu first=%llu second=%llu "
		   "trapped_call=%llu trapped_nop=%llu",
		   load_calls(), after.first - before.first,
		   after.second - before.second,
		   hits_of(&after, &before, INSN_KIND_CALL),
		   hits_of(&after, &before, INSN_KIND_NOP5));
	EXPECT(after.first > before.first);
	EXPECT(after.second > before.second);
}
