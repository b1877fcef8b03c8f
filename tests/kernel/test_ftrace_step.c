// SPDX-License-Identifier: MIT
/*
 * I4 one instruction at a time: a task is preempted after the n-th instruction
 * of a trampoline (and of the list function and the callback), for every n;
 * the ops is then unregistered, poisoned and freed, its trampoline with
 * it. Nothing of that may happen before the task is out.
 *
 * Three tasks: the stepper makes the traced call with the trap flag set, and
 * stops in the handler of #DB; the remover unregisters; the test watches.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trap_owner.h"
#include "trace/core/ftrace_internal.h"
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

#define MAGIC 0x600d600d600dUL

void ftrace_step_call(target_fn fn);

static struct ftrace_ops *victim; /* allocated, freed by the remover */
static struct ftrace_ops company = { .func = ftrace_stub };

/* Shared with the handler of #DB. */
static struct task_struct *stepper;
static bool inside;		    /* between the site's call and return */
static unsigned int steps, stop_at; /* instructions inside */
static bool stopped, go_on, freed;
static unsigned int after_free, calls, wrong_calls;

static void notrace callback(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	calls++;
	if (ops != victim || ops->private != (void *)MAGIC || freed)
		wrong_calls++;
}

static bool notrace on_step(struct pt_regs *regs)
{
	unsigned long ip = target_ip(3);

	if (current != stepper)
		return false;
	if (regs->ip == ip + MCOUNT_INSN_SIZE)
		inside = false;
	else if (inside)
		steps++;
	else if (regs->ip == ip)
		inside = arch_ftrace_read(ip) != 0;
	if (inside && steps == stop_at && !stopped)
		stand_preempted(&stopped, &go_on);
	if (inside && freed)
		after_free++;
	return true;
}

static int step_thread(void *arg)
{
	ftrace_step_call(ftrace_target[3]);
	return 0;
}

/* @hasty: forgets to wait; what it frees it only says it has freed. */
static int remove_thread(void *hasty)
{
	struct ftrace_retired retired = { 0 };

	if (!hasty) {
		EXPECT_EQ(unregister_ftrace_function(victim), 0);
		memset(victim, 0x55, sizeof(*victim));
		WRITE_ONCE(freed, true);
		kfree(victim);
		return 0;
	}
	EXPECT_EQ(ftrace_enter(), 0);
	EXPECT_EQ(ftrace_unregister(victim, &retired), 0);
	WRITE_ONCE(freed, true);
	ftrace_leave();
	ftrace_forget(victim, &retired);
	kfree(victim);
	return 0;
}

static void new_victim(unsigned long flags)
{
	victim = kzalloc(sizeof(*victim));
	victim->func = callback;
	victim->flags = flags;
	victim->private = (void *)MAGIC;
	EXPECT_EQ(filter_targets(victim, 3, 1), 0);
	EXPECT_EQ(register_ftrace_function(victim), 0);
	/* The hashes are not what this is about; they would leak. */
	inside = stopped = go_on = freed = false;
	steps = 0;
}

/* Return: whether there was an instruction number @n. */
static bool preempt_at(unsigned int n, unsigned long flags, bool hasty)
{
	struct ftrace_hash *filter;
	struct task_struct *remover;

	new_victim(flags);
	filter = victim->filter_hash;
	stop_at = n;
	stepper = kthread_create(step_thread, NULL, "stepper");
	wake_up_process(stepper);
	wait_until(READ_ONCE(stopped) || READ_ONCE(stepper->state) == TASK_DEAD,
		   5000);
	remover = kthread_run(remove_thread, hasty ? victim : NULL, "remover");
	if (stopped) {
		/* As long as the task is in there nothing is freed. */
		wait_until(!ftrace_rec_enabled(ftrace_rec_find(target_ip(3))) ||
				   company.flags & FTRACE_OPS_FL_ENABLED,
			   5000);
		if (hasty)
			wait_until(READ_ONCE(freed), 5000);
		else
			msleep(4);
		EXPECT_EQ(READ_ONCE(freed), hasty);
	}
	WRITE_ONCE(go_on, true);
	kthread_join(stepper);
	kthread_join(remover);
	ftrace_hash_free(filter);
	return stopped;
}

/* Return: how many instructions there are. */
static unsigned int preempt_everywhere(unsigned long flags, bool hasty)
{
	unsigned int n;

	after_free = calls = wrong_calls = 0;
	trap_set_step_hook(on_step);
	for (n = 0; preempt_at(n, flags, hasty) && n < 500; n++)
		;
	trap_set_step_hook(NULL);
	return n;
}

static void everywhere(unsigned long flags, unsigned int at_least)
{
	unsigned int n = preempt_everywhere(flags, false);
	bool by_list =
		!ftrace_use_trampolines ||
		(!ftrace_use_chains && company.flags & FTRACE_OPS_FL_ENABLED);

	EXPECT(n >= at_least);
	/*
	 * Stopped before the site's CALL: it is a NOP when the task goes on.
	 * The list function decides during the call which ops it calls.
	 */
	EXPECT(by_list ? calls > n / 4 && calls < n : calls == n);
	EXPECT_EQ(wrong_calls, 0);
	EXPECT_EQ(after_free, 0);
	EXPECT_EQ(ftrace_check(), 0);
}

KTEST_FLAGS(ftrace_step, in_a_trampoline_I4, 0, 120)
{
	everywhere(0, 25);
}

KTEST_FLAGS(ftrace_step, in_a_guarded_trampoline_I4, 0, 120)
{
	everywhere(FTRACE_OPS_FL_RECURSION, 35);
}

KTEST_FLAGS(ftrace_step, in_a_regs_trampoline_I4, 0, 120)
{
	everywhere(FTRACE_OPS_FL_SAVE_REGS, 50);
}

static void in_company(bool chains, unsigned int at_least)
{
	bool was = ftrace_use_chains;

	ftrace_use_chains = chains && was;
	EXPECT_EQ(filter_targets(&company, 3, 1), 0);
	EXPECT_EQ(register_ftrace_function(&company), 0);
	everywhere(0, at_least);
	EXPECT_EQ(unregister_ftrace_function(&company), 0);
	ftrace_free_filter(&company);
	ftrace_use_chains = was;
}

KTEST_FLAGS(ftrace_step, in_a_chain_I4, 0, 120)
{
	if (!ftrace_use_chains || !ftrace_use_trampolines)
		KTEST_SKIP("there are no chains");
	in_company(true, 35);
}

KTEST_FLAGS(ftrace_step, in_the_list_I4, 0, 240)
{
	in_company(false, 70);
}

/* A remover that does not wait is caught at nearly every instruction. */
KTEST_FLAGS(ftrace_step, hasty_remover_is_noticed, 0, 120)
{
	unsigned int n = preempt_everywhere(0, true);

	EXPECT(n >= 25);
	EXPECT(after_free > n);
	EXPECT(wrong_calls > 10);
}
