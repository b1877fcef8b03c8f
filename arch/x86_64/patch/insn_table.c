// SPDX-License-Identifier: MIT
/*
 * insn_table.c - the opcode maps of insn_decode.h: Intel SDM volume 2, appendix
 * A, tables and A-6 (groups).
 *
 * Owns nothing: constants. Rows are the high, columns the low half of an
 * opcode. Of a group only the valid members count; their classes that depend
 * on /reg (FF, 8E, 0F 01) are set by the decoder.
 */
#include "arch/x86_64/patch/insn_decode.h"

/* clang-format off */

/* One entry each; a letter pair is easier to compare with the manual's rows. */
#define __   T_NONE
#define M    T_M
#define MB   T_M_B
#define MZ   T_M_Z
#define B    T_B
#define Z    T_Z
#define V    T_V
#define AD   T_ADDR
#define XX   T_BAD
#define PF   T_PREFIX
#define ES   T_ESCAPE
#define VX   T_VECTOR
#define RR   T_R
#define MM   (T_M | RULE_MEMORY << 5)
#define MR   (T_M | RULE_REG << 5)
#define GM   (T_M | RULE_GROUP << 5)
#define GB   (T_M_B | RULE_GROUP << 5)
#define GZ   (T_M_Z | RULE_GROUP << 5)
#define RB   (T_M_B | RULE_REG << 5)
#define T6   T_M_TEST
#define T7   T_M_TESTZ
#define JC   (T_REL8 | INSN_JCC << 8)
#define JL   (T_REL32 | INSN_JCC << 8)
#define LP   (T_REL8 | INSN_LOOP << 8)
#define JS   (T_REL8 | INSN_JMP << 8)
#define JZ   (T_REL32 | INSN_JMP << 8)
#define CA   (T_REL32 | INSN_CALL << 8)
#define RW   (T_W | INSN_RET << 8)
#define RN   (T_NONE | INSN_RET << 8)
#define FW   (T_W | INSN_FAR << 8)
#define FN   (T_NONE | INSN_FAR << 8)
#define IR   (T_NONE | INSN_IRET << 8)
#define TN   (T_NONE | INSN_TRAP << 8)
#define TB   (T_B | INSN_TRAP << 8)
#define TM   (T_M | INSN_TRAP << 8)
#define SI   (T_NONE | INSN_STI << 8)
#define SY   (T_NONE | INSN_SYSTEM << 8)
#define EN   T_W_B

const u16 insn_map_1[256] = {
	/* 0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
	M,  M,  M,  M,  B,  Z,  XX, XX, M,  M,  M,  M,  B,  Z,  XX, ES, /* 0 */
	M,  M,  M,  M,  B,  Z,  XX, XX, M,  M,  M,  M,  B,  Z,  XX, XX, /* 1 */
	M,  M,  M,  M,  B,  Z,  PF, XX, M,  M,  M,  M,  B,  Z,  PF, XX, /* 2 */
	M,  M,  M,  M,  B,  Z,  PF, XX, M,  M,  M,  M,  B,  Z,  PF, XX, /* 3 */
	PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, PF, /* 4 */
	__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, /* 5 */
	XX, XX, VX, M,  PF, PF, PF, PF, Z,  MZ, B,  MB, __, __, __, __, /* 6 */
	JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, /* 7 */
	MB, MZ, XX, MB, M,  M,  M,  M,  M,  M,  M,  M,  GM, MM, GM, GM, /* 8 */
	__, __, __, __, __, __, __, __, __, __, XX, __, __, __, __, __, /* 9 */
	AD, AD, AD, AD, __, __, __, __, B,  Z,  __, __, __, __, __, __, /* a */
	B,  B,  B,  B,  B,  B,  B,  B,  V,  V,  V,  V,  V,  V,  V,  V,  /* b */
	MB, MB, RW, RN, VX, VX, GB, GZ, EN, __, FW, FN, TN, TB, XX, IR, /* c */
	M,  M,  M,  M,  XX, XX, XX, __, M,  M,  M,  M,  M,  M,  M,  M,  /* d */
	LP, LP, LP, LP, B,  B,  B,  B,  CA, JZ, XX, JS, __, __, __, __, /* e */
	PF, TN, PF, PF, __, __, T6, T7, __, __, __, SI, __, __, GM, GM, /* f */
};

const u16 insn_map_0f[256] = {
	/* 0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
	GM, M,  M,  M,  XX, SY, __, SY, __, __, XX, TN, XX, M,  VX, VX, /* 0 */
	M,  M,  M,  MM, M,  M,  M,  MM, M,  M,  M,  M,  M,  M,  M,  M,  /* 1 */
	RR, RR, RR, RR, XX, XX, XX, XX, M,  M,  M,  MM, M,  M,  M,  M,  /* 2 */
	__, __, __, __, SY, SY, XX, __, ES, XX, ES, XX, XX, XX, XX, XX, /* 3 */
	M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  /* 4 */
	MR, M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  /* 5 */
	M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  /* 6 */
	MB, RB, RB, RB, M,  M,  M,  __, M,  M,  XX, XX, M,  M,  M,  M,  /* 7 */
	JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, JL, /* 8 */
	M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  /* 9 */
	__, __, __, M,  MB, M,  XX, XX, __, __, __, M,  MB, M,  M,  M,  /* a */
	M,  M,  MM, M,  MM, MM, M,  M,  M,  TM, GB, M,  M,  M,  M,  M,  /* b */
	M,  M,  MB, MM, MB, RB, MB, GM, __, __, __, __, __, __, __, __, /* c */
	M,  M,  M,  M,  M,  M,  M,  MR, M,  M,  M,  M,  M,  M,  M,  M,  /* d */
	M,  M,  M,  M,  M,  M,  M,  MM, M,  M,  M,  M,  M,  M,  M,  M,  /* e */
	MM, M,  M,  M,  M,  M,  M,  MR, M,  M,  M,  M,  M,  M,  M,  TM, /* f */
};
/* clang-format on */

u8 insn_group_mask(enum insn_map map, u8 opcode)
{
	static const struct {
		u8 map, opcode, mask;
	} groups[] = {
		{ INSN_MAP_1, 0x8c, 0x3f },  /* from ES CS SS DS FS GS */
		{ INSN_MAP_1, 0x8e, 0x3d },  /* to these, but never to CS */
		{ INSN_MAP_1, 0x8f, 0x01 },  /* POP; the others are XOP */
		{ INSN_MAP_1, 0xc6, 0x01 },  /* MOV; /7 is XABORT */
		{ INSN_MAP_1, 0xc7, 0x01 },  /* MOV; /7 is XBEGIN */
		{ INSN_MAP_1, 0xfe, 0x03 },  /* INC DEC */
		{ INSN_MAP_1, 0xff, 0x7f },  /* INC DEC CALL JMP PUSH */
		{ INSN_MAP_0F, 0x00, 0x3f }, /* SLDT STR LLDT LTR VERR VERW */
		{ INSN_MAP_0F, 0xba, 0xf0 }, /* BT BTS BTR BTC */
		{ INSN_MAP_0F, 0xc7, 0xfa }, /* CMPXCHG8B, XSAVEC, RDRAND... */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i].map == map && groups[i].opcode == opcode)
			return groups[i].mask;
	return 0;
}
