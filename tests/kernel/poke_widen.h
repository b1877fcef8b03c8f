/* SPDX-License-Identifier: MIT */
/*
 * poke_widen.h - wider windows for races of the INT3 handler, where the image
 * can: in nop5-debug.elf, by the header of this name in tests/debug/include.
 * In nop5-test.elf the handler is that of nop5.elf and takes no time.
 */
#pragma once

#include "kernel/lib/types.h"

/* @cycles: the longest wait at each window, of the TSC; 0: none. */
static inline void poke_widen(u32 cycles)
{
}
