/* SPDX-License-Identifier: MIT */
/*
 * poke_hooks.h - the fault switches of the INT3 handler, all of them off.
 *
 * nop5-debug.elf uses tests/debug/include/arch/x86_64/patch/poke_hooks.h
 * instead of this header. There a test switches on a fault that it must detect.
 * Here each hook is a constant, so the handler has no code for it.
 *
 * Context of all: #BP in any context, NMI included; interrupts off.
 */
#pragma once

#include "arch/x86_64/patch/text_poke.h"

/* The faults of one run of the handler; the other hooks take it. */
static __always_inline u32 poke_faults(void)
{
	return 0;
}

/* A point where a test may delay this CPU so that another gets ahead. */
static __always_inline void poke_window(u32 faults)
{
}

/* Does the handler take a reference to the batch? */
static __always_inline bool poke_takes_ref(u32 faults)
{
	return true;
}

/* The word to emulate at a site of the live batch: the new instruction. */
static __always_inline u64 poke_word(u32 faults, const struct text_poke *p)
{
	return p->new;
}

/* Does the handler check the sequence again after it has read the bytes? */
static __always_inline bool poke_looks_again(u32 faults)
{
	return true;
}

/* Does the handler read the bytes if no batch contains the site? */
static __always_inline bool poke_reads_bytes(u32 faults)
{
	return true;
}
