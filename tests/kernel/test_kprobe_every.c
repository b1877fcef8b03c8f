// SPDX-License-Identifier: MIT
/*
 * Probes on every instruction of functions: all boundaries at once, then every
 * third one with offsets 0, 1 and 2. The suites of those functions still pass,
 * and what cannot be probed is of the kinds that may be refused.
 */
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kprobe.h"
#include <asm/percpu.h>

#define MOST 4096 /* probes at once */

static struct kprobe probes[MOST];
static struct kprobe *chosen[MOST];
static unsigned int nr_probes, refused[4];
static DEFINE_PER_CPU(unsigned long, every_hits);

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	this_cpu_inc(every_hits);
	return 0;
}

static unsigned long all_hits(void)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		sum += per_cpu(every_hits, cpu);
	return sum;
}

enum { BLACKLISTED, TRAPS, CANNOT, OTHERWISE };

/* A refusal that the instruction itself explains. */
static void note_refusal(unsigned long at, int err, const struct insn *insn)
{
	if (err == -EINVAL && kprobe_blacklisted(at))
		refused[BLACKLISTED]++;
	else if (err == -EILSEQ && insn->class == INSN_TRAP)
		refused[TRAPS]++;
	else if (err == -EOPNOTSUPP)
		refused[CANNOT]++;
	else {
		refused[OTHERWISE]++;
		ktest_note("%pS: %d", (void *)at, err);
	}
}

/* Tries each boundary of a function alone, and keeps those that can be. */
static void collect(unsigned long start, unsigned long size)
{
	unsigned long at = start;
	struct insn insn;
	int err;

	while (at < start + size && nr_probes < MOST) {
		struct kprobe *p = &probes[nr_probes];

		if (!EXPECT_EQ(insn_decode((const u8 *)at, 15, &insn), 0))
			return;
		*p = (struct kprobe){ .addr = (kprobe_opcode_t *)at,
				      .pre_handler = count_hit,
				      .flags = KPROBE_FLAG_DISABLED };
		err = register_kprobe(p);
		if (err)
			note_refusal(at, err, &insn);
		else
			nr_probes++;
		at += insn.len;
	}
}

/*
 * All functions from the lowest to the highest of these names: the files of a
 * folder are linked one behind the other.
 */
static void collect_folder(const char *const *names, size_t n)
{
	unsigned long low = ~0UL, high = 0, addr, size;
	unsigned int i;

	for (i = 0; i < n; i++) {
		addr = kallsyms_lookup_name(names[i]);
		EXPECT(addr);
		low = min(low, addr);
		high = max(high, addr);
	}
	for (i = 0; i < kallsyms_count(); i++) {
		kallsyms_symbol(i, &addr, &size);
		if (addr >= low && addr <= high && kallsyms_type(i) == 't')
			collect(addr, size);
	}
}

/* Runs all tests of a suite. Return: their number. */
static unsigned int run_suite(const char *suite)
{
	const struct ktest *const *t;
	unsigned int n = 0;

	for_each_entry(t, ktests) if (!strcmp((*t)->suite, suite))
	{
		(*t)->fn();
		n++;
	}
	return n;
}

/* Enables the probes with number i where i % step == offset, and tests. */
static void with_probes(unsigned int step, unsigned int offset,
			const char *suite)
{
	unsigned long before = all_hits();
	unsigned int i;

	for (i = offset; i < nr_probes; i += step)
		EXPECT_EQ(enable_kprobe(&probes[i]), 0);
	EXPECT(run_suite(suite) > 0);
	EXPECT(all_hits() > before);
	for (i = offset; i < nr_probes; i += step)
		EXPECT_EQ(disable_kprobe(&probes[i]), 0);
}

static void test_functions(const char *const *names, size_t n,
			   const char *suite)
{
	unsigned int i;

	nr_probes = 0;
	memset(refused, 0, sizeof(refused));
	collect_folder(names, n);
	EXPECT_EQ(refused[OTHERWISE], 0);
	EXPECT(nr_probes > 0 && nr_probes < MOST);
	with_probes(1, 0, suite);
	for (i = 0; i < 3; i++)
		with_probes(3, i, suite);
	for (i = 0; i < nr_probes; i++)
		chosen[i] = &probes[i];
	unregister_kprobes(chosen, nr_probes);
}

/* At least one of each file of kernel/lib. */
static const char *const of_lib[] = { "bitmap_set", "errno_name", "glob_match",
				      "kstrtoull",  "memcpy",	  "vsnprintf",
				      "sort",	    "strstr" };

KTEST_FLAGS(kprobe_every, boundary_of_the_library_K2, 0, 240)
{
	test_functions(of_lib, ARRAY_SIZE(of_lib), "lib");
	/* Two thirds are the least; the rest runs in callbacks. */
	EXPECT(nr_probes > 1000);
	EXPECT(refused[BLACKLISTED] < nr_probes);
}
