// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/insn.*: the five instructions, both ways.
 *
 * host-sources: arch/x86_64/patch/insn.c
 */
#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

#define IP 0xffffffff80101230UL

static bool word_is(u64 word, const u8 *bytes, unsigned int len)
{
	u8 got[INSN_MAX + 1];

	memset(got, 0xaa, sizeof(got));
	insn_store(got, word);
	return insn_len(word) == len && !memcmp(got, bytes, len) &&
	       got[len] == 0xaa;
}

#define WORD_IS(word, ...)                           \
	word_is((word), (const u8[]){ __VA_ARGS__ }, \
		sizeof((const u8[]){ __VA_ARGS__ }))

UNIT(insn, bytes_of_each)
{
	CHECK(WORD_IS(INSN_NOP5, 0x0f, 0x1f, 0x44, 0x00, 0x00));
	CHECK(WORD_IS(INSN_INT3, 0xcc));
	CHECK(WORD_IS(insn_call(IP, IP + 5), 0xe8, 0, 0, 0, 0));
	CHECK(WORD_IS(insn_call(IP, IP), 0xe8, 0xfb, 0xff, 0xff, 0xff));
	CHECK(WORD_IS(insn_jmp32(IP, IP + 5 + 0x12345678), 0xe9, 0x78, 0x56,
		      0x34, 0x12));
	CHECK(WORD_IS(insn_jmp8(IP, IP), 0xeb, 0xfe));
	CHECK(WORD_IS(insn_jmp8(IP, IP + 2 + 127), 0xeb, 0x7f));
}

UNIT(insn, reach)
{
	CHECK(insn_call(IP, IP + 5 + 0x7fffffffUL) != 0);
	CHECK_EQ(insn_call(IP, IP + 5 + 0x80000000UL), 0);
	CHECK(insn_jmp32(IP, IP + 5 - 0x80000000UL) != 0);
	CHECK_EQ(insn_jmp32(IP, IP + 5 - 0x80000001UL), 0);
	CHECK_EQ(insn_call(IP, 0xffff888000000000UL), 0);
	CHECK(insn_jmp8(IP, IP + 2 - 128) != 0);
	CHECK_EQ(insn_jmp8(IP, IP + 2 - 129), 0);
	CHECK_EQ(insn_jmp8(IP, IP + 2 + 128), 0);
}

UNIT(insn, kinds)
{
	CHECK_EQ(insn_kind(INSN_NOP5), INSN_KIND_NOP5);
	CHECK_EQ(insn_kind(insn_call(IP, IP)), INSN_KIND_CALL);
	CHECK_EQ(insn_kind(insn_jmp32(IP, IP)), INSN_KIND_JMP32);
	CHECK_EQ(insn_kind(insn_jmp8(IP, IP)), INSN_KIND_JMP8);
	CHECK_EQ(insn_kind(INSN_INT3), INSN_KIND_INT3);
	CHECK_EQ(insn_kind(INSN_WORD(1, 0x55)), INSN_KIND_OTHER);
	/* A NOP5 with one bit wrong anywhere is none. */
	for (int bit = 0; bit < 40; bit++)
		CHECK(insn_kind(INSN_NOP5 ^ (1ull << bit)) != INSN_KIND_NOP5);
	/* What lies behind the five bytes does not matter. */
	CHECK_EQ(insn_kind(INSN_NOP5 ^ (1ull << 40)), INSN_KIND_NOP5);
}

UNIT(insn, there_and_back)
{
	unsigned long target = IP - 0x3000;

	for (int i = 0; i < 1000; i++, target += 0x123457) {
		CHECK_EQ(insn_target(insn_call(IP, target), IP), target);
		CHECK_EQ(insn_target(insn_jmp32(IP, target), IP), target);
	}
	for (target = IP + 2 - 128; target <= IP + 2 + 127; target++)
		CHECK_EQ(insn_target(insn_jmp8(IP, target), IP), target);
	CHECK_EQ(insn_target(INSN_NOP5, IP), IP + 5);
	CHECK_EQ(insn_target(INSN_INT3, IP), IP + 1);
}

UNIT(insn, load_reads_only_its_bytes)
{
	u8 bytes[3] = { 0xeb, 0x10, 0x55 }; /* ASan guards what follows */
	u8 full[8] = { 0xe8, 1, 2, 3, 4, 0xff, 0xff, 0xff };

	CHECK_EQ(insn_load(bytes, 2), INSN_WORD(2, 0x10ebull));
	CHECK_EQ(insn_load(bytes + 2, 1), INSN_WORD(1, 0x55ull));
	CHECK_EQ(insn_load(full, 5), INSN_WORD(5, 0x04030201e8ull));
	CHECK(insn_matches(insn_peek((unsigned long)full), insn_load(full, 5)));
	full[4] ^= 0x80;
	CHECK(!insn_matches(insn_peek((unsigned long)full),
			    INSN_WORD(5, 0x04030201e8ull)));
}
