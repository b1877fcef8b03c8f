// SPDX-License-Identifier: MIT
/*
 * act_patch.c - patches one function while all CPUs call it.
 *
 * The act shows the five bytes between the steps of a batch, and the timeline
 * of the batch. Then it patches for a while and accounts for every call.
 */
#include <asm/percpu.h>

#include "arch/x86_64/patch/text_poke_view.h"
#include "demo/demo.h"
#include "demo/figures.h"
#include "demo/timeline.h"
#include "kernel/base/clock.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

#define PATCH_NS 400000000ULL

static_assert(OURS_PATCH_ROUNDS_5000 == 3, "the three syncs below");

/* The targets in direct_targets.asm; each counts its calls per CPU. */
void demo_first(void);
void demo_second(void);
DECLARE_PER_CPU(u64, demo_first_calls);
DECLARE_PER_CPU(u64, demo_second_calls);

/* Exact while the gate of load.c is closed. */
static u64 sum_first(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += per_cpu(demo_first_calls, cpu);
	return sum;
}

static u64 sum_second(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += per_cpu(demo_second_calls, cpu);
	return sum;
}

/* The bytes between the steps of one batch, in order. */
static u8 snaps[16][MCOUNT_INSN_SIZE];
static unsigned int nr_snaps;
static unsigned long site;
static char result[128]; /* the line for scripts */

/* Saves the site's bytes between two steps of a batch; may wait for Enter. */
static void snap(enum poke_step next)
{
	if (nr_snaps < ARRAY_SIZE(snaps))
		memcpy(snaps[nr_snaps++], (void *)site, MCOUNT_INSN_SIZE);
	if (step_by_step() && next != POKE_END) {
		show_site("now", site, (const u8 *)site);
		step_wait(poke_step_name(next));
	}
	timeline_observe(next);
}

static bool same_bytes(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, MCOUNT_INSN_SIZE);
}

/* Shows each state once; the current bytes are the last one, "after". */
static void show_snaps(void)
{
	const u8 *now = (const u8 *)site;
	unsigned int i;

	for (i = 0; i < nr_snaps && !same_bytes(snaps[i], now); i++)
		if (!i || !same_bytes(snaps[i], snaps[i - 1]))
			show_site(i ? "" : "before", site, snaps[i]);
	show_site("after", site, now);
}

/* How the four bytes behind the e8 come about (SDM 2A, CALL rel32). */
static void show_displacement(void)
{
	s32 rel32;

	memcpy(&rel32, (const u8 *)site + 1, sizeof(rel32));
	printk_plain(
		"    rel32 = target - end of the call = %lx - %lx = %x, low "
		"byte first: %*ph",
		(unsigned long)demo_first & 0xffffffff,
		(site + MCOUNT_INSN_SIZE) & 0xffffffff, rel32, 4,
		(const u8 *)site + 1);
}

/* NOP to call, slowly and seen. Return: 0 or a negative errno. */
static int first_patch(struct ftrace_ops *ops)
{
	int ret;

	nr_snaps = 0;
	poke_observe(snap);
	ret = register_ftrace_direct(ops, (unsigned long)demo_first);
	poke_observe(NULL);
	if (ret)
		return ret;
	show_snaps();
	show_displacement();
	printk_plain(
		"  the same batch by the clock (a step ends at +, and took; a "
		"sync: when each CPU answered):");
	timeline_print(timeline_last());
	printk_plain(
		"  publish: the INT3 handler learns the site; rewrite: first "
		"bytes again, then all are compared;");
	printk_plain(
		"  retire: handlers that still use the batch are waited for. "
		"An emulator's CPU answers late.");
	printk_plain(
		"  The same three syncs serve 5,000 sites at once; Linux makes "
		"%d for them. Registering a",
		LINUX_PATCH_ROUNDS_5000);
	printk_plain(
		"  callback on one function takes %s instructions; on Linux "
		"%s: it walks all records.",
		grouped(OURS_PATCH_ENABLE_ONE),
		grouped(LINUX_PATCH_ENABLE_ONE));
	return 0;
}

/* Exchanges the target for a while. Return: how often, or a negative errno. */
static int patch_for_a_while(struct ftrace_ops *ops)
{
	u64 end = ktime_ns() + PATCH_NS;
	int patches = 0, ret;

	while (ktime_ns() < end) {
		ret = modify_ftrace_direct(
			ops, patches % 2 ? (unsigned long)demo_first :
					   (unsigned long)demo_second);
		if (ret)
			return ret;
		patches++;
	}
	return patches;
}

/*
 * Every call that was made was counted by exactly one target (I2), or the act
 * fails with -EIO.
 */
static int count_calls(struct ftrace_ops *ops)
{
	unsigned long hits = poke_hits_total().live[INSN_KIND_CALL];
	u64 start = load_calls(), first = sum_first(), second = sum_second();
	u64 made;
	int patches;

	load_open();
	patches = patch_for_a_while(ops);
	load_close();
	if (patches < 0)
		return patches;
	hits = poke_hits_total().live[INSN_KIND_CALL] - hits;
	made = load_calls() - start;
	first = sum_first() - first;
	second = sum_second() - second;
	printk_plain("  then %d times call -> call under load:", patches);
	printk_plain("    calls made   %15s", grouped(made));
	printk_plain("    counted      %15s  = first %s + second %s",
		     grouped(first + second), grouped(first), grouped(second));
	printk_plain("    INT3 met     %15s  each emulated the new call",
		     grouped(hits));
	snprintf(result, sizeof(result),
		 "act=patch patches=%d calls=%llu counted=%llu int3=%lu",
		 patches, made, first + second, hits);
	return made == first + second ? 0 : -EIO;
}

/*
 * After the call is taken out, neither target may be reached again. The ops is
 * taken out in any case, so an error leaves no patched site.
 */
static int play(struct ftrace_ops *ops)
{
	unsigned long target;
	u64 counted;
	int ret;

	load_open();
	ret = first_patch(ops);
	load_close();
	if (!ret)
		ret = count_calls(ops);
	target = READ_ONCE(ops->direct_call);
	if (ops->flags & FTRACE_OPS_FL_ENABLED) {
		int err = unregister_ftrace_direct(ops, target, true);

		ret = ret ? ret : err;
	}
	if (ret)
		return ret;
	counted = sum_first() + sum_second();
	load_open();
	sleep_ns(5000000);
	load_close();
	show_site("taken out", site, (u8 *)site);
	demo_result("%s", result);
	return counted == sum_first() + sum_second() ? 0 : -EIO;
}

/* What a student asks first: why INT3, and why the new call. */
static void explain(void)
{
	static const char *const lines[] = {
		"Five bytes cannot change at once for a CPU that executes "
		"them: it may have fetched",
		"some of them already. So the first byte becomes INT3 (one "
		"byte, one store); a CPU that",
		"meets it does what the *new* instruction will say: the old "
		"one is on its way out.",
		"After each change a sync makes every CPU forget the bytes it "
		"has fetched.",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		printk_plain("  %s", lines[i]);
	printk_plain("  demo_step() is called %s all the time. Its first five "
		     "bytes, and what they do:",
		     on_all_cpus());
}

static int act_patch(void)
{
	static struct ftrace_ops ops;
	int ret;

	site = ftrace_location((unsigned long)demo_step);
	explain();
	ret = ftrace_set_filter_ip(&ops, site, 0, 1);
	if (!ret)
		ret = load_start();
	if (ret)
		return ret;
	ret = play(&ops);
	load_stop();
	return ret;
}

DEMO_ACT(20, patch, "a function is patched while all CPUs run through it",
	 act_patch);
