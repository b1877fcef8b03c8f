// SPDX-License-Identifier: MIT
/*
 * Time: it runs at the right rate, never goes back on any CPU or between two,
 * and CPUs that disagree are found out.
 */
#include "arch/x86_64/cpu/smp.h"
#include "kernel/base/clock.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/ring/trace_clock.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

KTEST(clock, conversion)
{
	u64 second = tsc_to_ns(tsc_hz);

	EXPECT(tsc_hz > 1000000);
	/* tsc_mult is rounded down: at most one part in 2^32 / mult. */
	EXPECT(second <= 1000000000);
	EXPECT(second > 999999900);
	EXPECT_EQ(tsc_to_ns(0), 0);
	/* Many years do not overflow. */
	EXPECT(tsc_to_ns(tsc_hz * 86400 * 10000) >
	       86400ULL * 9999 * 1000000000);
}

/* The inline form of a trace clock has the same time, to the nanosecond. */
KTEST(clock, a_scale_gives_the_time_of_its_clock)
{
	const struct trace_clock *clock;
	struct trace_scale scale;
	u64 before, now;

	for (unsigned int i = 0; (clock = trace_clock_get(i)); i++) {
		if (!clock->scaled)
			continue;
		scale = trace_clock_scale(clock);
		if (!scale.mult) /* the TSC is too slow */
			continue;
		for (unsigned int n = 0; n < 1000; n++) {
			before = clock->read();
			now = trace_scale_now(&scale);
			EXPECT(before <= now && now <= clock->read());
		}
	}
}

KTEST(clock, delays_last_at_least_as_long)
{
	static const u64 us[] = { 0, 1, 10, 1000, 20000 };

	for (size_t i = 0; i < ARRAY_SIZE(us); i++) {
		u64 start = ktime_ns(), tsc = rdtsc();

		udelay(us[i]);
		/* Two clocks, each rounded down. */
		EXPECT(ktime_ns() - start + 1 >= us[i] * 1000);
		EXPECT(rdtsc() - tsc >= us[i] * (tsc_hz / 1000000));
	}
}

KTEST(clock, spin_until_gives_up)
{
	u64 start = ktime_ns();

	EXPECT(!spin_until(false, 5000000));
	EXPECT(ktime_ns() - start >= 4999999);
	EXPECT(spin_until(true, 1));
}

/* ---- never back */

#define READINGS 20000

static struct {
	u64 latest; /* [A] the largest value anybody has published */
	u64 worst;  /* [A] largest step back */
} line;

static void note_step_back(u64 by)
{
	u64 worst = READ_ONCE(line.worst);

	while (by > worst && !try_cmpxchg(&line.worst, &worst, by))
		;
}

/* A CPU that has seen a value published must not read a smaller one. */
static int read_and_publish(void *arg)
{
	u64 (*clock)(void) = *(u64(**)(void))arg;

	for (int i = 0; i < READINGS; i++) {
		u64 published = READ_ONCE(line.latest);
		u64 now = clock();

		if (now < published)
			note_step_back(published - now);
		while (now > published &&
		       !try_cmpxchg(&line.latest, &published, now))
			;
	}
	return 0;
}

static u64 worst_step_back(u64 (*clock)(void))
{
	memset(&line, 0, sizeof(line));
	on_all_cpus_run(read_and_publish, &clock);
	return line.worst;
}

#define SKEW 1000000000ULL

static bool later_cpus_are_ahead;

/* Each CPU one second behind the one before, or ahead of it. */
static u64 skewed_clock(void)
{
	u64 by = smp_processor_id() * SKEW;

	return SKEW * NR_CPUS + ktime_ns() + (later_cpus_are_ahead ? by : -by);
}

/* CL1 */
KTEST(clock, never_goes_back_across_cpus)
{
	EXPECT_EQ(worst_step_back(ktime_ns), 0);
}

/* As if the counters of two CPUs had been seen to disagree at boot. */
KTEST(clock, never_goes_back_when_held_back)
{
	u64 warp = tsc_warp_max;

	WRITE_ONCE(tsc_warp_max, 1);
	EXPECT_EQ(worst_step_back(ktime_ns), 0);
	WRITE_ONCE(tsc_warp_max, warp);
}

KTEST(clock, control_skewed_clock_goes_back)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	/*
	 * One CPU may be done before the next begins, so try both directions,
	 * and more than once.
	 */
	for (int i = 0; i < 100; i++) {
		later_cpus_are_ahead = i % 2;
		if (worst_step_back(skewed_clock) > SKEW / 2)
			return;
	}
	EXPECT(line.worst > SKEW / 2);
}

/*
 * A counter that began later than the boot CPU's must not make a huge time,
 * which ktime_ns() would then hold for ever. (One cycle: less than any clock
 * shows, so this may stay.)
 */
KTEST(clock, no_counter_is_below_the_base)
{
	u64 base = tsc_base;

	tsc_base_at_most(base + 1);
	EXPECT_EQ(tsc_base, base);
	tsc_base_at_most(base - 1);
	EXPECT_EQ(tsc_base, base - 1);
	EXPECT_EQ(tsc_to_ns(base - 1 - tsc_base), 0);
}

static u64 clamp_word;

static u64 clamped_clock(void)
{
	return clock_not_before(&clamp_word, skewed_clock());
}

KTEST(clock, skewed_clock_is_held_back)
{
	clamp_word = 0;
	EXPECT_EQ(worst_step_back(clamped_clock), 0);
	EXPECT_EQ(clock_not_before(&clamp_word, 5), clamp_word);
	EXPECT_EQ(clock_not_before(&clamp_word, clamp_word + 7), clamp_word);
}

/* ---- the comparison made when a CPU starts */

static struct tsc_sync sync;
static u64 (*compared_clock)(void);
static u64 warps[NR_CPUS];

static int compare(void *arg)
{
	unsigned int me = smp_processor_id();

	if (me < 2)
		EXPECT(tsc_compare(&sync, me == 0, smp_timeout_ns,
				   compared_clock, &warps[me]));
	return 0;
}

static u64 compare_two(u64 (*clock)(void))
{
	memset(&sync, 0, sizeof(sync));
	compared_clock = clock;
	on_all_cpus_run(compare, NULL);
	return max(warps[0], warps[1]);
}

static u64 read_tsc(void)
{
	return rdtsc_ordered();
}

KTEST(clock, cpus_agree)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("needs two CPUs");
	if (tsc_warp_max)
		KTEST_SKIP("the counters of this machine disagree");
	EXPECT_EQ(compare_two(read_tsc), 0);
}

KTEST(clock, control_cpus_that_disagree_are_found_out)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("needs two CPUs");
	EXPECT(compare_two(skewed_clock) > SKEW / 2);
}
