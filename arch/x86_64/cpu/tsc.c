// SPDX-License-Identifier: MIT
/*
 * The time stamp counter: its frequency, its difference between two CPUs, and
 * busy waits by it.
 *
 * Owns: tsc_hz, tsc_mult, tsc_base; PIT channel 2 while it measures. (It does
 * not touch channel 0: tests set it to choose QEMU's time slices.)
 *
 * In an emulator neither CPUID leaf 15h nor the APIC timer gives a reliable
 * frequency. The PIT is tried first; tsc_late.c has the sources for a machine
 * without a PIT.
 */
#include "arch/x86_64/cpu/smp.h"
#include "kernel/lib/errno.h"
#include <asm/atomic.h>
#include <asm/io.h>
#include <asm/tsc.h>

#define PIT_HZ	      1193182
#define PIT_CHANNEL2  0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61
#define PIT_GATE_ON   0x01
#define PIT_SPEAKER   0x02
#define PIT_CH2_MODE0 0xb0 /* channel 2, low then high byte, count down */
#define PIT_CH2_LATCH 0x80
#define PIT_CH2_STATE 0xe8 /* the next byte read is not of the count */
#define PIT_STATE_OUT 0x80 /* the count has gone through 0 */

#define WINDOW_TICKS (PIT_HZ / 500) /* 2 ms */
#define BEST_OF	     5
#define TRIES	     100
#define STILL	     200000 /* readings after which a counter stands still */

/* A reading of a counter and of the TSC at the same time. */
struct clock_pair {
	u64 tsc;
	u32 count;
	u64 took; /* cycles */
};

static struct clock_pair read_both_once(u32 (*read_count)(void))
{
	struct clock_pair pair = { .tsc = rdtsc_ordered() };

	pair.count = read_count();
	pair.took = rdtsc_ordered() - pair.tsc;
	return pair;
}

/* The fastest of a few readings: the host may stop this CPU during one. */
static struct clock_pair read_both(u32 (*read_count)(void))
{
	struct clock_pair best = read_both_once(read_count);

	for (int i = 1; i < BEST_OF; i++) {
		struct clock_pair next = read_both_once(read_count);

		if (next.took < best.took)
			best = next;
	}
	return best;
}

static u32 read_pit(void)
{
	u32 low;

	outb(PIT_COMMAND, PIT_CH2_LATCH);
	low = inb(PIT_CHANNEL2);
	return low | (u32)inb(PIT_CHANNEL2) << 8;
}

static void pit_start(void)
{
	outb(PIT_GATE, (inb(PIT_GATE) & ~PIT_SPEAKER) | PIT_GATE_ON);
	outb(PIT_COMMAND, PIT_CH2_MODE0);
	outb(PIT_CHANNEL2, 0xff);
	outb(PIT_CHANNEL2, 0xff);
}

static bool pit_passed_zero(void)
{
	outb(PIT_COMMAND, PIT_CH2_STATE);
	return inb(PIT_CHANNEL2) & PIT_STATE_OUT;
}

int tsc_set_hz(u64 hz)
{
	if (!hz)
		return -ENODEV;
	tsc_hz = hz;
	tsc_mult = (1000000000ULL << 32) / hz;
	return 0;
}

/* Return: Hz, measured over 5 ms; 0 if the counter stands still. */
static u64 measure_once(u32 (*read_count)(void), u64 hz, u32 mask)
{
	struct clock_pair first = read_both(read_count), last;
	u32 ticks;

	for (int i = 0; i < STILL; i++) {
		last = read_both(read_count);
		ticks = (last.count - first.count) & mask;
		if (ticks >= hz / 200)
			return (last.tsc - first.tsc) * hz / ticks;
	}
	return 0;
}

/*
 * The counter may wrap while the host does not run this CPU, so two
 * measurements must agree.
 */
int tsc_measure_by(u32 (*read_count)(void), u64 hz, u32 mask)
{
	u64 before = measure_once(read_count, hz, mask), now;

	for (int i = 0; before && i < TRIES; i++) {
		now = measure_once(read_count, hz, mask);
		if (now - before + before / 1000 <= before / 500)
			return tsc_set_hz(now);
		before = now;
	}
	return before ? -EAGAIN : -ENODEV;
}

/*
 * The PIT wraps after 55 ms. If the host did not run this CPU for so long, the
 * difference of two readings means nothing: -EAGAIN.
 */
static int measure(void)
{
	struct clock_pair first, last;
	u64 cycles, ticks;

	pit_start();
	first = read_both(read_pit);
	/* A PIT that counts needs far fewer readings than STILL. */
	for (int i = 0;; i++) {
		last = read_both(read_pit);
		ticks = first.count - last.count;
		if (ticks >= WINDOW_TICKS)
			break;
		if (i == STILL)
			return -ENODEV;
	}
	if (pit_passed_zero())
		return -EAGAIN;
	cycles = last.tsc - first.tsc;
	return tsc_set_hz(cycles * PIT_HZ / ticks);
}

int tsc_init(void)
{
	int ret = -EAGAIN;

	for (int i = 0; ret == -EAGAIN && i < TRIES; i++)
		ret = measure();
	return ret;
}

u64 tsc_rate_of(u32 (*read_count)(void), u64 ns)
{
	struct clock_pair first = read_both(read_count), last;

	do {
		last = read_both(read_count);
	} while (tsc_to_ns(last.tsc - first.tsc) < ns);
	return (first.count - last.count) * tsc_hz / (last.tsc - first.tsc);
}

notrace void tsc_base_at_most(u64 tsc)
{
	if (tsc < tsc_base)
		WRITE_ONCE(tsc_base, tsc);
}

void ndelay(u64 ns)
{
	u64 start = rdtsc();

	while (tsc_to_ns(rdtsc() - start) < ns)
		cpu_relax();
}

void udelay(u64 us)
{
	ndelay(us * 1000);
}

/*
 * The CPUs read strictly in turns: with a lock instead, one CPU could make all
 * its readings while an emulator's host does not run the other. There are few
 * turns, because each can cost a time slice of the host.
 */
#define COMPARE_TURNS 16

static __always_inline bool turn_came(struct tsc_sync *sync, u32 turn)
{
	return smp_load_acquire(&sync->turn) == turn ||
	       READ_ONCE(sync->given_up);
}

notrace bool tsc_compare(struct tsc_sync *sync, bool first, u64 limit_ns,
			 u64 (*clock)(void), u64 *step_back)
{
	u64 now;

	*step_back = 0;
	for (u32 turn = !first; turn < COMPARE_TURNS; turn += 2) {
		if (!spin_until(turn_came(sync, turn), limit_ns))
			WRITE_ONCE(sync->given_up, true);
		if (READ_ONCE(sync->given_up))
			return false;
		now = clock();
		if (now < sync->last)
			*step_back = max(*step_back, sync->last - now);
		sync->last = now;
		smp_store_release(&sync->turn, turn + 1);
	}
	return true;
}
