// SPDX-License-Identifier: MIT
/*
 * act_list.c - what the list function costs, beside a chain.
 *
 * An ops with FTRACE_OPS_FL_STUB is no part of any chain, so a site that has
 * one is served by the list function, as each site is with chains=off.
 */
#include "demo/demo.h"
#include "demo/figures.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "trace/core/ftrace.h"
#include <asm/tsc.h>

#define CALLS  20000
#define ROUNDS 5

static u64 seen;

static notrace void see(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	seen++;
}

static struct ftrace_ops one = { .func = see }, two = { .func = see };
static struct ftrace_ops stub = { .func = ftrace_stub,
				  .flags = FTRACE_OPS_FL_STUB };

/* TSC ticks of CALLS calls: the least of several rounds. */
static u64 ticks(void)
{
	u64 least = ~0ULL, began;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		began = rdtsc();
		for (i = 0; i < CALLS; i++)
			demo_step();
		least = min(least, rdtsc() - began);
	}
	return least;
}

/* Print one row: what the site calls and how long it takes. */
static u64 row(const char *label, unsigned long ip, u64 plain)
{
	u64 took = ticks();

	show_site(label, ip, (const u8 *)ip);
	printk_plain("        a call takes %llu.%llu times as long as untraced",
		     took / max(plain, 1ULL),
		     took * 10 / max(plain, 1ULL) % 10);
	return took;
}

static int play(unsigned long ip)
{
	u64 plain = ticks(), chain, list;
	int ret = register_ftrace_function(&one);

	if (!ret)
		ret = register_ftrace_function(&two);
	if (ret)
		return ret;
	chain = row("chain", ip, plain);
	ret = register_ftrace_function(&stub);
	if (ret)
		return ret;
	list = row("list", ip, plain);
	printk_plain("  Counted in instructions: chain %d, list %d; Linux has "
		     "no chains, and its list takes %d.",
		     OURS_CALL_OPS2, OURS_CALL_LIST2, LINUX_CALL_LIST2);
	demo_result("act=list calls=%u seen=%llu list_per_chain_x10=%llu",
		    2 * CALLS * ROUNDS, seen, list * 10 / max(chain, 1ULL));
	return seen == 4ULL * CALLS * ROUNDS ? 0 : -EIO;
}

static void leave(struct ftrace_ops *ops)
{
	if (ops->flags & FTRACE_OPS_FL_ENABLED)
		unregister_ftrace_function(ops);
	ftrace_free_filter(ops);
}

static int act_list(void)
{
	unsigned long ip = ftrace_location((unsigned long)demo_step);
	int ret = ftrace_set_filter_ip(&one, ip, 0, 1);

	seen = 0;
	if (!ret)
		ret = ftrace_set_filter_ip(&two, ip, 0, 1);
	if (!ret)
		ret = ftrace_set_filter_ip(&stub, ip, 0, 1);
	printk_plain(
		"  Two callbacks by a chain, which calls them one after the "
		"other; then by the list function,");
	printk_plain("  which walks all callbacks of the system and asks each "
		     "whether it wants this function:");
	if (!ret)
		ret = play(ip);
	leave(&stub);
	leave(&two);
	leave(&one);
	return ret;
}

DEMO_ACT(35, list, "the same site served by the list function", act_list);
