// SPDX-License-Identifier: MIT
/*
 * Edges of the ftrace core: refusals each for its own reason, agreements that
 * end, sets when ids are scarce, and what a call meets in the middle of a
 * request.
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

#define OPS	FTRACE_COUNT_OPS
#define A	(direct_target[0])
#define B	(direct_target[1])
#define JUMP(t) ((t) | FTRACE_ADDR_JMP)

static struct ftrace_ops direct;

static void fresh(size_t sites)
{
	ftrace_hits_reset();
	host_sites_count(sites);
	direct = (struct ftrace_ops){ 0 };
}

/* Targets from @base on, 16 bytes apart, for @n sites from @first on. */
static struct ftrace_hash *targets(size_t first, size_t n, unsigned long base)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(n);
	size_t i;

	for (i = 0; i < n; i++)
		CHECK_EQ(ftrace_direct_hash_add(hash, host_site(first + i),
						base + 16 * i),
			 0);
	return hash;
}

/* ---- refused ---- */

static void refuse_direct(struct ftrace_ops *ops)
{
	CHECK_EQ(ftrace_filter(ops, "fn1"), 0);
	CHECK_EQ(register_ftrace_direct(ops, A), (u64)-EINVAL);
	CHECK_EQ(ftrace_check(), 0);
	ftrace_free_filter(ops);
}

UNIT(ftrace_edges, who_cannot_be_a_direct_caller)
{
	static struct ftrace_ops called = OPS(0), tramp;
	struct ftrace_hash *pair;

	fresh(3);
	pair = targets(2, 1, A);
	refuse_direct(&called);
	CHECK_EQ(update_ftrace_direct_add(&called, pair), (u64)-EINVAL);
	CHECK(called.func == ftrace_count);
	tramp.trampoline = B;
	refuse_direct(&tramp);
	/* One target for all: no pairs are added to it. */
	CHECK_EQ(ftrace_filter(&direct, "fn1"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, pair), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	ftrace_hash_free(pair);
	ftrace_no_leaks();
}

/* 0 is nobody's target, also not that of an ops with many. */
UNIT(ftrace_edges, no_target_unregisters_nobody)
{
	struct ftrace_hash *pairs;

	fresh(3);
	pairs = targets(0, 2, A);
	CHECK_EQ(update_ftrace_direct_add(&direct, pairs), 0);
	CHECK_EQ(unregister_ftrace_direct(&direct, 0, false), (u64)-EINVAL);
	CHECK_EQ(update_ftrace_direct_del(&direct, pairs), 0);
	ftrace_hash_free(pairs);
	ftrace_no_leaks();
}

static struct ftrace_hash *wanted;
static int answer;

/* As if it were called by a traced function in the middle of a request. */
static void exchange_inside(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	mutex_lock(&direct_mutex);
	mutex_lock(&ftrace_lock);
	answer = update_ftrace_direct_mod(&direct, wanted, false);
	mutex_unlock(&ftrace_lock);
	mutex_unlock(&direct_mutex);
}

UNIT(ftrace_edges, no_exchange_from_inside_a_request)
{
	static struct ftrace_ops asks = { .func = exchange_inside };

	fresh(3);
	wanted = targets(0, 1, A);
	CHECK_EQ(update_ftrace_direct_add(&direct, wanted), 0);
	CHECK_EQ(ftrace_filter(&asks, "fn1"), 0);
	CHECK_EQ(register_ftrace_function(&asks), 0);
	host_call(1);
	CHECK_EQ(answer, (u64)-EDEADLK);
	CHECK_EQ(unregister_ftrace_function(&asks), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, wanted), 0);
	ftrace_free_filter(&asks);
	ftrace_hash_free(wanted);
	ftrace_no_leaks();
}

/* ---- sharing with an ip modifier ---- */

static struct ftrace_ops modifier = OPS(0, .flags = FTRACE_OPS_FL_IPMODIFY);
static unsigned int told[3];

static int consents(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	told[cmd]++;
	return 0;
}

static void fresh_sharing(void)
{
	fresh(3);
	memset(told, 0, sizeof(told));
	direct.ops_func = consents;
	CHECK_EQ(ftrace_filter(&direct, "fn1"), 0);
	CHECK_EQ(ftrace_filter(&modifier, "fn1"), 0);
}

