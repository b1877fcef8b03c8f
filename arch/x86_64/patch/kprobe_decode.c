// SPDX-License-Identifier: MIT
/*
 * kprobe_decode.c - which instruction is at an address, whether it can be
 * probed, and what its slot holds.
 *
 * Owns nothing: it reads text. An instruction boundary is found by decoding
 * from the start of the function; an armed probe's first byte is taken from
 * its point, and a site is a CALL, a JMP or a NOP of five bytes alike.
 *
 * Context: task; text_mutex held, so that no batch is under way.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/insn_decode.h"
#include "arch/x86_64/patch/kprobe.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define OP_PUSH_IMM32 0x68
#define OP_HLT	      0xf4

unsigned int kprobe_original_bytes(unsigned long addr,
				   u8 bytes[KPROBE_CODE_MAX])
{
	const struct text_region *region = text_region_of(addr);
	const struct kprobe_point *point;
	unsigned int n;

	if (!region)
		return 0;
	n = (unsigned int)min_t(unsigned long, region->end - addr,
				KPROBE_CODE_MAX);
	memcpy(bytes, (const void *)addr, n);
	if (bytes[0] == INSN_OP_INT3) {
		point = kprobe_find(addr);
		if (point && point->arch.len)
			bytes[0] = point->arch.bytes[0];
	}
	return n;
}

/* Interrupts stay off until the next instruction has been executed. */
static bool delays_interrupts(enum insn_class class)
{
	return class == INSN_STI || class == INSN_SS;
}

/* Decodes from the start of the function to @addr. */
static int find_instruction(unsigned long addr, struct insn *insn,
			    u8 bytes[KPROBE_CODE_MAX])
{
	unsigned long off, size, at;
	bool delayed = false;
	unsigned int n;

	if (!kallsyms_lookup(addr, &off, &size))
		return -EINVAL;
	for (at = addr - off;; at += insn->len) {
		if (at > addr)
			return -EILSEQ;
		n = kprobe_original_bytes(at, bytes);
		if (insn_decode(bytes, n, insn))
			return -EILSEQ;
		if (at == addr)
			break;
		delayed = delays_interrupts(insn->class);
	}
	return delayed ? -EOPNOTSUPP : 0;
}

/* A near branch with 66 is one of 16 bits on some CPUs: SDM 2A, "CALL". */
static bool is_ambiguous(const struct insn *insn)
{
	return insn->prefixes & INSN_P_OPSIZE && insn->class >= INSN_CALL &&
	       insn->class <= INSN_JMP_IND;
}

static bool rsp_is_base(const struct insn *insn, const u8 *bytes)
{
	return insn_mod(insn) != 3 && insn_rm(insn) == 4 &&
	       (bytes[insn->modrm_at + 1] & 7) == 4 &&
	       !(insn->rex & INSN_REX_B);
}

static void decode_indirect(struct arch_kprobe *probe, const struct insn *insn)
{
	bool call = insn->class == INSN_CALL_IND;

	if (insn_mod(insn) == 3) {
		probe->how = call ? KPROBE_CALL_REG : KPROBE_JMP_REG;
		probe->which =
			(u8)(insn_rm(insn) | (insn->rex & INSN_REX_B ? 8 : 0));
		return;
	}
	probe->no_post = true;
}

