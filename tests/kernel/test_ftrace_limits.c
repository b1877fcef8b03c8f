// SPDX-License-Identifier: MIT
/*
 * What may not be asked for, or not from here: requests from callbacks and
 * from those who are asked to share, targets out of reach, sites that are out
 * of use, requests after the end. Each is refused and leaves nothing half-done.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"
#include "trace/graph/fgraph.h"
#include <asm/smp.h>

#define FAR 0x1000UL /* no call reaches it */

static struct ftrace_ops direct, other;

static void notrace callback_nothing(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
}

static void setup(unsigned int target)
{
	direct = (struct ftrace_ops){ 0 };
	other = (struct ftrace_ops){ .func = callback_nothing };
	EXPECT_EQ(filter_targets(&direct, target, 1), 0);
	EXPECT_EQ(filter_targets(&other, target, 1), 0);
}

static void teardown(void)
{
	EXPECT_EQ(ftrace_check(), 0);
	ftrace_free_filter(&direct);
	ftrace_free_filter(&other);
}

/* ---- from a callback ---- */

static const struct ftrace_fexit_spec nothing_spec;
static int answer[6];
static struct ftrace_pids pids;

static void notrace callback_asks(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	answer[0] = unregister_ftrace_function(ops);
	answer[1] = ftrace_set_filter_ip(ops, ip, 1, 0);
	answer[2] = ftrace_free_filter(ops);
	answer[3] = PTR_ERR(ftrace_fexit_attach(&nothing_spec, &ip, 1));
	answer[4] = ftrace_set_pids(&pids, &answer[0], 1, false);
	answer[5] = modify_ftrace_direct(ops, direct_target[0]);
}

static void ask_from_callback(unsigned long flags, bool may_sleep)
{
	unsigned int i;

	setup(2);
	other.func = callback_asks;
	other.flags = flags;
	EXPECT_EQ(register_ftrace_function(&other), 0);
	memset(answer, 0, sizeof(answer));
	if (!may_sleep)
		preempt_disable();
	ftrace_target[2]();
	if (!may_sleep)
		preempt_enable();
	for (i = 0; i < ARRAY_SIZE(answer); i++)
		EXPECT_EQ(answer[i], -EDEADLK);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	teardown();
}

/* Also where it could sleep: then it would wait for itself, or free itself. */
KTEST(ftrace_limits, nothing_from_a_callback)
{
	unsigned int may_sleep;

	for (may_sleep = 0; may_sleep < 2; may_sleep++) {
		ask_from_callback(0, may_sleep);
		ask_from_callback(FTRACE_OPS_FL_SAVE_REGS, may_sleep);
		ask_from_callback(FTRACE_OPS_FL_RECURSION, may_sleep);
	}
}

static struct ftrace_ops *asks_first;

static void notrace callback_asks_behind(unsigned long ip,
					 unsigned long parent_ip,
					 struct ftrace_ops *ops,
					 struct ftrace_regs *fregs)
{
	answer[0] = unregister_ftrace_function(asks_first);
}

/* By a chain or the list, about somebody else. */
KTEST(ftrace_limits, nothing_from_a_chain)
{
	struct ftrace_ops second = { .func = callback_asks_behind };

	setup(2);
	EXPECT_EQ(filter_targets(&second, 2, 1), 0);
	EXPECT_EQ(register_ftrace_function(&other), 0);
	EXPECT_EQ(register_ftrace_function(&second), 0);
	asks_first = &other;
	answer[0] = 0;
	ftrace_target[2]();
	EXPECT_EQ(answer[0], -EDEADLK);
	EXPECT_EQ(unregister_ftrace_function(&second), 0);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	ftrace_free_filter(&second);
	teardown();
}

static struct ftrace_ops graph_sites;

static bool graph_asks(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	answer[0] = unregister_ftrace_graph(gops);
	return true;
}

static void graph_asks_at_return(const struct ftrace_graph_ret *ret,
				 struct fgraph_ops *gops)
{
	answer[1] = unregister_ftrace_graph(gops);
	answer[2] = unregister_ftrace_function(gops->ops);
	answer[3] = register_ftrace_graph(gops);
}

/* What a traced function calls is no callback, though its return is hooked. */
static noinline void ask_from_hooked(void)
{
	answer[4] = ftrace_set_filter_ip(&other, target_ip(3), 0, 0);
}

