// SPDX-License-Identifier: MIT
/*
 * The ftrace core on the host: the switches, waits and their order, what is
 * refused, the PID filter, the ends of the table.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "tests/host/ftrace_util.h"
#include "kernel/trace_hooks.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define OPS FTRACE_COUNT_OPS

static unsigned int *hits = ftrace_hits;

static void fresh(size_t n)
{
	ftrace_hits_reset();
	host_sites_count(n);
}

UNIT(ftrace_switches, enabled_switch)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1), d;
	static struct ftrace_ops p = OPS(2, .flags = FTRACE_OPS_FL_PERMANENT);

	fresh(3);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_filter(&d, "fn2"), 0);
	CHECK_EQ(register_ftrace_direct(&d, direct_target[0]), 0);
	CHECK_EQ(ftrace_set_enabled(false), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), 0);
	CHECK_EQ(ftrace_rec_users(ftrace_rec(0)), 1);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(register_ftrace_function(&p), (u64)-EBUSY);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(ftrace_set_enabled(true), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), b.trampoline);
	host_call(2);
	CHECK(direct_hits[0] == 1 && hits[1] == 1);
	CHECK_EQ(register_ftrace_function(&p), 0);
	CHECK_EQ(ftrace_set_enabled(false), (u64)-EBUSY);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&p), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	CHECK_EQ(unregister_ftrace_direct(&d, direct_target[0], true), 0);
	ftrace_no_leaks();
}

/* Nothing patched, yet unregister waits: somebody may be in the callback. */
UNIT(ftrace_switches, unregister_always_waits)
{
	static struct ftrace_ops a = OPS(0);
	size_t waits;

	fresh(3);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_set_enabled(false), 0);
	waits = host_arch.waits;
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(host_arch.waits, waits + 1);
	CHECK_EQ(ftrace_set_enabled(true), 0);
	/* No site, no trampoline, nothing to free: a straggler may be there. */
	ftrace_use_trampolines = false;
	CHECK_EQ(ftrace_filter(&a, "fn1 !fn1"), 0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	waits = host_arch.waits;
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK(host_arch.waits > waits);
	ftrace_use_chains = ftrace_use_trampolines = true;
	ftrace_free_filter(&a);
	ftrace_no_leaks();
}

/* In the wait: unpublished and unpatched, but nothing freed yet. */
static struct ftrace_ops *waiting;
static unsigned long waiting_tramp;
static void during_wait(void)
{
	CHECK_EQ(arch_ftrace_read(host_site(0)), 0);
	CHECK(host_tramp_live(waiting_tramp));
	CHECK(waiting->flags & FTRACE_OPS_FL_REMOVING);
	CHECK(!mutex_is_held(&ftrace_lock));
	CHECK_EQ(register_ftrace_function(waiting), (u64)-EBUSY);
}

static void during_add(void)
{
	CHECK(waiting->flags & FTRACE_OPS_FL_ADDING);
}

static void during_modify(void)
{
	CHECK(waiting->flags & FTRACE_OPS_FL_MODIFYING);
}

/* S2 */
UNIT(ftrace_switches, freed_after_the_wait_I4)
{
	static struct ftrace_ops a = OPS(0);

	fresh(3);
	waiting = &a;
	host_arch.on_apply = during_add;
	CHECK_EQ(register_ftrace_function(&a), 0);
	host_arch.on_apply = during_modify;
	CHECK_EQ(ftrace_set_notrace(&a, "fn1", 3, 1), 0);
	host_arch.on_apply = NULL;
	CHECK_EQ(a.flags & (FTRACE_OPS_FL_ADDING | FTRACE_OPS_FL_MODIFYING), 0);
	waiting_tramp = a.trampoline;
	host_arch.on_wait = during_wait;
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	host_arch.on_wait = NULL;
	CHECK_EQ(a.flags & FTRACE_OPS_FL_REMOVING, 0);
	CHECK_EQ(ftrace_free_filter(&a), 0);
	ftrace_no_leaks();
}

