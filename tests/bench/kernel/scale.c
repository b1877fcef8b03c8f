// SPDX-License-Identifier: MIT
/*
 * scale.c - rows scale.*: time, memory, window and drain of what is many: a
 * hundred thousand sites and 65,000 different sets on 64 CPUs, and a thousand
 * consumers of one function.
 *
 * Time is instructions of all CPUs, less what this one idles. The window is
 * the longest time in which a CPU that meets a site of a batch traps. The
 * drain is the time, waits included, from the last patched byte of a removal
 * to its end, when all is free again.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/bench/kernel/bench.h"
#include "trace/core/ftrace_internal.h"
#include <asm/smp.h>
#include <asm/tsc.h>

#define CONSUMERS 1000
#define SETS	  65000
#define CPUS	  64

/* What a request does, as its batches are observed. */
static struct {
	u64 opened; /* when the first INT3 of this batch was written */
	u64 window; /* the longest */
	u64 patched;
	size_t least_free; /* pages */
} seen;

static void watch(enum poke_step next)
{
	static enum poke_step last;
	u64 now = rdtsc();

	if (next == POKE_INT3)
		seen.opened = now;
	if (last == POKE_HEAD)
		seen.window = max(seen.window, now - seen.opened);
	if (next == POKE_END)
		seen.patched = now;
	seen.least_free = min(seen.least_free, page_free_count());
	last = next;
}

/* Bytes that are not free. */
static size_t used(void)
{
	return (page_total_count() - page_free_count()) * PAGE_SIZE +
	       exec_pool_size() - exec_pool_free_bytes();
}

struct request {
	u64 busy, drain; /* ticks */
	size_t was;	 /* used before it */
	size_t free;	 /* pages, before it */
};

static void begin(struct request *request)
{
	memset(&seen, 0, sizeof(seen));
	seen.patched = rdtsc(); /* by now, if there is no batch */
	seen.least_free = request->free = page_free_count();
	request->was = used();
	request->busy = bench_busy();
}

static void end(struct request *request, const char *what, int err)
{
	request->busy = bench_busy() - request->busy;
	request->drain = rdtsc() - seen.patched;
	bench_ok(what, err);
}

static void row(const char *what, const char *of, u64 hundredths,
		const char *unit)
{
	char name[40];

	snprintf(name, sizeof(name), "scale.%s.%s", what, of);
	bench_row(name, hundredths, unit);
}

static void drain_row(const char *what, const struct request *request)
{
	row(what, "drain", tsc_to_ns(request->drain) / 10, "us");
}

/* ---- sites --------------------------------------------------------------- */

/* One ops on all of them. */
static void measure_sites(const unsigned long *sites)
{
	static struct ftrace_ops ops = { .func = bench_callback };
	u64 rounds = sync_core_rounds();
	struct request request;

	bench_ok("filter",
		 ftrace_set_filter_ips(&ops, sites, BENCH_SITES, 0, 0));
	begin(&request);
	end(&request, "register", register_ftrace_function(&ops));
	row("sites", "rounds", (sync_core_rounds() - rounds) * 100, "rounds");
	row("sites", "time", request.busy * 100 / BENCH_SITES, "insn");
	row("sites", "window", seen.window * 100 / BENCH_SITES, "insn");
	/* What it needs while it runs: it keeps nothing. */
	row("sites", "memory",
	    (request.free - seen.least_free) * PAGE_SIZE * 100 / BENCH_SITES,
	    "B");
	begin(&request);
	end(&request, "unregister", unregister_ftrace_function(&ops));
	drain_row("sites", &request);
	bench_ok("free filter", ftrace_free_filter(&ops));
}

/* ---- consumers ----------------------------------------------------------- */

static struct ftrace_ops consumer[CONSUMERS];

