// SPDX-License-Identifier: MIT
/*
 * What makes an fprobe leave its own targets for the graph: a direct caller, an
 * ip modifier, no free set. No call is lost or doubled, none that is inside
 * either (K7, Y1). And an fprobe that goes while a call is inside.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/probes/kretprobe.h"
#include <asm/percpu.h>

#define CALLS 40

static traced_function long plain(long a, long b)
{
	return a + 2 * b;
}

static struct {
	unsigned long entries, exits, wrong;
} seen;

static int count_entry(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	seen.entries++;
	return 0;
}

static void count_exit(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	seen.exits++;
	if (ip == (unsigned long)plain)
		seen.wrong += ftrace_regs_get_return_value(fregs) != 5;
}

static void call(unsigned int n)
{
	while (n--)
		EXPECT_EQ(plain(1, 2), 5);
}

static bool begin(struct fprobe *fp, bool fast)
{
	unsigned long ip = (unsigned long)plain;

	memset(&seen, 0, sizeof(seen));
	*fp = (struct fprobe){ .entry_handler = count_entry,
			       .exit_handler = count_exit };
	return EXPECT_EQ(register_fprobe_ips(fp, &ip, 1), 0) &&
	       EXPECT_EQ(fprobe_is_fast(fp), fast);
}

/* So many calls have been made, each with its entry and its exit. */
static void end(struct fprobe *fp, unsigned long calls)
{
	EXPECT_EQ(unregister_fprobe(fp), 0);
	call(2);
	EXPECT_EQ(seen.entries, calls);
	EXPECT_EQ(seen.exits, calls);
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(fp->nmissed, 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

/* ---- stepping aside ---- */

static void modifier(unsigned long ip, unsigned long parent_ip,
		     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops modifying = {
	.func = modifier,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};
static struct ftrace_ops direct;

KTEST(fprobe_aside, a_direct_caller_gets_the_site_Y1)
{
	unsigned long ip = (unsigned long)plain;
	static struct fprobe fp;

	ASSERT(begin(&fp, true));
	call(CALLS);
	ASSERT_EQ(ftrace_set_filter_ip(&direct, ip, 0, 1), 0);
	direct_reset();
	ASSERT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT(!fprobe_is_fast(&fp));
	call(CALLS);
	EXPECT_EQ(direct_hits(0), CALLS);
	EXPECT_EQ(ftrace_check(), 0);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], true), 0);
	call(CALLS);
	end(&fp, 3 * CALLS);
}

/* Present first, it leaves the graph's path to the fprobe. */
KTEST(fprobe_aside, a_direct_caller_has_the_site)
{
	unsigned long ip = (unsigned long)plain;
	static struct fprobe fp;

	ASSERT_EQ(ftrace_set_filter_ip(&direct, ip, 0, 1), 0);
	ASSERT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	ASSERT(begin(&fp, false));
	call(CALLS);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], true), 0);
	end(&fp, CALLS);
}

static unsigned long posts;

static void count_post(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
	posts++;
}

KTEST(fprobe_aside, an_ip_modifier_gets_the_site_Y1)
{
	struct kprobe post = { .addr = (u8 *)plain,
			       .post_handler = count_post };
	unsigned long ip = (unsigned long)plain;
	static struct fprobe fp;

	ASSERT(begin(&fp, true));
	call(CALLS);
	ASSERT_EQ(ftrace_set_filter_ip(&modifying, ip, 0, 1), 0);
	ASSERT_EQ(register_ftrace_function(&modifying), 0);
	EXPECT(!fprobe_is_fast(&fp));
	call(CALLS);
	EXPECT_EQ(unregister_ftrace_function(&modifying), 0);
	EXPECT_EQ(ftrace_free_filter(&modifying), 0);
	end(&fp, 2 * CALLS);
	posts = 0;
	ASSERT(begin(&fp, true));
	ASSERT_EQ(register_kprobe(&post), 0);
	EXPECT(!fprobe_is_fast(&fp));
	call(CALLS);
	unregister_kprobe(&post);
	EXPECT_EQ(posts, CALLS);
	end(&fp, CALLS);
}

static DEFINE_PER_CPU(unsigned long, storm_entries);
static DEFINE_PER_CPU(unsigned long, storm_exits);
static bool storm_over;
static unsigned long steps;

static traced_function void stormy(void *arg)
{
	(void)arg;
}

static int storm_entry(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	this_cpu_inc(storm_entries);
	return 0;
}

static void storm_exit(struct fprobe *fp, unsigned long ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	this_cpu_inc(storm_exits);
}

/* One fprobe steps aside once, so others come for each round. */
static int force_aside(void *arg)
{
	struct fprobe fp = { .exit_handler = count_exit };
	unsigned long ip = (unsigned long)stormy;

	while (!READ_ONCE(storm_over)) {
		EXPECT_EQ(ftrace_set_filter_ip(&direct, ip, 0, 1), 0);
		EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
		EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0],
						   true),
			  0);
		EXPECT_EQ(register_fprobe_ips(&fp, &ip, 1), 0);
		steps += fprobe_is_fast(&fp);
		EXPECT_EQ(unregister_fprobe(&fp), 0);
	}
	return 0;
}

