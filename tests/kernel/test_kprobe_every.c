// SPDX-License-Identifier: MIT
/*
 * Probes on every instruction of functions: all boundaries at once, then every
 * third one with offsets 0, 1 and 2. The suites of those functions still pass,
 * and what cannot be probed is of the kinds that may be refused.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/kallsyms.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kprobe.h"
#include <asm/percpu.h>

#define MOST 32768 /* probes at once */

static struct kprobe probes[MOST];
static struct kprobe *chosen[MOST];
static unsigned int nr_probes, refused[5];
static DEFINE_PER_CPU(unsigned long, every_hits);

static bool reached[MOST];

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	(void)regs;
	reached[p - probes] = true;
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

enum { BLACKLISTED, TRAPS, CANNOT, PATCHED, OTHERWISE };

static bool tells_refusals; /* each with its reason */

/* Why @err is right for what is at @at, or OTHERWISE. */
static unsigned int reason_of(unsigned long at, int err,
			      const struct insn *insn)
{
	if (err == -EINVAL && kprobe_blacklisted(at))
		return BLACKLISTED;
	if (err == -EILSEQ && insn->class == INSN_TRAP)
		return TRAPS;
	if (err == -EOPNOTSUPP)
		return CANNOT;
	if (err == -EINVAL && jump_label_text_reserved(at, at + insn->len))
		return PATCHED;
	return OTHERWISE;
}

