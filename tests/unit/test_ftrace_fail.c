// SPDX-License-Identifier: MIT
/*
 * Every allocation of every request fails once: the request either says
 * -ENOMEM and has changed nothing at all (I6), or did without the memory (a
 * trampoline, a chain). Then the same request succeeds.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static struct ftrace_ops plain = FTRACE_COUNT_OPS(0);
static struct ftrace_ops regs =
	FTRACE_COUNT_OPS(1, .flags = FTRACE_OPS_FL_SAVE_REGS);
static struct ftrace_pids some;
static struct ftrace_ops pid = FTRACE_COUNT_OPS(2, .pids = &some);
static struct ftrace_ops direct, many;
static struct ftrace_hash *pairs, *pairs2;

struct request {
	int (*make)(void);
	int (*undo)(void);
};

static int reg_plain(void)
{
	return register_ftrace_function(&plain);
}

static int unreg_plain(void)
{
	return unregister_ftrace_function(&plain);
}

static int reg_regs(void)
{
	return register_ftrace_function(&regs);
}

static int unreg_regs(void)
{
	return unregister_ftrace_function(&regs);
}

static int filter_on(void)
{
	return ftrace_set_filter(&plain, "fn1 *3 !fn3 f?2", 15, 1);
}

static int filter_off(void)
{
	return ftrace_set_filter(&plain, NULL, 0, 1);
}

static int exclude_on(void)
{
	return ftrace_set_notrace(&plain, "fn1", 3, 0);
}

static int exclude_off(void)
{
	return ftrace_set_notrace(&plain, NULL, 0, 1);
}

static int ips_on(void)
{
	unsigned long ips[2] = { host_site(3), host_site(1) };

	return ftrace_set_filter_ips(&plain, ips, 2, 0, 0);
}

static int ips_removed(void)
{
	return ftrace_set_filter_ip(&plain, host_site(0), 1, 0);
}

static int direct_on(void)
{
	return register_ftrace_direct(&direct, direct_target[0]);
}

static int direct_off(void)
{
	return unregister_ftrace_direct(&direct, direct_target[0], false);
}

static int modify_there(void)
{
	return modify_ftrace_direct(&direct, direct_target[1]);
}

static int modify_back(void)
{
	return modify_ftrace_direct(&direct, direct_target[0]);
}

static int many_add(void)
{
	return update_ftrace_direct_add(&many, pairs);
}

static int many_del(void)
{
	return update_ftrace_direct_del(&many, pairs);
}

static int many_add2(void)
{
	return update_ftrace_direct_add(&many, pairs2);
}

static int many_del2(void)
{
	return update_ftrace_direct_del(&many, pairs2);
}

static int many_mod(void)
{
	pairs->direct[0] = direct_target[3];
	return update_ftrace_direct_mod(&many, pairs, true);
}

static int many_mod_back(void)
{
	pairs->direct[0] = direct_target[0];
	return update_ftrace_direct_mod(&many, pairs, true);
}

static int disable(void)
{
	return ftrace_set_enabled(false);
}

static int enable(void)
{
	return ftrace_set_enabled(true);
}

static int pids_on(void)
{
	int pids[2] = { 3, 1 };

	return ftrace_set_pids(&some, pids, 2, false);
}

static int pids_off(void)
{
	return ftrace_set_pids(&some, NULL, 0, false);
}

static size_t failures;
static bool (*same)(struct ftrace_picture,
		    struct ftrace_picture) = ftrace_same_picture;

/*
 * The request with its n-th allocation failing, for n = 1, 2, ... until none
 * does. Without the memory it wants it may still succeed.
 */
static void fail_each(int (*make)(void), int (*undo)(void))
{
	struct ftrace_picture before;
	unsigned int n;
	bool failed;
	int err;

	for (n = 1;; n++) {
		before = ftrace_take_picture();
		fail_nth(n);
		err = make();
		failed = fail_end();
		failures += failed;
		if (err) {
			CHECK_EQ(err, (u64)-ENOMEM);
			CHECK(failed);
			CHECK(same(before, ftrace_take_picture()));
			CHECK_EQ(make(), 0);
		}
		CHECK_EQ(ftrace_check(), 0);
		CHECK_EQ(undo(), 0);
		CHECK_EQ(ftrace_check(), 0);
		if (!failed)
			break;
	}
}

/* Both directions, and the thing stays undone. */
static void fail_both(int (*make)(void), int (*undo)(void))
{
	fail_each(make, undo);
	CHECK_EQ(make(), 0);
	fail_each(undo, make);
	CHECK_EQ(undo(), 0);
}

static void fail_everything(void)
{
	fail_both(reg_plain, unreg_plain);
	fail_both(filter_on, filter_off);
	fail_both(direct_on, direct_off);
	CHECK_EQ(reg_plain(), 0);
	fail_both(filter_on, filter_off);
	fail_both(exclude_on, exclude_off);
	fail_each(ips_on, filter_off);
	fail_each(ips_removed, filter_off);
	fail_both(reg_regs, unreg_regs);
	fail_both(direct_on, direct_off);
	fail_both(many_add, many_del);
	CHECK_EQ(direct_on(), 0);
	CHECK_EQ(many_add(), 0);
	fail_both(reg_regs, unreg_regs);
	fail_both(modify_there, modify_back);
	fail_both(many_add2, many_del2);
	fail_both(many_mod, many_mod_back);
	CHECK_EQ(register_ftrace_function(&pid), 0);
	fail_both(pids_on, pids_off);
	fail_both(disable, enable);
	CHECK_EQ(unregister_ftrace_function(&pid), 0);
	CHECK_EQ(many_del(), 0);
	CHECK_EQ(direct_off(), 0);
	CHECK_EQ(unreg_plain(), 0);
	ftrace_free_filter(&plain);
}

