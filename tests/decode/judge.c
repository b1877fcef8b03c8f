// SPDX-License-Identifier: MIT
/*
 * judge.c - compares arch/x86_64/patch/insn_decode.c with libcapstone.
 *
 * judge lines	reads "address hexbytes" lines, one instruction each, and
 *		compares length, [rip + disp] and the target of branches
 * judge random N SEED	compares the lengths of N random strings
 *
 * Each difference that a class in classes[] explains is counted there; one
 * that no class explains is printed, and the exit status is 1. Output, one
 * line each: "NAME COUNT section", for both, equal and every class.
 */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/decode/classes.h"

#define STRING 16
#define SHOWN  20 /* unexplained differences that are printed */

static unsigned long both, equal, ours_only, theirs_only, unexplained;
static unsigned long found[sizeof(classes) / sizeof(classes[0])];

/* Skips the prefixes without our decoder. */
static void find_opcode(struct verdict *v)
{
	static const struct {
		unsigned char byte, bit;
	} legacy[] = { { 0x66, INSN_P_OPSIZE },	 { 0x67, INSN_P_ADDRSIZE },
		       { 0xf0, INSN_P_LOCK },	 { 0xf2, INSN_P_REPNE },
		       { 0xf3, INSN_P_REP },	 { 0x26, INSN_P_SEGMENT },
		       { 0x2e, INSN_P_SEGMENT }, { 0x36, INSN_P_SEGMENT },
		       { 0x3e, INSN_P_SEGMENT }, { 0x64, INSN_P_SEGMENT },
		       { 0x65, INSN_P_SEGMENT } };
	size_t i;

	v->prefixes = 0;
	v->rex = false;
	for (v->op = v->bytes; v->op < v->bytes + STRING - 2; v->op++) {
		for (i = 0; i < sizeof(legacy) / sizeof(legacy[0]); i++)
			if (legacy[i].byte == *v->op)
				break;
		if (i < sizeof(legacy) / sizeof(legacy[0]))
			v->prefixes |= legacy[i].bit;
		else if ((*v->op & 0xf0) == 0x40)
			v->rex = true;
		else
			break;
	}
}

static void explain(struct verdict *v)
{
	size_t i;

	find_opcode(v);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].explains(v)) {
			found[i]++;
			return;
		}
	if (unexplained++ >= SHOWN)
		return;
	printf("# ours %d (len %u), theirs %u:", v->err,
	       v->err ? 0 : v->ours.len, v->theirs);
	for (i = 0; i < STRING; i++)
		printf(" %02x", v->bytes[i]);
	printf("\n");
}

static void compare(struct verdict *v)
{
	if (v->err && !v->theirs)
		return;
	if (!v->err && v->theirs) {
		both++;
		if (v->ours.len == v->theirs) {
			equal++;
			return;
		}
	} else if (v->err) {
		theirs_only++;
	} else {
		ours_only++;
	}
	explain(v);
}

static csh handle;
static cs_insn *theirs;

static void judge(const unsigned char *bytes, size_t n, uint64_t addr,
		  struct verdict *v)
{
	const uint8_t *code = bytes;
	size_t left = n;

	v->bytes = bytes;
	v->err = insn_decode(bytes, (unsigned int)n, &v->ours);
	v->theirs = cs_disasm_iter(handle, &code, &left, &addr, theirs) ?
			    theirs->size :
			    0;
}

static uint64_t state;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void random_strings(unsigned long n, uint64_t seed)
{
	uint64_t bytes[STRING / 8];
	struct verdict v;

	state = seed * 2654435761u + 88172645463325252ull;
	while (n--) {
		bytes[0] = rnd();
		bytes[1] = rnd();
		judge((unsigned char *)bytes, STRING, 0x1000, &v);
		compare(&v);
	}
}

/* Do both read the same [rip + disp], and the same target of a branch? */
static bool same_meaning(const struct verdict *v, uint64_t addr)
{
	const cs_x86 *x = &theirs->detail->x86;
	bool rip = false, branch;
	uint64_t target = 0;
	int i;

	for (i = 0; i < x->op_count; i++) {
		if (x->operands[i].type == X86_OP_MEM &&
		    x->operands[i].mem.base == X86_REG_RIP)
			rip = true;
		if (x->operands[i].type == X86_OP_IMM)
			target = (uint64_t)x->operands[i].imm;
	}
	branch = v->ours.class == INSN_CALL || v->ours.class == INSN_JMP ||
		 v->ours.class == INSN_JCC || v->ours.class == INSN_LOOP;
	if (cs_insn_group(handle, theirs, X86_GRP_BRANCH_RELATIVE) != branch)
		return false;
	if (branch && insn_branch_target(&v->ours, v->bytes, addr) != target)
		return false;
	return rip == v->ours.rip_relative;
}

static int read_lines(void)
{
	unsigned char bytes[STRING];
	char line[256], hex[64];
	struct verdict v;
	uint64_t addr;
	size_t n;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%" SCNx64 " %63s", &addr, hex) != 2)
			return 1;
		memset(bytes, 0, sizeof(bytes));
		for (n = 0; hex[2 * n] && n < STRING; n++)
			sscanf(hex + 2 * n, "%2hhx", &bytes[n]);
		judge(bytes, n, addr, &v);
		both++;
		if (!v.err && v.theirs == n && v.ours.len == n &&
		    same_meaning(&v, addr))
			equal++;
		else
			explain(&v);
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
		return 1;
	cs_option(handle, CS_OPT_DETAIL, argc == 2 ? CS_OPT_ON : CS_OPT_OFF);
	theirs = cs_malloc(handle);
	if (argc == 4 && !strcmp(argv[1], "random"))
		random_strings(strtoul(argv[2], NULL, 0),
			       strtoul(argv[3], NULL, 0));
	else if (argc != 2 || strcmp(argv[1], "lines") || read_lines())
		return 2;
	printf("both %lu\nequal %lu\nours_only %lu\ntheirs_only %lu\n", both,
	       equal, ours_only, theirs_only);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		printf("class %lu %s: %s\n", found[i], classes[i].name,
		       classes[i].section);
	printf("unexplained %lu\n", unexplained);
	return unexplained != 0;
}
