/* SPDX-License-Identifier: MIT */
/*
 * classes.h - the differences between our decoder and libcapstone 4.0.2 that
 * are known, each with the section that decides: Intel SDM unless it says
 * otherwise. The first class that explains a difference counts it.
 */
#pragma once

#include "arch/x86_64/patch/insn_decode.h"

struct verdict {
	const unsigned char *bytes;
	const unsigned char *op; /* the first byte that is no prefix */
	unsigned int prefixes;	 /* INSN_P_* in front of it */
	bool rex;
	int err; /* ours; 0: accepted */
	struct insn ours;
	unsigned int theirs; /* their length; 0: refused */
};

/* Both accept it with different lengths. */
static bool lengths(const struct verdict *v)
{
	return !v->err && v->theirs;
}

static bool ours_alone(const struct verdict *v)
{
	return !v->err && !v->theirs;
}

static bool theirs_alone(const struct verdict *v)
{
	return v->err && v->theirs;
}

/* The second byte of a two-byte opcode, or -1. */
static int second(const struct verdict *v)
{
	return v->op[0] == 0x0f ? v->op[1] : -1;
}

static bool near_branch_66(const struct verdict *v)
{
	return lengths(v) && v->prefixes & (INSN_P_OPSIZE | INSN_P_ADDRSIZE) &&
	       (v->op[0] == 0xe8 || v->op[0] == 0xe9 ||
		(second(v) & ~0xf) == 0x80);
}

static bool undefined_with_modrm(const struct verdict *v)
{
	return !v->err && (second(v) == 0xb9 || second(v) == 0xff);
}

static bool ret_by_size(const struct verdict *v)
{
	return lengths(v) && v->op[0] == 0xc2 &&
	       v->prefixes & (INSN_P_ADDRSIZE | INSN_P_OPSIZE);
}

static bool redundant(const struct verdict *v)
{
	return !v->err && v->prefixes & (INSN_P_REP | INSN_P_REPNE) &&
	       v->prefixes & INSN_P_OPSIZE;
}

static bool x87_reserved(const struct verdict *v)
{
	return ours_alone(v) && (v->op[0] & 0xf8) == 0xd8;
}

static bool rex_and_segment(const struct verdict *v)
{
	return ours_alone(v) && (v->op[0] == 0x8c || v->op[0] == 0x8e) &&
	       v->rex;
}

static bool bad_segment(const struct verdict *v)
{
	return theirs_alone(v) && v->op[0] == 0x8e &&
	       ((v->op[1] >> 3 & 7) == 1 || (v->op[1] >> 3 & 7) > 5);
}

static bool vector(const struct verdict *v)
{
	return theirs_alone(v) && (v->op[0] == 0xc4 || v->op[0] == 0xc5 ||
				   v->op[0] == 0x62 || v->op[0] == 0x8f);
}

static bool amd_3dnow(const struct verdict *v)
{
	return theirs_alone(v) && (second(v) == 0x0e || second(v) == 0x0f);
}

static bool amd_sse4a(const struct verdict *v)
{
	return theirs_alone(v) && (second(v) == 0x78 || second(v) == 0x79);
}

static bool bad_lock(const struct verdict *v)
{
	return theirs_alone(v) && v->prefixes & INSN_P_LOCK;
}

static bool transactions(const struct verdict *v)
{
	return theirs_alone(v) && (v->op[0] & 0xfe) == 0xc6 && v->op[1] == 0xf8;
}

static bool mandatory_prefix(const struct verdict *v)
{
	static const unsigned char op[] = { 0x12, 0x13, 0x16, 0x17, 0x2b, 0x50,
					    0x6c, 0x6d, 0x70, 0x7c, 0x7d, 0xc2,
					    0xd0, 0xd6, 0xe6, 0xe7, 0xf0 };
	size_t i;

	if (v->err || v->op[0] != 0x0f)
		return false;
	if (v->op[1] == 0x38 || v->op[1] == 0x3a)
		return true;
	/* With F2 or F3 most of the vector opcodes are reserved. */
	if (v->prefixes & (INSN_P_REP | INSN_P_REPNE) && v->op[1] >= 0x10 &&
	    v->op[1] != 0x1f && ours_alone(v))
		return true;
	for (i = 0; i < sizeof(op); i++)
		if (op[i] == v->op[1])
			return ours_alone(v);
	return false;
}

static bool reserved_nop(const struct verdict *v)
{
	return ours_alone(v) && (second(v) == 0x0d || second(v) == 0x1f ||
				 (second(v) & ~7) == 0x18);
}

static bool reserved_member(const struct verdict *v)
{
	int op = second(v);

	return ours_alone(v) && (op == 0x00 || op == 0x01 || op == 0xae ||
				 op == 0xc7 || (op >= 0x71 && op <= 0x73));
}

static bool padlock(const struct verdict *v)
{
	return theirs_alone(v) && (second(v) == 0xa6 || second(v) == 0xa7);
}

static const struct {
	const char *name, *section;
	bool (*explains)(const struct verdict *v);
} classes[] = {
	{ "66 or 67 before a near branch",
	  "2A CALL, Jcc; 2B JMP: 64-bit operand", near_branch_66 },
	{ "UD0 and UD1 have a ModRM byte", "2B UD", undefined_with_modrm },
	{ "prefixes do not size the imm16 of RET", "2B RET", ret_by_size },
	{ "66 beside F2 or F3", "2A 2.1.1 Instruction Prefixes", redundant },
	{ "reserved x87 encoding", "2D A.5 Escape Opcode Instructions",
	  x87_reserved },
	{ "REX before MOV with a segment register", "2A 2.2.1.2; 2B MOV",
	  rex_and_segment },
	{ "MOV to CS or to no segment register", "2B MOV: #UD", bad_segment },
	{ "LOCK where it is not allowed", "2A LOCK: #UD", bad_lock },
	{ "VEX, EVEX, XOP", "2A 2.3, 2.7; AMD APM 6 1.9", vector },
	{ "3DNow!", "AMD APM 3 A.1", amd_3dnow },
	{ "SSE4a", "AMD APM 4 EXTRQ, INSERTQ", amd_sse4a },
	{ "XABORT, XBEGIN", "2D 6 XABORT, XBEGIN", transactions },
	{ "vector opcode without a valid mandatory prefix", "2D A.3",
	  mandatory_prefix },
	{ "reserved NOP or prefetch", "2B NOP, PREFETCHW; 2D A.3",
	  reserved_nop },
	{ "reserved member of a group", "2D A.4 table A-6", reserved_member },
	{ "VIA PadLock", "2D A.3: no such opcode", padlock },
};