/* From a callback: refused, not a deadlock. */
static int nested[6];
static void misuse(unsigned long ip, unsigned long parent_ip,
		   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	static struct ftrace_ops other = OPS(0);

	mutex_lock(&ftrace_lock); /* as if it were a traced mutex */
	nested[0] = register_ftrace_function(&other);
	nested[1] = unregister_ftrace_function(ops);
	nested[2] = ftrace_set_filter(ops, "fn1", 3, 1);
	nested[3] = modify_ftrace_direct(ops, direct_target[0]);
	nested[4] = ftrace_set_enabled(false);
	nested[5] = modify_ftrace_direct_nolock(ops, direct_target[0]);
	mutex_unlock(&ftrace_lock);
}

UNIT(ftrace_switches, requests_from_a_callback_are_refused)
{
	static struct ftrace_ops a = { .func = misuse };
	size_t i;

	fresh(1);
	CHECK_EQ(register_ftrace_function(&a), 0);
	host_call(0);
	for (i = 0; i < ARRAY_SIZE(nested); i++)
		CHECK_EQ(nested[i], (u64)-EDEADLK);
	this_cpu_write(trace_context, CTX_IRQ);
	CHECK_EQ(unregister_ftrace_function(&a), (u64)-EDEADLK);
	this_cpu_write(trace_context, CTX_TASK);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	ftrace_no_leaks();
}

/* Both rows are printed, everything is refused from then on. */
UNIT(ftrace_switches, kill_switch)
{
	static struct ftrace_ops a = OPS(0), b = OPS(1);
	u8 was;

	fresh(3);
	CHECK_EQ(register_ftrace_function(&a), 0);
	was = host_site_bytes(1)[4];
	host_site_bytes(1)[4] ^= 0x55;
	host_log[0] = 0;
	CHECK_EQ(register_ftrace_function(&b), (u64)-ENODEV);
	CHECK(ftrace_is_dead());
	CHECK(strstr(host_log, "expected e8"));
	CHECK(strstr(host_log, "found    e8"));
	CHECK_EQ(register_ftrace_function(&b), (u64)-ENODEV);
	CHECK_EQ(unregister_ftrace_function(&a), (u64)-ENODEV);
	CHECK_EQ(ftrace_filter(&a, "fn1"), (u64)-ENODEV);
	CHECK_EQ(ftrace_set_enabled(false), (u64)-ENODEV);
	CHECK_EQ(modify_ftrace_direct(&a, direct_target[0]), (u64)-ENODEV);
	host_call(0);
	CHECK_EQ(hits[0], 1); /* runs on */
	host_site_bytes(1)[4] = was;
	ftrace_dead = false;
	CHECK_EQ(ftrace_check(), 0); /* I6 */
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	ftrace_no_leaks();
}

static struct ftrace_pids some;

/* The task the CPU runs counts, not the CPU. */
UNIT(ftrace_switches, pid_filter)
{
	static struct ftrace_ops a = OPS(0, .pids = &some);
	static struct ftrace_ops b = OPS(1);
	struct task_struct other = { .pid = 77 };
	int pid = current->pid, got[2], far[3] = { 400, 77, 5 };
	int i;

	for (i = 0; i < 3; i++) {
		fresh(2);
		ftrace_use_chains = i == 0;
		ftrace_use_trampolines = i < 2;
		CHECK_EQ(register_ftrace_function(&a), 0);
		host_call(0);
		CHECK_EQ(ftrace_set_pids(&some, far, 3, false), 0);
		host_call(0);
		CHECK_EQ(hits[0], 1);
		CHECK_EQ(register_ftrace_function(&b), 0);
		host_call(0);
		CHECK(hits[0] == 1 && hits[1] == 1);
		for_each_task_hook(switched, current, &other);
		host_call(0);
		CHECK(hits[0] == 2 && hits[1] == 2);
		for_each_task_hook(switched, &other, current);
		CHECK_EQ(ftrace_set_pids(&some, &pid, 1, false), 0);
		host_call(0);
		CHECK(hits[0] == 3 && hits[1] == 3);
		CHECK_EQ(ftrace_set_pids(&some, &pid, 1, true), 0);
		host_call(0);
		CHECK(hits[0] == 3 && hits[1] == 4);
		CHECK_EQ(ftrace_get_pids(&some, got, 2, true), 1);
		CHECK_EQ(got[0], pid);
		CHECK_EQ(ftrace_set_pids(&some, NULL, 0, true), 0);
		CHECK_EQ(ftrace_set_pids(&some, NULL, 0, false), 0);
		CHECK(a.func == ftrace_count);
		host_call(0);
		CHECK(hits[0] == 4 && hits[1] == 5);
		CHECK_EQ(unregister_ftrace_function(&b), 0);
		CHECK_EQ(unregister_ftrace_function(&a), 0);
		ftrace_no_leaks();
	}
	ftrace_use_chains = ftrace_use_trampolines = true;
}

