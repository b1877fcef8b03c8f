// SPDX-License-Identifier: MIT
/*
 * trace/probes/fprobe.h and kretprobe.h: handlers at entry and exit.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/probes/kretprobe.h"
#include <asm/percpu.h>

#define CALLS 40

static noinline long first(long a, long b)
{
	__asm__ volatile("" : "+r"(a));
	return a * 10 + b;
}

static noinline long second(long a, long b)
{
	__asm__ volatile("" : "+r"(a));
	return first(a, b) + 1000;
}

static struct {
	unsigned long entries, exits, wrong;
	bool decline, nest;
} seen;

static void forget(void)
{
	memset(&seen, 0, sizeof(seen));
}

struct note {
	long a, b;
	u8 rest[FPROBE_DATA_MAX - 16];
};

static int note_entry(struct fprobe *fp, unsigned long entry_ip,
		      unsigned long ret_ip, struct ftrace_regs *fregs,
		      void *data)
{
	struct note *note = data;

	seen.entries++;
	seen.wrong += entry_ip != (unsigned long)first || !ret_ip;
	if (note) {
		note->a = (long)ftrace_regs_get_argument(fregs, 0);
		note->b = (long)ftrace_regs_get_argument(fregs, 1);
		memset(note->rest, (int)note->a, sizeof(note->rest));
	}
	if (seen.nest)
		(void)first(1, 1);
	return seen.decline;
}

static void note_exit(struct fprobe *fp, unsigned long entry_ip,
		      unsigned long ret_ip, struct ftrace_regs *fregs,
		      void *data)
{
	const struct note *note = data;
	long a = (long)ftrace_regs_get_argument(fregs, 0);
	long b = (long)ftrace_regs_get_argument(fregs, 1);

	seen.exits++;
	seen.wrong += entry_ip != (unsigned long)first || !ret_ip;
	seen.wrong += (long)ftrace_regs_get_return_value(fregs) != a * 10 + b;
	if (note)
		seen.wrong += note->a != a || note->b != b ||
			      note->rest[100] != (u8)a;
}

static void call_first(unsigned int n)
{
	while (n--)
		EXPECT_EQ(first(n, 3), n * 10 + 3);
}

KTEST(fprobe, entry_and_exit_with_data_K7)
{
	static const size_t sizes[] = { 0, sizeof(struct note) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fprobe fp = { .entry_handler = note_entry,
				     .exit_handler = note_exit,
				     .entry_data_size = sizes[i] };

		forget();
		ASSERT_EQ(register_fprobe(&fp, "first", NULL), 0);
		EXPECT(fprobe_is_registered(&fp));
		call_first(CALLS);
		EXPECT_EQ(second(2, 3), 1023);
		disable_fprobe(&fp);
		call_first(3);
		enable_fprobe(&fp);
		EXPECT_EQ(unregister_fprobe(&fp), 0);
		call_first(3);
		EXPECT_EQ(seen.entries, CALLS + 1);
		EXPECT_EQ(seen.exits, CALLS + 1);
		EXPECT_EQ(seen.wrong, 0);
		EXPECT_EQ(fp.nmissed, 0);
	}
}

KTEST(fprobe, entry_that_declines_and_entry_alone_K7)
{
	struct fprobe fp = { .entry_handler = note_entry,
			     .exit_handler = note_exit };
	struct fprobe alone = { .entry_handler = note_entry };

	forget();
	seen.decline = true;
	ASSERT_EQ(register_fprobe(&fp, "first", NULL), 0);
	call_first(5);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(seen.entries, 5);
	EXPECT_EQ(seen.exits, 0);
	EXPECT_EQ(fp.nmissed, 0);
	forget();
	ASSERT_EQ(register_fprobe(&alone, "first", NULL), 0);
	call_first(5);
	EXPECT_EQ(unregister_fprobe(&alone), 0);
	EXPECT_EQ(seen.entries, 5);
}

static unsigned long decoy_exits;

static void decoy_exit(struct fprobe *fp, unsigned long entry_ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	decoy_exits++;
}

static struct fprobe decoy = { .exit_handler = decoy_exit };

/* Each word of the call is the address of a probe that is not registered. */
static int leave_garbage(struct fprobe *fp, unsigned long entry_ip,
			 unsigned long ret_ip, struct ftrace_regs *fregs,
			 void *data)
{
	const struct fprobe **word = data;
	size_t i;

	for (i = 0; i < FPROBE_DATA_MAX / sizeof(*word); i++)
		word[i] = &decoy;
	return 0;
}

