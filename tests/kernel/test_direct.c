// SPDX-License-Identifier: MIT
/*
 * Direct callers under load: targets exchanged while every CPU calls, from
 * tasks, interrupts and NMIs, and no call is missed or made twice; the way of
 * old, which does miss calls, beside it. All orders of coming and going of
 * callers on one site.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ftrace_load.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"

#define ALL 200 /* the functions of the set that is exchanged as a whole */

static struct ftrace_ops direct;

static void direct_setup(unsigned int first, unsigned int n)
{
	direct = (struct ftrace_ops){ 0 };
	direct_reset();
	EXPECT_EQ(filter_targets(&direct, first, n), 0);
}

static u64 all_direct_hits(void)
{
	return direct_hits(0) + direct_hits(1) + direct_hits(2) +
	       direct_hits(3);
}

/* ---- exchange ---- */

static void exchange_new_way(unsigned int i)
{
	EXPECT_EQ(modify_ftrace_direct(&direct, direct_target[i % 3]), 0);
}

static void exchange_old_way(unsigned int i)
{
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct.direct_call, false),
		  0);
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[i % 3]), 0);
}

/* Return: calls that reached no target. Doubled ones are failures. */
static u64 exchange_under_load(unsigned int n, unsigned int times,
			       void (*exchange)(unsigned int i))
{
	u64 calls, hits, start = ktime_ns();
	unsigned int i;

	direct_setup(0, n);
	EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	EXPECT_EQ(call_load_begin(0, n), 0);
	for (i = 1; !call_load_enough(i, times, start) && !ktest_failed(); i++)
		exchange(i);
	call_load_progress();
	calls = call_load_end();
	hits = all_direct_hits();
	EXPECT(hits <= calls);
	EXPECT(calls > i);
	/* Of the old way some targets may never be seen: it is rarely there. */
	if (exchange == exchange_new_way)
		EXPECT(direct_hits(0) && direct_hits(1) && direct_hits(2));
	EXPECT_EQ(unregister_ftrace_direct(&direct, direct.direct_call, true),
		  0);
	EXPECT_EQ(ftrace_check(), 0);
	return calls - hits;
}

/* D1 */
KTEST_FLAGS(direct, no_call_missed_one_function, 0, 600)
{
	EXPECT_EQ(exchange_under_load(1, 1000, exchange_new_way), 0);
}

KTEST_FLAGS(direct, no_call_missed_100_functions, 0, 600)
{
	EXPECT_EQ(exchange_under_load(100, 1000, exchange_new_way), 0);
}

KTEST_FLAGS(direct, no_call_missed_all_functions, 0, 600)
{
	EXPECT_EQ(exchange_under_load(ALL, 1000, exchange_new_way), 0);
}

KTEST_FLAGS(direct, no_call_missed_by_stub, 0, 600)
{
	ftrace_exchange_way = FTRACE_BY_STUB;
	EXPECT_EQ(exchange_under_load(20, 1000, exchange_new_way), 0);
	ftrace_exchange_way = FTRACE_BY_SITE;
}

/* The negative control: the counting would have shown missed calls. */
KTEST_FLAGS(direct, the_old_way_misses_calls, 0, 600)
{
	EXPECT(exchange_under_load(10, 100, exchange_old_way) > 0);
}

/* ---- exchange while others come and go on the same sites ---- */

static struct count_ops guest[2] = { COUNT_OPS(), COUNT_OPS() };
static bool guests_leave;

static int come_and_go(void *arg)
{
	struct count_ops *count = arg;
	unsigned int turn = 0;

	while (!READ_ONCE(guests_leave)) {
		count->ops.flags = turn++ % 2 ? FTRACE_OPS_FL_SAVE_REGS : 0;
		EXPECT_EQ(register_ftrace_function(&count->ops), 0);
		msleep(1);
		EXPECT_EQ(unregister_ftrace_function(&count->ops), 0);
	}
	return turn;
}

