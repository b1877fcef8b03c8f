/* SPDX-License-Identifier: MIT */
/* poke_widen.h - of nop5-debug.elf: windows can be made wider. */
#pragma once

#include "tests/debug/poke_faults.h"

/* @cycles: the longest wait at each window, of the TSC; 0: none. */
static inline void poke_widen(u32 cycles)
{
	poke_lab_faults(cycles ? POKE_FAULT_DELAY : 0, cycles);
}
