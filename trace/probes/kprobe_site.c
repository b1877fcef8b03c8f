// SPDX-License-Identifier: MIT
/*
 * kprobe_site.c - probes at the starts of functions, by ftrace.
 *
 * Owns two ops, which all such probes share. One serves the places without a
 * post handler. The other may change ip, and serves those that have one. A
 * place stays with the ops that armed it until it is disarmed. The ops' filters
 * name single sites, so functions without a probe pay nothing.
 *
 * Context: task, kprobe_mutex; kprobe_site_hit() in probes.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/probes/kprobe_internal.h"

static struct ftrace_ops plain_ops = {
	.func = kprobe_site_hit,
	.flags = FTRACE_OPS_FL_SAVE_REGS,
};

static struct ftrace_ops post_ops = {
	.func = kprobe_site_hit,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
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

static bool is_of(const struct kprobe_place *place, bool on,
		  const struct ftrace_ops *ops)
{
	if (!on)
		return place->ops == ops;
	return ops == (place->point.list->post ? &post_ops : &plain_ops);
}

static int arm_ops(struct kprobe_place *const *places, size_t n, bool on,
		   struct ftrace_ops *ops, unsigned long *ips)
{
	unsigned int nr = 0;
	size_t i;
	int err;

	for (i = 0; i < n; i++)
		if (is_of(places[i], on, ops))
			ips[nr++] = places[i]->point.addr;
	if (!nr)
		return 0;
	err = on ? add_sites(ops, ips, nr) : remove_sites(ops, ips, nr);
	for (i = 0; !err && i < n; i++) {
		if (!is_of(places[i], on, ops))
			continue;
		places[i]->armed = on;
		places[i]->ops = on ? ops : NULL;
	}
	return err;
}

int kprobe_sites_arm(struct kprobe_place *const *places, size_t n, bool on)
{
	static unsigned long few[KPROBE_SMALL];
	unsigned long *ips = few;
	int err, err2;

	if (!n)
		return 0;
	if (n > KPROBE_SMALL)
		ips = kcalloc(n, sizeof(*ips));
	if (!ips)
		return -ENOMEM;
	err = arm_ops(places, n, on, &plain_ops, ips);
	err2 = err && on ? 0 : arm_ops(places, n, on, &post_ops, ips);
	if (ips != few)
		kfree(ips);
	return err ? err : err2;
}