/* Calls whose words lie deeper than any of what comes after. */
static void fill_with_garbage(void)
{
	static struct fprobe fp[3];
	int i;

	for (i = 0; i < 3; i++) {
		fp[i] = (struct fprobe){ .entry_handler = leave_garbage,
					 .exit_handler = decoy_exit,
					 .entry_data_size = FPROBE_DATA_MAX };
		EXPECT_EQ(register_fprobe(&fp[i], "first", NULL), 0);
	}
	call_first(3);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(unregister_fprobe(&fp[i]), 0);
}

static int decline(struct fprobe *fp, unsigned long entry_ip,
		   unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
	return 1;
}

/* What calls before have left there is read by none: of two one declines. */
static noinline void one_of_two_declines(size_t size, size_t declined_size)
{
	struct fprobe declines = { .entry_handler = decline,
				   .exit_handler = decoy_exit,
				   .entry_data_size = declined_size };
	struct fprobe fp = { .entry_handler = note_entry,
			     .exit_handler = note_exit,
			     .entry_data_size = size };

	fill_with_garbage();
	decoy_exits = 0;
	forget();
	ASSERT_EQ(register_fprobe(&declines, "first", NULL), 0);
	call_first(1); /* alone */
	ASSERT_EQ(register_fprobe(&fp, "first", NULL), 0);
	call_first(3);
	EXPECT_EQ(unregister_fprobe(&declines), 0);
	call_first(3);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(decoy_exits, 0);
	EXPECT_EQ(seen.exits, 6);
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(fp.nmissed + declines.nmissed, 0);
}

KTEST(fprobe, words_with_garbage_in_them_K7)
{
	static const size_t sizes[] = { 0, 8, 64, FPROBE_DATA_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		one_of_two_declines(0, sizes[i]);
		one_of_two_declines(sizeof(struct note), sizes[i]);
	}
}

KTEST(fprobe, nested_call_is_missed_K7)
{
	struct fprobe fp = { .entry_handler = note_entry,
			     .exit_handler = note_exit };

	forget();
	seen.nest = true;
	ASSERT_EQ(register_fprobe(&fp, "first", NULL), 0);
	call_first(5);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(seen.entries, 5);
	EXPECT_EQ(seen.exits, 5);
	EXPECT_EQ(fp.nmissed, 5);
}

KTEST(fprobe, several_on_one_function)
{
	struct fprobe fp[3] = { { 0 } };
	int i;

	forget();
	for (i = 0; i < 3; i++) {
		fp[i].entry_handler = note_entry;
		fp[i].exit_handler = note_exit;
		fp[i].entry_data_size = i ? sizeof(struct note) : 0;
		ASSERT_EQ(register_fprobe(&fp[i], "first", NULL), 0);
	}
	call_first(CALLS);
	EXPECT_EQ(unregister_fprobe(&fp[1]), 0);
	call_first(CALLS);
	EXPECT_EQ(unregister_fprobe(&fp[0]), 0);
	EXPECT_EQ(unregister_fprobe(&fp[2]), 0);
	EXPECT_EQ(seen.entries, 5 * CALLS);
	EXPECT_EQ(seen.exits, 5 * CALLS);
	EXPECT_EQ(seen.wrong, 0);
}