KTEST_FLAGS(fprobe_aside, a_change_of_path_loses_no_call_K7, 0, 120)
{
	struct fprobe fp = { .entry_handler = storm_entry,
			     .exit_handler = storm_exit };
	unsigned long ip = (unsigned long)stormy, in = 0, out = 0;
	struct task_struct *task;
	struct tt_calls calls;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		per_cpu(storm_entries, cpu) = per_cpu(storm_exits, cpu) = 0;
	storm_over = false;
	steps = 0;
	ASSERT_EQ(register_fprobe_ips(&fp, &ip, 1), 0);
	EXPECT(fprobe_is_fast(&fp));
	task = kthread_run(force_aside, NULL, "aside");
	ASSERT(!IS_ERR(task));
	calls = tt_storm(stormy, NULL, 1000, 2, false);
	WRITE_ONCE(storm_over, true);
	EXPECT_EQ(kthread_join(task), 0);
	EXPECT(!fprobe_is_fast(&fp));
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	for_each_online_cpu(cpu) {
		in += per_cpu(storm_entries, cpu);
		out += per_cpu(storm_exits, cpu);
	}
	EXPECT_EQ(in, calls.task + calls.irq + calls.nmi);
	EXPECT_EQ(out, in);
	EXPECT_EQ(fp.nmissed, 0);
	EXPECT(steps > 0);
}

/* ---- sets used up, calls under way ---- */

static const struct ftrace_fexit_prog no_prog;
static const struct ftrace_fexit_spec no_spec = { .nr = 1, .prog = &no_prog };

KTEST(fprobe_aside, without_a_free_set_the_graph_serves)
{
	static struct ftrace_fexit *fexit[65];
	static struct fprobe fp;
	unsigned long other;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(fexit); n++) {
		other = target_ip(n);
		fexit[n] = ftrace_fexit_attach(&no_spec, &other, 1);
		if (IS_ERR(fexit[n]))
			break;
	}
	EXPECT_EQ(n, 64);
	ASSERT(begin(&fp, false));
	call(CALLS);
	while (n--)
		EXPECT_EQ(ftrace_fexit_detach(fexit[n]), 0);
	end(&fp, CALLS);
}

static bool go_on, inside;

static traced_function void sleeper(void)
{
	WRITE_ONCE(inside, true);
	while (!READ_ONCE(go_on))
		msleep(1);
}

static int call_sleeper(void *arg)
{
	sleeper();
	return 5;
}

/* The memory of an fprobe is its owner's again, though a call is inside. */
static void test_gone(bool fast)
{
	struct fprobe *fp = kzalloc(sizeof(*fp));
	unsigned long ip = (unsigned long)sleeper;
	struct task_struct *task;

	ASSERT(fp);
	memset(&seen, 0, sizeof(seen));
	go_on = inside = false;
	fp->entry_handler = count_entry;
	fp->exit_handler = count_exit;
	WRITE_ONCE(fprobe_may_be_fast, fast);
	EXPECT_EQ(register_fprobe_ips(fp, &ip, 1), 0);
	WRITE_ONCE(fprobe_may_be_fast, true);
	EXPECT_EQ(fprobe_is_fast(fp), fast);
	task = kthread_run(call_sleeper, NULL, "sleeper");
	ASSERT(!IS_ERR(task));
	while (!READ_ONCE(inside))
		msleep(1);
	EXPECT_EQ(unregister_fprobe(fp), 0);
	EXPECT_EQ(ftrace_fexit_reap(), fast);
	memset(fp, 0xcc, sizeof(*fp));
	kfree(fp);
	WRITE_ONCE(go_on, true);
	EXPECT_EQ(kthread_join(task), 5);
	EXPECT_EQ(seen.entries, 1);
	EXPECT_EQ(seen.exits, 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

KTEST(fprobe_aside, gone_while_a_call_is_inside)
{
	test_gone(true);
	test_gone(false);
}

/* The calls that are inside when the path changes have their exits, too. */
KTEST(fprobe_aside, a_call_inside_while_it_steps_aside_K7)
{
	struct fprobe fp = { .entry_handler = count_entry,
			     .exit_handler = count_exit };
	unsigned long ip = (unsigned long)sleeper;
	struct task_struct *task;

	memset(&seen, 0, sizeof(seen));
	go_on = inside = false;
	ASSERT_EQ(register_fprobe_ips(&fp, &ip, 1), 0);
	EXPECT(fprobe_is_fast(&fp));
	task = kthread_run(call_sleeper, NULL, "sleeper");
	ASSERT(!IS_ERR(task));
	while (!READ_ONCE(inside))
		msleep(1);
	ASSERT_EQ(ftrace_set_filter_ip(&direct, ip, 0, 1), 0);
	ASSERT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT(!fprobe_is_fast(&fp));
	WRITE_ONCE(go_on, true);
	EXPECT_EQ(kthread_join(task), 5);
	EXPECT_EQ(seen.entries, 1);
	EXPECT_EQ(seen.exits, 1);
	sleeper();
	EXPECT_EQ(seen.exits, 2);
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0], true), 0);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}
