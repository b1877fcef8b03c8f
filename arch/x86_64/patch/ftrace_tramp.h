/* SPDX-License-Identifier: MIT */
/*
 * Generated trampolines: size them, write them, take them apart again.
 *
 * Everything here works on bytes; where they come to lie is ftrace.c's. So the
 * generator runs on the host too.
 */
#pragma once

#include "arch/x86_64/patch/ftrace_frame.h"
#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

/* Longest trampoline, header included. */
#define FTRACE_TRAMP_MAX 4096UL

/* rsp + this is where the return address into the traced function stands. */
#define FAST_FRAME_BYTES offsetof(struct ftrace_regs, ip)
#define FULL_FRAME_BYTES offsetof(struct ftrace_full_frame, ret)
/* What a chain has pushed on top of the frame: ip and parent_ip. */
#define COPY_BYTES 16
/* What a guarded call has pushed on top of that. */
#define GUARD_BYTES 16

/*
 * Bytes, header included, of a trampoline of @n callbacks, @guards of them
 * guarded: computed, nothing is written.
 * Return: 0 when they are more than FTRACE_TRAMP_MAX.
 */
size_t ftrace_tramp_bytes(unsigned int n, unsigned int guards, bool regs,
			  unsigned long direct);
/* The same for @desc. */
size_t ftrace_tramp_size(const struct ftrace_tramp_desc *desc);

/*
 * Write header and code of @desc to @buf, which has FTRACE_TRAMP_MAX bytes, as
 * if it lay at @base (the header's address).
 * Return: ftrace_tramp_size(); 0 when a target is out of reach.
 */
size_t ftrace_tramp_emit(const struct ftrace_tramp_desc *desc, void *buf,
			 unsigned long base);

/*
 * The header of the trampoline that @addr lies in, looked for from @addr down
 * to @lowest (a granule boundary); NULL if there is none. Reads memory there.
 * Context: any.
 */
const struct ftrace_tramp_header *ftrace_tramp_find(unsigned long addr,
						    unsigned long lowest);

/* Where the code behind a header begins: the trampoline's address. */
static __always_inline unsigned long
ftrace_tramp_start(const struct ftrace_tramp_header *header)
{
	return (unsigned long)(header + 1);
}

/* The header of a trampoline known to start at @tramp. */
static __always_inline const struct ftrace_tramp_header *
ftrace_tramp_header(unsigned long tramp)
{
	return (const struct ftrace_tramp_header *)tramp - 1;
}

/* Address of the CALL of the i-th callback; 0 if there are fewer. */
unsigned long ftrace_tramp_call_site(const struct ftrace_tramp_header *header,
				     unsigned int i);

/* Does a guarded call return to @addr? Then GUARD_BYTES are on top. */
bool ftrace_tramp_guarded(unsigned long addr);
