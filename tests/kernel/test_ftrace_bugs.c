// SPDX-License-Identifier: MIT
/*
 * Bugs that tracers of this kind have had, each as a test of its own: what
 * went wrong elsewhere must not here. (Those of the patch engine and of the
 * graph tracer are with them; those that need no machine are on the host.)
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ftrace_load.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include <asm/cpu.h>

/* ---- ops used after unregister, where nothing had to be patched ---- */

static bool in_callback, leave_callback;
static u32 poisoned_uses;

struct dynamic_ops {
	struct ftrace_ops ops;
	unsigned long magic;
};

static void notrace callback_lingers(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	struct dynamic_ops *dynamic =
		container_of(ops, struct dynamic_ops, ops);

	WRITE_ONCE(in_callback, true);
	while (!READ_ONCE(leave_callback))
		cpu_relax();
	if (READ_ONCE(dynamic->magic) != 0x600d)
		poisoned_uses++;
}

static int call_target_5(void *arg)
{
	ftrace_target[5]();
	return 0;
}

static struct dynamic_ops *linger_begin(struct task_struct **task)
{
	struct dynamic_ops *dynamic = kzalloc(sizeof(*dynamic));

	in_callback = leave_callback = false;
	poisoned_uses = 0;
	dynamic->ops.func = callback_lingers;
	dynamic->magic = 0x600d;
	EXPECT_EQ(filter_targets(&dynamic->ops, 5, 1), 0);
	EXPECT_EQ(register_ftrace_function(&dynamic->ops), 0);
	*task = kthread_run(call_target_5, NULL, "lingers");
	wait_until(READ_ONCE(in_callback), 5000);
	return dynamic;
}

static bool unregistered;

static int unregister_and_poison(void *arg)
{
	struct dynamic_ops *dynamic = arg;

	EXPECT_EQ(unregister_ftrace_function(&dynamic->ops), 0);
	WRITE_ONCE(unregistered, true);
	ftrace_free_filter(&dynamic->ops);
	memset(dynamic, 0x55, sizeof(*dynamic));
	kfree(dynamic);
	return 0;
}

static void linger(bool enabled)
{
	struct task_struct *task, *remover;
	struct dynamic_ops *dynamic;

	dynamic = linger_begin(&task);
	if (!enabled)
		EXPECT_EQ(ftrace_set_enabled(false), 0);
	unregistered = false;
	remover = kthread_run(unregister_and_poison, dynamic, "remover");
	msleep(20);
	EXPECT(!READ_ONCE(unregistered));
	WRITE_ONCE(leave_callback, true);
	kthread_join(task);
	kthread_join(remover);
	EXPECT_EQ(poisoned_uses, 0);
	EXPECT_EQ(ftrace_set_enabled(true), 0);
}

KTEST(ftrace_bugs, ops_in_use_when_unregistered)
{
	linger(true);
}

/* CVE-2022-49892: the wait was skipped with the patching. */
KTEST(ftrace_bugs, ops_in_use_when_nothing_is_patched)
{
	linger(false);
}

/* ---- a callback that is given another's ops ---- */

static u32 mismatches;

static void notrace callback_1(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	if ((unsigned long)ops->private != 1)
		mismatches++;
}

static void notrace callback_2(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	if ((unsigned long)ops->private != 2)
		mismatches++;
}

