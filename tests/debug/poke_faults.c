// SPDX-License-Identifier: MIT
/*
 * poke_faults.c - the fault switches of the INT3 handler.
 *
 * Owns the switches and the longest delay.
 *
 * Context: task to set them, #BP in any context to read them.
 */
#include "tests/debug/poke_faults.h"
#include <asm/barrier.h>
#include <asm/cpu.h>

u32 poke_lab_switches;
u32 poke_lab_longest;

void poke_lab_faults(u32 faults, u32 delay)
{
	WRITE_ONCE(poke_lab_longest, delay);
	WRITE_ONCE(poke_lab_switches, faults);
}

/*
 * Without PAUSE, which would give the CPU's turn away where an emulator takes
 * turns.
 */
notrace void poke_lab_delay(void)
{
	u64 start = rdtsc();
	u64 draw = (start * 0x9e3779b97f4a7c15ull) >> 32;
	u64 wait = (draw * READ_ONCE(poke_lab_longest)) >> 32;

	while (rdtsc() - start < wait)
		;
}
