// SPDX-License-Identifier: MIT
/*
 * insn_decode.c - reads prefixes, opcode, ModRM, displacement and immediate.
 *
 * Owns nothing: pure. K1 stands in insn_decode.h. Encoding: Intel SDM volume
 * 2A, chapter 2, "Instruction Format".
 */
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/lib/errno.h"

/* The bytes not read yet. */
struct reader {
	const u8 *bytes;
	unsigned int at, end;
};

static bool next_byte(struct reader *r, u8 *byte)
{
	if (r->at >= r->end)
		return false;
	*byte = r->bytes[r->at++];
	return true;
}

static u8 legacy_prefix(u8 byte)
{
	switch (byte) {
	case 0x66:
		return INSN_P_OPSIZE;
	case 0x67:
		return INSN_P_ADDRSIZE;
	case 0xf0:
		return INSN_P_LOCK;
	case 0xf2:
		return INSN_P_REPNE;
	case 0xf3:
		return INSN_P_REP;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
		return INSN_P_SEGMENT;
	default:
		return 0;
	}
}

/* Reads prefixes and opcode. Return: the entry of the opcode, or an error. */
static int read_opcode(struct reader *r, struct insn *insn)
{
	u8 byte, prefix;

	for (;;) {
		if (!next_byte(r, &byte))
			return -ENODATA;
		prefix = legacy_prefix(byte);
		if (prefix) {
			insn->prefixes |= prefix;
			insn->rex = 0; /* REX counts in front of the opcode */
		} else if ((byte & 0xf0) == 0x40) {
			insn->rex = byte;
		} else {
			break;
		}
	}
	if (byte == 0x0f) {
		insn->map = INSN_MAP_0F;
		if (!next_byte(r, &byte))
			return -ENODATA;
		if (byte == 0x38 || byte == 0x3a) {
			insn->map = byte == 0x38 ? INSN_MAP_0F38 :
						   INSN_MAP_0F3A;
			if (!next_byte(r, &byte))
				return -ENODATA;
		}
	}
	insn->opcode = byte;
	insn->opcode_at = (u8)(r->at - 1);
	switch (insn->map) {
	case INSN_MAP_1:
		return insn_map_1[byte];
	case INSN_MAP_0F:
		return insn_map_0f[byte];
	case INSN_MAP_0F38:
		return T_M;
	default:
		return T_M_B;
	}
}

static bool has_modrm(enum insn_operands operands)
{
	return operands == T_M || operands == T_M_B || operands == T_M_Z ||
	       operands == T_R || operands == T_M_TEST || operands == T_M_TESTZ;
}

/* The length of the displacement, and a SIB byte if there is one: 2A 2.1.5 */
static int read_memory(struct reader *r, struct insn *insn)
{
	u8 sib, base = insn_rm(insn);

	if (base == 4) {
		if (!next_byte(r, &sib))
			return -ENODATA;
		base = sib & 7;
	} else if (base == 5 && insn_mod(insn) == 0) {
		insn->rip_relative = true;
	}
	if (insn_mod(insn) == 1)
		insn->disp_len = 1;
	else if (insn_mod(insn) == 2 || base == 5)
		insn->disp_len = 4;
	if (insn->disp_len)
		insn->disp_at = (u8)r->at;
	r->at += insn->disp_len;
	return 0;
}

static int read_modrm(struct reader *r, struct insn *insn, int entry)
{
	bool reg_only = T_OPERANDS(entry) == T_R;

	insn->modrm_at = (u8)r->at;
	if (!next_byte(r, &insn->modrm))
		return -ENODATA;
	switch (T_RULE(entry)) {
	case RULE_MEMORY:
		if (insn_mod(insn) == 3)
			return -EINVAL;
		break;
	case RULE_REG:
		if (insn_mod(insn) != 3)
			return -EINVAL;
		break;
	case RULE_GROUP:
		if (!(insn_group_mask(insn->map, insn->opcode) >>
			      insn_reg(insn) &
		      1))
			return -EINVAL;
		break;
	}
	return insn_mod(insn) == 3 || reg_only ? 0 : read_memory(r, insn);
}

/* An immediate that follows the operand size: SDM 2A, table 3-1 and 2.2.1.5 */
static u8 size_z(const struct insn *insn)
{
	return insn->prefixes & INSN_P_OPSIZE && !(insn->rex & INSN_REX_W) ? 2 :
									     4;
}

static u8 immediate_len(const struct insn *insn, enum insn_operands operands)
{
	switch (operands) {
	case T_M_B:
	case T_B:
	case T_REL8:
		return 1;
	case T_W:
		return 2;
	case T_W_B:
		return 3;
	case T_M_Z:
	case T_Z:
		return size_z(insn);
	case T_REL32:
		return 4;
	case T_V:
		return insn->rex & INSN_REX_W ? 8 : size_z(insn);
	case T_ADDR:
		return insn->prefixes & INSN_P_ADDRSIZE ? 4 : 8;
	case T_M_TEST:
		return insn_reg(insn) < 2 ? 1 : 0;
	case T_M_TESTZ:
		return insn_reg(insn) < 2 ? size_z(insn) : 0;
	default:
		return 0;
	}
}

/* The class of the members of a group. */
static enum insn_class group_class(const struct insn *insn)
{
	static const u8 of_ff[8] = {
		INSN_PLAIN,   INSN_PLAIN, INSN_CALL_IND, INSN_FAR,
		INSN_JMP_IND, INSN_FAR,	  INSN_PLAIN,
	};