/* Asked once, told once that it is off, and not left in agreement. */
static void consent_has_ended(enum ftrace_ops_cmd asked)
{
	CHECK_EQ(told[asked], 1);
	CHECK_EQ(told[FTRACE_OPS_CMD_DISABLE_SHARE_IPMODIFY_PEER], 1);
	CHECK(!(direct.flags & FTRACE_OPS_FL_SHARES));
	CHECK_EQ(ftrace_check(), 0);
}

UNIT(ftrace_edges, a_consent_for_nothing_is_given_back)
{
	fresh_sharing();
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	host_arch.prepare_error = -ENOMEM;
	CHECK_EQ(register_ftrace_function(&modifier), (u64)-ENOMEM);
	host_arch.prepare_error = 0;
	consent_has_ended(FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	ftrace_free_filter(&modifier);
	ftrace_no_leaks();
}

/* What is jumped to finds no return address, so no modified ip. */
UNIT(ftrace_edges, what_is_jumped_to_cannot_share)
{
	fresh_sharing();
	CHECK_EQ(register_ftrace_direct(&direct, JUMP(A)), 0);
	CHECK_EQ(register_ftrace_function(&modifier), (u64)-EBUSY);
	consent_has_ended(FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_PEER);
	CHECK_EQ(unregister_ftrace_direct(&direct, JUMP(A), false), 0);
	/* The other way round. */
	memset(told, 0, sizeof(told));
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(register_ftrace_direct(&direct, JUMP(A)), (u64)-EBUSY);
	consent_has_ended(FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	ftrace_free_filter(&modifier);
	ftrace_free_filter(&direct);
	ftrace_no_leaks();
}

UNIT(ftrace_edges, who_shares_is_not_exchanged_for_a_jump)
{
	struct ftrace_hash *pairs, *jumps, *more;

	fresh_sharing();
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(modify_ftrace_direct(&direct, JUMP(B)), (u64)-EBUSY);
	CHECK_EQ(modify_ftrace_direct(&direct, B), 0);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	direct.ops_func = consents;
	pairs = targets(1, 1, A);
	jumps = targets(1, 1, JUMP(B));
	more = targets(2, 1, JUMP(B));
	CHECK_EQ(update_ftrace_direct_add(&direct, pairs), 0);
	CHECK_EQ(update_ftrace_direct_mod(&direct, jumps, true), (u64)-EBUSY);
	CHECK_EQ(update_ftrace_direct_add(&direct, more), (u64)-EBUSY);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	CHECK_EQ(update_ftrace_direct_mod(&direct, jumps, true), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, jumps), 0);
	ftrace_hash_free(pairs);
	ftrace_hash_free(jumps);
	ftrace_hash_free(more);
	ftrace_free_filter(&modifier);
	ftrace_no_leaks();
}

/* The owner that is asked exchanges its other target, then agrees. */
static struct ftrace_hash *meanwhile;
static int exchanges(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	told[cmd]++;
	return cmd == FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF ?
		       update_ftrace_direct_mod(ops, meanwhile, false) :
		       0;
}

UNIT(ftrace_edges, what_was_exchanged_when_asked_stays)
{
	struct ftrace_hash *first, *more;

	fresh_sharing();
	first = targets(0, 1, A);
	more = targets(1, 1, A);
	meanwhile = targets(0, 1, B);
	direct.ops_func = exchanges;
	CHECK_EQ(update_ftrace_direct_add(&direct, first), 0);
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, more), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), B);
	CHECK_EQ(told[FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF], 1);
	CHECK_EQ(update_ftrace_direct_del(&direct, meanwhile), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, more), 0);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	ftrace_hash_free(first);
	ftrace_hash_free(more);
	ftrace_hash_free(meanwhile);
	ftrace_free_filter(&modifier);
	ftrace_no_leaks();
}

/* It agrees, but a target it has already is jumped to. */
UNIT(ftrace_edges, a_consent_for_sites_that_do_not_come_is_given_back)
{
	struct ftrace_hash *jump, *more;

	fresh_sharing();
	jump = targets(0, 1, JUMP(A));
	more = targets(1, 1, B);
	CHECK_EQ(update_ftrace_direct_add(&direct, jump), 0);
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, more), (u64)-EBUSY);
	consent_has_ended(FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF);
	CHECK_EQ(update_ftrace_direct_del(&direct, jump), 0);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	ftrace_hash_free(jump);
	ftrace_hash_free(more);
	ftrace_free_filter(&modifier);
	ftrace_no_leaks();
}

