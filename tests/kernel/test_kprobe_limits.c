// SPDX-License-Identifier: MIT
/*
 * The limits of probes: run full and empty ten times, each with its code, and
 * every allocation that a request makes fails once.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kretprobe.h"

#define TIMES 10

static noinline int limited(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static noinline notrace int slotted(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 2;
}

static volatile unsigned long hits; /* slotted() seems not to change it */

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	return 0;
}

/* Allocates the pool's rest in pieces, linked through @piece. */
static void *fill_pool(size_t piece[32])
{
	static void *first[32];
	size_t size = 512 * 1024;
	unsigned int n = 0;

	memset(first, 0, sizeof(first));
	while (size >= EXEC_GRANULE && n < 32) {
		first[n] = exec_alloc(size);
		if (first[n])
			piece[n++] = size;
		else
			size /= 2;
	}
	return first;
}

KTEST(kprobe_limits, a_full_pool_is_no_memory)
{
	struct kprobe p = { .addr = (u8 *)slotted, .pre_handler = count_hit };
	size_t piece[32] = { 0 };
	void **first;
	int i, j;

	for (i = 0; i < TIMES; i++) {
		first = fill_pool(piece);
		EXPECT_EQ(register_kprobe(&p), -ENOMEM);
		EXPECT(!get_kprobe((void *)slotted));
		for (j = 0; j < 32 && first[j]; j++)
			exec_free(first[j], piece[j]);
		hits = 0;
		ASSERT_EQ(register_kprobe(&p), 0);
		EXPECT_EQ(slotted(1), 3);
		EXPECT_EQ(hits, 1);
		unregister_kprobe(&p);
	}
}

static int empty_entry(struct fprobe *fp, unsigned long entry_ip,
		       unsigned long ret_ip, struct ftrace_regs *fregs,
		       void *data)
{
	return 0;
}

KTEST(kprobe_limits, fprobes_up_to_the_users_of_the_return_side)
{
	static struct fprobe fp[FGRAPH_USERS + 1];
	unsigned long ip = (unsigned long)limited;
	int i, n, err;

	for (i = 0; i < TIMES; i++) {
		err = 0;
		for (n = 0; n <= FGRAPH_USERS && !err; n++) {
			fp[n].entry_handler = empty_entry;
			err = register_fprobe_ips(&fp[n], &ip, 1);
		}
		EXPECT_EQ(err, -ENOSPC);
		EXPECT_EQ(n, FGRAPH_USERS + 1);
		EXPECT_EQ(limited(1), 2);
		while (--n > 0)
			EXPECT_EQ(unregister_fprobe(&fp[n - 1]), 0);
	}
}

static noinline long recursive(long n)
{
	if (!n)
		return 0;
	n = recursive(n - 1);
	__asm__ volatile("" : "+r"(n)); /* no loop in place of the calls */
	return n + 1;
}

static unsigned long returns;

static int count_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	returns++;
	return 0;
}

KTEST(kprobe_limits, instances_up_to_maxactive)
{
	struct kretprobe rp = { .kp.symbol_name = "recursive",
				.handler = count_return,
				.maxactive = 4 };
	int i;

	returns = 0;
	ASSERT_EQ(register_kretprobe(&rp), 0);
	for (i = 1; i <= TIMES; i++) {
		EXPECT_EQ(recursive(9), 9); /* ten calls */
		EXPECT_EQ(returns, 4UL * i);
		EXPECT_EQ(rp.nmissed, 6 * i);
	}
	unregister_kretprobe(&rp);
}

/* K6: a request that lacks memory leaves nothing behind. */
KTEST(kprobe_limits, each_allocation_fails_once_K6)
{
	static struct kprobe many[12];
	static struct kprobe *list[12];
	unsigned int nth, i;
	int err;

	for (nth = 1; nth < 200; nth++) {
		for (i = 0; i < 12; i++) {
			u8 *at = i % 2 ? (u8 *)slotted : (u8 *)limited;

			many[i] = (struct kprobe){ .addr = at,
						   .pre_handler = count_hit };
			list[i] = &many[i];
		}
		fail_nth(nth);
		err = register_kprobes(list, 12);
		(void)fail_end();
		if (!err)
			break;
		EXPECT_EQ(err, -ENOMEM);
		EXPECT(!get_kprobe((void *)limited));
		EXPECT(!get_kprobe((void *)slotted));
		EXPECT_EQ(limited(1), 2);
		EXPECT_EQ(slotted(1), 3);
	}
	EXPECT(nth > 4 && nth < 200);
	hits = 0;
	EXPECT_EQ(limited(1), 2);
	EXPECT_EQ(slotted(1), 3);
	EXPECT_EQ(hits, 12);
	unregister_kprobes(list, 12);
}

/* The same while they go: removal cannot fail. */
KTEST(kprobe_limits, removal_without_memory_K6)
{
	struct kprobe p = { .addr = (u8 *)slotted, .pre_handler = count_hit };
	struct kprobe q = { .addr = (u8 *)slotted, .pre_handler = count_hit };
	unsigned int nth;

	for (nth = 1; nth < 12; nth++) {
		ASSERT_EQ(register_kprobe(&p), 0);
		ASSERT_EQ(register_kprobe(&q), 0);
		fail_nth(nth);
		unregister_kprobe(&p);
		(void)fail_end();
		hits = 0;
		EXPECT_EQ(slotted(1), 3);
		EXPECT_EQ(hits, 1);
		fail_nth(nth);
		unregister_kprobe(&q);
		(void)fail_end();
		hits = 0;
		EXPECT_EQ(slotted(1), 3);
		EXPECT_EQ(hits, 0);
	}
}
