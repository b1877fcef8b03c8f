// SPDX-License-Identifier: MIT
/*
 * act_direct.c - a direct caller is exchanged under load, two ways.
 *
 * The old way takes the caller out and puts the other one in; calls made in
 * between reach neither. modify_ftrace_direct() has no such moment.
 */
#include <asm/percpu.h>

#include "demo/demo.h"
#include "kernel/base/clock.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

#define EXCHANGE_NS 300000000ULL

void demo_first(void);
void demo_second(void);
DEFINE_PER_CPU(u64, demo_first_calls);
DEFINE_PER_CPU(u64, demo_second_calls);

static u64 counted(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += per_cpu(demo_first_calls, cpu) +
		       per_cpu(demo_second_calls, cpu);
	return sum;
}

static unsigned long target(unsigned int i)
{
	return i % 2 ? (unsigned long)demo_second : (unsigned long)demo_first;
}

static int exchange_old(struct ftrace_ops *ops, unsigned int i)
{
	int ret = unregister_ftrace_direct(ops, target(i), false);

	return ret ? ret : register_ftrace_direct(ops, target(i + 1));
}

static int exchange_new(struct ftrace_ops *ops, unsigned int i)
{
	return modify_ftrace_direct(ops, target(i + 1));
}

/* Exchange for a while. Return: 0, and how many calls reached nobody. */
static int run(struct ftrace_ops *ops, const char *name,
	       int (*exchange)(struct ftrace_ops *, unsigned int), u64 *missed)
{
	u64 calls = load_calls(), seen = counted();
	u64 end = ktime_ns() + EXCHANGE_NS;
	unsigned int i = 0;
	int ret = register_ftrace_direct(ops, target(0)), err;

	if (ret)
		return ret;
	load_open();
	while (!ret && ktime_ns() < end) {
		ret = exchange(ops, i);
		i += !ret;
	}
	load_close();
	err = unregister_ftrace_direct(ops, target(i), false);
	if (ret || err)
		return ret ? ret : err;
	calls = load_calls() - calls;
	seen = counted() - seen;
	*missed = calls - seen;
	printk_plain("    %-24s %5u exchanges  %14s calls  %12s missed", name,
		     i, grouped(calls), grouped(*missed));
	return 0;
}

int act_direct(void)
{
	static struct ftrace_ops ops;
	unsigned long ip = ftrace_location((unsigned long)demo_step);
	u64 old_missed = 0, new_missed = 0;
	int ret = ftrace_set_filter_ip(&ops, ip, 0, 1);

	if (!ret)
		ret = load_start();
	if (ret)
		return ret;
	printk_plain("  demo_step() calls a target directly; the target is "
		     "exchanged all the time:");
	ret = run(&ops, "unregister + register", exchange_old, &old_missed);
	if (!ret)
		ret = run(&ops, "modify_ftrace_direct", exchange_new,
			  &new_missed);
	load_stop();
	ftrace_free_filter(&ops);
	/* The old way misses calls whenever another CPU runs meanwhile. */
	if (!ret && (new_missed || (num_online_cpus() > 1 && !old_missed)))
		ret = -EIO;
	return ret;
}
