// SPDX-License-Identifier: MIT
/*
 * ftrace_session.c - carries out a plan, and frees what it has replaced.
 *
 * Owns the order of a patch session: verify all old bytes, publish, apply,
 * wait, free. The requests are in ftrace_register.c and ftrace_exchange.c.
 *
 * Invariants
 * I6  A failed request leaves every byte, count and list as it was: every step
 *     that can fail is in ftrace_plan_build() or ftrace_begin().
 *
 * Context and locks: task, ftrace_lock; ftrace_retire() takes it.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

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

/* A long run is prepared alone, the short ones between two of them together. */
static int prepare_runs(const struct ftrace_plan *plan,
			struct ftrace_bug_info *bug)
{
	const struct ftrace_change *run = plan->change;
	const struct ftrace_change *end = run + plan->nr_changes;
	struct ftrace_patch *line = plan->patch;
	size_t n = 0;
	int err = 0;

	for (; !err && run < end; run++) {
		if (!run->has_lines)
			continue;
		if (run->is_long) {
			err = arch_ftrace_prepare_lines(line, n, bug);
			line += n;
			n = 0;
			if (!err)
				err = arch_ftrace_prepare_run(line, run->count,
							      bug);
			line += run->count;
		} else {
			n += run->count;
		}
	}
	return err ?: arch_ftrace_prepare_lines(line, n, bug);
}

static int prepare(const struct ftrace_plan *plan, struct ftrace_bug_info *bug)
{
	int err = arch_ftrace_prepare(plan->patch, plan->nr_patches);

	if (err)
		return err;
	return plan->has_long ? prepare_runs(plan, bug) :
				arch_ftrace_prepare_lines(
					plan->patch, plan->nr_patches, bug);
}

int ftrace_begin(struct ftrace_plan *plan)
{
	struct ftrace_bug_info bug;
	int err;

	if (ftrace_dead) {
		ftrace_plan_free(plan);
		return -ENODEV;
	}
	ftrace_static_before();
	if (plan->by_data)
		arch_ftrace_sync();
	if (!plan->nr_patches)
		return 0;
	err = prepare(plan, &bug);
	if (!err)
		return 0;
	ftrace_static_after();
	ftrace_plan_free(plan);
	return report_bug(err, &bug);
}

void ftrace_cancel(struct ftrace_plan *plan)
{
	if (plan->nr_patches)
		arch_ftrace_abort();
	ftrace_static_after();
	ftrace_plan_free(plan);
}

/* The marks of a site are never cleared. */
static u32 set_marks(const struct ftrace_set *set)
{
	u32 marks = 0;

	if (set->id)
		marks |= FTRACE_FL_TOUCHED;
	if (set->direct || set->flags & FTRACE_SET_IPMODIFY)
		marks |= FTRACE_FL_MODIFIED;
	return marks;
}

static __always_inline void publish_rec(struct dyn_ftrace *rec, u32 marks,
					u32 sets)
{
	rec->where |= marks;
	smp_store_release(&rec->sets, sets); /* read by list_set() */
}

static __always_inline void publish_recs(struct dyn_ftrace *rec, size_t n,
					 u32 marks, u32 sets)
{
	struct dyn_ftrace *end = rec + n;

	for (; end - rec >= 4; rec += 4) {
		publish_rec(rec, marks, sets);
		publish_rec(rec + 1, marks, sets);
		publish_rec(rec + 2, marks, sets);
		publish_rec(rec + 3, marks, sets);
	}
	for (; rec < end; rec++)
		publish_rec(rec, marks, sets);
}

/* Write the records and references of one run. */
static __always_inline void publish_run(const struct ftrace_change *run,
					bool enabled,
					struct ftrace_retired *retired)
{
	u32 marks = enabled ? set_marks(run->to) << FTRACE_FL_SHIFT : 0;
	u32 id = run->to->id, sets = enabled ? id << 16 | id : id;
	struct dyn_ftrace *rec = &ftrace_recs[run->first];
	u32 count = run->count;

	if (count == 1) /* as a target of its own */
		publish_rec(rec, marks, sets);
	else
		publish_recs(rec, count, marks, sets);
	run->to->refs += count;
	ftrace_set_put(run->from, count, retired);
}

/* Write the plan to records and references; cannot fail. */
static void publish(const struct ftrace_plan *plan,
		    struct ftrace_retired *retired)
{
	const struct ftrace_change *run = plan->change;
	size_t left = plan->nr_changes;

	for (; left--; run++)
		publish_run(run, ftrace_enabled, retired);
}

void ftrace_commit(struct ftrace_plan *plan, struct ftrace_retired *retired)
{
	publish(plan, retired);
	if (plan->nr_patches)
		arch_ftrace_apply();
	ftrace_static_after();
	ftrace_plan_free(plan);
}

static unsigned long target_now(const struct ftrace_set *set)
{
	return set->target;
}

static unsigned long target_none(const struct ftrace_set *set)
{
	return 0;
}

/* The sets with a new chain are pinned; their sites call the list function. */
static unsigned long target_before(const struct ftrace_set *set)
{
	return set->pinned ? ftrace_list_target(set) : set->target;
}

void ftrace_chains_upgrade(void)
{
	struct ftrace_set *sets = ftrace_dead ? NULL : ftrace_chains_make();
	struct ftrace_retired unused = { 0 };
	struct ftrace_plan plan;
	int err;

	if (!sets)
		return;
	err = ftrace_plan_targets(
		&plan, ftrace_enabled ? target_before : target_now, target_now);
	if (!err)
		err = ftrace_begin(&plan);
	if (!err)
		ftrace_commit(&plan, &unused);
	ftrace_chains_made(sets, err);
}

void ftrace_retire(struct ftrace_retired *retired)
{
	if (!retired->sets && !retired->tramp && !retired->wait)
		return;
	synchronize_tasks();
	mutex_lock(&ftrace_lock);
	ftrace_discard(retired);
	ftrace_chains_upgrade();
	mutex_unlock(&ftrace_lock);
}

/* ---- the main switch ---- */

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
	err = ftrace_plan_targets(&plan, on ? target_none : target_now,
				  on ? target_now : target_none);
	if (!err)
		err = ftrace_begin(&plan);
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
