/* SPDX-License-Identifier: MIT */
/*
 * poke_hooks.h - where the INT3 handler can be broken on purpose: nowhere.
 *
 * nop5-debug.elf has tests/debug/include/arch/x86_64/patch/poke_hooks.h in
 * place of this header: faults there are switched on by tests that must see
 * them. Here each hook is a constant, so the handler has no trace of it.
 *
 * Context of all: #BP in any context, NMI included; interrupts off.
 */
#pragma once

#include "arch/x86_64/patch/text_poke.h"

/* The faults of one run of the handler; the others take it. */
static __always_inline u32 poke_faults(void)
{
	return 0;
}

/* A moment at which another CPU may get ahead. */
static __always_inline void poke_window(u32 faults)
{
}

/* Does the handler take a reference to the batch? */
static __always_inline bool poke_takes_ref(u32 faults)
{
	return true;
}

/* What is done at a site of the live batch: the new instruction. */
static __always_inline u64 poke_word(u32 faults, const struct text_poke *p)
{
	return p->new;
}

/* Does the handler look at the sequence again after it has read the bytes? */
static __always_inline bool poke_looks_again(u32 faults)
{
	return true;
}

/* Does it look at the bytes when no batch has the site? */
static __always_inline bool poke_reads_bytes(u32 faults)
{
	return true;
}
