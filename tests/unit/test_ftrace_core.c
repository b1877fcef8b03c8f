// SPDX-License-Identifier: MIT
/*
 * The ftrace core on the host: errors, flags, the ladder, which ops are
 * called how often, what is freed when.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define OPS FTRACE_COUNT_OPS

static unsigned int *hits = ftrace_hits;

static void fresh(size_t n)
{
	ftrace_hits_reset();
	host_sites_count(n);
}

UNIT(ftrace, one_ops_everywhere)
{
	static struct ftrace_ops ops = OPS(0);
	size_t i;

	fresh(10);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(host_arch.batches, 1);
	CHECK_EQ(host_arch.patches, 10);
	CHECK_EQ(ops.nr_sites, 10);
	for (i = 0; i < 10; i++) {
		CHECK_EQ(arch_ftrace_read(host_site(i)), ops.trampoline);
		host_call(i);
	}
	CHECK_EQ(hits[0], 10);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	CHECK_EQ(host_arch.batches, 2);
	CHECK(host_arch.waits > 0);
	host_call(3);
	CHECK_EQ(hits[0], 10);
	ftrace_no_leaks();
}

UNIT(ftrace, errors_of_register)
{
	static struct ftrace_ops ops = OPS(0), other = OPS(1);
	struct ftrace_ops none = { .flags = 0 };

	fresh(3);
	CHECK_EQ(register_ftrace_function(&none), (u64)-EINVAL);
	ops.flags = FTRACE_OPS_FL_DELETED;
	CHECK_EQ(register_ftrace_function(&ops), (u64)-EINVAL);
	ops.flags = FTRACE_OPS_FL_IPMODIFY;
	CHECK_EQ(register_ftrace_function(&ops), (u64)-EINVAL);
	CHECK_EQ(ftrace_filter(&ops, "fn1"), 0);
	CHECK_EQ(ftrace_set_notrace(&ops, "fn2", 3, 1), 0);
	CHECK_EQ(register_ftrace_function(&ops), (u64)-EINVAL);
	CHECK_EQ(ftrace_set_notrace(&ops, NULL, 0, 1), 0);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK_EQ(register_ftrace_function(&ops), (u64)-EBUSY);
	CHECK_EQ(unregister_ftrace_function(&other), (u64)-EBUSY);
	CHECK_EQ(ftrace_free_filter(&ops), (u64)-EBUSY);
	other.flags = FTRACE_OPS_FL_IPMODIFY;
	CHECK_EQ(ftrace_filter(&other, "fn0 fn1"), 0);
	CHECK_EQ(register_ftrace_function(&other), (u64)-EBUSY);
	CHECK_EQ(other.flags & FTRACE_OPS_FL_ENABLED, 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(ftrace_filter(&other, "fn0"), 0);
	CHECK_EQ(register_ftrace_function(&other), 0);
	CHECK_EQ(ftrace_set_filter(&other, "fn1", 3, 0), (u64)-EBUSY);
	CHECK_EQ(ftrace_set_filter(&other, NULL, 0, 1), (u64)-EINVAL);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&other), 0);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	CHECK_EQ(ftrace_free_filter(&ops), 0);
	CHECK_EQ(ftrace_free_filter(&other), 0);
	ftrace_no_leaks();
}

/* One site with 0, 1, 2, 3, 2, 1, 0 subscribers; back to the trampoline. */
UNIT(ftrace, ladder_up_and_down)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1), c = OPS(2);
	unsigned long chain;

	fresh(3);
	CHECK_EQ(ftrace_filter(&a, "fn1"), 0);
	CHECK_EQ(ftrace_filter(&b, "fn1"), 0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), a.trampoline);
	CHECK_EQ(register_ftrace_function(&b), 0);
	chain = arch_ftrace_read(host_site(1));
	CHECK(chain != a.trampoline && chain != b.trampoline);
	CHECK(host_tramp_live(chain));
	CHECK_EQ(host_arch.tramps, 3);
	host_call(1);
	CHECK(hits[0] == 1 && hits[1] == 1);
	CHECK_EQ(register_ftrace_function(&c), 0);
	CHECK(!host_tramp_live(chain));
	host_call(1);
	host_call(0);
	CHECK(hits[0] == 2 && hits[1] == 2 && hits[2] == 2);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	host_call(1);
	CHECK(hits[0] == 2 && hits[1] == 3 && hits[2] == 3);
	CHECK_EQ(unregister_ftrace_function(&c), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), b.trampoline);
	CHECK_EQ(host_arch.tramps, 1);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), 0);
	ftrace_free_filter(&a);
	ftrace_free_filter(&b);
	ftrace_no_leaks();
}

