// SPDX-License-Identifier: MIT
/*
 * Short turns under -icount, by the PIT; its interrupt stays masked.
 */
#include "tests/kernel/poke_slices.h"
#include "kernel/cmdline.h"
#include <asm/cpu.h>
#include <asm/io.h>

#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIT_RATE     0x34 /* channel 0, low byte then high, mode 2 */

/* Cycles. Counted, they are instructions: a few turns; else, some 70 us. */
#define STAGGER_EXACT 4000
#define STAGGER	      200000

static u64 random = 1;

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
	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	slices_wait(random % (slices_exact() ? STAGGER_EXACT : STAGGER));
}
