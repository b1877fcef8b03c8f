// SPDX-License-Identifier: MIT
/*
 * torn.c - finds the bytes of a torn call by the place of its trap.
 *
 * Context: any.
 */
#include "tests/lab/torn.h"
#include "arch/x86_64/patch/insn.h"

/* A call's target holds INT3: a trap is reported one byte behind it. */
static notrace bool ends_there(u64 word, unsigned long site,
			       const struct trap_info *info)
{
	u64 second = word >> 8 & 0xff, third = word >> 16 & 0xff;

	if (insn_first_byte(word) == INSN_OP_CALL)
		return insn_target(word, site) == info->ip ||
		       insn_target(word, site) + 1 == info->ip;
	if (second == 0x1f) /* a short NOP, then an access to address 0 */
		return third != 0x44 && info->ip == site + 3;
	return info->ip == site; /* no instruction at all */
}

notrace u64 torn_word(unsigned long site, u64 old, u64 new,
		      const struct trap_info *info)
{
	u64 mask, word;
	unsigned int pick, i;

	for (pick = 1; pick < (1U << INSN_MAX) - 1; pick++) {
		mask = 0;
		for (i = 0; i < INSN_MAX; i++)
			mask |= pick >> i & 1 ? 0xffull << (8 * i) : 0;
		word = (new &mask) | (old & ~mask);
		if (word != old && word != new &&ends_there(word, site, info))
			return word;
	}
	return insn_load((const void *)site, INSN_MAX);
}