/* All sites with equal subscribers share one chain. */
UNIT(ftrace, chain_is_shared)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1);

	fresh(100);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK_EQ(host_arch.tramps, 3);
	CHECK_EQ(arch_ftrace_read(host_site(0)),
		 arch_ftrace_read(host_site(99)));
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	ftrace_no_leaks();
}

/* Order of calls is order of registration, whatever the addresses. */
static unsigned long order;
static void note_order(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	order = order * 10 + (unsigned long)ops->private;
}

static void check_order(void)
{
	static struct ftrace_ops ops[3] = {
		{ .func = note_order, .private = (void *)1 },
		{ .func = note_order, .private = (void *)2 },
		{ .func = note_order, .private = (void *)3 },
	};

	CHECK_EQ(register_ftrace_function(&ops[2]), 0);
	CHECK_EQ(register_ftrace_function(&ops[0]), 0);
	CHECK_EQ(register_ftrace_function(&ops[1]), 0);
	order = 0;
	host_call(0);
	CHECK_EQ(order, 312);
	CHECK_EQ(ftrace_filter(&ops[2], "fn1"), 0);
	CHECK_EQ(ftrace_set_filter(&ops[2], NULL, 0, 1), 0);
	order = 0;
	host_call(0);
	CHECK_EQ(order, 312);
	CHECK_EQ(unregister_ftrace_function(&ops[2]), 0);
	CHECK_EQ(unregister_ftrace_function(&ops[0]), 0);
	CHECK_EQ(unregister_ftrace_function(&ops[1]), 0);
	ftrace_no_leaks();
}

UNIT(ftrace, order_of_calls)
{
	fresh(2);
	check_order();
	ftrace_use_chains = false;
	check_order();
	ftrace_use_trampolines = false;
	check_order();
	ftrace_use_chains = ftrace_use_trampolines = true;
}

/* No room for trampolines is no error. */
UNIT(ftrace, no_trampolines)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1);

	fresh(3);
	host_arch.tramps_max = 0;
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)),
		 arch_ftrace_static_caller(false));
	/* L1: the only ops, static: called without the list. */
	CHECK(arch_ftrace_inner(arch_ftrace_static_caller(false), 0) ==
	      ftrace_count);
	host_call(0);
	CHECK_EQ(hits[0], 1);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK(arch_ftrace_inner(arch_ftrace_static_caller(false), 0) ==
	      ftrace_ops_list_func);
	host_call(1);
	CHECK(hits[0] == 2 && hits[1] == 1);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	host_call(1);
	CHECK(hits[0] == 2 && hits[1] == 2);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	CHECK(arch_ftrace_inner(arch_ftrace_static_caller(false), 0) ==
	      ftrace_ops_list_func);
	ftrace_no_leaks();
}

/* L1: between publishing a single ops and its callback all are waited for. */
static ftrace_func_t inner_in_wait;

static void note_inner(void)
{
	inner_in_wait = arch_ftrace_inner(arch_ftrace_static_caller(false), 0);
}

UNIT(ftrace, single_callback_put_in_after_a_wait_L1)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1);
	unsigned long caller = arch_ftrace_static_caller(false);

	fresh(3);
	ftrace_use_trampolines = false;
	host_arch.on_wait = note_inner;
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK(inner_in_wait == ftrace_ops_list_func);
	CHECK(arch_ftrace_inner(caller, 0) == ftrace_count);
	/* A failed request leaves that, too, as it was. */
	host_arch.prepare_error = -ENOMEM;
	CHECK_EQ(ftrace_filter(&a, "fn1"), (u64)-ENOMEM);
	host_arch.prepare_error = 0;
	CHECK(arch_ftrace_inner(caller, 0) == ftrace_count);
	host_call(2);
	CHECK_EQ(hits[0], 1);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK(arch_ftrace_inner(caller, 0) == ftrace_ops_list_func);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK(arch_ftrace_inner(caller, 0) == ftrace_count);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	ftrace_use_chains = ftrace_use_trampolines = true;
	ftrace_no_leaks();
}

/* What a call does that is on its way when the last consumer leaves. */
UNIT(ftrace, list_function_of_a_site_without_consumers)
{
	fresh(3);
	ftrace_ops_list_func(host_site(1), 0, NULL, NULL);
	ftrace_ops_list_regs_func(host_site(1), 0, NULL, NULL);
	CHECK_EQ(hits[0], 0);
	CHECK_EQ(ftrace_check(), 0);
	ftrace_no_leaks();
}

