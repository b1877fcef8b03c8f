// SPDX-License-Identifier: MIT
/*
 * kprobes/list, kprobes/enabled and kprobes/blacklist: lines as Linux has them.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/probes/kretprobe.h"
#include <asm/pt_regs.h>

static char text[32768];
static unsigned long hits;
static const char *reason; /* of the last write, or NULL */

static int count(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	hits++;
	return 0;
}

static int count_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	(void)ri;
	(void)regs;
	hits++;
	return 0;
}

static noinline int node_probed(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static ssize_t write_enabled(const char *what)
{
	struct tracefs_file *file;
	ssize_t ret;

	ret = tracefs_open("kprobes/enabled", TRACEFS_WRITE, &file);
	if (ret)
		return ret;
	ret = tracefs_write(file, what, strlen(what));
	reason = file->error_text;
	(void)tracefs_close(file);
	return ret;
}

KTEST(kprobe_nodes, list_has_a_line_for_each_probe)
{
	struct kprobe at_site = { .addr = (u8 *)node_probed,
				  .pre_handler = count };
	struct kprobe off = { .addr = (u8 *)node_probed,
			      .offset = MCOUNT_INSN_SIZE,
			      .pre_handler = count,
			      .flags = KPROBE_FLAG_DISABLED };
	struct kprobe *both[] = { &at_site, &off };
	char expected[256];

	ASSERT_EQ(register_kprobes(both, 2), 0);
	snprintf(expected, sizeof(expected),
		 "%016lx  k  node_probed+0x0    [FTRACE]\n"
		 "%016lx  k  node_probed+0x5    [DISABLED]\n",
		 (unsigned long)node_probed,
		 (unsigned long)node_probed + MCOUNT_INSN_SIZE);
	EXPECT(tt_says("kprobes/list", expected));
	unregister_kprobes(both, 2);
	EXPECT(tt_says("kprobes/list", ""));
}

/* As on Linux, where an event's return probe is registered with the event. */
KTEST_FLAGS(kprobe_nodes, list_has_returns_of_events_that_rest, KTEST_LEAKS, 0)
{
	char off[96], on[96];

	ASSERT(probes_begin("nop"));
	snprintf(off, sizeof(off), "%016lx  r  node_probed+0x0    %s\n",
		 (unsigned long)node_probed, "[DISABLED][FTRACE]");
	snprintf(on, sizeof(on), "%016lx  r  node_probed+0x0    %s\n",
		 (unsigned long)node_probed, "[FTRACE]");
	ASSERT(probe_add("kprobe_events", "r:back node_probed") > 0);
	EXPECT(tt_says("kprobes/list", off));
	tt_write("events/kprobes/back/enable", "1");
	EXPECT(tt_says("kprobes/list", on));
	tt_write("events/kprobes/back/enable", "0");
	EXPECT(tt_says("kprobes/list", off));
	EXPECT(probe_add("kprobe_events", "r:back node_probed") < 0);
	EXPECT(tt_says("kprobes/list", off));
	ASSERT(probe_add("kprobe_events", "-:back") > 0);
	EXPECT(tt_says("kprobes/list", ""));
	probes_end();
}

KTEST(kprobe_nodes, enabled_disarms_and_arms_all)
{
	struct kprobe p = { .addr = (u8 *)node_probed, .pre_handler = count };

	hits = 0;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT(tt_says("kprobes/enabled", "1\n"));
	tt_write("kprobes/enabled", "0\n");
	EXPECT(tt_says("kprobes/enabled", "0\n"));
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(hits, 0);
	EXPECT_EQ(write_enabled("maybe\n"), -EINVAL);
	EXPECT(reason && !strcmp(reason, "0 or 1 is needed"));
	EXPECT_EQ(write_enabled("\n"), -EINVAL);
	EXPECT(reason && !strcmp(reason, "a word is needed"));
	EXPECT_EQ(write_enabled("n\n"), 2);
	EXPECT(!reason);
	EXPECT(tt_says("kprobes/enabled", "0\n"));
	tt_write("kprobes/enabled", "1\n");
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(hits, 1);
	unregister_kprobe(&p);
}

/* As Linux does, where a return probe is a probe at the entry, too. */
KTEST_FLAGS(kprobe_nodes, enabled_is_for_returns_too, KTEST_LEAKS, 0)
{
	struct kretprobe rp = { .kp.symbol_name = "node_probed",
				.handler = count_return };

	hits = 0;
	tt_write("kprobes/enabled", "0\n");
	ASSERT_EQ(register_kretprobe(&rp), 0);
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(disable_kretprobe(&rp), 0);
	EXPECT_EQ(enable_kretprobe(&rp), 0);
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(hits, 0);
	tt_write("kprobes/enabled", "1\n");
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(disable_kretprobe(&rp), 0);
	tt_write("kprobes/enabled", "0\n");
	tt_write("kprobes/enabled", "1\n");
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(enable_kretprobe(&rp), 0);
	tt_write("kprobes/enabled", "0\n");
	EXPECT_EQ(node_probed(1), 2);
	tt_write("kprobes/enabled", "1\n");
	EXPECT_EQ(hits, 1);
	unregister_kretprobe(&rp);
	EXPECT_EQ(rp.nmissed, 0);
}

static atomic_t tasks; /* of the test below that have begun */
static u32 over;       /* [A] its kretprobe has gone for the last time */

/* The first task comes and goes with a kretprobe, the others use the switch. */
static int switch_or_register(void *unused)
{
	int turn, err = 0;

	if (atomic_inc_return(&tasks) > 1) {
		while (!READ_ONCE(over) && !err)
			err = kprobes_set_all(false) ?: kprobes_set_all(true);
		return 0;
	}
	for (turn = 0; turn < 100 && !err; turn++) {
		struct kretprobe rp = { .kp.symbol_name = "node_probed",
					.handler = count_return };

		err = register_kretprobe(&rp);
		(void)node_probed(turn);
		unregister_kretprobe(&rp);
	}
	WRITE_ONCE(over, 1);
	return err;
}

KTEST_FLAGS(kprobe_nodes, the_switch_and_a_return_that_goes, KTEST_LEAKS, 30)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	atomic_set(&tasks, 0);
	over = 0;
	EXPECT_EQ(on_all_cpus_run(switch_or_register, NULL), 0);
	EXPECT_EQ(kprobes_set_all(true), 0);
	hits = 0;
	EXPECT_EQ(node_probed(1), 2);
	EXPECT_EQ(hits, 0);
	EXPECT(tt_says("kprobes/list", ""));
}

/* One more or less of these lines: tests/test_noprobe.py compares them all. */
KTEST(kprobe_nodes, blacklist_names_what_is_refused)
{
	unsigned long addr = kallsyms_lookup_name("kprobe_trap"), size;
	struct kprobe p = { .symbol_name = "kprobe_trap",
			    .flags = KPROBE_FLAG_DISABLED };
	char line[96];

	kallsyms_lookup(addr, NULL, &size);
	tt_read("kprobes/blacklist", text, sizeof(text));
	snprintf(line, sizeof(line), "%#lx-%#lx\tkprobe_trap\n", addr,
		 addr + size);
	EXPECT(strstr(text, line));
	EXPECT(strstr(text, "\tpoke_int3_handler\n"));
	EXPECT(strstr(text, "\tint3_common\n"));
	EXPECT(!strstr(text, "\tlisted\n"));
	EXPECT_EQ(register_kprobe(&p), -EINVAL);
	unregister_kprobe(&p);
}