/* On no site do both come: nobody need agree to anything. */
UNIT(ftrace_edges, who_leaves_the_site_out_need_not_share)
{
	fresh_sharing();
	direct.ops_func = NULL;
	CHECK_EQ(ftrace_filter(&direct, "fn0 fn1"), 0);
	CHECK_EQ(ftrace_set_notrace(&direct, "fn1", 3, 1), 0);
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	CHECK_EQ(arch_ftrace_read(host_site(0)), A);
	CHECK_EQ(ftrace_set_notrace(&direct, NULL, 0, 1), (u64)-EBUSY);
	direct.ops_func = consents;
	CHECK_EQ(ftrace_set_notrace(&direct, NULL, 0, 1), 0);
	CHECK_EQ(ftrace_set_notrace(&direct, "fn1", 3, 1), 0);
	consent_has_ended(FTRACE_OPS_CMD_ENABLE_SHARE_IPMODIFY_SELF);
	CHECK_EQ(unregister_ftrace_direct(&direct, A, true), 0);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	ftrace_free_filter(&modifier);
	ftrace_no_leaks();
}

/* "None excluded" has two forms. */
UNIT(ftrace_edges, an_empty_notrace_set_excludes_nothing)
{
	fresh_sharing();
	CHECK_EQ(ftrace_set_notrace(&modifier, "fn0", 3, 1), 0);
	CHECK_EQ(register_ftrace_function(&modifier), (u64)-EINVAL);
	CHECK_EQ(ftrace_set_notrace(&modifier, "!fn0", 4, 0), 0);
	CHECK_EQ(register_ftrace_function(&modifier), 0);
	CHECK_EQ(ftrace_set_notrace_ips(&modifier, NULL, 0, 0, 1), 0);
	CHECK_EQ(ftrace_set_notrace(&modifier, "fn0", 3, 1), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_function(&modifier), 0);
	ftrace_free_filter(&modifier);
	ftrace_free_filter(&direct);
	ftrace_no_leaks();
}

/* ---- in the middle of a request ---- */

static size_t syncs;

static void call_site_0(void)
{
	syncs = host_arch.syncs;
	host_call(0);
}

/* By the list a new target is called before a batch makes its code known. */
UNIT(ftrace_edges, fresh_code_is_known_before_the_list_calls_it)
{
	static struct ftrace_ops guest = OPS(0);

	fresh(3);
	ftrace_use_chains = false;
	CHECK_EQ(ftrace_filter(&direct, "fn0 fn1"), 0);
	CHECK_EQ(ftrace_filter(&guest, "fn0"), 0);
	CHECK_EQ(register_ftrace_function(&guest), 0);
	CHECK_EQ(register_ftrace_direct(&direct, A), 0);
	host_arch.syncs = 0;
	host_arch.on_apply = call_site_0;
	CHECK_EQ(modify_ftrace_direct(&direct, B), 0); /* fn1 is patched */
	host_arch.on_apply = NULL;
	CHECK_EQ(direct_hits[1], 1);
	CHECK_EQ(syncs, 1);
	CHECK_EQ(unregister_ftrace_direct(&direct, B, true), 0);
	CHECK_EQ(unregister_ftrace_function(&guest), 0);
	ftrace_free_filter(&guest);
	ftrace_use_chains = true;
	ftrace_no_leaks();
}

static unsigned int without_regs;

static void wants_regs(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	without_regs += !ftrace_get_regs(fregs);
}

/* The list serves a second ops while the site has a caller without them. */
UNIT(ftrace_edges, no_callback_without_the_registers_it_wants)
{
	static struct ftrace_ops plain = OPS(0);
	static struct ftrace_ops regs = { .func = wants_regs,
					  .flags = FTRACE_OPS_FL_SAVE_REGS };

	fresh(2);
	ftrace_use_trampolines = false;
	CHECK_EQ(register_ftrace_function(&plain), 0);
	host_arch.on_apply = call_site_0;
	CHECK_EQ(register_ftrace_function(&regs), 0);
	host_arch.on_apply = NULL;
	CHECK_EQ(ftrace_hits[0], 1);
	CHECK_EQ(without_regs, 0);
	CHECK_EQ(unregister_ftrace_function(&regs), 0);
	CHECK_EQ(unregister_ftrace_function(&plain), 0);
	ftrace_use_trampolines = true;
	ftrace_no_leaks();
}