/* A dynamic ops never stands in a static caller by itself. */
UNIT(ftrace, dynamic_ops_only_by_list)
{
	struct ftrace_ops on_stack = OPS(0);
	static struct ftrace_ops ops = OPS(0);

	fresh(3);
	ftrace_use_trampolines = false;
	CHECK_EQ(register_ftrace_function(&on_stack), 0);
	CHECK(on_stack.flags & FTRACE_OPS_FL_DYNAMIC);
	CHECK(arch_ftrace_inner(arch_ftrace_static_caller(false), 0) ==
	      ftrace_ops_list_func);
	host_call(0);
	CHECK_EQ(unregister_ftrace_function(&on_stack), 0);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK(!(ops.flags & FTRACE_OPS_FL_DYNAMIC));
	host_call(0);
	CHECK_EQ(hits[0], 2);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_use_chains = ftrace_use_trampolines = true;
	ftrace_no_leaks();
}

/* A stub ops counts, sends the site to the list, and is never called. */
UNIT(ftrace, stub)
{
	static struct ftrace_ops a = OPS(0);
	static struct ftrace_ops b = OPS(1, .flags = FTRACE_OPS_FL_STUB);

	fresh(1);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK_EQ(ftrace_rec_users(ftrace_rec(0)), 1);
	host_call(0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_rec_users(ftrace_rec(0)), 2);
	CHECK_EQ(arch_ftrace_read(host_site(0)),
		 arch_ftrace_static_caller(false));
	host_call(0);
	CHECK(hits[0] == 1 && hits[1] == 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), a.trampoline);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	ftrace_no_leaks();
}

static void need_regs(unsigned long ip, unsigned long parent_ip,
		      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	CHECK(ftrace_get_regs(fregs));
	hits[(unsigned long)ops->private]++;
}

UNIT(ftrace, regs_for_who_asks)
{
	static struct ftrace_ops a = OPS(0);
	static struct ftrace_ops r = { .func = need_regs,
				       .private = (void *)1,
				       .flags = FTRACE_OPS_FL_SAVE_REGS };
	int i;

	for (i = 0; i < 3; i++) {
		fresh(1);
		ftrace_use_chains = i == 0;
		ftrace_use_trampolines = i < 2;
		CHECK_EQ(register_ftrace_function(&a), 0);
		host_call(0);
		CHECK(!host_arch.full_regs);
		CHECK_EQ(register_ftrace_function(&r), 0);
		host_call(0);
		CHECK(host_arch.full_regs);
		CHECK_EQ(unregister_ftrace_function(&a), 0);
		host_call(0);
		CHECK(host_arch.full_regs);
		CHECK(hits[0] == 2 && hits[1] == 2);
		CHECK_EQ(unregister_ftrace_function(&r), 0);
		r.flags |= FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED;
		ftrace_no_leaks();
	}
	ftrace_use_chains = ftrace_use_trampolines = true;
}

/* The callback calls what it traces. */
static void recurse(unsigned long ip, unsigned long parent_ip,
		    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (++hits[(unsigned long)ops->private] < 10)
		host_call(0);
}

UNIT(ftrace, guard_stops_recursion)
{
	static struct ftrace_ops a = { .func = recurse,
				       .private = (void *)1,
				       .flags = FTRACE_OPS_FL_RECURSION };
	static struct ftrace_ops b = OPS(0);
	int i;

	for (i = 0; i < 3; i++) {
		fresh(1);
		ftrace_use_chains = i == 0;
		ftrace_use_trampolines = i < 2;
		CHECK_EQ(register_ftrace_function(&a), 0);
		host_call(0);
		CHECK_EQ(hits[1], 2); /* once more by the transition bit */
		CHECK_EQ(register_ftrace_function(&b), 0);
		host_call(0);
		CHECK_EQ(hits[1], 4);
		CHECK_EQ(current->trace_recursion, 0);
		CHECK_EQ(unregister_ftrace_function(&a), 0);
		CHECK_EQ(unregister_ftrace_function(&b), 0);
		ftrace_no_leaks();
	}
	ftrace_use_chains = ftrace_use_trampolines = true;
}

/* A trampoline the caller brings is used alone, and never touched. */
UNIT(ftrace, own_static_trampoline)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1);

	fresh(1);
	a.trampoline = direct_target[0];
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK(!(a.flags & FTRACE_OPS_FL_ALLOC_TRAMP));
	CHECK_EQ(arch_ftrace_read(host_site(0)), direct_target[0]);
	host_call(0);
	CHECK_EQ(direct_hits[0], 1);
	CHECK_EQ(register_ftrace_function(&b), 0);
	host_call(0);
	CHECK(hits[0] == 1 && hits[1] == 1 && direct_hits[0] == 1);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(a.trampoline, direct_target[0]);
	CHECK_EQ(host_arch.inner_pokes, 0);
	ftrace_no_leaks();
}
