// SPDX-License-Identifier: MIT
/*
 * ftrace_args.c - can a function be called from a target instead of from its
 * caller?
 *
 * Owns nothing: it reads text. A target that calls the rest of a function has a
 * frame of its own between the caller's and the function's. That is wrong for a
 * function with arguments on the stack, or one that looks at its return address
 * or its caller's frame. The code shows which do:
 *
 *	[rsp + ...], rsp	before rbp is set, or if it never is
 *	[rbp + 8] and above	from then on
 *	rbp as a value		the frame's address goes elsewhere
 *
 * What another function jumps to may be its cold part, where rbp has been set.
 *
 * Where a branch comes before rbp is set, the two may be mixed, and neither is
 * allowed.
 *
 * A function that it jumps to gets the same stack, so the answer must be yes
 * for that one, too. If it has a site, its users would take the target for its
 * caller: a no. What cannot be followed is a no, and so is a function that
 * calls itself, whose frames would need a multiple of the stack.
 *
 * Context: task.
 */
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/insn_decode.h"
#include "arch/x86_64/patch/kprobe.h"
#include "arch/x86_64/patch/text_poke.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "trace/arch_ftrace.h"

#define RSP	   4
#define RBP	   5
#define JUMPS_MAX  4	/* functions that jump one to the other */
#define BYTES_MAX  8192 /* of a function */
#define FIRST_SEEN 8	/* [rbp + 8]: the return address */

struct function {
	unsigned long start, end;
	unsigned int jumps; /* that led here */
	bool framed;	    /* rbp has been set */
	bool branched;	    /* there was a branch before that */
};

static bool in_registers(unsigned long start, unsigned int jumps);

/* The base register of a memory operand; -1: none. */
static int base_of(const struct insn *insn, const u8 *bytes)
{
	unsigned int rm = insn_rm(insn), base;

	if (!insn->modrm_at || insn_mod(insn) == 3 || insn->rip_relative)
		return -1;
	base = rm == RSP ? bytes[insn->modrm_at + 1] & 7U : rm;
	if (base == RBP && insn_mod(insn) == 0)
		return -1; /* a displacement alone */
	return insn->rex & INSN_REX_B ? -1 : (int)base;
}

/* Does ModRM's reg field extend the opcode? SDM 2D, table A-6. */
static bool extends_opcode(const struct insn *insn)
{
	u8 op = insn->opcode;

	if (insn->map == INSN_MAP_0F)
		return op <= 0x01 || op == 0x0d || (op >= 0x18 && op <= 0x1f) ||
		       op == 0xae || op == 0xba || op == 0xc7;
	return insn->map == INSN_MAP_1 &&
	       ((op >= 0x80 && op <= 0x83) || op == 0x8f ||
		(op & 0xfe) == 0xc0 || (op & 0xfe) == 0xc6 ||
		(op & 0xfc) == 0xd0 || (op & 0xfe) == 0xf6 || op >= 0xfe);
}

/* Is @reg an operand by itself, in ModRM? */
static bool has_register(const struct insn *insn, unsigned int reg)
{
	if (!insn->modrm_at)
		return false;
	if (insn_mod(insn) == 3 && insn_rm(insn) == reg &&
	    !(insn->rex & INSN_REX_B))
		return true;
	return insn_reg(insn) == reg && !(insn->rex & INSN_REX_R) &&
	       !extends_opcode(insn);
}

/* Does it look above the frame? */
static bool looks_up(const struct function *fn, const struct insn *insn,
		     const u8 *bytes)
{
	int base = base_of(insn, bytes);

	if (!fn->framed || fn->branched)
		if (base == RSP || has_register(insn, RSP))
			return true;
	if (!fn->framed && !fn->jumps)
		return false;
	if (base == RBP)
		return insn_signed(bytes + insn->disp_at, insn->disp_len) >=
		       FIRST_SEEN;
	return has_register(insn, RBP);
}

/* May control go where this branch goes? */
static bool branch_ok(const struct function *fn, const struct insn *insn,
		      const u8 *bytes, unsigned long ip)
{
	unsigned long to;

	if (insn->class == INSN_JMP_IND)
		return false;
	if (insn->class < INSN_CALL || insn->class > INSN_LOOP)
		return true;
	to = insn_branch_target(insn, bytes, ip);
	if (insn->class == INSN_CALL)
		return to != fn->start;
	if (to > fn->start && to < fn->end)
		return true;
	return to != fn->start && in_registers(to, fn->jumps + 1);
}

/* mov rbp, rsp */
static bool sets_frame(const struct insn *insn, const u8 *bytes)
{
	static const u8 mov[] = { 0x48, 0x89, 0xe5 };

	return insn->len == sizeof(mov) && !memcmp(bytes, mov, sizeof(mov));
}

static bool insn_ok(struct function *fn, const struct insn *insn,
		    const u8 *bytes, unsigned long ip)
{
	if (!fn->framed && sets_frame(insn, bytes)) {
		fn->framed = true;
		return true;
	}
	fn->branched |= !fn->framed && insn->class != INSN_PLAIN &&
			insn->class != INSN_RET;
	if (insn->class == INSN_RET && insn->imm_len)
		return false; /* it pops arguments */
	return !looks_up(fn, insn, bytes) && branch_ok(fn, insn, bytes, ip);
}

/* The first instruction behind the site. A function that is jumped to has none.
 */
static unsigned long body_of(const struct function *fn)
{
	u64 word = insn_load((const void *)fn->start, INSN_MAX);

	switch (insn_kind(word)) {
	case INSN_KIND_NOP5:
	case INSN_KIND_CALL:
	case INSN_KIND_JMP32:
		return fn->jumps ? 0 : fn->start + MCOUNT_INSN_SIZE;
	default:
		return fn->start;
	}
}

static bool walk(struct function *fn)
{
	u8 bytes[KPROBE_CODE_MAX];
	unsigned long at = body_of(fn);
	struct insn insn;
	unsigned int n;

	if (!at)
		return false;
	for (; at < fn->end; at += insn.len) {
		n = kprobe_original_bytes(at, bytes);
		if (insn_decode(bytes, n, &insn) ||
		    !insn_ok(fn, &insn, bytes, at))
			return false;
	}
	return true;
}

/* @start: of a function; @jumps: how many it took from the first one. */
static bool in_registers(unsigned long start, unsigned int jumps)
{
	struct function fn = { .start = start, .jumps = jumps };
	unsigned long off, size;

	if (jumps > JUMPS_MAX || !kallsyms_lookup(start, &off, &size) || off ||
	    size > BYTES_MAX)
		return false;
	fn.end = start + size;
	return walk(&fn);
}

bool arch_ftrace_in_registers(unsigned long ip)
{
	bool yes;

	mutex_lock(&text_mutex);
	yes = in_registers(ip, 0);
	mutex_unlock(&text_mutex);
	return yes;
}
