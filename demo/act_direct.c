// SPDX-License-Identifier: MIT
/*
 * act_direct.c - exchanges a direct caller under load in two ways.
 *
 * The old way unregisters one direct caller and registers the other. Calls made
 * in between reach neither. modify_ftrace_direct() has no such gap.
 */
#include <asm/percpu.h>

#include "demo/demo.h"
#include "demo/figures.h"
#include "kernel/base/clock.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

/*
 * Each way runs for EXCHANGE_NS, and for EXCHANGE_MIN exchanges at least, even
 * on a slow machine.
 */
#define EXCHANGE_NS  300000000ULL
#define EXCHANGE_MIN 10
#define GIVE_UP_NS   60000000000ULL

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

/* One way to exchange the direct caller, and its result. */
struct way {
	const char *name;
	int (*exchange)(struct ftrace_ops *ops, unsigned int i);
	bool misses;	 /* misses calls that other CPUs make in between */
	u64 calls, seen; /* counts at the start; at the end, differences */
	unsigned int exchanges;
};

/*
 * Has a call certainly been missed? Each CPU may be inside one call that no
 * target has counted yet. The number of calls is read first, so calls made
 * after that can only hide a miss, never invent one.
 */
static bool has_missed(const struct way *way)
{
	u64 calls = load_calls() - way->calls;

	smp_rmb(); /* read calls before the targets' counts */
	return (s64)(calls - (counted() - way->seen)) > num_online_cpus();
}

/* Return: 1 to go on, 0 when the way has shown enough, or -ETIMEDOUT. */
static int goes_on(const struct way *way, u64 began)
{
	u64 ns = ktime_ns() - began;

	if (ns < EXCHANGE_NS)
		return 1;
	if (way->exchanges >= EXCHANGE_MIN &&
	    (!way->misses || num_online_cpus() == 1 || has_missed(way)))
		return 0;
	if (ns < GIVE_UP_NS)
		return 1;
	pr_err("demo: %s: after %llu s %u exchanges, of %u at least, and %s",
	       way->name, ns / 1000000000, way->exchanges, EXCHANGE_MIN,
	       has_missed(way) ? "calls missed" : "no call missed");
	return -ETIMEDOUT;
}

/* Exchanges the direct caller for a while. Return: 0 or a negative errno. */
static int run(struct ftrace_ops *ops, struct way *way)
{
	u64 began = ktime_ns();
	int ret = register_ftrace_direct(ops, target(0)), err;

	if (ret)
		return ret;
	way->calls = load_calls();
	way->seen = counted();
	load_open();
	while ((ret = goes_on(way, began)) > 0) {
		ret = way->exchange(ops, way->exchanges);
		if (ret)
			break;
		way->exchanges++;
	}
	load_close();
	err = unregister_ftrace_direct(ops, target(way->exchanges), false);
	if (ret || err)
		return ret ? ret : err;
	way->calls = load_calls() - way->calls;
	way->seen = counted() - way->seen;
	printk_plain("    %-24s %5u exchanges  %14s calls  %12s missed",
		     way->name, way->exchanges, grouped(way->calls),
		     grouped(way->calls - way->seen));
	return 0;
}

static int act_direct(void)
{
	static struct ftrace_ops ops;
	struct way old = { .name = "unregister + register",
			   .exchange = exchange_old,
			   .misses = true };
	struct way new = { .name = "modify_ftrace_direct",
			   .exchange = exchange_new };
	unsigned long ip = ftrace_location((unsigned long)demo_step);
	int ret = ftrace_set_filter_ip(&ops, ip, 0, 1);

	if (!ret)
		ret = load_start();
	if (ret)
		return ret;
	printk_plain(
		"  demo_step() calls a target directly, as a BPF program or a "
		"live patch does; the target is");
	printk_plain(
		"  exchanged all the time. In the old way the site is a nop "
		"between the two calls:");
	ret = run(&ops, &old);
	if (!ret)
		ret = run(&ops, &new);
	if (!ret)
		printk_plain("  If one request exchanges 1,000 functions, each "
			     "takes %d instructions; on Linux %s.",
			     OURS_PATCH_EXCHANGE_PER_SITE,
			     grouped(LINUX_PATCH_EXCHANGE_PER_SITE));
	load_stop();
	ftrace_free_filter(&ops);
	demo_result("act=direct old_missed=%llu new_missed=%llu new_calls=%llu",
		    old.calls - old.seen, new.calls - new.seen, new.calls);
	if (!ret && new.calls != new.seen)
		ret = -EIO;
	return ret;
}

DEMO_ACT(40, direct, "a direct caller is exchanged without a missed call",
	 act_direct);
