// SPDX-License-Identifier: MIT
/*
 * Encodes the five instructions of the patch engine. The decoder is inline, in
 * insn.h, because the INT3 handler uses it.
 *
 * Owns nothing: it is pure arithmetic, so the unit tests and the fuzz target
 * run it on the host unchanged. Untraceable: insn_load() runs in #BP.
 */
#include "arch/x86_64/patch/insn.h"

/* The displacement of target from the end of the len-byte instruction at ip. */
static notrace long displacement(unsigned long ip, unsigned int len,
				 unsigned long target)
{
	return (long)(target - (ip + len));
}

static notrace u64 rel32_word(u8 opcode, unsigned long ip, unsigned long target)
{
	long disp = displacement(ip, INSN_MAX, target);

	if (disp != (s32)disp)
		return 0;
	return INSN_WORD(INSN_MAX, (u64)(u32)disp << 8 | opcode);
}

notrace u64 insn_call(unsigned long ip, unsigned long target)
{
	return rel32_word(INSN_OP_CALL, ip, target);
}

notrace u64 insn_jmp32(unsigned long ip, unsigned long target)
{
	return rel32_word(INSN_OP_JMP32, ip, target);
}

notrace u64 insn_jmp8(unsigned long ip, unsigned long target)
{
	long disp = displacement(ip, 2, target);

	if (disp != (s8)disp)
		return 0;
	return INSN_WORD(2, (u64)(u8)disp << 8 | INSN_OP_JMP8);
}

notrace u64 insn_load(const void *bytes, unsigned int len)
{
	const volatile u8 *from = bytes;
	u64 word = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		word |= (u64)from[i] << (8 * i);
	return INSN_WORD(len, word);
}

notrace void insn_store(void *bytes, u64 word)
{
	u8 *to = bytes;
	unsigned int i;

	for (i = 0; i < insn_len(word); i++)
		to[i] = (u8)(word >> (8 * i));
}
