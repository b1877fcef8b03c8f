/* SPDX-License-Identifier: MIT */
/*
 * poke_hooks.h - of nop5-debug.elf, in place of the engine's header of that
 * name: faults of the INT3 handler, all off until a test turns them on.
 */
#pragma once

#include "arch/x86_64/patch/text_poke.h"
#include "tests/debug/poke_faults.h"
#include <asm/barrier.h>

static __always_inline u32 poke_faults(void)
{
	return READ_ONCE(poke_lab_switches);
}

static __always_inline void poke_window(u32 faults)
{
	if (faults & POKE_FAULT_DELAY)
		poke_lab_delay();
}

static __always_inline bool poke_takes_ref(u32 faults)
{
	return !(faults & POKE_FAULT_NO_REF);
}

static __always_inline u64 poke_word(u32 faults, const struct text_poke *p)
{
	if (faults & POKE_FAULT_SKIP)
		return INSN_NOP5;
	return faults & POKE_FAULT_OLD_INSN ? p->old : p->new;
}

static __always_inline bool poke_looks_again(u32 faults)
{
	return !(faults & POKE_FAULT_NO_SEQ);
}

static __always_inline bool poke_reads_bytes(u32 faults)
{
	return !(faults & POKE_FAULT_NO_BYTES);
}
