// SPDX-License-Identifier: MIT
/*
 * The patch-safety laboratory, mode=lab: one load, one set of counters, and the
 * way of changing instructions that poke=NAME names.
 *
 * Four experiments with one method. First, all CPUs call sacrificial
 * functions, laid out so that any mixture of old and new bytes traps, while
 * these are patched from one state to the next: what became of each call is
 * counted. Second, with counted instructions, a CPU with interrupts off watches
 * one site: did a phase go on without it? Third, the first again in turns too
 * short for a patch. Fourth, alone: what a site costs.
 *
 * Context: task, in the thread "init"; nobody else patches.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/mode.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include "tests/lab/poke_observer.h"
#include <asm/smp.h>

#define PATCHES	      2000
#define SHORT_PATCHES 1000
#define STORM_NS      4000000000ULL
#define WATCH	      200 /* batches that the observer is shown */
#define WATCH_NS      3000000000ULL
#define COST_SITES    1000
/* Where a site crosses a cache line, so that no store of it is one store. */
#define OFFSET 62

static struct farm farm;

static void result(const char *name, u64 value)
{
	printk_plain("LAB\t%s\t%llu", name, value);
}

static u64 all_hits(const struct poke_hits *hits)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hits->live); i++)
		sum += hits->live[i] + hits->late[i];
	return sum;
}

/* ---- under load ---- */

static const u8 round[] = { FARM_A, FARM_B, FARM_NOP };

static int load_start(void)
{
	if (farm_init_arena(&farm, ARENA_SITES, OFFSET))
		return -ENOMEM;
	if (!load_begin(&farm, LOAD(LOAD_TASK), false))
		return 0;
	farm_destroy(&farm);
	return -ENOMEM;
}

static struct load_count load_stop(void)
{
	struct load_count count = load_end();

	farm_destroy(&farm);
	return count;
}

static unsigned int patch_for_a_while(void)
{
	u64 end = ktime_ns() + STORM_NS;
	unsigned int n = 0;

	while (n < PATCHES && ktime_ns() < end) {
		if (load_poke(round[n % ARRAY_SIZE(round)]))
			break;
		n++;
		cond_resched();
	}
	return n;
}

static void report_load(unsigned int patches, u64 ns,
			const struct load_count *count)
{
	result("patches", patches);
	result("ms", ns / 1000000);
	result("calls", count->calls);
	result("torn", count->torn);
	result("ud", count->undefined);
	result("lost", count->lost);
	result("doubled", count->doubled);
	result("wrong", count->wrong);
}

static int under_load(void)
{
	struct poke_hits hits = poke_hits_total();
	u64 before = all_hits(&hits), rounds = sync_core_rounds();
	u64 stopped = lab_stopped(), start;
	unsigned int patches;
	struct load_count count;

	if (load_start())
		return -ENOMEM;
	start = ktime_ns();
	patches = patch_for_a_while();
	start = ktime_ns() - start;
	count = load_stop();
	hits = poke_hits_total();
	report_load(patches, start, &count);
	result("int3", all_hits(&hits) - before);
	result("ipis", (sync_core_rounds() - rounds) * (num_online_cpus() - 1));
	result("stopped_us", tsc_to_ns(lab_stopped() - stopped) / 1000);
	return 0;
}

/*
 * The same with turns so short that a patch takes many: a method that leaves a
 * moment open is caught in every run alike, not when the host happens to look.
 */
static int in_short_turns(void)
{
	unsigned int n;

	if (load_start())
		return -ENOMEM;
	slices_begin(9);
	poke_observe(slices_stagger);
	for (n = 0; n < SHORT_PATCHES; n++) {
		if (load_poke(round[n % ARRAY_SIZE(round)]))
			break;
		cpu_relax(); /* give a turn away */
		slices_vary();
	}
	poke_observe(NULL);
	slices_end();
	result("short_patches", n);
	result("short_torn", load_stop().torn);
	return 0;
}

/* ---- watched ---- */

static int watched(void)
{
	u64 end = ktime_ns() + WATCH_NS;
	struct observation seen;
	unsigned int i;

	if (farm_init(&farm, 1, FARM_STRIDE, OFFSET))
		return -ENOMEM;
	if (observer_begin(farm_fn(&farm, 0))) {
		farm_destroy(&farm);
		return -ENOMEM;
	}
	poke_observe(slices_stagger);
	slices_set(SLICES_SHORT);
	for (i = 0; i < WATCH && ktime_ns() < end; i++) {
		enum farm_kind kind = i % 2 ? FARM_B : FARM_A;

		farm_plan(&farm, kind);
		observer_announce(farm.vec[0].old, farm.vec[0].new);
		if (farm_poke(&farm, kind))
			break;
		slices_wait(60000);
		cpu_relax(); /* give a turn away: the observer does, too */
		cond_resched();
	}
	slices_set(0);
	poke_observe(NULL);
	seen = observer_end();
	farm_destroy(&farm);
	result("shown", i);
	result("watched1", seen.watched1);
	result("ahead1", seen.violations1);
	result("watched2", seen.watched2);
	result("ahead2", seen.violations2);
	return 0;
}

/* ---- the cost, where instructions are counted ---- */

static int cost(void)
{
	u64 start;
	int err = farm_init(&farm, COST_SITES, FARM_STRIDE, 0);

	if (err)
		return err;
	farm_plan(&farm, FARM_A); /* what comes before the engine */
	start = rdtsc();
	err = farm_poke(&farm, FARM_A);
	result("per_site", (rdtsc() - start) / COST_SITES);
	farm_destroy(&farm);
	return err;
}

static const char *method_name(size_t nr)
{
	const struct lab_method *method = lab_method_nth(nr);

	return method ? method->name : NULL;
}

CMDLINE_CHOICE(poke, "METHOD", method_name, "how to patch, for mode=lab");

/*
 * Prints a line "LAB<TAB>name<TAB>value" for each counter. A method that fails
 * is no failure of the laboratory: it is what it is for.
 * Return: 0 or -ENOMEM.
 */
static int lab_run(void)
{
	char name[16] = "int3";
	const struct lab_method *method;
	int err;

	cmdline_get("poke", name, sizeof(name));
	method = lab_method_find(name); /* as the command line's check did */
	printk_plain("method %s: %s", method->name, method->what);
	lab_use_method(method);
	err = cost();
	/* With counted instructions a storm is slow and a watch exact. */
	if (err || num_online_cpus() == 1)
		;
	else if (!slices_exact())
		err = under_load();
	else
		err = watched() ?: in_short_turns();
	lab_use_method(NULL);
	return err;
}

KERNEL_MODE(lab, lab_run, "patch under load, by any of five ways");
