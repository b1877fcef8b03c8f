/* SPDX-License-Identifier: MIT */
/*
 * Emits code into a buffer for execution at another address. Each put appends
 * bytes; relative targets are encoded for the address of execution.
 *
 * Used by the two generators: of trampolines (ftrace_tramp.c) and of
 * entry-and-exit targets (ftrace_fexit.c). Pure.
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/string.h"

/* The next byte goes to buf + len and will be executed at base + len. */
struct code {
	u8 *buf; /* NULL: count only */
	size_t len;
	unsigned long base;
	bool out_of_reach; /* a relative target could not be encoded */
};

/* With a NULL buffer the generator runs once to learn the size. */
static inline void put(struct code *c, const void *bytes, size_t len)
{
	if (c->buf)
		memcpy(c->buf + c->len, bytes, len);
	c->len += len;
}

/* PUT(c, 0x41, 0x51): bytes as they stand in the manual. */
#define PUT(c, ...) \
	put(c, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

/* An immediate or a displacement, little-endian. */
static inline void put_u32(struct code *c, u32 value)
{
	put(c, &value, sizeof(value));
}

/*
 * An instruction of insn.h. The word 0 says that its target was out of reach;
 * five bytes are counted all the same, so that both runs agree on the size.
 */
static inline void put_word(struct code *c, u64 word)
{
	u8 bytes[INSN_MAX] = { 0 };

	if (!word)
		c->out_of_reach = true;
	insn_store(bytes, word);
	put(c, bytes, INSN_MAX);
}

/* Relative to the place where the code will run, not to the buffer. */
static inline void put_call(struct code *c, unsigned long target)
{
	put_word(c, insn_call(c->base + c->len, target));
}

static inline void put_jmp(struct code *c, unsigned long target)
{
	put_word(c, insn_jmp32(c->base + c->len, target));
}