static void exchange_with_guests(unsigned int times)
{
	struct task_struct *thread[2];
	unsigned int i;

	guests_leave = false;
	for (i = 0; i < 2; i++) {
		guest[i] = (struct count_ops)COUNT_OPS();
		EXPECT_EQ(filter_targets(&guest[i].ops, 5 * i, 10), 0);
		thread[i] = kthread_run(come_and_go, &guest[i], "guest/%u", i);
	}
	EXPECT_EQ(exchange_under_load(20, times, exchange_new_way), 0);
	WRITE_ONCE(guests_leave, true);
	for (i = 0; i < 2; i++) {
		EXPECT(kthread_join(thread[i]) > 0);
		ftrace_free_filter(&guest[i].ops);
	}
}

KTEST_FLAGS(direct, no_call_missed_with_guests, 0, 600)
{
	exchange_with_guests(1000);
}

KTEST_FLAGS(direct, no_call_missed_by_stub_with_guests, 0, 600)
{
	ftrace_exchange_way = FTRACE_BY_STUB;
	exchange_with_guests(1000);
	ftrace_exchange_way = FTRACE_BY_SITE;
}

/* ---- exchange where a chain leaves no room for one beside it ---- */

#define PIECES 128

static struct {
	void *piece[PIECES];
	size_t size[PIECES];
	unsigned int nr;
} eaten;

static void eat_exec_pool(void)
{
	size_t size = 1UL << 20;
	void *piece;

	for (; size >= EXEC_GRANULE; size /= 2)
		while (eaten.nr < PIECES && (piece = exec_alloc(size))) {
			eaten.piece[eaten.nr] = piece;
			eaten.size[eaten.nr++] = size;
		}
	EXPECT_EQ(exec_pool_free_bytes(), 0);
}

static void give_back_exec_pool(void)
{
	while (eaten.nr) {
		eaten.nr--;
		exec_free(eaten.piece[eaten.nr], eaten.size[eaten.nr]);
	}
}

static bool served_by_list(unsigned int i)
{
	return arch_ftrace_read(target_ip(i)) ==
	       arch_ftrace_static_caller(false);
}

static void exchange_keeps_chain(unsigned int i)
{
	if (i == 1)
		eat_exec_pool();
	exchange_new_way(i);
	EXPECT(!served_by_list(0));
}

static bool chain_was_lost;

static void look_for_the_list(enum poke_step next)
{
	if (next == POKE_RETIRE)
		chain_was_lost |= served_by_list(0);
}

/* In one step the chain is lost, until the room that it leaves is free. */
static void exchange_loses_chain(unsigned int i)
{
	if (i == 1)
		eat_exec_pool();
	chain_was_lost = false;
	poke_observe(look_for_the_list);
	exchange_new_way(i);
	poke_observe(NULL);
	EXPECT_EQ(chain_was_lost, i > 0);
	EXPECT(!served_by_list(0));
}

static void exchange_without_room(enum ftrace_exchange_way way,
				  void (*exchange)(unsigned int i))
{
	bool chains = ftrace_use_chains, tramps = ftrace_use_trampolines;

	ftrace_use_chains = ftrace_use_trampolines = true;
	ftrace_exchange_way = way;
	guest[0] = (struct count_ops)COUNT_OPS();
	EXPECT_EQ(filter_targets(&guest[0].ops, 0, 20), 0);
	EXPECT_EQ(register_ftrace_function(&guest[0].ops), 0);
	EXPECT_EQ(exchange_under_load(20, 100, exchange), 0);
	EXPECT_EQ(unregister_ftrace_function(&guest[0].ops), 0);
	ftrace_free_filter(&guest[0].ops);
	give_back_exec_pool();
	ftrace_exchange_way = FTRACE_BY_SITE;
	ftrace_use_chains = chains;
	ftrace_use_trampolines = tramps;
}

KTEST_FLAGS(direct, no_call_missed_where_chains_have_no_room, 0, 600)
{
	exchange_without_room(FTRACE_BY_SITE, exchange_keeps_chain);
}