/* The static callers load func and ops as two words: L1 of ftrace_list.c. */
KTEST_FLAGS(ftrace_bugs, func_and_ops_belong_together, 0, 120)
{
	static struct ftrace_ops one = { .func = callback_1,
					 .private = (void *)1 };
	static struct ftrace_ops two = { .func = callback_2,
					 .private = (void *)2 };
	bool was = ftrace_use_trampolines;
	int i;

	mismatches = 0;
	ftrace_use_trampolines = false;
	EXPECT_EQ(filter_targets(&one, 0, 10), 0);
	EXPECT_EQ(filter_targets(&two, 0, 10), 0);
	EXPECT_EQ(call_load_begin(0, 10), 0);
	EXPECT_EQ(register_ftrace_function(&one), 0);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(register_ftrace_function(&two), 0);
		EXPECT_EQ(unregister_ftrace_function(&one), 0);
		EXPECT_EQ(register_ftrace_function(&one), 0);
		EXPECT_EQ(unregister_ftrace_function(&two), 0);
	}
	EXPECT_EQ(unregister_ftrace_function(&one), 0);
	call_load_end();
	ftrace_use_trampolines = was;
	EXPECT_EQ(mismatches, 0);
	ftrace_free_filter(&one);
	ftrace_free_filter(&two);
}

/* ---- an interrupt's events taken for recursion ---- */

static u32 in_task_hits, in_irq_hits;

static void notrace call_in_irq(void *arg)
{
	ftrace_target[8]();
}

static void notrace callback_interrupted(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	if (in_irq()) {
		in_irq_hits++;
		return;
	}
	in_task_hits++;
	/* As if the interrupt came just here: context and guard are real. */
	play_context(CTX_IRQ);
	ftrace_target[8]();
	play_context(CTX_TASK);
}