/* Tasks keep the shadow stacks they are given. */
KTEST_FLAGS(ftrace_limits, nothing_from_a_graph_callback, KTEST_LEAKS, 0)
{
	struct fgraph_ops graph = { .entryfunc = graph_asks,
				    .retfunc = graph_asks_at_return,
				    .ops = &graph_sites };
	unsigned int i;

	setup(2);
	graph_sites = (struct ftrace_ops){ 0 };
	EXPECT_EQ(ftrace_set_filter_ip(&graph_sites,
				       (unsigned long)ask_from_hooked, 0, 0),
		  0);
	EXPECT_EQ(register_ftrace_graph(&graph), 0);
	memset(answer, -1, sizeof(answer));
	ask_from_hooked();
	for (i = 0; i < 4; i++)
		EXPECT_EQ(answer[i], -EDEADLK);
	EXPECT_EQ(answer[4], 0);
	EXPECT_EQ(unregister_ftrace_graph(&graph), 0);
	ftrace_free_filter(&graph_sites);
	teardown();
}

/* ---- from one who is asked to share ---- */

static struct task_struct *attacher;

static int attach_another(void *unused)
{
	unsigned long ip = target_ip(9);
	struct ftrace_fexit *fexit;

	fexit = ftrace_fexit_attach(&nothing_spec, &ip, 1);
	if (EXPECT(!IS_ERR(fexit)))
		EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	return 0;
}

static int attach_when_asked(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	unsigned long ip = target_ip(8);

	attacher = kthread_run(attach_another, NULL, "attacher");
	/* It waits for direct_mutex, and holds what comes before. */
	wait_until(READ_ONCE(attacher->state) == TASK_SLEEPING, 5000);
	answer[0] = PTR_ERR(ftrace_fexit_attach(&nothing_spec, &ip, 1));
	return -EAGAIN;
}

KTEST(ftrace_limits, no_wrapper_from_one_who_is_asked)
{
	setup(0);
	direct.ops_func = attach_when_asked;
	other.flags = FTRACE_OPS_FL_IPMODIFY;
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT_EQ(register_ftrace_function(&other), -EAGAIN);
	EXPECT_EQ(answer[0], -EDEADLK);
	kthread_join(attacher);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], false),
		  0);
	ftrace_fexit_reap();
	teardown();
}

static void notrace callback_exchanges(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	answer[0] = modify_ftrace_direct_nolock(&direct, direct_target[1]);
}

static int call_when_asked(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	ftrace_target[0]();
	return -EAGAIN;
}

/* ops_func may exchange its target; what is traced in it may not. */
KTEST(ftrace_limits, no_exchange_from_a_callback_of_one_who_is_asked)
{
	struct ftrace_ops asks = { .func = callback_exchanges };

	setup(0);
	EXPECT_EQ(filter_targets(&asks, 0, 1), 0);
	direct.ops_func = call_when_asked;
	other.flags = FTRACE_OPS_FL_IPMODIFY;
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT_EQ(register_ftrace_function(&asks), 0);
	answer[0] = 0;
	EXPECT_EQ(register_ftrace_function(&other), -EAGAIN);
	EXPECT_EQ(answer[0], -EDEADLK);
	EXPECT_EQ(unregister_ftrace_function(&asks), 0);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct.direct_call, false),
		  0);
	ftrace_free_filter(&asks);
	teardown();
}

/* ---- targets ---- */

KTEST(ftrace_limits, a_target_out_of_reach)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(1);

	setup(0);
	EXPECT_EQ(register_ftrace_direct(&direct, FAR), -EINVAL);
	EXPECT_EQ(register_ftrace_direct(&direct, FAR | FTRACE_ADDR_JMP),
		  -EINVAL);
	EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(1), FAR), -EINVAL);
	EXPECT_EQ(register_ftrace_function(&other), 0);
	EXPECT_EQ(register_ftrace_direct(&direct, FAR), -EINVAL);
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT_EQ(modify_ftrace_direct(&direct, FAR), -EINVAL);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], false),
		  0);
	other.trampoline = FAR;
	EXPECT_EQ(register_ftrace_function(&other), -EINVAL);
	other.trampoline = 0;
	ftrace_hash_free(hash);
	teardown();
}

static unsigned long disabled_site(void)
{
	size_t i;

	for (i = 0; i < ftrace_rec_count(); i++)
		if (ftrace_rec_disabled(ftrace_rec(i)))
			return ftrace_rec_ip(ftrace_rec(i));
	return 0;
}

KTEST(ftrace_limits, a_site_out_of_use)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(1);
	unsigned long ip = disabled_site();

	ASSERT(ip);
	EXPECT_EQ(ftrace_direct_hash_add(hash, ip, direct_target[0]), -EINVAL);
	EXPECT_EQ(PTR_ERR(ftrace_fexit_attach(&nothing_spec, &ip, 1)), -EINVAL);
	ftrace_hash_free(hash);
}

/* ---- a filter that is read while it is replaced ---- */

static bool readers_leave;

