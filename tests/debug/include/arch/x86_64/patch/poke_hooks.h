/* SPDX-License-Identifier: MIT */
/*
 * poke_hooks.h - of nop5-debug.elf, in place of the engine's header of that
 * name: faults of the INT3 handler, all off until a test turns them on; the
 * laboratory's methods and the theatre's recorder.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_internal.h"
#include "tests/debug/poke_faults.h"
#include "tests/lab/method.h"
#include "tests/lab/record.h"
#include <asm/barrier.h>

static __always_inline const u8 *poke_steps(const u8 *steps)
{
	return lab_steps ?: steps;
}

static __always_inline bool
poke_step_begins(enum poke_step step, const struct text_poke *vec, size_t n)
{
	return lab_step_begins(step, vec, n);
}

static __always_inline void poke_step_ends(enum poke_step step)
{
	if (recording())
		record_step_ends(step);
}

static __always_inline void poke_store_begins(unsigned long addr)
{
	if (recording())
		record_store_begins(addr);
}

static __always_inline void poke_store_ends(unsigned long addr, size_t len)
{
	if (recording())
		record_store_ends(addr, len);
}

static __always_inline enum poke_fresh
poke_fresh_in_force(enum poke_fresh fresh)
{
	return lab_fresh ?: fresh;
}

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
