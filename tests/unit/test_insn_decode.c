// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/insn_decode.c: encodings worked out by hand from the
 * opcode maps of the Intel SDM (volume 2, appendix A).
 *
 * host-sources: arch/x86_64/patch/insn_decode.c arch/x86_64/patch/insn_table.c
 */
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

#define MAX_BYTES 16

struct expected {
	u8 n; /* bytes given */
	u8 bytes[MAX_BYTES];
	int ret;
	u8 len, class;
};

static void check(const struct expected *e)
{
	struct insn insn;
	int ret = insn_decode(e->bytes, e->n, &insn);

	CHECK_EQ(ret, e->ret);
	if (ret || ret != e->ret)
		return;
	CHECK_EQ(insn.len, e->len);
	CHECK_EQ(insn.class, e->class);
}

#define CHECK_ALL(list)                                                    \
	for (size_t check_i_ = 0; check_i_ < ARRAY_SIZE(list); check_i_++) \
	check(&(list)[check_i_])

UNIT(insn_decode, lengths_K1)
{
	static const struct expected list[] = {
		{ 1, { 0x90 }, 0, 1, INSN_PLAIN },
		{ 5, { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, 0, 5, INSN_PLAIN },
		{ 3, { 0x48, 0x89, 0xe5 }, 0, 3, INSN_PLAIN },
		/* mov eax, imm32; movabs rax, imm64; mov ax, imm16 */
		{ 5, { 0xb8, 1, 2, 3, 4 }, 0, 5, INSN_PLAIN },
		{ 10, { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 }, 0, 10, 0 },
		{ 4, { 0x66, 0xb8, 1, 2 }, 0, 4, INSN_PLAIN },
		/* a REX in front of a prefix is not in force */
		{ 6, { 0x48, 0x66, 0xb8, 1, 2 }, 0, 5, INSN_PLAIN },
		/* mov al, [imm64]; with 67 imm32 */
		{ 9, { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8 }, 0, 9, INSN_PLAIN },
		{ 6, { 0x67, 0xa0, 1, 2, 3, 4 }, 0, 6, INSN_PLAIN },
		/* test has an immediate, not has none */
		{ 3, { 0xf6, 0xc0, 1 }, 0, 3, INSN_PLAIN },
		{ 2, { 0xf6, 0xd0 }, 0, 2, INSN_PLAIN },
		{ 6, { 0xf7, 0xc0, 1, 2, 3, 4 }, 0, 6, INSN_PLAIN },
		/* [rsp + disp8], [rbp * 4 + disp32], [rip + disp32] */
		{ 5, { 0x48, 0x8b, 0x44, 0x24, 8 }, 0, 5, INSN_PLAIN },
		{ 7, { 0x8b, 0x04, 0xad, 1, 2, 3, 4 }, 0, 7, INSN_PLAIN },
		{ 6, { 0x8b, 0x05, 1, 2, 3, 4 }, 0, 6, INSN_PLAIN },
		/* enter imm16, imm8; mov cr3, rax ignores mod */
		{ 4, { 0xc8, 1, 2, 3 }, 0, 4, INSN_PLAIN },
		{ 3, { 0x0f, 0x22, 0x1d }, 0, 3, INSN_PLAIN },
		/* lock cmpxchg [rdi], rsi */
		{ 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x37 }, 0, 5, INSN_PLAIN },
	};

	CHECK_ALL(list);
}

