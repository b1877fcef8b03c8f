// SPDX-License-Identifier: MIT
/*
 * Instructions that cannot be probed, each with its code: trace/arch_kprobe.h.
 * And a probe in an NMI that comes while a handler runs.
 */
#include "arch/x86_64/cpu/irq.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kprobe.h"
#include <asm/pt_regs.h>
#include <asm/smp.h>

/* One function each, so that decoding begins there; none is ever called. */
#define REFUSED(name, before, insn)                                 \
	__asm__(".pushsection .text\n"                              \
		".type refused_" #name ", @function\n"              \
		"refused_" #name ":\n\t" before "\n"                \
		".Lrefused_" #name ":\n\t" insn "\n"                \
		"\tnop\n\tret\n"                                    \
		".size refused_" #name ", . - refused_" #name "\n"  \
		".popsection\n"                                     \
		".pushsection .rodata\n.balign 8\n"                 \
		"refused_" #name "_at: .quad .Lrefused_" #name "\n" \
		".popsection\n");                                   \
	extern u8 *const refused_##name##_at

REFUSED(sti, "nop", "sti");
REFUSED(behind_sti, "sti", "nop");
REFUSED(mov_ss, "nop", "mov %eax, %ss");
REFUSED(behind_mov_ss, "mov %eax, %ss", "nop");
REFUSED(iret, "nop", "iretq");
REFUSED(far_ret, "nop", "lretq");
REFUSED(far_jump, "nop", "ljmp *(%rax)");
REFUSED(far_call, "nop", "lcall *(%rax)");
REFUSED(syscall, "nop", "syscall");
REFUSED(sysret, "nop", "sysretq");
REFUSED(hlt, "nop", "hlt");
REFUSED(call_rsp, "nop", "call *8(%rsp)");
REFUSED(call_word, "nop", ".byte 0x66, 0xe8, 0, 0, 0, 0");
REFUSED(int3, "nop", "int3");
REFUSED(int_n, "nop", "int $3");
REFUSED(int1, "nop", ".byte 0xf1");
REFUSED(pop_ss, "nop", ".byte 0x17");
REFUSED(ud2, "nop", "ud2");
REFUSED(vector, "nop", "vzeroupper");
REFUSED(inside, "nop", ".byte 0x48");
REFUSED(cli, "nop", "cli");

static int try(u8 *at, unsigned int offset)
{
	struct kprobe p = { .addr = at, .offset = offset };
	int err = register_kprobe(&p);

	if (!err)
		unregister_kprobe(&p);
	return err;
}

KTEST(kprobe_refused, what_cannot_be_executed_elsewhere)
{
	EXPECT_EQ(try(refused_sti_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_behind_sti_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_behind_sti_at, 1), 0);
	EXPECT_EQ(try(refused_mov_ss_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_behind_mov_ss_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_iret_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_far_ret_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_far_jump_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_far_call_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_syscall_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_sysret_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_hlt_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_call_rsp_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_call_word_at, 0), -EOPNOTSUPP);
	EXPECT_EQ(try(refused_cli_at, 0), 0);
}

KTEST(kprobe_refused, traps_and_no_boundaries)
{
	EXPECT_EQ(try(refused_int3_at, 0), -EILSEQ);
	EXPECT_EQ(try(refused_int_n_at, 0), -EILSEQ);
	EXPECT_EQ(try(refused_int1_at, 0), -EILSEQ);
	EXPECT_EQ(try(refused_pop_ss_at, 0), -EILSEQ); /* undefined here */
	EXPECT_EQ(try(refused_ud2_at, 0), -EILSEQ);
	EXPECT_EQ(try(refused_ud2_at, 1), -EILSEQ);
	EXPECT_EQ(try(refused_vector_at, 0), -EILSEQ);
	EXPECT_EQ(try(refused_inside_at, 1), -EILSEQ);
}

/* ---- contexts ---- */

static unsigned long outer_hits, inner_hits, nmis;

static noinline notrace int outer_function(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static noinline notrace int inner_function(int a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 2;
}

static bool call_inner(struct pt_regs *regs)
{
	(void)regs;
	nmis++;
	EXPECT(inner_function(1) == 3);
	return true;
}

static int send_one(struct kprobe *p, struct pt_regs *regs)
{
	unsigned long before = nmis;
	u64 end = ktime_ns() + 1000000000;

	(void)p;
	(void)regs;
	outer_hits++;
	send_nmi(smp_processor_id());
	while (READ_ONCE(nmis) == before && ktime_ns() < end)
		;
	return 0;
}

static int count_inner(struct kprobe *p, struct pt_regs *regs)
{
	(void)p;
	(void)regs;
	inner_hits++;
	return 0;
}

/* K4: another context than the handler's. */
KTEST(kprobe_context, an_nmi_inside_a_handler_is_no_nested_hit_K4)
{
	struct kprobe outer = { .addr = (u8 *)outer_function,
				.pre_handler = send_one };
	struct kprobe inner = { .addr = (u8 *)inner_function,
				.pre_handler = count_inner };
	int i;

	outer_hits = inner_hits = nmis = 0;
	ASSERT_EQ(register_kprobe(&outer), 0);
	ASSERT_EQ(register_kprobe(&inner), 0);
	ASSERT_EQ(nmi_handler_register(call_inner), 0);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(outer_function(1), 2);
	nmi_handler_unregister(call_inner);
	unregister_kprobe(&outer);
	unregister_kprobe(&inner);
	EXPECT_EQ(outer_hits, 10);
	EXPECT_EQ(nmis, 10);
	EXPECT_EQ(inner_hits, 10);
	EXPECT_EQ(inner.nmissed, 0);
}
