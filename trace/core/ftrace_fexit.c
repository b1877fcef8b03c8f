// SPDX-License-Identifier: MIT
/*
 * ftrace_fexit.c - the owners and the lifetime of generated entry-and-exit
 * targets.
 *
 * Owns the *groups* and the list of retired groups. A group is the targets made
 * by one attach or replace, one for each function. They share a pair of per-CPU
 * counters.
 *
 * A call may sleep in the function with the target on its stack, perhaps for
 * ever. So no request waits for the calls to leave a group; a later request
 * frees it, when
 *	1. its sites have been patched and one wait for all tasks has passed
 *	   (the session does that), so each call that entered is counted in;
 *	2. the sums of calls counted in and out are equal;
 *	3. one more wait for all tasks has passed: from counting itself out to
 *	   its return no call sleeps.
 *
 * A call whose task ends inside is counted out when the task is freed.
 *
 * Context and locks: task. fexit_lock > direct_mutex.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/list.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "kernel/trace_hooks.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/core/ftrace_internal.h"
#include <asm/percpu.h>
#include <asm/smp.h>

#define GROUPS 64

struct fexit_counters {
	u64 in, out;
};

struct fexit_group {
	struct list_head list;	     /* in retired_groups */
	unsigned int slot;	     /* index of its counters */
	struct ftrace_hash *targets; /* site -> target */
	struct ftrace_fexit_use use; /* its owner, if there is one */
};

struct ftrace_fexit {
	struct ftrace_ops ops;
	struct fexit_group *group;
	bool moved; /* [direct_mutex] its sites have another ops */
};

/* The owner words of a group, which generated code reads. */
struct owner_words {
	void *entry, *exit; /* [A] */
	void *nobody;
	void (*lost)(void *owner);
};
static struct owner_words owner_words[GROUPS];

static DEFINE_MUTEX(fexit_lock);
static DEFINE_PER_CPU(struct fexit_counters[GROUPS], fexit_count);
static u64 slots_used;		  /* [fexit_lock] */
static LIST_HEAD(retired_groups); /* [fexit_lock] */

/* ---- groups ---- */

static bool handler_ok(ftrace_fexit_func_t func)
{
	return !func || arch_ftrace_reaches((unsigned long)func);
}

static bool spec_is_valid(const struct ftrace_fexit_spec *spec)
{
	unsigned int i;

	for (i = 0; i < spec->nr && i < FTRACE_FEXIT_PROGS; i++)
		if (!handler_ok(spec->prog[i].entry) ||
		    !handler_ok(spec->prog[i].exit))
			return false;
	return spec->nr <= FTRACE_FEXIT_PROGS &&
	       spec->stack_words <= FTRACE_FEXIT_STACK_WORDS &&
	       !(spec->varargs && !spec->stack_words);
}

static void group_free(struct fexit_group *group)
{
	size_t i;

	for (i = 0; group->targets && i < group->targets->count; i++)
		if (group->targets->direct[i])
			arch_ftrace_free_fexit(group->targets->direct[i]);
	ftrace_hash_free(group->targets);
	slots_used &= ~(1UL << group->slot);
	kfree(group);
}

/* The words stay at use->nobody until another group takes the slot. */
static void set_words(const struct fexit_group *group, bool entry, bool exit)
{
	struct owner_words *words = &owner_words[group->slot];
	const struct ftrace_fexit_use *use = &group->use;

	WRITE_ONCE(words->entry, entry ? use->owner : use->nobody);
	WRITE_ONCE(words->exit, exit ? use->owner : use->nobody);
}

static void group_take_owner(struct fexit_group *group,
			     const struct ftrace_fexit_use *use)
{
	group->use = *use;
	owner_words[group->slot].nobody = use->nobody;
	owner_words[group->slot].lost = use->lost;
	group->use.arch.entry = &owner_words[group->slot].entry;
	group->use.arch.exit = &owner_words[group->slot].exit;
	set_words(group, true, true);
}

/* Make a target for each site of the group. */
static int group_fill(struct fexit_group *group,
		      const struct ftrace_fexit_spec *spec)
{
	struct ftrace_fexit_desc desc = {
		.nr = spec->nr,
		.prog = spec->prog,
		.stack_words = spec->stack_words,
		.in = &fexit_count[group->slot].in,
		.out = &fexit_count[group->slot].out,
		.owner = spec->use ? &group->use.arch : NULL,
	};
	struct ftrace_hash *targets = group->targets;
	size_t i;

	for (i = 0; i < targets->count; i++)
		targets->direct[i] = 0;
	for (i = 0; i < targets->count; i++) {
		desc.ip = rec_ip(&ftrace_recs[targets->rec[i]]);
		targets->direct[i] = arch_ftrace_make_fexit(&desc);
		if (!targets->direct[i])
			return -ENOMEM;
	}
	return 0;
}