static void interrupted_with(unsigned long flags)
{
	static struct ftrace_ops ops = { .func = callback_interrupted };

	in_task_hits = in_irq_hits = 0;
	ops.flags = flags;
	EXPECT_EQ(filter_targets(&ops, 8, 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	ftrace_target[8]();
	EXPECT_EQ(in_task_hits, 1);
	EXPECT_EQ(in_irq_hits, 1);
	EXPECT_EQ(smp_call_function_single(0, call_in_irq, NULL, true), 0);
	EXPECT_EQ(in_irq_hits, 2);
	EXPECT_EQ(current->trace_recursion, 0);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
}

KTEST(ftrace_bugs, interrupt_is_no_recursion)
{
	EXPECT_EQ(kthread_bind(current, num_online_cpus() - 1), 0);
	interrupted_with(FTRACE_OPS_FL_RECURSION);
	interrupted_with(FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_SAVE_REGS);
	kthread_bind(current, CPU_ANY);
}

/* ---- the first and the last record ---- */

KTEST(ftrace_bugs, first_and_last_record)
{
	struct dyn_ftrace *last = ftrace_rec(ftrace_rec_count() - 1);
	static struct ftrace_ops ops = { .func = ftrace_stub };
	unsigned long ips[2] = { ftrace_rec_ip(ftrace_rec(0)),
				 ftrace_rec_ip(last) };

	EXPECT_EQ(ftrace_set_filter_ips(&ops, ips, 2, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	EXPECT_EQ(ops.nr_sites, 2);
	EXPECT(ftrace_rec_enabled(ftrace_rec(0)));
	EXPECT(ftrace_rec_enabled(last));
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	EXPECT(!ftrace_rec_enabled(last));
	EXPECT_EQ(ftrace_location(ips[1] + 1), 0);
	EXPECT_EQ(ftrace_location(ips[0] - 1), 0);
	ftrace_free_filter(&ops);
}

/* The last function taken out of a filter left "everything" behind. */
KTEST(ftrace_bugs, nothing_is_not_everything)
{
	static struct count_ops count;

	count = (struct count_ops)COUNT_OPS();
	EXPECT_EQ(filter_targets(&count.ops, 1, 1), 0);
	EXPECT_EQ(register_ftrace_function(&count.ops), 0);
	EXPECT_EQ(ftrace_set_filter_ip(&count.ops, target_ip(1), 1, 0), 0);
	EXPECT_EQ(count.ops.nr_sites, 0);
	ftrace_target[1]();
	msleep(10);
	EXPECT_EQ(count_hits(&count), 0);
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT_EQ(unregister_ftrace_function(&count.ops), 0);
	ftrace_free_filter(&count.ops);
}

/* Replaces the weak one of ftrace_weak.c. */
int ftrace_weak_probe(void);

noinline int ftrace_weak_probe(void)
{
	return 2;
}

/* Discarded code was listed under its neighbour's name, and patched. */
KTEST(ftrace_bugs, weak_function_leaves_no_alias)
{
	static struct ftrace_ops ops = { .func = ftrace_stub };
	unsigned int disabled = 0, named = 0;
	char buf[FTRACE_NAME_MAX];
	struct dyn_ftrace *rec;
	size_t i;

	EXPECT_EQ(ftrace_weak_probe(), 2);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	for (i = 0; i < ftrace_rec_count(); i++) {
		rec = ftrace_rec(i);
		named +=
			!strcmp(ftrace_rec_name(rec, buf), "ftrace_weak_probe");
		if (!ftrace_rec_disabled(rec))
			continue;
		disabled++;
		EXPECT_EQ(arch_ftrace_read(ftrace_rec_ip(rec)), 0);
		EXPECT(str_has_prefix(ftrace_rec_name(rec, buf),
				      "__ftrace_invalid_address___"));
	}
	EXPECT_EQ(named, 1);
	EXPECT(disabled >= 1);
	EXPECT_EQ(ops.nr_sites, ftrace_rec_count() - disabled);
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
}

/* ---- memory runs out ---- */

static struct count_ops first = COUNT_OPS(), second = COUNT_OPS();

static int try_register(void)
{
	return register_ftrace_function(&second.ops);
}

static int try_unregister(void)
{
	return unregister_ftrace_function(&second.ops);
}

static int try_filter(void)
{
	return ftrace_set_filter(&first.ops, "ftrace_target_00[2-6]", 21, 1);
}

static int try_filter_back(void)
{
	return filter_targets(&first.ops, 0, 10);
}

/* Return: how many allocations failed. */
static int fail_each(int (*make)(void), int (*undo)(void))
{
	int n, err, failures = 0;
	bool failed;

	for (n = 1;; n++) {
		fail_nth(n);
		err = make();
		failed = fail_end();
		failures += failed;
		EXPECT(err == 0 || (failed && err == -ENOMEM));
		EXPECT_EQ(ftrace_check(), 0);
		if (err)
			EXPECT_EQ(make(), 0);
		ftrace_target[3]();
		EXPECT_EQ(undo(), 0);
		if (!failed || ktest_failed())
			return failures;
	}
}

KTEST(ftrace_bugs, every_allocation_may_fail)
{
	int failures;

	first = second = (struct count_ops)COUNT_OPS();
	EXPECT_EQ(filter_targets(&first.ops, 0, 10), 0);
	EXPECT_EQ(filter_targets(&second.ops, 0, 20), 0);
	EXPECT_EQ(register_ftrace_function(&first.ops), 0);
	failures = fail_each(try_register, try_unregister);
	failures += fail_each(try_filter, try_filter_back);
	EXPECT_EQ(try_register(), 0);
	failures += fail_each(try_unregister, try_register);
	EXPECT_EQ(try_unregister(), 0);
	EXPECT(failures > 10);
	EXPECT_EQ(unregister_ftrace_function(&first.ops), 0);
	ftrace_free_filter(&first.ops);
	ftrace_free_filter(&second.ops);
}

/* ---- unexpected bytes ---- */

/* Damaged by somebody else: refused for good, printed, and all runs on. */
static void unexpected_bytes(unsigned int traced, unsigned int damaged,
			     unsigned int nr_second)
{
	unsigned long ip = target_ip(damaged);
	u64 nop = INSN_NOP5, jump = insn_jmp32(ip, ip + 5);
	char symbol[64];

	first = second = (struct count_ops)COUNT_OPS();
	EXPECT_EQ(filter_targets(&first.ops, traced, 1), 0);
	EXPECT_EQ(filter_targets(&second.ops, 59, nr_second), 0);
	EXPECT_EQ(register_ftrace_function(&first.ops), 0);
	EXPECT_EQ(text_poke(ip, nop, jump, NULL), 0);
	EXPECT_EQ(try_register(), -ENODEV);
	EXPECT(ftrace_is_dead());
	EXPECT_EQ(try_register(), -ENODEV);
	EXPECT_EQ(unregister_ftrace_function(&first.ops), -ENODEV);
	EXPECT_EQ(ftrace_set_enabled(false), -ENODEV);
	/* What was traced is, names and stacks are looked up as ever. */
	ftrace_target[traced]();
	EXPECT_EQ(count_hits(&first), 1);
	EXPECT(is_ftrace_trampoline(first.ops.trampoline) ||
	       !ftrace_use_trampolines);
	snprintf(symbol, sizeof(symbol), "%pS", (void *)first.ops.trampoline);
	/* The test makes it good again; nothing else could. */
	EXPECT_EQ(text_poke(ip, jump, nop, NULL), 0);
	ftrace_dead = false;
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT_EQ(unregister_ftrace_function(&first.ops), 0);
	ftrace_free_filter(&first.ops);
	ftrace_free_filter(&second.ops);
}

KTEST(ftrace_bugs, unexpected_bytes_kill)
{
	unexpected_bytes(59, 60, 3);
	unexpected_bytes(59, 64, 12); /* inside a long run */
	unexpected_bytes(67, 69, 12); /* in the lines behind one */
}

/* ---- trampolines ---- */

/* Freed executable memory holds INT3 and nothing but. */
KTEST(ftrace_bugs, freed_trampoline_is_int3)
{
	size_t free_bytes = exec_pool_free_bytes();
	unsigned long tramp;
	int i;

	first = (struct count_ops)COUNT_OPS();
	EXPECT_EQ(filter_targets(&first.ops, 0, 1), 0);
	EXPECT_EQ(register_ftrace_function(&first.ops), 0);
	tramp = first.ops.trampoline;
	EXPECT_EQ(unregister_ftrace_function(&first.ops), 0);
	for (i = 0; tramp && i < 64; i++)
		EXPECT_EQ(((u8 *)tramp)[i], 0xcc);
	EXPECT_EQ(exec_pool_free_bytes(), free_bytes);
	ftrace_free_filter(&first.ops);
}

/* Too many different sets: the list serves, no error, all comes back. */
KTEST_FLAGS(ftrace_bugs, chain_memory_is_capped, 0, 120)
{
	size_t free_bytes = exec_pool_free_bytes();
	static struct ftrace_ops ops[16];
	struct ftrace_set_stats stats;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		static unsigned long ips[NR_TARGETS];
		unsigned int n = 0;

		ops[i] = (struct ftrace_ops){ .func = ftrace_stub };
		/* Target k is traced by the ops of the bits of k * 77. */
		for (k = 0; k < NR_TARGETS; k++)
			if ((k * 77 + k / 3) >> i & 1)
				ips[n++] = target_ip(k);
		EXPECT_EQ(ftrace_set_filter_ips(&ops[i], ips, n, 0, 1), 0);
		EXPECT_EQ(register_ftrace_function(&ops[i]), 0);
	}
	ftrace_set_stats(&stats);
	EXPECT(stats.chain_bytes <= 256 << 10);
	/* Beyond the sets of one, which have no chain, some got none. */
	EXPECT(stats.sets > stats.chains + ARRAY_SIZE(ops));
	EXPECT_EQ(ftrace_check(), 0);
	for (k = 0; k < NR_TARGETS; k++)
		ftrace_target[k]();
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(unregister_ftrace_function(&ops[i]), 0);
		ftrace_free_filter(&ops[i]);
	}
	ftrace_set_stats(&stats);
	EXPECT_EQ(stats.sets, 0);
	EXPECT_EQ(exec_pool_free_bytes(), free_bytes);
}