KTEST(fprobe, refusals)
{
	struct fprobe fp = { .entry_handler = note_entry };
	struct fprobe big = { .exit_handler = note_exit,
			      .entry_data_size = FPROBE_DATA_MAX + 1 };
	const char *syms[] = { "first", "no_such_function" };
	unsigned long ips[] = { (unsigned long)first, (unsigned long)&seen };

	EXPECT_EQ(register_fprobe(NULL, "first", NULL), -EINVAL);
	EXPECT_EQ(register_fprobe(&fp, NULL, NULL), -EINVAL);
	EXPECT_EQ(register_fprobe(&fp, "no_such_*", NULL), -EINVAL);
	EXPECT_EQ(register_fprobe(&fp, "", NULL), -EINVAL);
	EXPECT_EQ(register_fprobe(&big, "first", NULL), -E2BIG);
	EXPECT_EQ(register_fprobe_syms(&fp, syms, 2), -ENOENT);
	EXPECT_EQ(register_fprobe_syms(&fp, syms, 0), -EINVAL);
	EXPECT_EQ(register_fprobe_ips(&fp, ips, 2), -EINVAL);
	EXPECT_EQ(register_fprobe_ips(&fp, ips, -1), -EINVAL);
	EXPECT_EQ(unregister_fprobe(&fp), -EINVAL);
	ASSERT_EQ(register_fprobe_syms(&fp, syms, 1), 0);
	EXPECT_EQ(register_fprobe_ips(&fp, ips, 1), -EEXIST);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	ASSERT_EQ(register_fprobe_ips(&fp, ips, 1), 0);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
}

/* ---- kretprobes ---- */

struct ret_note {
	long a;
};

static int ret_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct ret_note *note = (struct ret_note *)ri->data;

	seen.entries++;
	note->a = (long)regs->di;
	return seen.decline;
}

static int ret_handler(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ret_note *note = (struct ret_note *)ri->data;

	seen.exits++;
	seen.wrong += note->a != (long)regs->di ||
		      (long)regs->ax != (long)regs->di * 10 + (long)regs->si ||
		      get_kretprobe_retaddr(ri) != regs->ip ||
		      !get_kretprobe(ri)->handler;
	return 0;
}

static unsigned long hits;

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	return 0;
}

/* Beside a kprobe on the same function. */
KTEST(kretprobe, return_value_arguments_and_data)
{
	struct kretprobe rp = { .kp.symbol_name = "first",
				.handler = ret_handler,
				.entry_handler = ret_entry,
				.data_size = sizeof(struct ret_note) };
	struct kprobe p = { .symbol_name = "first", .pre_handler = count_hit };
	char text[256];

	forget();
	hits = 0;
	ASSERT_EQ(register_kretprobe(&rp), 0);
	ASSERT_EQ(register_kprobe(&p), 0);
	tt_read("kprobes/list", text, sizeof(text));
	EXPECT(strstr(text, "  r  first+0x0    [FTRACE]\n"));
	call_first(CALLS);
	EXPECT_EQ(disable_kretprobe(&rp), 0);
	call_first(2);
	EXPECT_EQ(enable_kretprobe(&rp), 0);
	seen.decline = true;
	call_first(2);
	unregister_kretprobe(&rp);
	unregister_kprobe(&p);
	call_first(2);
	EXPECT_EQ(seen.entries, CALLS + 2);
	EXPECT_EQ(seen.exits, CALLS);
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(rp.nmissed, 0);
	EXPECT_EQ(hits, CALLS + 4);
}

static noinline long deep(long n)
{
	if (!n)
		return 0;
	n = deep(n - 1);
	__asm__ volatile("" : "+r"(n)); /* no loop in place of the calls */
	return n + 1;
}

static int count_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	seen.exits++;
	return 0;
}