/* Chooses how the instruction is executed. */
static int classify(struct arch_kprobe *probe, const struct insn *insn,
		    unsigned long addr)
{
	static const u8 how[] = { [INSN_CALL] = KPROBE_CALL,
				  [INSN_JMP] = KPROBE_JMP,
				  [INSN_JCC] = KPROBE_JCC,
				  [INSN_LOOP] = KPROBE_LOOP };

	probe->len = insn->len;
	switch ((enum insn_class)insn->class) {
	case INSN_PLAIN:
		return insn->map == INSN_MAP_1 && insn->opcode == OP_HLT ?
			       -EOPNOTSUPP :
			       0;
	case INSN_CALL:
	case INSN_JMP:
	case INSN_JCC:
	case INSN_LOOP:
		probe->how = how[insn->class];
		probe->target = insn_branch_target(insn, probe->bytes, addr);
		probe->which = insn->opcode &
			       (insn->class == INSN_LOOP ? 3 : 15);
		probe->short_count = insn->prefixes & INSN_P_ADDRSIZE;
		return 0;
	case INSN_RET:
		probe->how = KPROBE_RET;
		probe->pop = (u16)insn_signed(probe->bytes + insn->imm_at,
					      insn->imm_len);
		return 0;
	case INSN_CALL_IND:
		if (rsp_is_base(insn, probe->bytes))
			return -EOPNOTSUPP; /* the slot pushes first */
		decode_indirect(probe, insn);
		return 0;
	case INSN_JMP_IND:
		decode_indirect(probe, insn);
		return 0;
	case INSN_TRAP:
		return -EILSEQ;
	default:
		return -EOPNOTSUPP;
	}
}

int kprobe_decode(struct arch_kprobe *probe, unsigned long addr)
{
	struct insn insn;
	int err;

	*probe = (struct arch_kprobe){ .how = KPROBE_SLOT };
	err = find_instruction(addr, &insn, probe->bytes);
	if (err)
		return err;
	if (is_ambiguous(&insn))
		return -EOPNOTSUPP;
	return classify(probe, &insn, addr);
}

/* ---- slots ---- */

/* A copy of the instruction for the address @to. Return: its length, or 0. */
static unsigned int emit_copy(const struct arch_kprobe *probe,
			      const struct insn *insn, unsigned long addr,
			      unsigned long to, u8 *buf)
{
	long disp;

	memcpy(buf, probe->bytes, probe->len);
	if (!insn->rip_relative)
		return probe->len;
	disp = insn_signed(buf + insn->disp_at, 4) + (long)(addr - to);
	if (disp != (s32)disp)
		return 0;
	memcpy(buf + insn->disp_at, &(s32){ (s32)disp }, 4);
	return probe->len;
}

/* push return address; jmp through the same memory */
static unsigned int emit_call(const struct arch_kprobe *probe,
			      const struct insn *insn, unsigned long addr,
			      unsigned long to, u8 *buf)
{
	s32 ret = (s32)(addr + probe->len); /* all text is in the top 2 GiB */
	unsigned int n;

	buf[0] = OP_PUSH_IMM32;
	memcpy(buf + 1, &ret, 4);
	n = emit_copy(probe, insn, addr, to + 5, buf + 5);
	buf[5 + insn->modrm_at] += (4 - 2) << 3; /* FF /2 becomes /4 */
	return n ? 5 + n : 0;
}

int kprobe_slot_emit(const struct arch_kprobe *probe, unsigned long addr,
		     unsigned long slot, u8 *buf)
{
	struct insn insn;
	unsigned int n;
	u64 back;

	memset(buf, INSN_OP_INT3, EXEC_GRANULE);
	memcpy(buf + KPROBE_SLOT_ADDR, &addr, sizeof(addr));
	if (insn_decode(probe->bytes, probe->len, &insn))
		return -EOPNOTSUPP;
	if (insn.class == INSN_CALL_IND)
		return emit_call(probe, &insn, addr, slot, buf) ? 0 :
								  -EOPNOTSUPP;
	n = emit_copy(probe, &insn, addr, slot, buf);
	if (!n)
		return -EOPNOTSUPP;
	if (probe->no_post)
		return 0;
	back = insn_jmp32(slot + n, addr + probe->len);
	if (!back)
		return -EOPNOTSUPP;
	insn_store(buf + n, back);
	return emit_copy(probe, &insn, addr, slot + KPROBE_SLOT_POST,
			 buf + KPROBE_SLOT_POST) ?
		       0 :
		       -EOPNOTSUPP;
}