static int read_filter(void *unused)
{
	struct ftrace_hash *hash;
	int read = 0;

	while (!READ_ONCE(readers_leave)) {
		EXPECT_EQ(ftrace_ops_get_hash(&direct, false, &hash), 0);
		ftrace_hash_free(hash);
		read++;
		cond_resched();
	}
	return read;
}

/* Its first targets take the place of an ops' filter, but do not stay. */
KTEST_FLAGS(ftrace_limits, readers_of_a_filter_that_goes, 0, 60)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(1);
	struct ftrace_ops first = { 0 };
	struct task_struct *reader;
	unsigned int i;

	setup(3);
	EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(3), direct_target[0]),
		  0);
	EXPECT_EQ(filter_targets(&first, 3, 1), 0);
	EXPECT_EQ(register_ftrace_direct(&first, direct_target[1]), 0);
	readers_leave = false;
	reader = kthread_run(read_filter, NULL, "reader");
	for (i = 0; i < 10000 && !ktest_failed(); i++)
		EXPECT_EQ(update_ftrace_direct_add(&direct, hash), -EBUSY);
	WRITE_ONCE(readers_leave, true);
	EXPECT(kthread_join(reader) > 0);
	EXPECT_EQ(unregister_ftrace_direct(&first, direct_target[1], true), 0);
	ftrace_hash_free(hash);
	teardown();
}

static void notrace count_entry(struct ftrace_fexit_call *call, void *data)
{
	(*(u64 *)data)++;
}

/* Where the list serves no batch makes fresh code known: CPUs serialise. */
KTEST(ftrace_limits, fresh_code_is_made_known_without_a_batch)
{
	u64 hits = 0, rounds;
	struct ftrace_fexit_prog prog = { count_entry, NULL, &hits };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	unsigned long ip = target_ip(0);
	bool chains = ftrace_use_chains;
	struct ftrace_fexit *fexit;

	setup(0);
	ftrace_use_chains = false;
	EXPECT_EQ(register_ftrace_function(&other), 0);
	fexit = ftrace_fexit_attach(&spec, &ip, 1);
	ASSERT(!IS_ERR(fexit));
	rounds = sync_core_rounds();
	EXPECT_EQ(ftrace_fexit_replace(fexit, &spec), 0);
	EXPECT_EQ(sync_core_rounds(), rounds + 1);
	ftrace_target[0]();
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(ftrace_fexit_detach(fexit), 0);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	ftrace_use_chains = chains;
	teardown();
}

/* ---- sharing by the stub ---- */

static int agree(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	answer[cmd]++;
	return 0;
}

static int agree_and_exchange(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	bool on = cmd == FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER;

	return modify_ftrace_direct_nolock(ops, direct_target[on ? 2 : 1]);
}

/* Consent is not taken back by what somebody else does while asked. */
static void share_two(enum ftrace_exchange_way way)
{
	struct ftrace_ops second = { .ops_func = agree_and_exchange };

	setup(0);
	memset(answer, 0, sizeof(answer));
	direct.ops_func = agree;
	other.flags = FTRACE_OPS_FL_IPMODIFY;
	EXPECT_EQ(filter_targets(&second, 1, 1), 0);
	EXPECT_EQ(filter_targets(&other, 0, 2), 0);
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT_EQ(register_ftrace_direct(&second, direct_target[1]), 0);
	ftrace_exchange_way = way;
	EXPECT_EQ(register_ftrace_function(&other), 0);
	EXPECT_EQ(answer[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 0);
	EXPECT_EQ(unregister_ftrace_function(&other), 0);
	EXPECT_EQ(answer[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	ftrace_exchange_way = FTRACE_BY_SITE;
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], false),
		  0);
	EXPECT_EQ(unregister_ftrace_direct(&second, direct_target[1], true), 0);
	teardown();
}

KTEST(ftrace_limits, two_agree_to_share)
{
	share_two(FTRACE_BY_SITE);
	share_two(FTRACE_BY_STUB);
}

/* ---- filters ---- */

KTEST(ftrace_limits, no_addresses_ask_for_nothing)
{
	unsigned long none = 0;

	other = (struct ftrace_ops){ .func = callback_nothing };
	EXPECT_EQ(ftrace_set_filter_ips(&other, &none, 0, 0, 0), 0);
	EXPECT_EQ(other.filter_hash, NULL); /* all, as before */
	EXPECT_EQ(ftrace_set_filter(&other, "0x10", 4, 1), 0);
	EXPECT_EQ(other.filter_hash->rec[0], 15);
	EXPECT_EQ(ftrace_set_filter(&other, "010", 3, 1), 0);
	EXPECT_EQ(other.filter_hash->rec[0], 7);
	ftrace_free_filter(&other);
}