/* ---- sets ---- */

/* The empty set is never given back, whatever leaves it last (S3). */
UNIT(ftrace_edges, the_empty_set_stays)
{
	static struct ftrace_ops one = { .flags = FTRACE_OPS_FL_DIRECT };
	struct ftrace_retired retired = { 0 };
	struct ftrace_set *set, *none;

	fresh(1);
	mutex_lock(&ftrace_lock);
	set_of(0)->refs = 0;
	set = ftrace_set_change(set_of(0), &one, true, A);
	none = ftrace_set_change(set, &one, false, 0);
	CHECK(none == set_of(0));
	ftrace_set_unpin(none, &retired);
	CHECK(!retired.sets);
	ftrace_set_unpin(set, &retired);
	ftrace_discard(&retired);
	mutex_unlock(&ftrace_lock);
	ftrace_no_leaks();
}

/* The second page of sets comes and goes while the first one is full. */
UNIT(ftrace_edges, a_page_of_sets_comes_again)
{
	struct ftrace_hash *full, *more;
	unsigned int i;

	fresh(FTRACE_SET_PAGE);
	full = targets(0, FTRACE_SET_PAGE - 1, A);
	more = targets(FTRACE_SET_PAGE - 1, 1, A + 2048);
	CHECK_EQ(update_ftrace_direct_add(&direct, full), 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(update_ftrace_direct_add(&direct, more), 0);
		CHECK_EQ(ftrace_check(), 0);
		CHECK_EQ(update_ftrace_direct_del(&direct, more), 0);
	}
	CHECK_EQ(update_ftrace_direct_del(&direct, full), 0);
	ftrace_hash_free(full);
	ftrace_hash_free(more);
	ftrace_no_leaks();
}

static struct ftrace_set *taken[FTRACE_SET_MAX];

/* All ids but @left, which lie in as many pages. */
static void take_ids(size_t left)
{
	static struct ftrace_ops taker = { .flags = FTRACE_OPS_FL_DIRECT };
	struct ftrace_retired retired = { 0 };
	size_t n, i;

	mutex_lock(&ftrace_lock);
	for (n = 0;; n++) {
		taken[n] = ftrace_set_change(set_of(0), &taker, true,
					     16 * (n + 1));
		if (IS_ERR(taken[n]))
			break;
	}
	CHECK_EQ(PTR_ERR(taken[n]), (u64)-ENOSPC);
	taken[n] = NULL;
	for (i = 0; i < left; i++) {
		ftrace_set_unpin(taken[6000 * i], &retired);
		taken[6000 * i] = NULL;
	}
	ftrace_discard(&retired);
	mutex_unlock(&ftrace_lock);
}

static void give_ids_back(void)
{
	struct ftrace_retired retired = { 0 };
	size_t i;

	mutex_lock(&ftrace_lock);
	for (i = 0; i < FTRACE_SET_MAX; i++) {
		if (taken[i])
			ftrace_set_unpin(taken[i], &retired);
		taken[i] = NULL;
	}
	ftrace_discard(&retired);
	mutex_unlock(&ftrace_lock);
}

/* A request that runs out of ids in its middle changes nothing. */
UNIT(ftrace_edges, requests_when_ids_run_out_I6)
{
	struct ftrace_hash *twelve, *eight, *other;
	struct ftrace_picture pic;

	fresh(20);
	twelve = targets(0, 12, A);
	eight = targets(0, 8, A);
	other = targets(0, 8, A + 2048);
	take_ids(10);
	pic = ftrace_take_picture();
	host_log[0] = '\0';
	CHECK_EQ(update_ftrace_direct_add(&direct, twelve), (u64)-ENOSPC);
	CHECK(strstr(host_log, "more sets of subscribers than the 10 of 65535 "
			       "that are left\n"));
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	CHECK(!direct.func && !direct.filter_hash && !direct.flags);
	CHECK_EQ(update_ftrace_direct_add(&direct, eight), 0);
	pic = ftrace_take_picture();
	CHECK_EQ(update_ftrace_direct_mod(&direct, other, true), (u64)-ENOSPC);
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	CHECK_EQ(update_ftrace_direct_del(&direct, eight), 0);
	give_ids_back();
	ftrace_hash_free(twelve);
	ftrace_hash_free(eight);
	ftrace_hash_free(other);
	ftrace_no_leaks();
}

