/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: how long an instruction is, where its fields lie,
 * and whether it depends on its address.
 *
 * Scope: 64-bit mode; the one-byte map, 0F, 0F 38 and 0F 3A. The kernel is
 * compiled for general registers only, so VEX, EVEX, XOP and 3DNow! encodings
 * are refused. Tables in insn_table.c hold what each opcode has. Opcodes and
 * their operands: Intel SDM volume 2, appendix A, "Opcode Map".
 *
 * K1 A length is that of the SDM, or the decoder refuses the bytes. (Judged by
 *    another decoder: tests/decode/.)
 *
 * Pure: reads only the bytes passed. Context: any.
 */
#pragma once

#include "kernel/lib/types.h"

#define INSN_LEN_MAX 15 /* SDM 2A 2.3.11: a longer one raises #GP */

/* What an instruction does beyond data: decides how a probe executes it. */
enum insn_class {
	INSN_PLAIN,    /* next instruction follows; may use [rip + disp] */
	INSN_CALL,     /* E8 */
	INSN_JMP,      /* EB, E9 */
	INSN_JCC,      /* 70-7F, 0F 80-8F */
	INSN_LOOP,     /* E0-E3: LOOPNE, LOOPE, LOOP, JRCXZ */
	INSN_RET,      /* C3, C2 */
	INSN_CALL_IND, /* FF /2 */
	INSN_JMP_IND,  /* FF /4 */
	INSN_FAR,      /* CA, CB, FF /3, FF /5 */
	INSN_IRET,     /* CF */
	INSN_TRAP,     /* INT3, INT n, INT1, UD0, UD1, UD2 */
	INSN_STI,      /* FB: no interrupt until after the next instruction */
	INSN_SS,       /* MOV to SS: the same, and debug exceptions */
	INSN_SYSTEM,   /* SYSCALL, SYSRET, ...: leave by ways of their own */
};

/* Bits of struct insn.prefixes. */
#define INSN_P_OPSIZE	BIT(0) /* 66 */
#define INSN_P_ADDRSIZE BIT(1) /* 67 */
#define INSN_P_LOCK	BIT(2) /* F0 */
#define INSN_P_REPNE	BIT(3) /* F2 */
#define INSN_P_REP	BIT(4) /* F3 */
#define INSN_P_SEGMENT	BIT(5) /* 2E 36 3E 26 64 65 */

enum insn_map { INSN_MAP_1, INSN_MAP_0F, INSN_MAP_0F38, INSN_MAP_0F3A };

struct insn {
	u8 len;
	u8 prefixes; /* INSN_P_* */
	u8 rex;	     /* 40-4F if it is in force, else 0 */
	u8 map;	     /* enum insn_map */
	u8 opcode;
	u8 modrm; /* if modrm_at */
	u8 class; /* enum insn_class */
	/* Offsets from the first byte; 0: there is none. */
	u8 opcode_at, modrm_at, disp_at, imm_at;
	u8 disp_len, imm_len;
	bool rip_relative; /* its memory operand is [rip + disp32] */
};

#define INSN_REX_W 8
#define INSN_REX_R 4
#define INSN_REX_X 2
#define INSN_REX_B 1

/**
 * insn_decode - decode the instruction at @bytes
 * @avail: the number of bytes that may be read
 *
 * Return: 0; -EINVAL no instruction of 64-bit mode; -EOPNOTSUPP an encoding
 * outside the scope; -ENODATA it does not end within @avail. No other code is
 * returned. On an error *insn is undefined.
 */
int insn_decode(const u8 *bytes, unsigned int avail, struct insn *insn);

static __always_inline unsigned int insn_mod(const struct insn *insn)
{
	return insn->modrm >> 6;
}

static __always_inline unsigned int insn_reg(const struct insn *insn)
{
	return insn->modrm >> 3 & 7;
}

static __always_inline unsigned int insn_rm(const struct insn *insn)
{
	return insn->modrm & 7;
}

/**
 * insn_signed - the signed little-endian number of @len bytes at @bytes
 * For displacements and immediates; len is 1, 2, 4 or 8 (0 gives 0).
 */
long insn_signed(const u8 *bytes, unsigned int len);

/*
 * The target of a CALL, JMP, JCC or LOOP, whose bytes are those of an
 * instruction at ip.
 */
unsigned long insn_branch_target(const struct insn *insn, const u8 *bytes,
				 unsigned long ip);

/* ---- insn_table.c ---- */

/* What follows an opcode; T_ENTRY() of a table. */
enum insn_operands {
	T_NONE,	   /* nothing */
	T_M,	   /* ModRM */
	T_M_B,	   /* ModRM, imm8 */
	T_M_Z,	   /* ModRM, imm16 or imm32 by operand size */
	T_B,	   /* imm8 */
	T_W,	   /* imm16 */
	T_W_B,	   /* imm16, imm8 */
	T_Z,	   /* imm16 or imm32 */
	T_V,	   /* imm16, imm32 or imm64 */
	T_ADDR,	   /* an address of 8 bytes, 4 with 67 */
	T_REL8,	   /* a displacement of the ip */
	T_REL32,   /* the same; 66 does not shorten it: SDM 2A, "Jcc" */
	T_R,	   /* ModRM of registers alone, whatever its mod: 0F 20-23 */
	T_M_TEST,  /* ModRM; /0 and /1 have an imm8: F6 */
	T_M_TESTZ, /* ModRM; /0 and /1 have imm16 or imm32: F7 */
	T_PREFIX,
	T_ESCAPE, /* 0F, 0F 38, 0F 3A */
	T_VECTOR, /* VEX, EVEX, XOP, 3DNow!: out of scope */
	T_BAD,	  /* no instruction in 64-bit mode */
};

/*
 * An entry of a table: operands in bits 0-4, what of ModRM is valid in bits
 * 5-7, class in bits 8-11.
 */
#define T_OPERANDS(entry) ((entry)&0x1f)
#define T_RULE(entry)	  ((entry) >> 5 & 7)
#define T_CLASS(entry)	  ((entry) >> 8)

enum insn_rule {
	RULE_NONE,
	RULE_MEMORY, /* mod 3 is invalid */
	RULE_REG,    /* mod 3 only */
	RULE_GROUP,  /* the valid /reg stand in insn_group_mask() */
};

extern const u16 insn_map_1[256], insn_map_0f[256];

/* RULE_GROUP: bit n is set if /n is valid. */
u8 insn_group_mask(enum insn_map map, u8 opcode);
