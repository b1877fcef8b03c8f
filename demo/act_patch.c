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
#include "demo/timeline.h"
#include "kernel/base/clock.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

#define PATCH_NS 400000000ULL

/* The targets in direct_targets.asm; each counts its calls per CPU. */
void demo_first(void);
void demo_second(void);
DECLARE_PER_CPU(u64, demo_first_calls);
DECLARE_PER_CPU(u64, demo_second_calls);

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

static u8 snaps[16][MCOUNT_INSN_SIZE];
static unsigned int nr_snaps;
static unsigned long site;

/* Saves the site's bytes between two steps of a batch. */
static void snap(enum poke_step next)
{
	if (nr_snaps < ARRAY_SIZE(snaps))
		memcpy(snaps[nr_snaps++], (void *)site, MCOUNT_INSN_SIZE);
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
	printk_plain("  the same batch by the clock:");
	timeline_print(timeline_last());
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
	return made == first + second ? 0 : -EIO;
}

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
	return counted == sum_first() + sum_second() ? 0 : -EIO;
}

int act_patch(void)
{
	static struct ftrace_ops ops;
	int ret;

	site = ftrace_location((unsigned long)demo_step);
	printk_plain("  demo_step() is called on %u CPUs all the time. "
		     "Its first five bytes:",
		     num_online_cpus());
	ret = ftrace_set_filter_ip(&ops, site, 0, 1);
	if (!ret)
		ret = load_start();
	if (ret)
		return ret;
	ret = play(&ops);
	load_stop();
	return ret;
}
