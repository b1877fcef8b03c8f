// SPDX-License-Identifier: MIT
/*
 * kprobe_site.c - probes at the starts of functions, by ftrace.
 *
 * Owns two ops, which all such probes share. One serves the places without a
 * post handler. The other may change ip, and serves those that have one. A
 * place whose first post handler comes, or whose last one goes, is moved from
 * the one to the other in one step (ftrace_move_ips()), so that each call is
 * one hit (K4). The ops' filters name single sites, so functions without a
 * probe pay nothing.
 *
 * Context: task, kprobe_mutex; kprobe_site_hit() in probes.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/probes/kprobe_internal.h"

static struct ftrace_ops plain_ops = {
	.func = kprobe_site_hit,
	.flags = FTRACE_OPS_FL_SAVE_REGS,
	.trampoline = (unsigned long)kprobe_site_caller,
};

static struct ftrace_ops post_ops = {
	.func = kprobe_site_hit,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
	.trampoline = (unsigned long)kprobe_site_caller,
};

static bool is_registered(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ENABLED;
}

/* An ops that is registered has a site: an empty filter would be for nothing */
static int add_sites(struct ftrace_ops *ops, const unsigned long *ips,
		     unsigned int n)
{
	int err;

	err = ftrace_set_filter_ips(ops, ips, n, 0, !is_registered(ops));
	if (!err && !is_registered(ops))
		err = register_ftrace_function(ops);
	if (err && !is_registered(ops))
		(void)ftrace_free_filter(ops);
	return err;
}

static int remove_sites(struct ftrace_ops *ops, const unsigned long *ips,
			unsigned int n)
{
	int err;

	if (ops->nr_sites > n)
		return ftrace_set_filter_ips(ops, ips, n, 1, 0);
	err = unregister_ftrace_function(ops);
	if (!err)
		(void)ftrace_free_filter(ops);
	return err;
}

static struct ftrace_ops *const ops_of[] = {
	[KPROBE_SITE_NONE] = NULL,
	[KPROBE_SITE_PLAIN] = &plain_ops,
	[KPROBE_SITE_POST] = &post_ops,
};

static int change_sites(enum kprobe_site_ops from, enum kprobe_site_ops to,
			const unsigned long *ips, unsigned int n)
{
	if (from == KPROBE_SITE_NONE)
		return add_sites(ops_of[to], ips, n);
	if (to == KPROBE_SITE_NONE)
		return remove_sites(ops_of[from], ips, n);
	return ftrace_move_ips(ops_of[from], ops_of[to], ips, n);
}

/* How many places go from one ops to another. */
struct changes {
	unsigned int n[KPROBE_SITE_POST + 1][KPROBE_SITE_POST + 1];
};

static struct changes count_changes(struct kprobe_place *const *places,
				    size_t n)
{
	struct changes changes = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		changes.n[places[i]->has][places[i]->want]++;
	return changes;
}

static int change_some(struct kprobe_place *const *places, size_t n,
		       enum kprobe_site_ops from, enum kprobe_site_ops to,
		       unsigned long *ips)
{
	unsigned int nr = 0;
	size_t i;
	int err;

	for (i = 0; i < n; i++)
		if (places[i]->has == from && places[i]->want == to)
			ips[nr++] = places[i]->point.addr;
	err = change_sites(from, to, ips, nr);
	for (i = 0; !err && i < n; i++) {
		if (places[i]->has != from || places[i]->want != to)
			continue;
		places[i]->has = to;
		places[i]->armed = to != KPROBE_SITE_NONE;
	}
	return err;
}

/* Return: the first error. */
static int change_all(struct kprobe_place *const *places, size_t n,
		      unsigned long *ips)
{
	static const struct {
		enum kprobe_site_ops from, to;
	} change[] = {
		{ KPROBE_SITE_NONE, KPROBE_SITE_PLAIN },
		{ KPROBE_SITE_NONE, KPROBE_SITE_POST },
		{ KPROBE_SITE_PLAIN, KPROBE_SITE_POST },
		{ KPROBE_SITE_POST, KPROBE_SITE_PLAIN },
		{ KPROBE_SITE_PLAIN, KPROBE_SITE_NONE },
		{ KPROBE_SITE_POST, KPROBE_SITE_NONE },
	};
	struct changes changes = count_changes(places, n);
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(change) && !err; i++)
		if (changes.n[change[i].from][change[i].to])
			err = change_some(places, n, change[i].from,
					  change[i].to, ips);
	return err;
}

static int set_all(struct kprobe_place *const *places, size_t n)
{
	static unsigned long few[KPROBE_SMALL];
	unsigned long *ips = few;
	int err;

	if (n > KPROBE_SMALL)
		ips = kmalloc(n * sizeof(*ips));
	if (!ips)
		return -ENOMEM;
	err = change_all(places, n, ips);
	if (ips != few)
		kfree(ips);
	return err;
}

void kprobe_sites_undo(struct kprobe_place *const *places, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		places[i]->want = places[i]->had;
	if (n)
		(void)set_all(places, n);
}

int kprobe_sites_set(struct kprobe_place *const *places, size_t n)
{
	size_t i;
	int err;

	for (i = 0; i < n; i++)
		places[i]->had = places[i]->has;
	err = n ? set_all(places, n) : 0;
	if (err)
		kprobe_sites_undo(places, n);
	return err;
}