KTEST(kretprobe, maxactive_bounds_the_calls_under_way)
{
	struct kretprobe rp = { .kp.symbol_name = "deep",
				.handler = count_return,
				.maxactive = 4 };

	forget();
	ASSERT_EQ(register_kretprobe(&rp), 0);
	EXPECT_EQ(deep(9), 9);
	EXPECT_EQ(seen.exits, 4);
	EXPECT_EQ(rp.nmissed, 6);
	EXPECT_EQ(deep(3), 3);
	EXPECT_EQ(seen.exits, 8);
	EXPECT_EQ(rp.nmissed, 6);
	unregister_kretprobe(&rp);
}

static struct kretprobe *disabled_inside;

static noinline long disables(long n)
{
	if (disabled_inside)
		EXPECT_EQ(disable_kretprobe(disabled_inside), 0);
	disabled_inside = NULL;
	__asm__ volatile("" : "+r"(n));
	return n;
}

/* A call that was under way is handled, and is no longer under way. */
KTEST(kretprobe, disabled_inside_a_call)
{
	struct kretprobe rp = { .kp.symbol_name = "disables",
				.handler = count_return,
				.maxactive = 1 };

	forget();
	ASSERT_EQ(register_kretprobe(&rp), 0);
	disabled_inside = &rp;
	EXPECT_EQ(disables(1), 1);
	EXPECT_EQ(seen.exits, 1);
	EXPECT_EQ(disables(2), 2);
	EXPECT_EQ(seen.exits, 1);
	EXPECT_EQ(enable_kretprobe(&rp), 0);
	EXPECT_EQ(disables(3), 3);
	EXPECT_EQ(seen.exits, 2);
	EXPECT_EQ(rp.nmissed, 0);
	unregister_kretprobe(&rp);
}

KTEST(kretprobe, refusals)
{
	struct kretprobe rp = { .handler = count_return };
	struct kretprobe good = { .kp.symbol_name = "deep",
				  .handler = count_return };
	struct kretprobe *both[] = { &good, &rp };

	EXPECT_EQ(register_kretprobe(&rp), -EINVAL);
	rp.kp.symbol_name = "no_such_function";
	EXPECT_EQ(register_kretprobe(&rp), -ENOENT);
	rp.kp.symbol_name = "first";
	rp.kp.offset = 5;
	EXPECT_EQ(register_kretprobe(&rp), -EINVAL);
	EXPECT_EQ(register_kretprobes(both, 2), -EINVAL);
	EXPECT(!fprobe_is_registered(&good.fprobe));
	rp.kp.offset = 0;
	rp.data_size = KRETPROBE_DATA_MAX + 1;
	EXPECT_EQ(register_kretprobe(&rp), -E2BIG);
	EXPECT_EQ(register_kretprobes(both, 0), -EINVAL);
	EXPECT_EQ(disable_kretprobe(&good), -EINVAL);
	ASSERT_EQ(register_kretprobe(&good), 0);
	EXPECT_EQ(register_kretprobe(&good), -EINVAL);
	unregister_kretprobe(&good);
	unregister_kretprobe(&good);
}

/* ---- all contexts of all CPUs ---- */

static DEFINE_PER_CPU(unsigned long, storm_exits);

static void storm_exit(struct fprobe *fp, unsigned long entry_ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	this_cpu_inc(storm_exits);
}

static traced_function void storm_target(void *arg)
{
}

KTEST_FLAGS(fprobe, each_call_is_one_exit_in_all_contexts_K7, 0, 120)
{
	struct fprobe fp = { .exit_handler = storm_exit };
	struct tt_calls calls;
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		per_cpu(storm_exits, cpu) = 0;
	ASSERT_EQ(register_fprobe(&fp, "storm_target", NULL), 0);
	calls = tt_storm(storm_target, NULL, 500, 2, false);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	for_each_online_cpu(cpu)
		sum += per_cpu(storm_exits, cpu);
	EXPECT_EQ(sum, calls.task + calls.irq + calls.nmi);
	EXPECT(calls.irq && calls.nmi);
	EXPECT_EQ(fp.nmissed, 0);
}
