// SPDX-License-Identifier: MIT
/*
 * Shadow stacks grow with the data of their users: a hundred nested calls with
 * three users of 256 bytes fit, and not one more (R2, R6).
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/graph/fgraph.h"
#include "trace/probes/kretprobe.h"

#define NR_USERS 3

static traced_function long nested(long n)
{
	if (n <= 1)
		return n;
	n = nested(n - 1);
	__asm__ volatile("" : "+r"(n)); /* no loop in place of the calls */
	return n + 1;
}

static struct fprobe fp[NR_USERS];
static unsigned long entries[NR_USERS], exits[NR_USERS], wrong;

/* Bytes that differ for each user and each depth. */
static u8 mark_of(const struct fprobe *probe, long n)
{
	return (u8)(n * 7 + (probe - fp) * 31);
}

static int fill(struct fprobe *probe, unsigned long ip, unsigned long ret_ip,
		struct ftrace_regs *fregs, void *data)
{
	long n = (long)ftrace_regs_get_argument(fregs, 0);

	entries[probe - fp]++;
	memset(data, mark_of(probe, n), FPROBE_DATA_MAX);
	return 0;
}

static void compare(struct fprobe *probe, unsigned long ip,
		    unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
	long n = (long)ftrace_regs_get_argument(fregs, 0);
	const u8 *byte = data;
	unsigned int i;

	exits[probe - fp]++;
	wrong += (long)ftrace_regs_get_return_value(fregs) != n;
	for (i = 0; i < FPROBE_DATA_MAX; i++)
		wrong += byte[i] != mark_of(probe, n);
}

static void begin(unsigned int users)
{
	unsigned long ip = (unsigned long)nested;
	unsigned int i;

	wrong = 0;
	for (i = 0; i < users; i++) {
		entries[i] = exits[i] = 0;
		fp[i] = (struct fprobe){ .entry_handler = fill,
					 .exit_handler = compare,
					 .entry_data_size = FPROBE_DATA_MAX };
		EXPECT_EQ(register_fprobe_ips(&fp[i], &ip, 1), 0);
	}
}

static void end(unsigned int users, unsigned long calls, unsigned long missed)
{
	unsigned int i;

	for (i = 0; i < users; i++) {
		EXPECT_EQ(unregister_fprobe(&fp[i]), 0);
		EXPECT_EQ(entries[i], calls);
		EXPECT_EQ(exits[i], calls);
		EXPECT_EQ(fp[i].nmissed, missed);
	}
	EXPECT_EQ(wrong, 0);
}

KTEST_FLAGS(fprobe_nested, a_hundred_calls_of_three_users_R6, 0, 60)
{
	begin(NR_USERS);
	EXPECT_EQ(nested(100), 100);
	EXPECT_EQ(nested(100), 100);
	EXPECT_EQ(current->ret_stack->data_used, 0);
	end(NR_USERS, 200, 0);
}

KTEST_FLAGS(fprobe_nested, one_call_more_is_counted_R2, 0, 60)
{
	begin(NR_USERS);
	EXPECT_EQ(nested(101), 101);
	EXPECT_EQ(nested(3), 3);
	end(NR_USERS, 103, 1);
	begin(1);
	EXPECT_EQ(nested(102), 102);
	end(1, 100, 2);
}

/* What has grown serves the next users, too. */
KTEST_FLAGS(fprobe_nested, full_and_empty_ten_times, 0, 120)
{
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		begin(NR_USERS);
		EXPECT_EQ(nested(100), 100);
		end(NR_USERS, 100, 0);
		if (i == 0)
			pages = fgraph_segment_pages();
	}
	EXPECT(pages > 0);
	EXPECT_EQ(fgraph_segment_pages(), pages);
}

static void call_nested(void *arg)
{
	(void)nested(20);
}

/* Interrupts and NMIs begin segments and leave them at any place. */
KTEST_FLAGS(fprobe_nested, words_of_all_contexts_R6, 0, 240)
{
	struct tt_calls calls;
	unsigned int i;

	begin(NR_USERS);
	calls = tt_storm(call_nested, NULL, 50, 2, false);
	EXPECT(calls.irq && calls.nmi);
	for (i = 0; i < NR_USERS; i++) {
		EXPECT_EQ(unregister_fprobe(&fp[i]), 0);
		EXPECT_EQ(exits[i] > 0, true);
	}
	EXPECT_EQ(wrong, 0);
}
