/* SPDX-License-Identifier: MIT */
/*
 * Generated trampolines: compute their size, write them, and read them again.
 *
 * All functions here work on bytes only; ftrace.c allocates the memory. So the
 * generator also runs on the host.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"
#include <asm/ftrace_frame.h>

/*
 * Lies in front of a generated trampoline, at the start of its first granule.
 * With it the unwinder finds the start from any address inside. It needs no
 * list and no lock, even in an NMI while another CPU frees a trampoline.
 */
struct ftrace_tramp_header {
	u32 magic;
	u16 size; /* bytes of code, this header not counted */
	u8 n;	  /* number of callbacks */
	u8 kind;  /* TRAMP_ bits */
};

#define TRAMP_REGS  1U /* a full frame */
#define TRAMP_GATED 2U /* a flag is tested first */
#define TRAMP_FAST  4U /* then code of struct ftrace_fast follows */

#define FTRACE_TRAMP_MAGIC 0x706d7274U /* "trmp" */

static_assert(sizeof(struct ftrace_tramp_header) == 8,
	      "code begins 8 bytes into the granule");

/* Longest trampoline, header included. */
#define FTRACE_TRAMP_MAX 8192UL

/* rsp + this is the slot of the return address into the traced function. */
#define FAST_FRAME_BYTES offsetof(struct ftrace_regs, ip)
#define STATIC_FRAME_BYTES \
	(offsetof(struct ftrace_static_frame, regs) + FAST_FRAME_BYTES)
#define FULL_FRAME_BYTES offsetof(struct ftrace_full_frame, ret)
/* A chain pushes this much on top of the frame: ip and parent_ip. */
#define COPY_BYTES 16
/* A guarded call pushes this much on top of that. */
#define GUARD_BYTES 8

/*
 * Compute the size of a trampoline of @n callbacks, @guards of them guarded.
 * Writes nothing.
 * Return: bytes, header included; 0 if more than FTRACE_TRAMP_MAX.
 */
size_t ftrace_tramp_bytes(unsigned int n, unsigned int guards, bool regs,
			  unsigned long direct);
/* The same for @desc. */
size_t ftrace_tramp_size(const struct ftrace_tramp_desc *desc);

/*
 * Write header and code of @desc to @buf, which has FTRACE_TRAMP_MAX bytes,
 * for execution at @base (the header's address).
 * Return: ftrace_tramp_size(); 0 when a target is out of reach.
 */
size_t ftrace_tramp_emit(const struct ftrace_tramp_desc *desc, void *buf,
			 unsigned long base);

/*
 * Find the header of the trampoline that contains @addr. The search goes from
 * @addr down to @lowest (a granule boundary) and reads that memory.
 * Return: the header, or NULL if there is none.
 * Context: any.
 */
const struct ftrace_tramp_header *ftrace_tramp_find(unsigned long addr,
						    unsigned long lowest);

/* The start of the code behind a header, which is the trampoline's address. */
static __always_inline unsigned long
ftrace_tramp_start(const struct ftrace_tramp_header *header)
{
	return (unsigned long)(header + 1);
}

/* The header of a trampoline that starts at @tramp. */
static __always_inline const struct ftrace_tramp_header *
ftrace_tramp_header(unsigned long tramp)
{
	return (const struct ftrace_tramp_header *)tramp - 1;
}

/* The address of the CALL of the i-th callback; 0 if there are fewer. */
unsigned long ftrace_tramp_call_site(const struct ftrace_tramp_header *header,
				     unsigned int i);

/* Does a guarded call return to @addr? Then GUARD_BYTES lie on the frame. */
bool ftrace_tramp_guarded(unsigned long addr);