/* Without lists nobody pays: every inner call is the callback itself. */
UNIT(ftrace_switches, pid_filter_is_poked_in_and_out)
{
	static struct ftrace_ops a = OPS(0, .pids = &some);
	static struct ftrace_ops b = OPS(1, .pids = &some);
	unsigned long chain;
	int other = 77;

	fresh(2);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(register_ftrace_function(&b), 0);
	chain = arch_ftrace_read(host_site(0));
	CHECK(arch_ftrace_inner(chain, 1) == ftrace_count);
	CHECK_EQ(ftrace_set_pids(&some, &other, 1, false), 0);
	CHECK(arch_ftrace_inner(chain, 0) == a.func && a.func != ftrace_count);
	CHECK(arch_ftrace_inner(chain, 1) == a.func);
	CHECK(arch_ftrace_inner(a.trampoline, 0) == a.func);
	host_call(0);
	CHECK(hits[0] == 0 && hits[1] == 0);
	CHECK_EQ(ftrace_set_pids(&some, NULL, 0, false), 0);
	CHECK(arch_ftrace_inner(chain, 0) == ftrace_count);
	CHECK(arch_ftrace_inner(chain, 1) == ftrace_count);
	CHECK(arch_ftrace_inner(b.trampoline, 0) == ftrace_count);
	host_call(0);
	CHECK(hits[0] == 1 && hits[1] == 1);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	ftrace_no_leaks();
}

/* Each ops obeys the lists of the value that it points to, and no other. */
UNIT(ftrace_switches, two_values_of_pids_P1)
{
	static struct ftrace_pids mine, others;
	static struct ftrace_ops a = OPS(0, .pids = &mine);
	static struct ftrace_ops b = OPS(1, .pids = &others);
	int pid = current->pid;

	fresh(2);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK_EQ(ftrace_set_pids(&mine, &pid, 1, true), 0);
	host_call(0);
	CHECK(hits[0] == 0 && hits[1] == 1);
	CHECK_EQ(ftrace_set_pids(&others, &pid, 1, false), 0);
	host_call(0);
	CHECK(hits[0] == 0 && hits[1] == 2);
	/* The bit of the value that goes is the next one's; the word is new. */
	CHECK_EQ(ftrace_set_pids(&mine, NULL, 0, true), 0);
	CHECK_EQ(ftrace_set_pids(&others, &pid, 1, true), 0);
	host_call(0);
	CHECK(hits[0] == 1 && hits[1] == 2);
	CHECK_EQ(ftrace_set_pids(&others, NULL, 0, false), 0);
	CHECK_EQ(ftrace_set_pids(&others, NULL, 0, true), 0);
	host_call(0);
	CHECK(hits[0] == 2 && hits[1] == 3);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	ftrace_no_leaks();
}

UNIT(ftrace_switches, no_sixty_fifth_value_with_pids)
{
	static struct ftrace_pids value[65];
	int i, pid = 1;

	fresh(1);
	for (i = 0; i < 64; i++)
		CHECK_EQ(ftrace_set_pids(&value[i], &pid, 1, false), 0);
	CHECK_EQ(ftrace_set_pids(&value[64], &pid, 1, false), -ENOSPC);
	CHECK(!value[64].only && !value[64].bit);
	CHECK_EQ(ftrace_set_pids(&value[9], &pid, 1, true), 0);
	CHECK_EQ(ftrace_set_pids(&value[7], NULL, 0, false), 0);
	CHECK_EQ(ftrace_set_pids(&value[64], &pid, 1, true), 0);
	for (i = 0; i <= 64; i++) {
		CHECK_EQ(ftrace_set_pids(&value[i], NULL, 0, false), 0);
		CHECK_EQ(ftrace_set_pids(&value[i], NULL, 0, true), 0);
		CHECK(!value[i].bit);
	}
	ftrace_no_leaks();
}

