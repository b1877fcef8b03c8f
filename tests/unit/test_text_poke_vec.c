// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/text_poke_vec.c: verifying the vector of a batch.
 *
 * host-sources: arch/x86_64/patch/text_poke_vec.c arch/x86_64/patch/insn.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define MAX_SITES 8

static struct text_poke vec[MAX_SITES];

/* ---- verifying, on a buffer that stands for text ---- */

#define TEXT_SIZE 256

static u8 text[TEXT_SIZE] __aligned(16);
static struct text_poke_bug bug;

static unsigned long text_at(size_t offset)
{
	return (unsigned long)text + offset;
}

static struct text_region region;

static const struct text_region *region_of(unsigned long addr)
{
	return addr >= region.start && addr < region.end ? &region : NULL;
}

static int verify(size_t n)
{
	memset(&bug, 0, sizeof(bug));
	region.start = text_at(0);
	region.end = text_at(TEXT_SIZE);
	return poke_verify(vec, n, region_of, &bug);
}

/* NOP5 -> CALL at each of these offsets, and the NOPs in place. */
static void lay_out(size_t n, const size_t *offsets)
{
	memset(text, 0x90, sizeof(text));
	for (size_t i = 0; i < n; i++) {
		vec[i].ip = text_at(offsets[i]);
		vec[i].old = INSN_NOP5;
		vec[i].new = insn_call(vec[i].ip, vec[i].ip + 64);
		insn_store(text + offsets[i], INSN_NOP5);
	}
}

#define LAY_OUT(...)                                                \
	lay_out(sizeof((size_t[]){ __VA_ARGS__ }) / sizeof(size_t), \
		(const size_t[]){ __VA_ARGS__ })

UNIT(text_poke_vec, verify_accepts)
{
	LAY_OUT(0, 5, 10, 100, TEXT_SIZE - 10, TEXT_SIZE - 5);
	CHECK_EQ(verify(6), 0);
	CHECK_EQ(verify(0), 0);
}

UNIT(text_poke_vec, verify_all_before_any_I6)
{
	u8 before[TEXT_SIZE];

	LAY_OUT(0, 5, 200);
	text[203] ^= 1; /* in the last site */
	memcpy(before, text, sizeof(text));
	CHECK_EQ(verify(3), -EINVAL);
	CHECK_EQ(bug.ip, text_at(200));
	CHECK_EQ(bug.expected, INSN_NOP5);
	CHECK_EQ(bug.found, INSN_WORD(5, 0x0001441f0full));
	CHECK(!memcmp(before, text, sizeof(text)));
	for (int i = 0; i < 5; i++) {
		LAY_OUT(16);
		text[16 + i] ^= 0x10;
		CHECK_EQ(verify(1), -EINVAL);
	}
}

UNIT(text_poke_vec, verify_refuses_disorder)
{
	LAY_OUT(0, 10, 20);
	vec[2].ip = vec[1].ip; /* twice */
	CHECK_EQ(verify(3), -EINVAL);
	CHECK_EQ(bug.ip, text_at(10));
	LAY_OUT(0, 20, 10); /* falling */
	CHECK_EQ(verify(3), -EINVAL);
	LAY_OUT(0, 10, 20);
	vec[1].ip = text_at(4); /* overlaps the first */
	text[4] = 0;
	CHECK_EQ(verify(3), -EINVAL);
}

UNIT(text_poke_vec, verify_refuses_foreign_addresses)
{
	LAY_OUT(0, 10);
	vec[0].ip = text_at(0) - 1;
	CHECK_EQ(verify(2), -EFAULT);
	CHECK_EQ(bug.ip, text_at(0) - 1);
	LAY_OUT(0, 10);
	vec[1].ip = text_at(TEXT_SIZE - 4); /* one byte sticks out */
	CHECK_EQ(verify(2), -EFAULT);
	vec[1].ip = ~0UL - 2;
	CHECK_EQ(verify(2), -EFAULT);
	vec[0].ip = 0;
	CHECK_EQ(verify(1), -EFAULT);
}

UNIT(text_poke_vec, verify_refuses_malformed_words)
{
	static const u64 bad[] = {
		0,
		0x441f0f,
		INSN_WORD(3, 0x90),
		INSN_WORD(6, 0x90),
		INSN_WORD(1, 0x90cc),
		INSN_WORD(2, 0x1fffeb),
		INSN_WORD(0, 0),
		INSN_WORD(255, 0),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		LAY_OUT(16);
		vec[0].new = bad[i];
		CHECK_EQ(verify(1), -EINVAL);
		LAY_OUT(16);
		vec[0].old = bad[i];
		CHECK_EQ(verify(1), -EINVAL);
	}
}

/* I2: what the INT3 handler would do by the first byte alone, and wrongly. */
UNIT(text_poke_vec, verify_refuses_new_words_cut_short)
{
	static const u64 bad[] = {
		INSN_WORD(1, 0xe8),   INSN_WORD(1, 0xe9),
		INSN_WORD(1, 0xeb),   INSN_WORD(2, 0x10e8),
		INSN_WORD(2, 0x10e9), INSN_WORD(2, 0x9090),
		INSN_WORD(2, 0x90cc), INSN_WORD(2, 0x1f0f),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		LAY_OUT(16);
		vec[0].new = bad[i];
		CHECK_EQ(verify(1), -EINVAL);
		CHECK_EQ(bug.ip, text_at(16));
		/* As old words they are bytes like others. */
		LAY_OUT(16);
		insn_store(text + 16, bad[i]);
		vec[0].old = bad[i];
		CHECK_EQ(verify(1), 0);
	}
	LAY_OUT(16);
	vec[0].new = INSN_WORD(1, 0x0f);
	CHECK_EQ(verify(1), 0);
}

UNIT(text_poke_vec, verify_other_lengths)
{
	/* Old and new may have different lengths; only old is compared. */
	LAY_OUT(16, 21);
	vec[0].new = INSN_INT3;
	CHECK_EQ(verify(2), 0);
	text[16] = 0xcc;
	vec[0].old = INSN_INT3;
	vec[0].new = INSN_NOP5;
	CHECK_EQ(verify(2), 0);
	/* But the longer of the two must be free of the next site. */
	vec[1].ip = text_at(19);
	insn_store(text + 19, INSN_NOP5);
	CHECK_EQ(verify(2), -EINVAL);
	vec[0].new = insn_jmp8(vec[0].ip, vec[0].ip + 10);
	CHECK_EQ(verify(2), 0);
	/* A one-byte site may be the very last byte. */
	text[TEXT_SIZE - 1] = 0x55;
	vec[0].ip = text_at(TEXT_SIZE - 1);
	vec[0].old = INSN_WORD(1, 0x55);
	vec[0].new = INSN_INT3;
	CHECK_EQ(verify(1), 0);
	vec[0].new = INSN_NOP5;
	CHECK_EQ(verify(1), -EFAULT);
}