/* @sites is taken over. */
static struct fexit_group *group_make(const struct ftrace_fexit_spec *spec,
				      struct ftrace_hash *sites)
{
	struct fexit_group *group;
	int err;

	if (slots_used == ~0UL || !sites) {
		ftrace_hash_free(sites);
		return ERR_PTR(sites ? -ENOSPC : -ENOMEM);
	}
	group = kzalloc(sizeof(*group));
	if (!group) {
		ftrace_hash_free(sites);
		return ERR_PTR(-ENOMEM);
	}
	group->slot = __builtin_ctzl(~slots_used);
	slots_used |= 1UL << group->slot;
	group->targets = sites;
	if (spec->use)
		group_take_owner(group, spec->use);
	err = group_fill(group, spec);
	if (!err)
		return group;
	group_free(group);
	return ERR_PTR(err);
}

/* The number of calls inside. No call can enter, so in does not change. */
static u64 group_users(const struct fexit_group *group)
{
	unsigned int cpu;
	u64 out = 0, in = 0;

	for_each_online_cpu(cpu)
		out += READ_ONCE(per_cpu(fexit_count, cpu)[group->slot].out);
	for_each_online_cpu(cpu)
		in += READ_ONCE(per_cpu(fexit_count, cpu)[group->slot].in);
	return in - out;
}

static void group_retire(struct fexit_group *group)
{
	list_add_tail(&group->list, &retired_groups);
}

static size_t reap_locked(void)
{
	struct fexit_group *group, *next;
	LIST_HEAD(left);
	size_t pending = 0;

	list_for_each_entry_safe(group, next, &retired_groups, list) {
		if (group_users(group))
			pending++;
		else
			list_move_tail(&group->list, &left);
	}
	if (list_empty(&left))
		return pending;
	synchronize_tasks();
	mutex_lock(&ftrace_lock);
	list_for_each_entry_safe(group, next, &left, list)
		group_free(group);
	mutex_unlock(&ftrace_lock);
	return pending;
}

size_t ftrace_fexit_reap(void)
{
	size_t pending;

	mutex_lock(&fexit_lock);
	pending = reap_locked();
	mutex_unlock(&fexit_lock);
	return pending;
}

size_t ftrace_fexit_pending(struct ftrace_fexit_pending *pending, size_t max)
{
	struct fexit_group *group;
	size_t n = 0;

	mutex_lock(&fexit_lock);
	list_for_each_entry(group, &retired_groups, list) {
		if (n < max)
			pending[n] = (struct ftrace_fexit_pending){
				.ip = rec_ip(
					ftrace_hash_rec(group->targets, 0)),
				.nr = group->targets->count,
				.users = group_users(group),
			};
		n++;
	}
	mutex_unlock(&fexit_lock);
	return n;
}

/* ---- tasks that end inside a target ---- */

/* A call will never leave the targets whose counter is @out. */
static void lose_call(const u64 *out)
{
	size_t slot =
		((unsigned long)out - (unsigned long)&fexit_count[0].out) /
		sizeof(struct fexit_counters);
	const struct owner_words *words = &owner_words[slot];
	void *owner;

	preempt_disable();
	owner = READ_ONCE(words->exit);
	if (owner && owner != words->nobody && words->lost)
		words->lost(owner);
	preempt_enable();
}

/*
 * Count an ended task out of the targets that its calls are in. Their frames
 * stay on its stack until the stack is freed. No target is freed before that,
 * because these calls are not counted out yet.
 */
static void leave_all(struct task_struct *task)
{
	unsigned long ip[16];
	unsigned int i, n, seen = 0;
	bool exits;
	u64 *out;

	if (!READ_ONCE(slots_used))
		return;
	do {
		n = stack_trace_save_task(task, ip, ARRAY_SIZE(ip), seen);
		for (i = 0; i < n; i++) {
			out = arch_ftrace_fexit_out(ip[i], &exits);
			if (out && exits)
				lose_call(out);
			if (out)
				this_cpu_inc(*out);
		}
		seen += n;
	} while (n == ARRAY_SIZE(ip));
}

/* Runs before the shadow stack is freed, which the stack walk needs. */
static const struct task_hooks fexit_hooks = { .ended = leave_all };
TABLE_ENTRY(task_hooks, 05, fexit_hooks);

/* ---- attaching ---- */

static struct ftrace_hash *hash_of_sites(const unsigned long *ips, size_t n)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(n);
	size_t i;
	int err;

	if (!hash)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < n; i++) {
		/* A placeholder: group_fill() stores the real target. */
		err = kallsyms_cannot_return(ips[i]) ?
			      -EINVAL :
			      ftrace_direct_hash_add(hash, ips[i], KERNEL_VMA);
		if (err && err != -EEXIST) {
			ftrace_hash_free(hash);
			return ERR_PTR(-EINVAL);
		}
	}
	return hash;
}

