// SPDX-License-Identifier: MIT
/*
 * ftrace.c - carries out a request of any kind.
 *
 * Owns the two switches (enabled, dead) and the order of a patch session:
 * build a plan, verify all of it, publish, apply. The requests themselves are
 * in ftrace_register.c and ftrace_direct.c.
 *
 * Invariants
 * I6  A failed request leaves every byte, count and list as it was: every step
 *     that can fail is in ftrace_begin().
 *
 * Context and locks: direct_mutex serialises requests. ftrace_lock is held
 * while records, sets and the list change, but not during the wait before
 * memory is freed.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"
#include <asm/context.h>
#include <asm/irqflags.h>

DEFINE_MUTEX(ftrace_lock);
bool ftrace_enabled = true;
bool ftrace_dead;

void ftrace_stub(unsigned long ip, unsigned long parent_ip,
		 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

/* ---- entering a request ---- */

bool ftrace_may_request(void)
{
	return in_task() && !preempt_count() && !irqs_disabled() &&
	       !mutex_is_held(&direct_mutex) && !mutex_is_held(&ftrace_lock) &&
	       !ftrace_in_callback();
}

int ftrace_enter(void)
{
	if (!ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&direct_mutex);
	if (!ftrace_dead)
		return 0;
	mutex_unlock(&direct_mutex);
	return -ENODEV;
}

void ftrace_leave(void)
{
	mutex_unlock(&direct_mutex);
}

void ftrace_kill(void)
{
	WRITE_ONCE(ftrace_dead, true);
}

bool ftrace_is_dead(void)
{
	return READ_ONCE(ftrace_dead);
}

static int report_bug(int err, const struct ftrace_bug_info *bug)
{
	if (err != -EINVAL && err != -EFAULT)
		return err;
	pr_err("ftrace: site %pS (%lx) is not as it was left\n",
	       (void *)bug->ip, bug->ip);
	pr_err("ftrace:   expected %5ph\n", bug->expected);
	if (bug->readable)
		pr_err("ftrace:   found    %5ph\n", bug->found);
	else
		pr_err("ftrace:   found    nothing that can be read\n");
	pr_err("ftrace: no more patching; the system goes on as it is\n");
	ftrace_kill();
	return -ENODEV;
}

/* ---- a patch session ---- */

struct ftrace_match ftrace_match_of(const struct ftrace_ops *ops)
{
	return (struct ftrace_match){
		.active = true,
		.filter = ops->filter_hash,
		.exclude = ops->notrace_hash,
	};
}

static int plan_prepare(struct ftrace_plan *plan)
{
	struct ftrace_bug_info bug;
	int err;

	ftrace_static_before();
	if (plan->by_data)
		arch_ftrace_sync();
	if (!plan->nr_patches)
		return 0;
	err = arch_ftrace_prepare(plan->patch, plan->nr_patches, &bug);
	if (!err)
		return 0;
	ftrace_static_after();
	ftrace_plan_free(plan);
	return report_bug(err, &bug);
}

int ftrace_begin(struct ftrace_plan *plan, struct ftrace_request *request)
{
	int err = ftrace_dead ? -ENODEV : ftrace_plan_build(plan, request);

	return err ? err : plan_prepare(plan);
}

void ftrace_cancel(struct ftrace_plan *plan)
{
	if (plan->nr_patches)
		arch_ftrace_abort();
	ftrace_static_after();
	ftrace_plan_free(plan);
}

void ftrace_commit(struct ftrace_plan *plan, struct ftrace_retired *retired)
{
	ftrace_plan_publish(plan, retired);
	if (plan->nr_patches)
		arch_ftrace_apply();
	ftrace_static_after();
	ftrace_plan_free(plan);
}

int ftrace_retarget(unsigned long (*old)(const struct ftrace_set *set),
		    struct ftrace_retired *retired)
{
	struct ftrace_plan plan;
	int err = ftrace_plan_pinned(&plan, old);

	if (!err)
		err = plan_prepare(&plan);
	if (!err)
		ftrace_commit(&plan, retired);
	return err;
}

static bool has_permanent_ops(void)
{
	struct ftrace_ops *ops;

	for (ops = ftrace_ops_list; ops; ops = ops->next)
		if (ops->flags & FTRACE_OPS_FL_PERMANENT)
			return true;
	return false;
}

static int set_enabled_locked(bool on, struct ftrace_retired *retired)
{
	struct ftrace_plan plan;
	int err;

	if (on == ftrace_enabled)
		return 0;
	if (!on && has_permanent_ops())
		return -EBUSY;
	err = ftrace_plan_enable(&plan, on);
	if (!err)
		err = plan_prepare(&plan);
	if (err)
		return err;
	ftrace_enabled = on;
	ftrace_commit(&plan, retired);
	return 0;
}

int ftrace_set_enabled(bool on)
{
	struct ftrace_retired retired = { 0 };
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	mutex_lock(&ftrace_lock);
	err = set_enabled_locked(on, &retired);
	mutex_unlock(&ftrace_lock);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

bool ftrace_is_enabled(void)
{
	return ftrace_enabled;
}
