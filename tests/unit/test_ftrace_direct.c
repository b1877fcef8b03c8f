// SPDX-License-Identifier: MIT
/*
 * Direct callers on the host: errors, mixes, one ops with many targets,
 * sharing with ip modifiers.
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

#define OPS FTRACE_COUNT_OPS
#define A   (direct_target[0])
#define B   (direct_target[1])
#define C   (direct_target[2])

static void fresh(size_t n)
{
	ftrace_hits_reset();
	host_sites_count(n);
}

static struct ftrace_ops direct;

static void reset_direct(const char *text)
{
	direct = (struct ftrace_ops){ 0 };
	CHECK_EQ(ftrace_filter(&direct, text), 0);
}

UNIT(ftrace_direct, errors)
{
	static struct ftrace_ops other, called = OPS(0);

	fresh(3);
	direct = (struct ftrace_ops){ 0 };
	CHECK_EQ(register_ftrace_direct(&direct, 0), (u64)-EINVAL);
	CHECK_EQ(register_ftrace_direct(&direct, 1), (u64)-EINVAL);
	CHECK_EQ(register_ftrace_direct(&direct, A), (u64)-EINVAL);
	CHECK_EQ(direct.flags & FTRACE_OPS_FL_DIRECT, 0);
	CHECK_EQ(register_ftrace_direct(&called, A), (u64)-EINVAL);
	reset_direct("fn1 !fn1");
	CHECK_EQ(register_ftrace_direct(&direct, A), (u64)-EINVAL);
	CHECK_EQ(modify_ftrace_direct(&direct, B), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, false), (u64)-EINVAL);
	CHECK_EQ(ftrace_filter(&direct, "fn1"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), (u64)-EINVAL);
	CHECK_EQ(ftrace_filter(&other, "fn0 fn1"), 0);
	CHECK_EQ(register_ftrace_direct(&other, B), (u64)-EBUSY);
	CHECK_EQ(arch_ftrace_read(host_site(0)), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(modify_ftrace_direct(&direct, 0), (u64)-EINVAL);
	CHECK_EQ(modify_ftrace_direct_nolock(&direct, B), (u64)-EDEADLK);
	CHECK_EQ(ftrace_set_filter(&direct, NULL, 0, 1), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	CHECK(!direct.func && !direct.filter_hash);
	CHECK_EQ(register_ftrace_direct(&other, B), 0);
	CHECK_EQ(unregister_ftrace_direct(&other, B, true), 0);
	ftrace_no_leaks();
}

/* Alone: the site calls the target itself, by call or by jump. */
UNIT(ftrace_direct, alone)
{
	fresh(3);
	reset_direct("fn1 fn2");
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), A);
	CHECK_EQ(ftrace_find_rec_direct(host_site(2)), A);
	CHECK_EQ(ftrace_find_rec_direct(host_site(0)), 0);
	host_call(1);
	CHECK_EQ(direct_hits[0], 1);
	CHECK_EQ(host_arch.tramps_made, 0);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, false), 0);
	CHECK_EQ(register_ftrace_direct(&direct, B | FTRACE_ADDR_JMP), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), B | FTRACE_ADDR_JMP);
	CHECK_EQ(host_site_bytes(1)[0], 0xe9);
	CHECK_EQ(unregister_ftrace_direct(&direct, B | FTRACE_ADDR_JMP, true),
		 0);
	ftrace_no_leaks();
}

/* A filter edited under a live direct caller moves it. */
UNIT(ftrace_direct, filter_of_a_live_one)
{
	fresh(3);
	reset_direct("fn1");
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(ftrace_filter(&direct, "fn2"), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), 0);
	CHECK_EQ(arch_ftrace_read(host_site(2)), A);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	ftrace_no_leaks();
}

static void with_company(void)
{
	static struct ftrace_ops a = OPS(0);
	static struct ftrace_ops r = OPS(1, .flags = FTRACE_OPS_FL_SAVE_REGS);

	fresh(2);
	reset_direct("fn1");
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(register_ftrace_function(&a), 0);
	host_call(1);
	CHECK(ftrace_hits[0] == 1 && direct_hits[0] == 1);
	CHECK_EQ(register_ftrace_function(&r), 0);
	host_call(1);
	host_call(0);
	CHECK(ftrace_hits[0] == 3 && ftrace_hits[1] == 2);
	CHECK_EQ(direct_hits[0], 2);
	CHECK_EQ(modify_ftrace_direct(&direct, B), 0);
	CHECK_EQ(ftrace_check(), 0);
	host_call(1);
	CHECK(direct_hits[0] == 2 && direct_hits[1] == 1);
	CHECK_EQ(unregister_ftrace_function(&a), 0);
	CHECK_EQ(unregister_ftrace_function(&r), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), B);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	ftrace_no_leaks();
}