/*
 * The ops' ops_func: moves all sites to the ops that the owner has instead.
 * Calls in the targets end there.
 */
static int step_aside(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	struct ftrace_fexit *fexit =
		container_of(ops, struct ftrace_fexit, ops);
	struct ftrace_retired retired = { 0 };
	int err;

	if (cmd != FTRACE_OPS_CMD_STEP_ASIDE)
		return -EBUSY;
	err = ftrace_move(ops, fexit->group->use.instead, fexit->group->targets,
			  &retired);
	if (err)
		return err;
	fexit->moved = true;
	ftrace_retire(&retired);
	ftrace_forget(ops, &retired);
	return 0;
}

static int attach(struct ftrace_fexit *fexit,
		  const struct ftrace_fexit_spec *spec,
		  struct ftrace_hash *sites)
{
	struct fexit_group *group;
	int err;

	mutex_lock(&ftrace_lock);
	group = group_make(spec, sites);
	mutex_unlock(&ftrace_lock);
	if (IS_ERR(group))
		return PTR_ERR(group);
	if (spec->use) {
		fexit->ops.flags |= FTRACE_OPS_FL_YIELDS;
		fexit->ops.ops_func = step_aside;
	}
	fexit->group = group; /* before it may be asked to step aside */
	err = update_ftrace_direct_add(&fexit->ops, group->targets);
	if (err) {
		mutex_lock(&ftrace_lock);
		group_free(group);
		mutex_unlock(&ftrace_lock);
	}
	return err;
}

struct ftrace_fexit *ftrace_fexit_attach(const struct ftrace_fexit_spec *spec,
					 const unsigned long *ips, size_t n)
{
	struct ftrace_fexit *fexit;
	struct ftrace_hash *sites;
	int err;

	if (!n || !spec_is_valid(spec))
		return ERR_PTR(-EINVAL);
	if (mutex_is_held(&fexit_lock) || !ftrace_may_request())
		return ERR_PTR(-EDEADLK);
	sites = hash_of_sites(ips, n);
	if (IS_ERR(sites))
		return ERR_PTR(PTR_ERR(sites));
	fexit = kzalloc(sizeof(*fexit));
	if (!fexit) {
		ftrace_hash_free(sites);
		return ERR_PTR(-ENOMEM);
	}
	mutex_lock(&fexit_lock);
	reap_locked();
	err = attach(fexit, spec, sites);
	mutex_unlock(&fexit_lock);
	if (!err)
		return fexit;
	kfree(fexit);
	return ERR_PTR(err);
}

static int replace_locked(struct ftrace_fexit *fexit,
			  const struct ftrace_fexit_spec *spec)
{
	struct fexit_group *group;
	int err;

	reap_locked(); /* makes room for the new targets */
	mutex_lock(&ftrace_lock);
	group = group_make(spec, ftrace_hash_begin(fexit->group->targets));
	mutex_unlock(&ftrace_lock);
	if (IS_ERR(group))
		return PTR_ERR(group);
	err = update_ftrace_direct_mod(&fexit->ops, group->targets, true);
	if (err) {
		mutex_lock(&ftrace_lock);
		group_free(group);
		mutex_unlock(&ftrace_lock);
		return err;
	}
	group_retire(fexit->group);
	fexit->group = group;
	reap_locked();
	return 0;
}

int ftrace_fexit_replace(struct ftrace_fexit *fexit,
			 const struct ftrace_fexit_spec *spec)
{
	int err;

	if (!spec_is_valid(spec))
		return -EINVAL;
	if (mutex_is_held(&fexit_lock) || !ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&fexit_lock);
	err = replace_locked(fexit, spec);
	mutex_unlock(&fexit_lock);
	return err;
}

void ftrace_fexit_set(struct ftrace_fexit *fexit, bool entry, bool exit)
{
	set_words(fexit->group, entry, exit);
}

bool ftrace_fexit_moved(const struct ftrace_fexit *fexit)
{
	bool moved;

	mutex_lock(&direct_mutex);
	moved = fexit->moved;
	mutex_unlock(&direct_mutex);
	return moved;
}

static int detach_locked(struct ftrace_fexit *fexit)
{
	int err = 0;

	if (!ftrace_fexit_moved(fexit))
		err = update_ftrace_direct_del(&fexit->ops,
					       fexit->group->targets);
	if (err && !ftrace_fexit_moved(fexit))
		return err;
	if (fexit->group->use.owner) {
		set_words(fexit->group, false, false);
		synchronize_cpus(); /* handlers run with preemption off */
	}
	group_retire(fexit->group);
	reap_locked();
	return 0;
}

int ftrace_fexit_detach(struct ftrace_fexit *fexit)
{
	int err;

	if (mutex_is_held(&fexit_lock) || !ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&fexit_lock);
	err = detach_locked(fexit);
	mutex_unlock(&fexit_lock);
	if (!err)
		kfree(fexit);
	return err;
}