UNIT(insn_decode, classes)
{
	static const struct expected list[] = {
		{ 5, { 0xe8, 0, 0, 0, 0 }, 0, 5, INSN_CALL },
		{ 5, { 0xe9, 0, 0, 0, 0 }, 0, 5, INSN_JMP },
		{ 2, { 0xeb, 0 }, 0, 2, INSN_JMP },
		{ 2, { 0x74, 0 }, 0, 2, INSN_JCC },
		{ 6, { 0x0f, 0x84, 0, 0, 0, 0 }, 0, 6, INSN_JCC },
		{ 2, { 0xe3, 0 }, 0, 2, INSN_LOOP },
		{ 1, { 0xc3 }, 0, 1, INSN_RET },
		{ 3, { 0xc2, 8, 0 }, 0, 3, INSN_RET },
		{ 2, { 0xff, 0xd0 }, 0, 2, INSN_CALL_IND },
		{ 2, { 0xff, 0xe0 }, 0, 2, INSN_JMP_IND },
		{ 2, { 0xff, 0x18 }, 0, 2, INSN_FAR },
		{ 1, { 0xcb }, 0, 1, INSN_FAR },
		{ 2, { 0x48, 0xcf }, 0, 2, INSN_IRET },
		{ 1, { 0xcc }, 0, 1, INSN_TRAP },
		{ 2, { 0x0f, 0x0b }, 0, 2, INSN_TRAP },
		{ 2, { 0xcd, 3 }, 0, 2, INSN_TRAP },
		{ 1, { 0xfb }, 0, 1, INSN_STI },
		{ 1, { 0xfa }, 0, 1, INSN_PLAIN },
		{ 2, { 0x8e, 0xd0 }, 0, 2, INSN_SS },
		{ 2, { 0x8e, 0xd8 }, 0, 2, INSN_PLAIN },
		{ 2, { 0x0f, 0x05 }, 0, 2, INSN_SYSTEM },
		{ 3, { 0x0f, 0x01, 0xc1 }, 0, 3, INSN_SYSTEM },
	};

	CHECK_ALL(list);
}

UNIT(insn_decode, refusals)
{
	static const struct expected list[] = {
		{ 0, { 0 }, -ENODATA, 0, 0 },
		{ 1, { 0x0f }, -ENODATA, 0, 0 },
		{ 1, { 0x48 }, -ENODATA, 0, 0 },
		{ 4, { 0xe8, 0, 0, 0 }, -ENODATA, 0, 0 },
		{ 2, { 0x8b, 0x04 }, -ENODATA, 0, 0 },	     /* no SIB */
		{ 3, { 0x8b, 0x44, 0x24 }, -ENODATA, 0, 0 }, /* no disp8 */
		{ 1, { 0x06 }, -EINVAL, 0, 0 },
		{ 2, { 0x8d, 0xc0 }, -EINVAL, 0, 0 }, /* lea */
		{ 2, { 0xff, 0xff }, -EINVAL, 0, 0 }, /* /7 */
		{ 2, { 0x8e, 0xc8 }, -EINVAL, 0, 0 }, /* mov cs, ax */
		{ 2, { 0xf0, 0x90 }, -EINVAL, 0, 0 },
		{ 3, { 0xf0, 0x01, 0xc0 }, -EINVAL, 0, 0 }, /* register */
		{ 3, { 0xc5, 0xf8, 0x77 }, -EOPNOTSUPP, 0, 0 },
		{ 2, { 0x62, 0xf1 }, -EOPNOTSUPP, 0, 0 },
	};

	CHECK_ALL(list);
}

UNIT(insn_decode, fifteen_bytes_are_the_most_K1)
{
	u8 bytes[17];
	struct insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	bytes[14] = 0x90;
	CHECK_EQ(insn_decode(bytes, 16, &insn), 0);
	CHECK_EQ(insn.len, 15);
	bytes[14] = 0x66;
	bytes[15] = 0x90;
	CHECK_EQ(insn_decode(bytes, 17, &insn), -EINVAL);
}

UNIT(insn_decode, fields_of_a_rip_relative)
{
	/* mov dword [rip - 16], 0x11223344 */
	static const u8 bytes[] = { 0xc7, 0x05, 0xf0, 0xff, 0xff,
				    0xff, 0x44, 0x33, 0x22, 0x11 };
	struct insn insn;

	CHECK_EQ(insn_decode(bytes, sizeof(bytes), &insn), 0);
	CHECK(insn.rip_relative);
	CHECK_EQ(insn.disp_at, 2);
	CHECK_EQ(insn.disp_len, 4);
	CHECK_EQ(insn.imm_at, 6);
	CHECK_EQ(insn_signed(bytes + insn.disp_at, 4), -16);
	CHECK_EQ(insn_signed(bytes + insn.imm_at, 4), 0x11223344);
}

UNIT(insn_decode, targets_of_branches)
{
	static const u8 back[] = { 0x74, 0x80 };
	static const u8 far_back[] = { 0xe9, 0, 0, 0, 0x80 };
	struct insn insn;

	CHECK_EQ(insn_decode(back, 2, &insn), 0);
	CHECK_EQ(insn_branch_target(&insn, back, 0x1000), 0x1002 - 128);
	CHECK_EQ(insn_decode(far_back, 5, &insn), 0);
	CHECK_EQ(insn_branch_target(&insn, far_back, 0xffffffff80001000UL),
		 0xffffffff00001005UL);
}