/* What is blacklisted is so from the function's first byte: one line. */
static void note_refusal(unsigned long at, int err, const struct insn *insn)
{
	static const char *const why[] = {
		[BLACKLISTED] = "on the way of a probe itself",
		[TRAPS] = "a trap",
		[CANNOT] = "runs nowhere else",
		[PATCHED] = "bytes of a static key",
		[OTHERWISE] = "for no reason",
	};
	unsigned int reason = reason_of(at, err, insn);
	unsigned long off = 0;

	refused[reason]++;
	if (reason == BLACKLISTED)
		kallsyms_lookup(at, &off, NULL);
	if (reason == OTHERWISE || (tells_refusals && !off))
		ktest_note("%pS is refused, %s: %s", (void *)at, why[reason],
			   errno_name(-err));
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
		if (err) {
			note_refusal(at, err, &insn);
		} else {
			unregister_kprobe(p);
			nr_probes++;
		}
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

/* The probes with number i where i % step == offset, while suites run. */
static void with_probes(unsigned int step, unsigned int offset,
			const char *const *suite)
{
	unsigned long before = all_hits();
	unsigned int i, n = 0;

	for (i = offset; i < nr_probes; i += step) {
		probes[i].flags = 0;
		chosen[n++] = &probes[i];
	}
	if (!EXPECT_EQ(register_kprobes(chosen, n), 0))
		return;
	for (; *suite; suite++)
		if (!EXPECT(run_suite(*suite) > 0))
			ktest_note("%s", *suite);
	unregister_kprobes(chosen, n);
	EXPECT(all_hits() > before);
}

static void test_functions(const char *const *names, size_t n,
			   const char *const *suites)
{
	unsigned int i;

	nr_probes = 0;
	memset(refused, 0, sizeof(refused));
	collect_folder(names, n);
	EXPECT_EQ(refused[OTHERWISE], 0);
	EXPECT(nr_probes > 0 && nr_probes < MOST);
	with_probes(1, 0, suites);
	for (i = 0; i < 3; i++)
		with_probes(3, i, suites);
}

/* At least one of each file of kernel/lib. */
static const char *const of_lib[] = { "bitmap_set", "errno_name", "glob_match",
				      "kstrtoull",  "memcpy",	  "vsnprintf",
				      "sort",	    "strstr" };

KTEST_FLAGS(kprobe_every, boundary_of_the_library_K2, 0, 240)
{
	static const char *const suites[] = { "lib", NULL };

	test_functions(of_lib, ARRAY_SIZE(of_lib), suites);
	/* Two thirds are the least; the rest runs in callbacks. */
	EXPECT(nr_probes > 1000);
	EXPECT(refused[BLACKLISTED] < nr_probes);
}

static void note_counts(void)
{
	tells_refusals = false;
	ktest_note("%u probes; refused: %u blacklisted, %u traps, %u static "
		   "keys, %u that run nowhere else",
		   nr_probes, refused[BLACKLISTED], refused[TRAPS],
		   refused[PATCHED], refused[CANNOT]);
}

/* The first function of kernel/, and the last. */
static const char *const of_kernel[] = { "answer_nmi", "workload_read" };

/* Those of what lies in kernel/: their tests leave nothing behind. */
static const char *const of_kernel_suites[] = { "sched", "lock",     "timer",
						"ipi",	 "workload", NULL };

KTEST_FLAGS(kprobe_kernel, boundary_of_the_kernel_K2, KTEST_ASKED | KTEST_LEAKS,
	    600)
{
	tells_refusals = true;
	test_functions(of_kernel, ARRAY_SIZE(of_kernel), of_kernel_suites);
	EXPECT(nr_probes > 5000);
	note_counts();
}

/* The first function of kernel/base, and the last. */
static const char *const of_base[] = { "buddy_init", "text_region_of" };

/* Not those of the clock and the console, which know how long a step takes. */
static const char *const of_base_suites[] = { "page",	     "slab", "kallsyms",
					      "text_region", "fail", NULL };

KTEST_FLAGS(kprobe_base, boundary_of_the_base_K2, KTEST_ASKED | KTEST_LEAKS,
	    600)
{
	tells_refusals = true;
	test_functions(of_base, ARRAY_SIZE(of_base), of_base_suites);
	EXPECT(nr_probes > 2000);
	note_counts();
}

/* ---- the pool full of slots ---- */

/*
 * Probes that are not armed at each boundary, until there is no slot for one
 * more. Return: their number.
 */
static unsigned int fill_with_slots(void)
{
	unsigned long addr, size, at;
	unsigned int i, n = 0;
	struct insn insn;

	for (i = 0; i < kallsyms_count(); i++) {
		kallsyms_symbol(i, &addr, &size);
		if (kallsyms_type(i) != 't')
			continue;
		for (at = addr; at < addr + size && n < MOST; at += insn.len) {
			struct kprobe *p = &probes[n];
			int err;

			if (insn_decode((const u8 *)at, 15, &insn))
				break;
			*p = (struct kprobe){ .addr = (u8 *)at,
					      .pre_handler = count_hit,
					      .flags = KPROBE_FLAG_DISABLED };
			err = register_kprobe(p);
			if (err == -ENOMEM)
				return n;
			chosen[n] = p;
			n += !err;
		}
	}
	return n;
}

KTEST_FLAGS(kprobe_slots, fill_the_pool_ten_times, KTEST_ASKED, 600)
{
	size_t before = exec_pool_free_bytes(), slots = before / EXEC_GRANULE;
	unsigned int i, n;

	for (i = 0; i < 10; i++) {
		n = fill_with_slots();
		EXPECT(n >= slots && n < MOST);
		EXPECT_EQ(exec_pool_free_bytes(), 0);
		unregister_kprobes(chosen, (int)n);
		EXPECT_EQ(exec_pool_free_bytes(), before);
	}
	ktest_note("%u probes, %zu of them with a slot", n, slots);
}

/* ---- one after the other ---- */

CMDLINE_NUMBER(share, 1, 1000, "which share of the boundaries to probe alone");
CMDLINE_NUMBER(shares, 1, 1000, "how many shares of them there are");

/* Of the tests that reach a boundary the one that takes the least time. */
static struct {
	const struct ktest *test; /* NULL: none */
	u64 ns;
} nearest[MOST];

/* One that is skipped does not skip the test that runs it. */
static void run_test(const struct ktest *t)
{
	t->fn();
	ktest_skip(NULL);
}

static void note_reached(const struct ktest *t)
{
	u64 ns = ktime_ns();
	unsigned int i;

	run_test(t);
	ns = ktime_ns() - ns;
	memset(reached, 0, sizeof(reached));
	for (i = 0; i < nr_probes; i++) {
		probes[i].flags = 0;
		chosen[i] = &probes[i];
	}
	if (!EXPECT_EQ(register_kprobes(chosen, (int)nr_probes), 0))
		return;
	run_test(t);
	unregister_kprobes(chosen, (int)nr_probes);
	for (i = 0; i < nr_probes; i++)
		if (reached[i] && (!nearest[i].test || ns < nearest[i].ns)) {
			nearest[i].test = t;
			nearest[i].ns = ns;
		}
}

static void find_nearest(const char *const *suite)
{
	const struct ktest *const *t;

	memset(nearest, 0, sizeof(nearest));
	for (; *suite; suite++)
		for_each_entry(t, ktests) if (!strcmp((*t)->suite, *suite))
			note_reached(*t);
}

/* Armed alone while its nearest test runs. Return: whether it was hit. */
static bool probe_alone(unsigned int i)
{
	struct kprobe *p = &probes[i];

	reached[i] = false;
	p->flags = 0;
	if (!EXPECT_EQ(register_kprobe(p), 0))
		return false;
	if (nearest[i].test)
		run_test(nearest[i].test);
	unregister_kprobe(p);
	if (ktest_failed())
		ktest_note("a probe at %pS", p->addr);
	return reached[i];
}

/* One share of the boundaries, those with neighbours in the text. */
static void each_alone(const char *const *names, size_t n,
		       const char *const *suites)
{
	unsigned int share = (unsigned int)cmdline_u64("share", 1);
	unsigned int shares = (unsigned int)cmdline_u64("shares", 1);
	unsigned int first, end, i, within = 0, hit = 0;

	ASSERT(share <= shares);
	nr_probes = 0;
	collect_folder(names, n);
	find_nearest(suites);
	first = (share - 1) * nr_probes / shares;
	end = share * nr_probes / shares;
	for (i = first; i < end && !ktest_failed(); i++) {
		within += nearest[i].test != NULL;
		hit += probe_alone(i);
	}
	/* Not all: some are reached when CPUs meet. */
	EXPECT(hit >= within / 2);
	ktest_note("boundaries %u to %u of %u: %u in reach of a test, %u hit",
		   first, i, nr_probes, within, hit);
}

KTEST_FLAGS(kprobe_alone, each_boundary_of_the_library_K2, KTEST_ASKED, 1200)
{
	static const char *const suites[] = { "lib", NULL };

	tells_refusals = true;
	each_alone(of_lib, ARRAY_SIZE(of_lib), suites);
	tells_refusals = false;
}

KTEST_FLAGS(kprobe_alone, each_boundary_of_the_base_K2,
	    KTEST_ASKED | KTEST_LEAKS, 3600)
{
	each_alone(of_base, ARRAY_SIZE(of_base), of_base_suites);
}

KTEST_FLAGS(kprobe_alone, each_boundary_of_the_kernel_K2,
	    KTEST_ASKED | KTEST_LEAKS, 3600)
{
	each_alone(of_kernel, ARRAY_SIZE(of_kernel), of_kernel_suites);
}
