// SPDX-License-Identifier: MIT
/*
 * The measurement of the TSC against the PIT, and of another counter against
 * the TSC, on a host that takes the CPU away for a while at any place of it.
 *
 * All clocks are fakes that go by one time; each access to one takes 20 us.
 *
 * host-sources: arch/x86_64/cpu/tsc.c
 */
#include "kernel/lib/errno.h"
#include "tests/unit/unit.h"
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/tsc.h>

#define TSC_HZ	  2600000000ULL
#define PIT_HZ	  1193182ULL
#define MS	  (TSC_HZ / 1000)
#define ACCESS	  (MS / 50)
#define COUNT	  0xffff /* what the PIT begins with */
#define TOLERANCE (TSC_HZ / 2000)

static struct {
	u64 loaded; /* when the count began */
	u16 latched;
	unsigned int bytes_read;
	bool state_wanted, stands_still;
} pit;

/* The host is away for so long before one access, or before each. */
static unsigned int accesses, away_at;
static u64 away_for;
#define EACH 0

static void access_begins(void)
{
	accesses++;
	if (away_at == EACH || accesses == away_at)
		host_tsc += away_for;
	host_tsc += ACCESS / 2;
}

static void access_ends(void)
{
	host_tsc += ACCESS / 2;
}

static u64 ticks_passed(void)
{
	if (pit.stands_still)
		return 0;
	return (host_tsc - pit.loaded) * PIT_HZ / TSC_HZ;
}

void outb(u16 port, u8 value)
{
	access_begins();
	if (port == 0x42) {
		CHECK_EQ(value, 0xff);
		pit.loaded = host_tsc;
	} else if (port == 0x43 && value == 0x80) {
		pit.latched = (u16)(COUNT - ticks_passed());
	} else if (port == 0x43 && value == 0xe8) {
		pit.state_wanted = true;
	}
	access_ends();
}

static u8 pit_byte(void)
{
	if (!pit.state_wanted)
		return (u8)(pit.latched >> 8 * (pit.bytes_read++ % 2));
	pit.state_wanted = false;
	return ticks_passed() >= COUNT ? 0x80 : 0;
}

u8 inb(u16 port)
{
	u8 byte;

	access_begins();
	byte = port == 0x42 ? pit_byte() : 0xff;
	access_ends();
	return byte;
}

static int measure(unsigned int at, u64 cycles)
{
	accesses = 0;
	away_at = at;
	away_for = cycles;
	tsc_hz = 0;
	return tsc_init();
}

static bool measured_right(void)
{
	return tsc_hz > TSC_HZ - TOLERANCE && tsc_hz < TSC_HZ + TOLERANCE;
}

UNIT(tsc, a_rate_of_0_is_refused)
{
	CHECK_EQ(tsc_set_hz(0), -ENODEV);
	CHECK_EQ(tsc_set_hz(4000000), 0); /* a slow emulator's */
	CHECK_EQ(tsc_mult, 250ULL << 32);
	CHECK_EQ(tsc_set_hz(TSC_HZ), 0);
}

/*
 * A wait that the host stops in the middle, for longer than its limit. The
 * condition holds soon after, and had no chance before.
 */
static unsigned int looks;

static bool holds_after_a_stop(void)
{
	looks++;
	host_tsc += looks == 10 ? 60 * TSC_HZ : ACCESS;
	return looks == 20;
}

UNIT(tsc, a_stopped_host_does_not_use_up_a_wait)
{
	tsc_mult = (1000000000ULL << 32) / TSC_HZ;
	looks = 0;
	CHECK(spin_until(holds_after_a_stop(), 10000000000ULL));
	CHECK_EQ(looks, 20);
}

static bool never(void)
{
	looks++;
	host_tsc += ACCESS; /* 20 us */
	return false;
}

UNIT(tsc, a_wait_ends_after_the_time_it_looked)
{
	tsc_mult = (1000000000ULL << 32) / TSC_HZ;
	looks = 0;
	CHECK(!spin_until(never(), 10000000ULL)); /* 10 ms */
	CHECK(looks >= 500 && looks <= 503);
}

UNIT(tsc, a_host_that_is_away_does_not_change_the_frequency)
{
	static const u64 away[] = { 0,	     4 * MS,  30 * MS,	50 * MS,
				    55 * MS, 56 * MS, 100 * MS, 1000 * MS };
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(away); i++) {
		at = 0;
		do {
			CHECK_EQ(measure(++at, away[i]), 0);
			if (!CHECK(measured_right()))
				return;
		} while (at < accesses);
		CHECK(at > 100);
	}
}

UNIT(tsc, a_host_that_is_always_away_is_an_error)
{
	CHECK_EQ(measure(EACH, 60 * MS), -EAGAIN);
}

UNIT(tsc, a_pit_that_stands_still_is_an_error)
{
	pit.stands_still = true;
	CHECK_EQ(measure(EACH, 0), -ENODEV);
	pit.stands_still = false;
}

/* ---- another counter */

#define RATE 62500000ULL

static u32 read_counter(void)
{
	u32 count;

	access_begins();
	count = (u32)(0 - host_tsc / (TSC_HZ / 100) * (RATE / 100) -
		      host_tsc % (TSC_HZ / 100) * RATE / TSC_HZ);
	access_ends();
	return count;
}

UNIT(tsc, nor_does_it_change_the_rate_of_a_counter)
{
	static const u64 away[] = { 0, MS / 10, MS, 10 * MS, 1000 * MS };
	unsigned int i, at;
	u64 rate;

	CHECK_EQ(measure(1, 0), 0);
	for (i = 0; i < ARRAY_SIZE(away); i++) {
		at = 0;
		do {
			accesses = 0;
			away_at = ++at;
			away_for = away[i];
			rate = tsc_rate_of(read_counter, 1000000);
			if (!CHECK(rate > RATE - RATE / 1000 &&
				   rate < RATE + RATE / 1000))
				return;
		} while (at < accesses);
		CHECK(at >= 10);
	}
}
