// SPDX-License-Identifier: MIT
/*
 * Short turns under -icount, by the PIT; its interrupt stays masked.
 */
#include "kernel/base/cmdline.h"
#include "tests/kernel/poke_slices.h"
#include <asm/cpu.h>
#include <asm/io.h>

#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIT_RATE     0x34 /* channel 0, low byte then high, mode 2 */

/* Cycles. Counted, they are instructions: a few turns; else, some 70 us. */
#define STAGGER_EXACT 4000
#define STAGGER	      200000

#define VARY_EVERY 64 /* calls of slices_vary(), about */

static u64 random = 1;
static unsigned int longest;

static u64 next_random(void)
{
	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

CMDLINE_NUMBER(icount, 0, 1, "1: QEMU counts instructions, time is exact");
CMDLINE_NUMBER(seed, 0, ~0ULL, "of what tests draw at random");

bool slices_exact(void)
{
	return cmdline_u64("icount", 0) != 0;
}

void slices_set(unsigned int divisor)
{
	if (!slices_exact())
		return;
	outb(PIT_COMMAND, PIT_RATE);
	outb(PIT_CHANNEL0, (u8)divisor);
	outb(PIT_CHANNEL0, (u8)(divisor >> 8)); /* 0 counts as 65536 */
}

void slices_seed(u64 seed)
{
	random = seed * 0x9e3779b97f4a7c15ull | 1;
}

void slices_wait(u64 cycles)
{
	u64 start = rdtsc();

	while (rdtsc() - start < cycles)
		;
}

void slices_stagger(enum poke_step next)
{
	slices_wait(next_random() % (slices_exact() ? STAGGER_EXACT : STAGGER));
}

static void draw_turns(void)
{
	/* As likely to be one of the shortest as anything else. */
	u64 draw = next_random();

	slices_set(draw & 1 ? 2 : 2 + (draw >> 1) % (longest - 1));
}

void slices_begin(unsigned int longest_divisor)
{
	if (!slices_exact())
		return;
	longest = longest_divisor;
	slices_seed(cmdline_u64("seed", 1));
	draw_turns();
}

void slices_vary(void)
{
	if (slices_exact() && next_random() % VARY_EVERY == 0)
		draw_turns();
}

void slices_end(void)
{
	slices_set(0);
}