KTEST_FLAGS(direct, one_step_without_room_loses_the_chain_for_a_while, 0, 600)
{
	exchange_without_room(FTRACE_ONE_STEP, exchange_loses_chain);
}

/* ---- the targets called, in all orders of coming and going ---- */

enum { DIRECT, PLAIN, REGS, GRAPH, NR_USERS };

/* A number with a digit for each target called, in order. */
static unsigned long called;
static bool had_regs;

static void notrace note_call(unsigned long ip, unsigned long parent_ip,
			      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	called = called * 10 + (unsigned long)ops->private;
	had_regs = ftrace_get_regs(fregs) != NULL;
}

static struct ftrace_ops user[NR_USERS];

static void users_setup(void)
{
	int i;

	for (i = PLAIN; i < NR_USERS; i++) {
		user[i] = (struct ftrace_ops){
			.func = note_call,
			.private = (void *)(long)i,
		};
		EXPECT_EQ(filter_targets(&user[i], 50, 1), 0);
	}
	user[REGS].flags = FTRACE_OPS_FL_SAVE_REGS;
	user[GRAPH].flags = FTRACE_OPS_FL_RECURSION;
	direct_setup(50, 1);
}

static void come(int who)
{
	if (who == DIRECT)
		EXPECT_EQ(register_ftrace_direct(&direct, direct_target[0]), 0);
	else
		EXPECT_EQ(register_ftrace_function(&user[who]), 0);
}

static void go(int who)
{
	if (who == DIRECT)
		EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0],
						   false),
			  0);
	else
		EXPECT_EQ(unregister_ftrace_function(&user[who]), 0);
}

/* Are those of order[0..n) called, in that order, the direct one too? */
static void check_called(const int *order, int n)
{
	unsigned long expect = 0;
	bool want_direct = false, want_regs = false;
	int i;

	for (i = 0; i < n; i++) {
		if (order[i] == DIRECT)
			want_direct = true;
		else
			expect = expect * 10 + order[i];
		want_regs |= order[i] == REGS;
	}
	direct_reset();
	called = 0;
	had_regs = false;
	ftrace_target[50]();
	EXPECT_EQ(called, expect);
	EXPECT_EQ(direct_hits(0), want_direct);
	EXPECT_EQ(had_regs, want_regs);
}

/* Come in this order, go in the order of @leave. */
static void one_order(const int *order, const int *leave)
{
	int here[NR_USERS], n, i, k;

	for (n = 0; n < NR_USERS; n++) {
		come(order[n]);
		here[n] = order[n];
		check_called(here, n + 1);
	}
	for (i = 0; i < NR_USERS; i++) {
		go(leave[i]);
		for (k = 0; here[k] != leave[i]; k++)
			;
		memmove(&here[k], &here[k + 1], (--n - k) * sizeof(here[0]));
		check_called(here, n);
	}
}

/* The n-th of the 24 permutations of four. */
static void permutation(unsigned int n, int *out)
{
	int left[NR_USERS] = { 0, 1, 2, 3 };
	unsigned int i, k;

	for (i = NR_USERS; i > 0; i--) {
		k = n % i;
		n /= i;
		out[i - 1] = left[k];
		left[k] = left[i - 1];
	}
}

static void all_orders(void)
{
	int order[NR_USERS], leave[NR_USERS];
	unsigned int i;

	users_setup();
	for (i = 0; i < 24 * 24 && !ktest_failed(); i++) {
		permutation(i / 24, order);
		permutation(i % 24, leave);
		one_order(order, leave);
	}
	EXPECT_EQ(ftrace_check(), 0);
	for (i = PLAIN; i < NR_USERS; i++)
		ftrace_free_filter(&user[i]);
	ftrace_free_filter(&direct);
}

KTEST_FLAGS(direct, every_order_of_coming_and_going, 0, 120)
{
	all_orders();
}

KTEST_FLAGS(direct, every_order_without_chains, 0, 120)
{
	bool was = ftrace_use_chains;

	ftrace_use_chains = false;
	all_orders();
	ftrace_use_chains = was;
}
