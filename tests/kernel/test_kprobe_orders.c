// SPDX-License-Identifier: MIT
/*
 * Probes beside all other kinds of users on one site: they come in each order,
 * and go in each order, and after every step a call reaches exactly those that
 * are there.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/graph/fgraph.h"
#include "trace/probes/kretprobe.h"

static traced_function long crowded(long a, long b)
{
	return a - 3 * b;
}

enum { KPROBE, FPROBE, FUNCTION, GRAPH, DIRECT, MODIFIER, USERS };

static unsigned long hits[USERS];

static int count_pre(struct kprobe *p, struct pt_regs *regs)
{
	hits[KPROBE]++;
	return 0;
}

static int count_entry(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	hits[FPROBE] += 1000;
	return 0;
}

static void count_exit(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	hits[FPROBE] -= 999;
}

static void count_call(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	hits[FUNCTION]++;
}

static void count_modified(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	hits[MODIFIER]++;
}

static void count_return(const struct ftrace_graph_ret *ret,
			 struct fgraph_ops *gops)
{
	hits[GRAPH]++;
}

/* The direct target returns to the site, so it can share it. */
static int agree(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct kprobe kprobe;
static struct fprobe fprobe;
static struct ftrace_ops function = { .func = count_call };
static struct ftrace_ops direct = { .ops_func = agree };
static struct ftrace_ops modifier = { .func = count_modified,
				      .flags = FTRACE_OPS_FL_SAVE_REGS |
					       FTRACE_OPS_FL_IPMODIFY };
static struct ftrace_ops graph_ops;
static struct fgraph_ops graph = { .ops = &graph_ops, .retfunc = count_return };

static int come(unsigned int user)
{
	unsigned long ip = (unsigned long)crowded;

	switch (user) {
	case KPROBE:
		kprobe = (struct kprobe){ .addr = (u8 *)crowded,
					  .pre_handler = count_pre };
		return register_kprobe(&kprobe);
	case FPROBE:
		fprobe = (struct fprobe){ .entry_handler = count_entry,
					  .exit_handler = count_exit };
		return register_fprobe_ips(&fprobe, &ip, 1);
	case FUNCTION:
		return register_ftrace_function(&function);
	case GRAPH:
		return register_ftrace_graph(&graph);
	case DIRECT:
		return ftrace_set_filter_ip(&direct, ip, 0, 1) ?:
			       register_ftrace_direct(&direct,
						      direct_target[0]);
	default:
		return register_ftrace_function(&modifier);
	}
}

static int go(unsigned int user)
{
	switch (user) {
	case KPROBE:
		unregister_kprobe(&kprobe);
		return (int)kprobe.nmissed;
	case FPROBE:
		return unregister_fprobe(&fprobe) ?: (int)fprobe.nmissed;
	case FUNCTION:
		return unregister_ftrace_function(&function);
	case GRAPH:
		return unregister_ftrace_graph(&graph);
	case DIRECT:
		return unregister_ftrace_direct(&direct, direct_target[0],
						true);
	default:
		return unregister_ftrace_function(&modifier);
	}
}

/* The n-th of the 720 orders. */
static void order_of(unsigned int n, u8 order[USERS])
{
	u8 left[USERS] = { 0, 1, 2, 3, 4, 5 };
	unsigned int i, at;

	for (i = 0; i < USERS; i++) {
		at = n % (USERS - i);
		n /= USERS - i;
		order[i] = left[at];
		memmove(left + at, left + at + 1, USERS - at - 1);
	}
}

/* Return: is one call one hit of each of @there, and of nobody else? */
static bool call_is_right(u32 there)
{
	unsigned int user;
	long sum;

	memset(hits, 0, sizeof(hits));
	direct_reset();
	sum = crowded(20, 3);
	hits[DIRECT] = direct_hits(0);
	for (user = 0; user < USERS; user++)
		if (hits[user] != (there >> user & 1))
			return false;
	return sum == 11;
}

/* Return: the number of steps after which something is wrong. */
static unsigned int round_of(unsigned int arrival, unsigned int departure)
{
	u8 order[USERS];
	unsigned int i, wrong = 0;
	u32 there = 0;

	order_of(arrival, order);
	for (i = 0; i < USERS; i++) {
		wrong += come(order[i]) != 0;
		there |= 1U << order[i];
		wrong += !call_is_right(there);
	}
	order_of(departure, order);
	for (i = 0; i < USERS; i++) {
		wrong += go(order[i]) != 0;
		there &= ~(1U << order[i]);
		wrong += !call_is_right(there);
	}
	return wrong;
}

#define ORDERS 720
#define STEP   77 /* has no divisor in common with 720 */

/* Every @every-th order of arrival, each with another one of departure. */
static void come_and_go(unsigned int every)
{
	static struct ftrace_ops *const by_ip[] = { &function, &modifier,
						    &graph_ops };
	unsigned long ip = (unsigned long)crowded;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by_ip); i++)
		ASSERT_EQ(ftrace_set_filter_ip(by_ip[i], ip, 0, 1), 0);
	for (i = 0; i < ORDERS; i += every)
		if (!EXPECT_EQ(round_of(i, (i * STEP + 1) % ORDERS), 0)) {
			ktest_note("arrival %u", i);
			break;
		}
	EXPECT_EQ(ftrace_check(), 0);
	for (i = 0; i < ARRAY_SIZE(by_ip); i++)
		EXPECT_EQ(ftrace_free_filter(by_ip[i]), 0);
}

KTEST_FLAGS(kprobe_beside, users_of_all_kinds_come_and_go_Y1, 0, 60)
{
	come_and_go(19);
}

/* Each order once for arrival, and once for departure. */
KTEST_FLAGS(kprobe_orders, all_users_come_and_go_in_each_order_Y1,
	    KTEST_LEAKS | KTEST_ASKED, 240)
{
	come_and_go(1);
}