UNIT(ftrace_direct, with_company)
{
	with_company();
	ftrace_use_chains = false;
	with_company();
	ftrace_use_trampolines = false;
	with_company();
	ftrace_exchange_way = FTRACE_BY_STUB;
	with_company();
	ftrace_use_chains = ftrace_use_trampolines = true;
	with_company();
	ftrace_exchange_way = FTRACE_BY_SITE;
}

/* ---- many targets ---- */

static struct ftrace_hash *pairs(const unsigned int *site,
				 const unsigned long *addr, size_t n)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(n);
	size_t i;

	for (i = 0; i < n; i++)
		CHECK_EQ(ftrace_direct_hash_add(hash, host_site(site[i]),
						addr[i]),
			 0);
	return hash;
}

#define PAIRS(sites, addrs)                                              \
	pairs((const unsigned int[])sites, (const unsigned long[])addrs, \
	      sizeof((const unsigned int[])sites) / sizeof(unsigned int))
#define L(...)              \
	{                   \
		__VA_ARGS__ \
	}

UNIT(ftrace_direct, hash_of_pairs)
{
	struct ftrace_hash *hash;

	fresh(5);
	hash = ftrace_direct_hash_new(2);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(3), A), 0);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(3), B), (u64)-EEXIST);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(1), 0), (u64)-EINVAL);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(1) + 1, A),
		 (u64)-EINVAL);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(1), B), 0);
	CHECK_EQ(ftrace_direct_hash_add(hash, host_site(2), C), (u64)-ENOSPC);
	CHECK(hash->rec[0] == 1 && hash->direct[0] == B);
	CHECK(hash->rec[1] == 3 && hash->direct[1] == A);
	ftrace_hash_free(hash);
}

UNIT(ftrace_direct, add_mod_del)
{
	struct ftrace_hash *first, *more, *mod, *wrong;

	fresh(6);
	direct = (struct ftrace_ops){ 0 };
	first = PAIRS(L(4, 1), L(A, B));
	more = PAIRS(L(2), L(C));
	mod = PAIRS(L(1, 2), L(C, A));
	wrong = PAIRS(L(1, 3), L(A, A));
	CHECK_EQ(update_ftrace_direct_add(&direct, first), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, first), (u64)-EBUSY);
	CHECK_EQ(update_ftrace_direct_add(&direct, more), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), B);
	CHECK_EQ(arch_ftrace_read(host_site(2)), C);
	CHECK_EQ(arch_ftrace_read(host_site(4)), A);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(update_ftrace_direct_mod(&direct, wrong, true), (u64)-EINVAL);
	CHECK_EQ(update_ftrace_direct_del(&direct, mod), (u64)-EINVAL);
	CHECK_EQ(update_ftrace_direct_mod(&direct, mod, true), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), C);
	CHECK_EQ(arch_ftrace_read(host_site(2)), A);
	CHECK_EQ(modify_ftrace_direct(&direct, A), (u64)-EINVAL);
	CHECK_EQ(ftrace_filter(&direct, "fn5"), (u64)-EINVAL);
	CHECK_EQ(ftrace_check(), 0);
	ftrace_exchange_way = FTRACE_BY_STUB;
	CHECK_EQ(update_ftrace_direct_del(&direct, mod), 0);
	CHECK_EQ(arch_ftrace_read(host_site(1)), 0);
	CHECK_EQ(arch_ftrace_read(host_site(4)), A);
	ftrace_exchange_way = FTRACE_BY_SITE;
	mod->rec[0] = 4;
	mod->direct[0] = A;
	mod->count = 1;
	CHECK_EQ(update_ftrace_direct_del(&direct, mod), 0);
	CHECK(!(direct.flags & FTRACE_OPS_FL_ENABLED) && !direct.filter_hash);
	CHECK_EQ(update_ftrace_direct_del(&direct, mod), (u64)-EINVAL);
	ftrace_hash_free(first);
	ftrace_hash_free(more);
	ftrace_hash_free(mod);
	ftrace_hash_free(wrong);
	ftrace_no_leaks();
}