/* One function has all of them; the last and one in the middle are measured. */
void bench_consumers(void)
{
	struct request first, request;

	poke_observe(watch);
	begin(&first);
	for (size_t i = 0; i < CONSUMERS - 1; i++)
		bench_attach(&consumer[i], (unsigned long)bench_target, 0);
	consumer[CONSUMERS - 1] = (struct ftrace_ops){ .func = bench_callback };
	bench_ok("filter",
		 ftrace_set_filter_ip(&consumer[CONSUMERS - 1],
				      (unsigned long)bench_target, 0, 0));
	begin(&request);
	end(&request, "register",
	    register_ftrace_function(&consumer[CONSUMERS - 1]));
	row("consumers", "time", request.busy * 100, "insn");
	row("consumers", "window", seen.window * 100, "insn");
	row("consumers", "memory", (used() - first.was) * 100 / CONSUMERS, "B");
	row("consumers", "call",
	    BENCH_PER_CALL(bench_measure(BENCH_CALL_LOOP("bench_target"))) /
		    CONSUMERS,
	    "insn");
	begin(&request);
	end(&request, "unregister",
	    unregister_ftrace_function(&consumer[CONSUMERS / 2]));
	drain_row("consumers", &request);
	bench_ok("register",
		 register_ftrace_function(&consumer[CONSUMERS / 2]));
	poke_observe(NULL);
	for (size_t i = CONSUMERS; i--;)
		bench_detach(&consumer[i]);
}

/* ---- sets ---------------------------------------------------------------- */

#define BITS 16 /* in the number of a set */

static struct ftrace_ops bit_ops[BITS];

/* Site n has the ops of the bits of n + 1: no two have the same. */
static int filter_of_bit(unsigned int bit, const unsigned long *sites,
			 unsigned long *copy)
{
	size_t n = 0;

	bit_ops[bit] = (struct ftrace_ops){ .func = bench_callback };
	for (size_t i = 0; i < SETS; i++)
		if ((i + 1) >> bit & 1)
			copy[n++] = sites[i];
	return ftrace_set_filter_ips(&bit_ops[bit], copy, n, 0, 0);
}

/* There are ids for 535 more: refused before anything is done. */
static void one_too_many(const unsigned long *sites)
{
	static struct ftrace_ops ops = { .func = bench_callback };
	unsigned long batches = poke_stats().batches;
	struct ftrace_set_stats before, after;
	struct request request;

	bench_ok("filter", ftrace_set_filter_ips(&ops, sites, 1000, 0, 0));
	ftrace_set_stats(&before);
	begin(&request);
	bench_ok("a set too many is refused",
		 register_ftrace_function(&ops) == -ENOSPC ? 0 : -EINVAL);
	ftrace_set_stats(&after);
	row("sets", "refused", (bench_busy() - request.busy) / 10, "insn");
	bench_ok("nothing was done for it",
		 batches == poke_stats().batches && before.sets == after.sets &&
				 request.was == used() ?
			 0 :
			 -EIO);
	bench_ok("free filter", ftrace_free_filter(&ops));
}

static void measure_sets(const unsigned long *sites)
{
	unsigned long *copy = kmalloc(SETS * sizeof(*copy));
	struct ftrace_set_stats stats;
	struct request request;
	size_t before;

	if (!bench_ok("copy", copy ? 0 : -ENOMEM))
		return;
	for (unsigned int bit = 0; bit < BITS; bit++)
		bench_ok("filter", filter_of_bit(bit, sites, copy));
	kfree(copy);
	before = used();
	for (unsigned int bit = 0; bit < BITS; bit++) {
		ftrace_set_stats(&stats);
		begin(&request);
		end(&request, "register",
		    register_ftrace_function(&bit_ops[bit]));
	}
	row("sets", "memory", (used() - before) * 100 / SETS, "B");
	row("sets", "time", request.busy * 100 / (SETS - stats.sets), "insn");
	row("sets", "window", seen.window * 100 / (SETS - stats.sets), "insn");
	ftrace_set_stats(&stats);
	bench_ok("as many sets", stats.sets == SETS ? 0 : -EIO);
	one_too_many(sites);
	begin(&request);
	end(&request, "unregister",
	    unregister_ftrace_function(&bit_ops[BITS - 1]));
	drain_row("sets", &request);
	for (unsigned int bit = 0; bit < BITS - 1; bit++)
		bench_ok("unregister",
			 unregister_ftrace_function(&bit_ops[bit]));
	ftrace_set_stats(&stats);
	bench_ok("all sets are gone", stats.sets ? -EIO : 0);
	for (unsigned int bit = 0; bit < BITS; bit++)
		bench_ok("free filter", ftrace_free_filter(&bit_ops[bit]));
}

void bench_scale(void)
{
	unsigned long *sites;

	bench_calibrate();
	sites = bench_find_sites();
	bench_ok("CPUs", num_online_cpus() == CPUS ? 0 : -EINVAL);
	if (!bench_ok("sites", sites ? 0 : -ENOMEM))
		return;
	poke_observe(watch);
	measure_sites(sites);
	measure_sets(sites);
	poke_observe(NULL);
	kfree(sites);
}
