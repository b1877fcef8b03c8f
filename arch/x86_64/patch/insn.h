/* SPDX-License-Identifier: MIT */
/*
 * The five instructions that the patch engine writes and reads. This is pure
 * arithmetic on bytes; it accesses only memory that the caller passes.
 *
 * An instruction is held in one 64-bit *word*: bytes 0..4 are the instruction
 * as it lies in memory, byte 7 is its length (1, 2 or 5), the rest is zero. So
 * one register holds an instruction, to compare or to store it.
 *
 * Context: any, INT3 handler and NMI included; nothing here is traceable.
 */
#pragma once

#include "kernel/lib/types.h"

#define INSN_MAX 5 /* bytes of the longest: NOP5, CALL, JMP rel32 */

#define INSN_OP_CALL  0xe8
#define INSN_OP_JMP32 0xe9
#define INSN_OP_JMP8  0xeb
#define INSN_OP_INT3  0xcc

/*
 * Where a word keeps the length, and which of its bits are bytes of the
 * instruction.
 */
#define INSN_LEN_SHIFT	56
#define INSN_BYTES_MASK 0xffffffffffull
#define INSN_WORD(len, bytes) \
	(((unsigned long long)(len) << INSN_LEN_SHIFT) | (bytes))

/* 0f 1f 44 00 00: the one 5-byte NOP a site may hold. */
#define INSN_NOP5 INSN_WORD(5, 0x0000441f0full)
#define INSN_INT3 INSN_WORD(1, 0xccull)

/*
 * What the decoder says of a word; the first byte decides for all but the NOP.
 */
enum insn_kind {
	INSN_KIND_OTHER, /* none of the five */
	INSN_KIND_NOP5,
	INSN_KIND_CALL,
	INSN_KIND_JMP32,
	INSN_KIND_JMP8,
	INSN_KIND_INT3,
};

/* 1, 2 or 5; 0 for the word 0, which stands for "no instruction". */
static __always_inline unsigned int insn_len(u64 word)
{
	return (unsigned int)(word >> INSN_LEN_SHIFT);
}

/* Has it INSN_MAX bytes? For a word in memory this is one byte comparison. */
static __always_inline bool insn_is_full(const u64 *word)
{
	return ((const u8 *)word)[INSN_LEN_SHIFT / 8] == INSN_MAX;
}

/* The same of four words in memory that are @step bytes apart. */
static __always_inline bool insn_four_full(const u64 *word, size_t step)
{
	const u8 *len = (const u8 *)word + INSN_LEN_SHIFT / 8;

	/* Of the lengths 1, 2, 5 only 5 has bit 2; 5 & 1, 5 & 2 are not 5. */
	return (len[0] & len[step] & len[2 * step] & len[3 * step]) == INSN_MAX;
}

/* The byte that an INT3 replaces during a batch. */
static __always_inline u8 insn_first_byte(u64 word)
{
	return (u8)word;
}

/* The four bytes behind the first, as a little-endian number. */
static __always_inline u32 insn_tail(u64 word)
{
	return (u32)(word >> 8);
}

/* The same of a word in memory: one load. */
static __always_inline u32 insn_tail_of(const u64 *word)
{
	struct unaligned {
		u8 first;
		u32 tail;
	} __packed;

	return ((const struct unaligned *)word)->tail;
}

/**
 * insn_call - the word of `call target` (E8 rel32) at @ip
 * insn_jmp32 - the word of `jmp target` (E9 rel32) at @ip
 * insn_jmp8 - the word of `jmp target` (EB rel8) at @ip
 * Context: any.
 * Return: the word, or 0 when @target is out of reach.
 */
u64 insn_call(unsigned long ip, unsigned long target);
u64 insn_jmp32(unsigned long ip, unsigned long target);
u64 insn_jmp8(unsigned long ip, unsigned long target);

/* The kind of the instruction that the word begins with; reads bytes 0..4. */
static __always_inline enum insn_kind insn_kind(u64 word)
{
	if (likely(insn_first_byte(word) == INSN_OP_CALL))
		return INSN_KIND_CALL;
	switch (insn_first_byte(word)) {
	case INSN_OP_JMP32:
		return INSN_KIND_JMP32;
	case INSN_OP_JMP8:
		return INSN_KIND_JMP8;
	case INSN_OP_INT3:
		return INSN_KIND_INT3;
	default:
		return ((word ^ INSN_NOP5) & INSN_BYTES_MASK) == 0 ?
			       INSN_KIND_NOP5 :
			       INSN_KIND_OTHER;
	}
}

/* The length of an instruction of that kind; of others the minimum, 1. */
static __always_inline unsigned int insn_kind_len(enum insn_kind kind)
{
	switch (kind) {
	case INSN_KIND_NOP5:
	case INSN_KIND_CALL:
	case INSN_KIND_JMP32:
		return INSN_MAX;
	case INSN_KIND_JMP8:
		return 2;
	default:
		return 1;
	}
}

/*
 * The target of the CALL or JMP in word, executed at ip. For a NOP5 it is the
 * next instruction, for any other kind ip + 1.
 */
static __always_inline unsigned long insn_target(u64 word, unsigned long ip)
{
	switch (insn_kind(word)) {
	case INSN_KIND_CALL:
	case INSN_KIND_JMP32:
		return ip + INSN_MAX +
		       (unsigned long)(long)(s32)insn_tail(word);
	case INSN_KIND_JMP8:
		return ip + 2 + (unsigned long)(long)(s8)insn_tail(word);
	case INSN_KIND_NOP5:
		return ip + INSN_MAX;
	default:
		return ip + 1;
	}
}

/* The eight bytes at ip in one load, aligned or not. */
static __always_inline u64 insn_peek(unsigned long ip)
{
	struct unaligned {
		u64 bytes;
	} __packed;

	return ((const volatile struct unaligned *)ip)->bytes;
}

/* Is there a difference in the five bytes of an instruction? */
static __always_inline bool insn_differs(u64 bits)
{
	return bits << (64 - 8 * INSN_MAX) != 0;
}

/*
 * Does memory, as insn_peek() read it, hold the five-byte instruction word? For
 * a shorter word the answer is false, unless zeros follow it in memory.
 */
static __always_inline bool insn_matches(u64 memory, u64 word)
{
	return !insn_differs(memory ^ word);
}

/** insn_load - the word of the @len (1..5) bytes at @bytes; reads no others. */
u64 insn_load(const void *bytes, unsigned int len);

/** insn_store - write the insn_len() bytes of @word to @bytes. */
void insn_store(void *bytes, u64 word);