/* A set with as many callbacks as its count can tell takes no other one. */
UNIT(ftrace_edges, the_most_callbacks_of_a_set_I6)
{
	static struct ftrace_ops *calls[FTRACE_SET_CALLS_MAX + 1];
	static struct ftrace_ops old = { .seq = 1 }, more = { .seq = 2 };
	struct ftrace_set from = { .ops = calls, .nr = FTRACE_SET_CALLS_MAX };
	struct ftrace_retired retired = { 0 };
	struct ftrace_set *set;
	size_t i;

	for (i = 0; i < FTRACE_SET_CALLS_MAX; i++)
		calls[i] = &old;
	mutex_lock(&ftrace_lock);
	set = ftrace_set_change(&from, &more, true, 0);
	CHECK_EQ(PTR_ERR(set), (u64)-ENOSPC);
	from.nr--;
	calls[from.nr] = NULL;
	set = ftrace_set_change(&from, &more, true, 0);
	CHECK(!IS_ERR(set));
	CHECK_EQ(set->nr, FTRACE_SET_CALLS_MAX);
	CHECK_EQ(set->ops[FTRACE_SET_CALLS_MAX - 1], &more);
	ftrace_set_unpin(set, &retired);
	ftrace_discard(&retired);
	mutex_unlock(&ftrace_lock);
	ftrace_no_leaks();
}

/* @n sites with a set of each's own: the first so many of @n ops. */
static void stairs(struct ftrace_ops *step, size_t n, bool up)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (!up) {
			CHECK_EQ(unregister_ftrace_function(&step[i]), 0);
			ftrace_free_filter(&step[i]);
			continue;
		}
		step[i] = (struct ftrace_ops)OPS(0);
		for (k = i; k < n; k++)
			CHECK_EQ(ftrace_set_filter_ip(&step[i], host_site(k), 0,
						      0),
				 0);
		CHECK_EQ(register_ftrace_function(&step[i]), 0);
	}
}

/* One id for each set that it makes is enough, and one fewer is not. */
UNIT(ftrace_edges, as_many_ids_as_sets_I6)
{
	static struct ftrace_ops step[6], all = OPS(1);
	struct ftrace_picture pic;

	fresh(6);
	stairs(step, 6, true);
	take_ids(5);
	pic = ftrace_take_picture();
	CHECK_EQ(register_ftrace_function(&all), (u64)-ENOSPC);
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	give_ids_back();
	take_ids(6);
	CHECK_EQ(register_ftrace_function(&all), 0);
	CHECK_EQ(ftrace_check(), 0);
	/* Back to sets that are gone: the ids of these are free again. */
	CHECK_EQ(unregister_ftrace_function(&all), 0);
	CHECK_EQ(ftrace_check(), 0);
	give_ids_back();
	stairs(step, 6, false);
	ftrace_no_leaks();
}

/* None is needed where the sets that sites go to are there already. */
UNIT(ftrace_edges, no_id_for_a_set_that_is_there)
{
	static struct ftrace_ops ann = OPS(0), bob = OPS(1);

	fresh(3);
	CHECK_EQ(register_ftrace_function(&ann), 0);
	CHECK_EQ(ftrace_filter(&bob, "fn1 fn2"), 0);
	CHECK_EQ(register_ftrace_function(&bob), 0);
	take_ids(0);
	CHECK_EQ(ftrace_filter(&bob, "fn1"), 0);
	CHECK_EQ(ftrace_filter(&bob, "fn2"), 0);
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK_EQ(ftrace_check(), 0);
	give_ids_back();
	CHECK_EQ(unregister_ftrace_function(&ann), 0);
	ftrace_free_filter(&bob);
	ftrace_no_leaks();
}

