// SPDX-License-Identifier: MIT
/*
 * probes.c - rows of probes with empty handlers at a site, at a return, and at
 * both by the graph.
 */
#include "tests/bench/cycles/cycles.h"

#include "kernel/lib/errno.h"
#include "trace/core/ftrace_internal.h"
#include "trace/probes/kprobe_internal.h"
#include "trace/probes/kretprobe.h"

#define NO_FP __attribute__((optimize("omit-frame-pointer")))

int ftrace_set_filter_ips(struct ftrace_ops *ops, const unsigned long *ips,
			  unsigned int n, int remove, int reset)
{
	static struct {
		struct ftrace_hash hash;
		u32 rec;
	} first = { .hash = { .count = 1, .room = 1 } };

	ops->filter_hash = &first.hash;
	return 0;
}

int ftrace_free_filter(struct ftrace_ops *ops)
{
	return 0;
}

struct dyn_ftrace *ftrace_rec_find(unsigned long ip)
{
	return (struct dyn_ftrace *)&code; /* there is one */
}

NO_FP static int empty_pre(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

/* As its registration leaves it: alone at its site, with a pre handler. */
static void kprobe_row(void)
{
	static struct kprobe probe = { .pre_handler = empty_pre };
	static struct kprobe_place place = { .on_site = true };
	code_t target = make_target((unsigned long)kprobe_site_caller);
	unsigned long ip = (unsigned long)target;

	probe.addr = (kprobe_opcode_t *)target;
	place.point.addr = place.key.addr = ip;
	place.key.point = &place.point;
	place.site.ret = ip + MCOUNT_INSN_SIZE;
	place.site.alone = &probe;
	kprobe_publish(&place);
	row("call.kprobe_ftrace", target);
	kprobe_unpublish(&place);
}

NO_FP static int empty_entry(struct fprobe *fp, unsigned long ip,
			     unsigned long ret_ip, struct ftrace_regs *fregs,
			     void *data)
{
	return 0;
}

NO_FP static void empty_exit(struct fprobe *fp, unsigned long ip,
			     unsigned long ret_ip, struct ftrace_regs *fregs,
			     void *data)
{
}

NO_FP static int empty_return(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	return 0;
}

/* By the graph, which serves any function; nothing is missed. */
static void return_rows(void)
{
	static struct fprobe fp = { .entry_handler = empty_entry,
				    .exit_handler = empty_exit };
	static struct kretprobe rp = { .handler = empty_return };
	unsigned long ip = (unsigned long)make_target(0);
	struct ftrace_ops *ops;

	fprobe_may_be_fast = false;
	must("fprobe", register_fprobe_ips(&fp, &ip, 1));
	ops = registered();
	row("call.fprobe_graph",
	    make_target(make_tramp(ops->func, ops, false)));
	must("calls of an fprobe missed", fp.nmissed);
	must("fprobe", unregister_fprobe(&fp));
	rp.kp.addr = (kprobe_opcode_t *)ip;
	must("kretprobe", register_kretprobe(&rp));
	ops = registered();
	row("call.kretprobe_graph",
	    make_target(make_tramp(ops->func, ops, false)));
	unregister_kretprobe(&rp);
	must("calls of a kretprobe missed", rp.nmissed);
}

static void run(void)
{
	kprobe_row();
	return_rows();
}

static const struct cycle_group probes = { run };
TABLE_ENTRY(cycle_groups, 20, probes);