UNIT(ftrace_switches, ipmodify_one_owner)
{
	static struct ftrace_ops a = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);
	static struct ftrace_ops b = OPS(1, .flags = FTRACE_OPS_FL_IPMODIFY);
	struct ftrace_picture pic;

	fresh(5);
	CHECK_EQ(ftrace_filter(&a, "fn3"), 0);
	CHECK_EQ(ftrace_filter(&b, "fn*"), 0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	pic = ftrace_take_picture();
	CHECK_EQ(register_ftrace_function(&b), (u64)-EBUSY);
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	CHECK_EQ(ftrace_set_filter(&b, "!fn3", 4, 0), 0);
	CHECK_EQ(register_ftrace_function(&b), 0);
	CHECK_EQ(b.nr_sites, 4);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_set_filter(&b, "fn3", 3, 0), 0);
	CHECK_EQ(unregister_ftrace_function(&b), 0);
	ftrace_free_filter(&a);
	ftrace_free_filter(&b);
	ftrace_no_leaks();
}

UNIT(ftrace_switches, first_and_last_record)
{
	static struct ftrace_ops a = OPS(0);

	fresh(7);
	CHECK_EQ(ftrace_filter(&a, "fn0 fn6"), 0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(a.nr_sites, 2);
	host_call(0);
	host_call(1);
	host_call(6);
	CHECK_EQ(hits[0], 2);
	CHECK_EQ(ftrace_location(host_site(6)), host_site(6));
	CHECK_EQ(ftrace_location(host_site(6) + 1), 0);
	CHECK_EQ(ftrace_location(host_site(7)), 0);
	CHECK_EQ(ftrace_location_range(host_site(0), host_site(0)),
		 host_site(0));
	CHECK_EQ(ftrace_location_range(host_site(2) + 4, host_site(3) - 1),
		 host_site(2));
	CHECK_EQ(ftrace_location_range(host_site(2) + 5, host_site(3) - 1), 0);
	CHECK(ftrace_text_reserved(host_site(6), host_site(6) + 100));
	CHECK(!ftrace_text_reserved(host_site(6) + 5, host_site(6) + 100));
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	ftrace_free_filter(&a);
	ftrace_no_leaks();
}

/* Nobody at all to be traced: an empty table is not a trap. */
UNIT(ftrace_switches, empty_table)
{
	static struct ftrace_ops a = OPS(0);

	fresh(0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_filter(&a, "*"), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(ftrace_location(host_site(0)), 0);
	ftrace_no_leaks();
}

/* More sets than ids: refused; all ids and all pages come back. */
UNIT(ftrace_switches, ids_of_sets_run_out)
{
	static struct ftrace_ops direct = { .flags = FTRACE_OPS_FL_DIRECT };
	static struct ftrace_set *sets[FTRACE_SET_MAX];
	struct ftrace_retired retired = { 0 };
	struct ftrace_set *set;
	size_t n = 0, round, live;

	fresh(1);
	live = host_live;
	mutex_lock(&ftrace_lock);
	for (round = 0; round < 10; round++) {
		for (;; n++) {
			set = ftrace_set_change(set_of(0), &direct, true,
						16 * (n + 1));
			if (IS_ERR(set))
				break;
			sets[n] = set;
		}
		CHECK_EQ(PTR_ERR(set), (u64)-ENOSPC);
		CHECK_EQ(n, FTRACE_SET_MAX - 1);
		while (n)
			ftrace_set_unpin(sets[--n], &retired);
		ftrace_discard(&retired);
		CHECK_EQ(host_live, live); /* their pages, too */
	}
	mutex_unlock(&ftrace_lock);
	ftrace_no_leaks();
}
