// SPDX-License-Identifier: MIT
/*
 * Returns of functions that end by a jump to another one: a tail call. Both
 * have one return address, and each user of either sees one exit, and the true
 * caller. So the function that jumps has no target of its own.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/probes/kretprobe.h"
#include <asm/pt_regs.h>

#define CALLS 20

static traced_function long tail_last(long n)
{
	return n * 3;
}

static traced_function long tail_first(long n)
{
	return tail_last(n + 1);
}

static traced_function long call_tail(long n)
{
	n = tail_first(n);
	__asm__ volatile("" : "+r"(n)); /* no tail call */
	return n;
}

static struct {
	unsigned long entries[2], exits[2], wrong;
} seen;

/* 0: tail_first(), 1: tail_last() */
static unsigned int number_of(unsigned long ip)
{
	return ip == (unsigned long)tail_last;
}

static void note_return(unsigned int nr, unsigned long ret_ip, long result,
			long arg)
{
	seen.exits[nr]++;
	seen.wrong += ret_ip - (unsigned long)call_tail >= 128;
	seen.wrong += result != 3 * 8 || arg != 7 + (long)nr;
}

static int at_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		    struct ftrace_regs *fregs, void *data)
{
	(void)fp;
	(void)fregs;
	(void)data;
	seen.entries[number_of(ip)]++;
	seen.wrong += ret_ip - (unsigned long)call_tail >= 128;
	return 0;
}

static void at_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		    struct ftrace_regs *fregs, void *data)
{
	(void)fp;
	(void)data;
	note_return(number_of(ip), ret_ip,
		    (long)ftrace_regs_get_return_value(fregs),
		    (long)ftrace_regs_get_argument(fregs, 0));
}

static int at_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	note_return(number_of((unsigned long)ri->rp->kp.addr), ri->ret_addr,
		    (long)regs->ax, (long)regs->di);
	return 0;
}

static void call_and_compare(unsigned long first, unsigned long last)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		EXPECT_EQ(call_tail(7), 24);
	EXPECT_EQ(seen.exits[0], first);
	EXPECT_EQ(seen.exits[1], last);
	EXPECT_EQ(seen.wrong, 0);
}

/* @ips: of one, or of both. */
static void probe_tails(bool fast, unsigned long *ips, int n)
{
	struct fprobe fp = { .entry_handler = at_entry,
			     .exit_handler = at_exit };
	bool first = n == 2 || ips[0] == (unsigned long)tail_first;
	bool last = n == 2 || ips[0] == (unsigned long)tail_last;
	int err;

	memset(&seen, 0, sizeof(seen));
	WRITE_ONCE(fprobe_may_be_fast, fast);
	err = register_fprobe_ips(&fp, ips, n);
	WRITE_ONCE(fprobe_may_be_fast, true);
	ASSERT_EQ(err, 0);
	EXPECT_EQ(fprobe_is_fast(&fp), fast && !first);
	call_and_compare(first ? CALLS : 0, last ? CALLS : 0);
	EXPECT_EQ(seen.entries[0], seen.exits[0]);
	EXPECT_EQ(seen.entries[1], seen.exits[1]);
	EXPECT_EQ(fp.nmissed, 0);
	EXPECT_EQ(unregister_fprobe(&fp), 0);
	EXPECT_EQ(ftrace_fexit_reap(), 0);
}

/* The one that jumps, the one that is jumped to, both. */
KTEST_FLAGS(fprobe_tail, each_return_is_seen_on_both_paths_K7, KTEST_LEAKS, 0)
{
	unsigned long ips[2] = { (unsigned long)tail_first,
				 (unsigned long)tail_last };
	int fast;

	for (fast = 0; fast < 2; fast++) {
		probe_tails(fast, &ips[0], 1);
		probe_tails(fast, &ips[1], 1);
		probe_tails(fast, ips, 2);
	}
}

KTEST(fprobe_tail, kretprobes_on_both)
{
	struct kretprobe first = { .kp = { .addr = (u8 *)tail_first },
				   .handler = at_return };
	struct kretprobe last = { .kp = { .addr = (u8 *)tail_last },
				  .handler = at_return };

	memset(&seen, 0, sizeof(seen));
	ASSERT_EQ(register_kretprobe(&first), 0);
	ASSERT_EQ(register_kretprobe(&last), 0);
	call_and_compare(CALLS, CALLS);
	unregister_kretprobe(&first);
	call_and_compare(CALLS, 2 * CALLS);
	unregister_kretprobe(&last);
	call_and_compare(CALLS, 2 * CALLS);
	EXPECT_EQ(first.nmissed + last.nmissed, 0);
}
