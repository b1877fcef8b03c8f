/* SPDX-License-Identifier: MIT */
/*
 * poke_hooks.h - the hooks of the patch engine, all of them empty.
 *
 * nop5-debug.elf uses tests/debug/include/arch/x86_64/patch/poke_hooks.h
 * instead of this header. There a test switches on a fault of the INT3 handler
 * that it must detect, the laboratory patches by other methods, and the
 * recorder sees each store. Here each hook is a constant or a plain call, so
 * the engine has no code for it.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_internal.h"

/* ---- the batch; context: task, preemption off, text_mutex held ---- */

/* The steps of this batch; @steps: those of the protocol. */
static __always_inline const u8 *poke_steps(const u8 *steps)
{
	return steps;
}

/* Before a step. Return: it has been done; false: the engine is to do it. */
static __always_inline bool
poke_step_begins(enum poke_step step, const struct text_poke *vec, size_t n)
{
	return false;
}

/* After a step, done by the engine or by a hook. */
static __always_inline void poke_step_ends(enum poke_step step)
{
}

/* Around each store of a step; interrupts off, the window's space loaded. */
static __always_inline void poke_store_begins(unsigned long addr)
{
}

static __always_inline void poke_store_ends(unsigned long addr, size_t len)
{
}

/* When to remap the window; @fresh: the decision, never POKE_FRESH_AUTO. */
static __always_inline enum poke_fresh
poke_fresh_in_force(enum poke_fresh fresh)
{
	return fresh;
}

/* ---- the handler; context: #BP in any, NMI included; interrupts off ---- */

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