/* S1 with a thousand sets: buckets are shared, sets are not. */
UNIT(ftrace_direct, a_target_for_each_site)
{
	const size_t n = 2000;
	struct ftrace_hash *hash = ftrace_direct_hash_new(n);
	size_t i;

	fresh(n);
	direct = (struct ftrace_ops){ 0 };
	for (i = 0; i < n; i++)
		CHECK_EQ(ftrace_direct_hash_add(hash, host_site(n - 1 - i),
						A + 16 * i),
			 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, hash), 0);
	for (i = 0; i < n; i++)
		CHECK_EQ(arch_ftrace_read(host_site(n - 1 - i)), A + 16 * i);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, hash), 0);
	ftrace_hash_free(hash);
	ftrace_no_leaks();
}

/* Nothing is to be freed, but somebody may be in the target (D2). */
UNIT(ftrace_direct, del_waits_where_another_site_has_the_target_D2)
{
	struct ftrace_hash *both, *one;
	size_t waits;

	fresh(3);
	direct = (struct ftrace_ops){ 0 };
	both = PAIRS(L(0, 1), L(A, A));
	one = PAIRS(L(0), L(A));
	CHECK_EQ(update_ftrace_direct_add(&direct, both), 0);
	waits = host_arch.waits;
	CHECK_EQ(update_ftrace_direct_del(&direct, one), 0);
	CHECK_EQ(host_arch.waits, waits + 1);
	CHECK_EQ(update_ftrace_direct_add(&direct, one), 0);
	waits = host_arch.waits;
	CHECK_EQ(update_ftrace_direct_del(&direct, both), 0);
	CHECK_EQ(host_arch.waits, waits + 1);
	ftrace_hash_free(both);
	ftrace_hash_free(one);
	ftrace_no_leaks();
}

/* Targets rotate among sites in one session: no set is freed too early. */
UNIT(ftrace_direct, targets_swap_places)
{
	struct ftrace_hash *one, *two;

	fresh(4);
	direct = (struct ftrace_ops){ 0 };
	one = PAIRS(L(0, 1, 2), L(A, B, C));
	two = PAIRS(L(0, 1, 2), L(B, C, A));
	CHECK_EQ(update_ftrace_direct_add(&direct, one), 0);
	CHECK_EQ(update_ftrace_direct_mod(&direct, two, true), 0);
	CHECK_EQ(ftrace_check(), 0);
	ftrace_exchange_way = FTRACE_BY_STUB;
	CHECK_EQ(update_ftrace_direct_mod(&direct, one, true), 0);
	ftrace_exchange_way = FTRACE_BY_SITE;
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(arch_ftrace_read(host_site(2)), C);
	CHECK_EQ(update_ftrace_direct_del(&direct, one), 0);
	ftrace_hash_free(one);
	ftrace_hash_free(two);
	ftrace_no_leaks();
}

/* ---- sharing with an ip modifier ---- */

static int share_answer;
static unsigned int asked[3];
static int on_ask(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	asked[cmd]++;
	CHECK(mutex_is_held(&direct_mutex) && !mutex_is_held(&ftrace_lock));
	if (cmd == FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER)
		return modify_ftrace_direct_nolock(ops, A);
	if (share_answer)
		return share_answer;
	if (cmd == FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER)
		return modify_ftrace_direct_nolock(ops, B);
	return 0;
}