	if (insn->map == INSN_MAP_1 && insn->opcode == 0xff)
		return of_ff[insn_reg(insn)];
	if (insn->map == INSN_MAP_1 && insn->opcode == 0x8e)
		return insn_reg(insn) == 2 ? INSN_SS : INSN_PLAIN;
	/* VMCALL, VMLAUNCH, ...: 0F 01 C1-C4; SVM: D8-DF */
	if (insn->map == INSN_MAP_0F && insn->opcode == 0x01 &&
	    insn_mod(insn) == 3 && (insn_reg(insn) == 0 || insn_reg(insn) == 3))
		return INSN_SYSTEM;
	return INSN_PLAIN;
}

/* Encodings that are valid for some /reg and mod only, or for no prefix. */
static int check_special(const struct insn *insn)
{
	bool mod3 = insn->modrm_at && insn_mod(insn) == 3;
	unsigned int reg = insn_reg(insn);

	if (insn->map == INSN_MAP_1) {
		if (insn->opcode == 0xff && mod3 && (reg == 3 || reg == 5))
			return -EINVAL; /* a far pointer lies in memory */
		return 0;
	}
	if (insn->map != INSN_MAP_0F)
		return 0;
	switch (insn->opcode) {
	case 0x78: /* 66, F2: SSE4a with two immediates, AMD alone */
	case 0x79:
		return insn->prefixes & (INSN_P_OPSIZE | INSN_P_REPNE) ?
			       -EOPNOTSUPP :
			       0;
	case 0xb8: /* without F3 it is JMPE of another architecture */
		return insn->prefixes & INSN_P_REP ? 0 : -EINVAL;
	case 0xc7:
		return reg == 1 && mod3 ? -EINVAL : 0;
	default:
		return 0;
	}
}

/* May LOCK precede it? SDM 2A, "LOCK": these, and with memory as operand. */
static bool lockable(const struct insn *insn)
{
	/* mask: bit n is set if /n is one; CMP is none */
	static const struct {
		u8 map, opcode, last, mask;
	} list[] = {
		{ INSN_MAP_1, 0x80, 0x81, 0x7f },  /* ADD to XOR */
		{ INSN_MAP_1, 0x83, 0x83, 0x7f },  /* the same */
		{ INSN_MAP_1, 0x86, 0x87, 0xff },  /* XCHG */
		{ INSN_MAP_1, 0xf6, 0xf7, 0x0c },  /* NOT NEG */
		{ INSN_MAP_1, 0xfe, 0xff, 0x03 },  /* INC DEC */
		{ INSN_MAP_0F, 0xab, 0xab, 0xff }, /* BTS */
		{ INSN_MAP_0F, 0xb0, 0xb1, 0xff }, /* CMPXCHG */
		{ INSN_MAP_0F, 0xb3, 0xb3, 0xff }, /* BTR */
		{ INSN_MAP_0F, 0xba, 0xba, 0xe0 }, /* BTS BTR BTC */
		{ INSN_MAP_0F, 0xbb, 0xbb, 0xff }, /* BTC */
		{ INSN_MAP_0F, 0xc0, 0xc1, 0xff }, /* XADD */
		{ INSN_MAP_0F, 0xc7, 0xc7, 0x02 }, /* CMPXCHG8B */
	};
	size_t i;

	if (!insn->modrm_at || insn_mod(insn) == 3)
		return false;
	if (insn->map == INSN_MAP_1 && insn->opcode < 0x38)
		return (insn->opcode & 7) < 2; /* ADD to XOR, to memory */
	for (i = 0; i < ARRAY_SIZE(list); i++)
		if (list[i].map == insn->map &&
		    list[i].opcode <= insn->opcode &&
		    insn->opcode <= list[i].last)
			return list[i].mask >> insn_reg(insn) & 1;
	return false;
}

int insn_decode(const u8 *bytes, unsigned int avail, struct insn *insn)
{
	struct reader r = { bytes, 0, avail };
	enum insn_operands operands;
	int entry, err;

	*insn = (struct insn){ .len = 0 };
	if (r.end > INSN_LEN_MAX)
		r.end = INSN_LEN_MAX;
	entry = read_opcode(&r, insn);
	if (entry < 0)
		goto cut;
	operands = T_OPERANDS(entry);
	if (operands == T_BAD)
		return -EINVAL;
	if (operands == T_VECTOR)
		return -EOPNOTSUPP;
	if (has_modrm(operands)) {
		err = read_modrm(&r, insn, entry);
		if (err == -EINVAL)
			return err;
		if (err)
			goto cut;
	}
	err = check_special(insn);
	if (err)
		return err;
	if (insn->prefixes & INSN_P_LOCK && !lockable(insn))
		return -EINVAL;
	insn->imm_len = immediate_len(insn, operands);
	insn->imm_at = insn->imm_len ? (u8)r.at : 0;
	r.at += insn->imm_len;
	if (r.at > r.end)
		goto cut;
	insn->len = (u8)r.at;
	insn->class = T_CLASS(entry);
	if (insn->class == INSN_PLAIN)
		insn->class = (u8)group_class(insn);
	return 0;
cut:
	return avail < INSN_LEN_MAX ? -ENODATA : -EINVAL;
}

long insn_signed(const u8 *bytes, unsigned int len)
{
	unsigned long value = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		value |= (unsigned long)bytes[i] << (8 * i);
	if (len && len < 8 && value >> (8 * len - 1))
		value |= ~0UL << (8 * len);
	return (long)value;
}

unsigned long insn_branch_target(const struct insn *insn, const u8 *bytes,
				 unsigned long ip)
{
	return ip + insn->len +
	       (unsigned long)insn_signed(bytes + insn->imm_at, insn->imm_len);
}