static int add_pair(struct ftrace_hash *hash, size_t site, size_t target)
{
	return ftrace_direct_hash_add(hash, host_site(site),
				      direct_target[target]);
}

static void start(void)
{
	failures = 0;
	host_sites_count(9);
	pairs = ftrace_direct_hash_new(2);
	pairs2 = ftrace_direct_hash_new(1);
	CHECK_EQ(add_pair(pairs, 5, 0) | add_pair(pairs, 6, 1) |
			 add_pair(pairs2, 7, 2),
		 0);
	CHECK_EQ(ftrace_filter(&direct, "fn1 fn4"), 0);
}

static void finish(size_t at_least)
{
	CHECK(failures >= at_least);
	ftrace_free_filter(&direct);
	ftrace_hash_free(pairs);
	ftrace_hash_free(pairs2);
	ftrace_no_leaks();
}

UNIT(ftrace_fail, every_step_I6)
{
	start();
	fail_everything();
	finish(110);
}

UNIT(ftrace_fail, every_step_by_stub)
{
	start();
	ftrace_exchange_way = FTRACE_BY_STUB;
	same = ftrace_same_meaning;
	fail_everything();
	same = ftrace_same_picture;
	ftrace_exchange_way = FTRACE_BY_SITE;
	finish(130);
}

UNIT(ftrace_fail, every_step_by_list)
{
	start();
	ftrace_use_trampolines = false;
	fail_everything();
	ftrace_use_trampolines = true;
	finish(80);
}

/* Chains that do not fit beside chains: the stub, or without memory the list */
UNIT(ftrace_fail, every_step_without_room_for_chains)
{
	start();
	CHECK_EQ(ftrace_filter(&plain, "*"), 0);
	CHECK_EQ(reg_plain(), 0);
	CHECK_EQ(direct_on(), 0);
	CHECK_EQ(many_add(), 0);
	host_arch.tramps_max = host_arch.tramps;
	same = ftrace_same_meaning;
	fail_both(modify_there, modify_back);
	fail_both(many_mod, many_mod_back);
	same = ftrace_same_picture;
	CHECK_EQ(many_del(), 0);
	CHECK_EQ(direct_off(), 0);
	CHECK_EQ(unreg_plain(), 0);
	ftrace_free_filter(&plain);
	finish(20);
}

/* A set for each of so many sites takes pages of sets. */
#define MANY (3 * FTRACE_SET_PAGE)

static int many_move(unsigned long by)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		pairs->direct[i] += by;
	return update_ftrace_direct_mod(&many, pairs, true);
}

static int many_forth(void)
{
	return many_move(16);
}

static int many_back(void)
{
	return many_move(-16UL);
}

static void fail_pages(void)
{
	fail_both(many_add, many_del);
	/* filter, plan, pages; plan: lines, and runs, which grow three times */
	CHECK_EQ(failures, 1 + (1 + 3) + 3 + (1 + 3));
	CHECK_EQ(many_add(), 0);
	failures = 0;
	fail_both(many_forth, many_back);
	CHECK(failures >= 2 * (1 + 2 + 2)); /* filter, plan, pages */
	CHECK_EQ(many_del(), 0);
}

UNIT(ftrace_fail, pages_of_sets)
{
	size_t i, live;

	failures = 0;
	host_sites_count(MANY);
	live = host_live;
	pairs = ftrace_direct_hash_new(MANY);
	for (i = 0; i < MANY; i++)
		CHECK_EQ(ftrace_direct_hash_add(pairs, host_site(i),
						direct_target[0] + 32 * i),
			 0);
	fail_pages();
	ftrace_hash_free(pairs);
	ftrace_no_leaks();
	CHECK_EQ(host_live, live);
}

/* The patch engine has no memory: same promise. */
UNIT(ftrace_fail, prepare_refuses)
{
	static const struct request request[] = {
		{ reg_plain, unreg_plain }, { filter_on, filter_off },
		{ reg_regs, unreg_regs },   { direct_on, direct_off },
		{ disable, enable },
	};
	struct ftrace_picture before;
	size_t i;

	start();
	CHECK_EQ(register_ftrace_function(&pid), 0);
	CHECK_EQ(ftrace_filter(&plain, "fn1 fn8"), 0);
	for (i = 0; i < ARRAY_SIZE(request); i++) {
		before = ftrace_take_picture();
		host_arch.prepare_error = -ENOMEM;
		if (request[i].make != filter_on)
			CHECK_EQ(request[i].make(), (u64)-ENOMEM);
		host_arch.prepare_error = 0;
		CHECK(ftrace_same_picture(before, ftrace_take_picture()));
		CHECK_EQ(request[i].make(), 0);
		host_arch.prepare_error = -ENOMEM;
		before = ftrace_take_picture();
		if (request[i].make != filter_on)
			CHECK_EQ(request[i].undo(), (u64)-ENOMEM);
		host_arch.prepare_error = 0;
		CHECK(ftrace_same_picture(before, ftrace_take_picture()));
		CHECK_EQ(request[i].undo(), 0);
	}
	CHECK_EQ(unregister_ftrace_function(&pid), 0);
	ftrace_free_filter(&plain);
	finish(0);
}