UNIT(ftrace_direct, ipmodify_needs_consent)
{
	static struct ftrace_ops ip = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);
	struct ftrace_picture pic;

	fresh(3);
	memset(asked, 0, sizeof(asked));
	reset_direct("fn1 fn2");
	CHECK_EQ(ftrace_filter(&ip, "fn0 fn1"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	pic = ftrace_take_picture();
	CHECK_EQ(register_ftrace_function(&ip), (u64)-EBUSY);
	direct.ops_func = on_ask;
	share_answer = -EAGAIN;
	CHECK_EQ(register_ftrace_function(&ip), (u64)-EAGAIN);
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	share_answer = 0;
	CHECK_EQ(register_ftrace_function(&ip), 0);
	CHECK_EQ(asked[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER], 2);
	CHECK(direct.flags & FTRACE_OPS_FL_SHARES);
	host_call(1);
	CHECK(ftrace_hits[0] == 1 && direct_hits[1] == 1);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&ip), 0);
	CHECK_EQ(asked[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK(!(direct.flags & FTRACE_OPS_FL_SHARES));
	CHECK_EQ(arch_ftrace_read(host_site(1)), A);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	ftrace_free_filter(&ip);
	ftrace_no_leaks();
}

UNIT(ftrace_direct, a_consent_ends_with_the_registration_that_fails)
{
	static struct ftrace_ops ip = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);

	fresh(3);
	memset(asked, 0, sizeof(asked));
	reset_direct("fn1");
	direct.ops_func = on_ask;
	CHECK_EQ(ftrace_filter(&ip, "fn1"), 0);
	CHECK_EQ(register_ftrace_function(&ip), 0);
	host_arch.prepare_error = -ENOMEM;
	CHECK_EQ(register_ftrace_direct(&direct, A), (u64)-ENOMEM);
	host_arch.prepare_error = 0;
	CHECK_EQ(asked[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF], 1);
	CHECK_EQ(asked[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK(!(direct.flags & FTRACE_OPS_FL_SHARES));
	CHECK_EQ(unregister_ftrace_function(&ip), 0);
	ftrace_free_filter(&ip);
	ftrace_free_filter(&direct);
	ftrace_no_leaks();
}

static int refuse(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return cmd == FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER ? 0 : -EBUSY;
}

/* One agrees, the next does not: the first learns that it is off. */
UNIT(ftrace_direct, ipmodify_needs_everybodys_consent)
{
	static struct ftrace_ops ip = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);
	static struct ftrace_ops second;

	fresh(3);
	memset(asked, 0, sizeof(asked));
	reset_direct("fn0");
	direct.ops_func = on_ask;
	second.ops_func = refuse;
	CHECK_EQ(ftrace_filter(&second, "fn1"), 0);
	CHECK_EQ(ftrace_filter(&ip, "fn*"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(register_ftrace_direct(&second, C), 0);
	CHECK_EQ(register_ftrace_function(&ip), (u64)-EBUSY);
	CHECK_EQ(asked[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK_EQ(asked[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK(!(direct.flags & FTRACE_OPS_FL_SHARES));
	CHECK_EQ(arch_ftrace_read(host_site(0)), A);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	CHECK_EQ(unregister_ftrace_direct(&second, C, true), 0);
	ftrace_free_filter(&ip);
	ftrace_no_leaks();
}

UNIT(ftrace_direct, ipmodify_was_first)
{
	static struct ftrace_ops ip = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);

	fresh(3);
	memset(asked, 0, sizeof(asked));
	reset_direct("fn1");
	CHECK_EQ(ftrace_filter(&ip, "fn0 fn1"), 0);
	CHECK_EQ(register_ftrace_function(&ip), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), (u64)-EBUSY);
	direct.ops_func = on_ask;
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(asked[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF], 1);
	host_call(1);
	CHECK(ftrace_hits[0] == 1 && direct_hits[0] == 1);
	/* It may move on to a site where nobody was asked yet. */
	CHECK_EQ(ftrace_filter(&ip, "fn0"), 0);
	CHECK_EQ(asked[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK_EQ(ftrace_filter(&ip, "fn1"), 0);
	CHECK_EQ(asked[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	CHECK_EQ(unregister_ftrace_function(&ip), 0);
	ftrace_free_filter(&ip);
	ftrace_no_leaks();
}

static int patch_after_the_end(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	ftrace_kill();
	share_answer = modify_ftrace_direct_nolock(ops, B);
	return -EBUSY;
}

/* Dead is dead, also for a caller in the middle of a request. */
UNIT(ftrace_direct, nothing_is_patched_after_the_end)
{
	static struct ftrace_ops ip = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);
	size_t patches;

	fresh(2);
	reset_direct("fn1");
	CHECK_EQ(ftrace_filter(&ip, "fn1"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	patches = host_arch.patches;
	direct.ops_func = patch_after_the_end;
	CHECK(register_ftrace_function(&ip));
	CHECK_EQ(share_answer, (u64)-ENODEV);
	CHECK_EQ(arch_ftrace_read(host_site(1)), A);
	CHECK_EQ(host_arch.patches, patches);
	share_answer = 0;
	ftrace_dead = false;
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	ftrace_free_filter(&ip);
	ftrace_no_leaks();
}