/* Two sites with the same target of their own need one id for it. */
UNIT(ftrace_edges, an_id_for_each_target_not_for_each_site)
{
	struct ftrace_hash *pairs;
	size_t i;

	fresh(20);
	pairs = targets(0, 20, A);
	for (i = 0; i < 20; i++)
		pairs->direct[i] = A + 16 * (i % 4);
	take_ids(3);
	CHECK_EQ(update_ftrace_direct_add(&direct, pairs), (u64)-ENOSPC);
	give_ids_back();
	take_ids(4);
	CHECK_EQ(update_ftrace_direct_add(&direct, pairs), 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, pairs), 0);
	give_ids_back();
	ftrace_hash_free(pairs);
	ftrace_no_leaks();
}

/* So does taking a direct caller off: the ops that stay need a set, too. */
UNIT(ftrace_edges, leaving_when_ids_run_out_I6)
{
	static struct ftrace_ops ann = OPS(0), bob = OPS(1);
	struct ftrace_hash *one;
	struct ftrace_picture pic;

	fresh(2);
	one = targets(0, 1, A);
	CHECK_EQ(update_ftrace_direct_add(&direct, one), 0);
	CHECK_EQ(register_ftrace_function(&ann), 0);
	CHECK_EQ(ftrace_filter(&bob, "fn0"), 0);
	CHECK_EQ(register_ftrace_function(&bob), 0);
	take_ids(0);
	pic = ftrace_take_picture();
	CHECK_EQ(update_ftrace_direct_del(&direct, one), (u64)-ENOSPC);
	CHECK(ftrace_same_picture(pic, ftrace_take_picture()));
	give_ids_back();
	CHECK_EQ(update_ftrace_direct_del(&direct, one), 0);
	CHECK_EQ(unregister_ftrace_function(&bob), 0);
	CHECK_EQ(unregister_ftrace_function(&ann), 0);
	ftrace_free_filter(&bob);
	ftrace_hash_free(one);
	ftrace_no_leaks();
}

/* Targets of sites that are excluded wait for nobody. */
UNIT(ftrace_edges, targets_of_excluded_sites)
{
	struct ftrace_hash *first, *second;
	size_t i;

	fresh(8);
	first = targets(1, 5, A);
	second = targets(1, 5, A + 1024);
	CHECK_EQ(ftrace_set_notrace(&direct, "fn2 fn4", 7, 1), 0);
	CHECK_EQ(update_ftrace_direct_add(&direct, first), 0);
	CHECK_EQ(update_ftrace_direct_mod(&direct, second, true), 0);
	for (i = 0; i < 5; i++)
		CHECK_EQ(arch_ftrace_read(host_site(i + 1)),
			 i == 1 || i == 3 ? 0 : A + 1024 + 16 * i);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(update_ftrace_direct_del(&direct, second), 0);
	ftrace_free_filter(&direct);
	ftrace_hash_free(first);
	ftrace_hash_free(second);
	ftrace_no_leaks();
}

/* What is to be freed after a wait is not freed by a request that fails. */
UNIT(ftrace_edges, a_failed_request_keeps_what_others_retired)
{
	static struct ftrace_ops late = FTRACE_COUNT_OPS(0);
	struct ftrace_retired retired = { .wait = true }, later = { 0 };
	struct ftrace_set *set;
	unsigned int n = 0;
	int err;

	fresh(2);
	mutex_lock(&ftrace_lock);
	set = ftrace_set_change(set_of(0), &late, true, 0);
	ftrace_set_unpin(set, &retired);
	mutex_unlock(&ftrace_lock);
	CHECK(retired.sets == set);
	CHECK_EQ(ftrace_enter(), 0);
	do { /* without memory for a trampoline it does not fail */
		fail_nth(++n);
		err = ftrace_register(&late, &retired);
		CHECK(fail_end());
		if (err)
			break;
		CHECK_EQ(ftrace_unregister(&late, &later), 0);
		ftrace_forget(&late, &later);
	} while (n < 10);
	ftrace_leave();
	CHECK_EQ(err, (u64)-ENOMEM);
	CHECK(retired.sets == set);
	CHECK(retired.wait);
	ftrace_retire(&retired);
	ftrace_no_leaks();
}
