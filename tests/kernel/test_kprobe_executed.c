// SPDX-License-Identifier: MIT
/*
 * Why instructions are refused (trace/arch_kprobe.h): each kind is executed in
 * its place, and as a probe would have to execute it, and that differs.
 *
 * Not here: code that the handling of a probe itself runs through, and bytes
 * that another patcher writes; controls of tests/test_probe_mutants.py.
 */
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trap_owner.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

/* refused_probe.asm */
extern unsigned long rx_slot;
unsigned int rx_sti(void), rx_sti_copy(void), rx_behind_sti(void);
unsigned int rx_hlt(void), rx_hlt_copy(void), rx_far_ret(void), rx_iret(void);
unsigned int rx_mov_ss(void), rx_mov_ss_copy(void), rx_behind_mov_ss(void);
unsigned int rx_call_rsp(void), rx_call_rsp_slot(void);
extern u8 rx_mov_ss_at[], rx_mov_ss_next[], rx_mov_ss_copy_next[],
	rx_behind_mov_ss_next[];
extern u8 rx_sti_next[], rx_sti_copy_next[], rx_behind_sti_next[];
extern u8 rx_hlt_next[], rx_hlt_copy_next[];

#define COPY_SIZE EXEC_GRANULE

/* A copy of @code, in executable memory, which then jumps to @next. */
static u8 *copy_of(const void *code, size_t n, const u8 *next)
{
	u8 bytes[COPY_SIZE], *copy = exec_alloc(COPY_SIZE);

	memset(bytes, INSN_OP_INT3, sizeof(bytes));
	memcpy(bytes, code, n);
	if (next)
		insn_store(bytes + n, insn_jmp32((unsigned long)copy + n,
						 (unsigned long)next));
	if (!EXPECT(copy) ||
	    !EXPECT_EQ(text_poke_copy(copy, bytes, sizeof(bytes)), 0))
		return NULL;
	rx_slot = (unsigned long)copy;
	return copy;
}

/* ---- interrupts ---- */

static struct {
	unsigned long ip, ax;
	unsigned int n;
} irq;

static const u8 *skip_from, *skip_to;

static void note_irq(struct pt_regs *regs)
{
	irq.ip = regs->ip;
	irq.ax = regs->ax;
	irq.n++;
	if (regs->ip == (unsigned long)skip_from)
		regs->ip = (unsigned long)skip_to;
}

/* Runs @code, which enables interrupts, while one is pending. */
static void run_pending(unsigned int (*code)(void))
{
	unsigned long flags = arch_irq_save();

	memset(&irq, 0, sizeof(irq));
	apic_send(apic_id(), APIC_DM_FIXED | VECTOR_TEST);
	code();
	arch_irq_restore(flags);
	EXPECT_EQ(irq.n, 1);
}

static const u8 *behind_copy;

/* Each INT3 is the first byte of inc eax, of two bytes. */
static notrace bool go_to_copy(struct pt_regs *regs)
{
	if (regs->ip != (unsigned long)rx_behind_sti_next - 1 &&
	    regs->ip != (unsigned long)rx_behind_mov_ss_next - 1)
		return false;
	regs->ip = (unsigned long)behind_copy;
	return true;
}

/* In its place STI lets the next instruction go first. */
KTEST(kprobe_executed, a_copy_of_sti_lets_an_interrupt_in_too_early)
{
	static const u8 sti[] = { 0xfb };
	u8 *copy = copy_of(sti, sizeof(sti), rx_sti_copy_next);

	ASSERT(copy);
	ASSERT_EQ(irq_register(VECTOR_TEST, note_irq), 0);
	run_pending(rx_sti);
	EXPECT(irq.ip > (unsigned long)rx_sti_next);
	EXPECT_EQ(irq.ax, 1);
	run_pending(rx_sti_copy);
	EXPECT(irq.ip <= (unsigned long)rx_sti_copy_next);
	EXPECT_EQ(irq.ax, 0);
	irq_register(VECTOR_TEST, NULL);
	exec_free(copy, COPY_SIZE);
}

static const u8 inc_eax[] = { 0xff, 0xc0 };

KTEST(kprobe_executed, an_int3_behind_sti_lets_an_interrupt_in_too_early)
{
	behind_copy = copy_of(inc_eax, sizeof(inc_eax), rx_behind_sti_next);
	ASSERT(behind_copy);
	ASSERT_EQ(irq_register(VECTOR_TEST, note_irq), 0);
	trap_set_int3_hook(go_to_copy);
	run_pending(rx_behind_sti);
	trap_set_int3_hook(NULL);
	EXPECT_EQ(irq.ax, 0); /* rx_sti() is the same without the INT3: 1 */
	irq_register(VECTOR_TEST, NULL);
	exec_free((void *)behind_copy, COPY_SIZE);
}

/* The interrupt that ends a HLT comes before it, and nothing would end it. */
KTEST(kprobe_executed, a_copy_of_hlt_misses_what_ends_it)
{
	static const u8 hlt[] = { 0xf4 };
	u8 *copy = copy_of(hlt, sizeof(hlt), rx_hlt_copy_next);

	ASSERT(copy);
	ASSERT_EQ(irq_register(VECTOR_TEST, note_irq), 0);
	run_pending(rx_hlt);
	EXPECT_EQ(irq.ip, (unsigned long)rx_hlt_next);
	skip_from = copy;
	skip_to = rx_hlt_copy_next;
	run_pending(rx_hlt_copy);
	EXPECT_EQ(irq.ip, (unsigned long)copy);
	skip_from = NULL;
	irq_register(VECTOR_TEST, NULL);
	exec_free(copy, COPY_SIZE);
}

/* ---- single steps ---- */

static struct {
	const u8 *at;	    /* the instruction behind MOV SS, or its copy */
	unsigned int early; /* traps in front of it */
	unsigned int late;  /* behind it */
} steps;

static bool note_step(struct pt_regs *regs)
{
	steps.early += regs->ip == (unsigned long)steps.at && !regs->ax;
	steps.late += regs->ax == 1;
	return true;
}

/* Steps through @code. Return: the traps in front of @at. */
static unsigned int step_through(unsigned int (*code)(void), const u8 *at)
{
	unsigned long flags = arch_irq_save();

	steps.at = at;
	steps.early = steps.late = 0;
	trap_set_step_hook(note_step);
	EXPECT_EQ(code(), 1);
	trap_set_step_hook(NULL);
	arch_irq_restore(flags);
	EXPECT(steps.late > 0);
	return steps.early;
}

/*
 * What holds interrupts back behind MOV SS holds back the trap of a single
 * step, too, until the next instruction has been executed: SDM 3A, 6.8.3. The
 * trap comes at a known place, on every machine.
 */
KTEST(kprobe_executed, a_copy_of_mov_ss_lets_a_step_in_too_early)
{
	u8 *copy = copy_of(rx_mov_ss_at, 2, rx_mov_ss_copy_next);

	ASSERT(copy);
	EXPECT_EQ(step_through(rx_mov_ss, rx_mov_ss_next), 0);
	EXPECT_EQ(step_through(rx_mov_ss_copy, rx_mov_ss_copy_next), 1);
	exec_free(copy, COPY_SIZE);
}

KTEST(kprobe_executed, an_int3_behind_mov_ss_lets_a_step_in_too_early)
{
	behind_copy = copy_of(inc_eax, sizeof(inc_eax), rx_behind_mov_ss_next);
	ASSERT(behind_copy);
	trap_set_int3_hook(go_to_copy);
	EXPECT_EQ(step_through(rx_behind_mov_ss, behind_copy), 1);
	trap_set_int3_hook(NULL); /* rx_mov_ss() is the same without it: 0 */
	exec_free((void *)behind_copy, COPY_SIZE);
}

/* ---- more than ip ---- */

KTEST(kprobe_executed, far_returns_change_more_than_ip)
{
	unsigned long flags = arch_irq_save();
	unsigned int far = rx_far_ret(), direction = rx_iret();

	arch_irq_restore(flags);
	EXPECT_EQ(far, 16); /* a near return: 8, and CS as it was */
	EXPECT_EQ(direction, 1);
}

KTEST(kprobe_executed, a_slot_calls_elsewhere_through_the_stack)
{
	EXPECT_EQ(rx_call_rsp(), 1);
	EXPECT_EQ(rx_call_rsp_slot(), 2);
}

/* ---- traps ---- */

static void run_code(void *code)
{
	((void (*)(void))code)();
}

/* lea rax, [rel rx_far] is not part of the copy. */
static void run_copied(void *code)
{
	extern u64 rx_far[];

	__asm__ volatile("call *%1" ::"a"(rx_far), "r"(code)
			 : "rcx", "rdx", "r11", "memory", "cc");
}

#define ALL_TRAPS                                        \
	(TRAP_BIT(X86_TRAP_DB) | TRAP_BIT(X86_TRAP_BP) | \
	 TRAP_BIT(X86_TRAP_UD) | TRAP_BIT(X86_TRAP_GP) | \
	 TRAP_BIT(X86_TRAP_PF))

#define TRAPS(name)                 \
	extern u8 rx_##name##_at[]; \
	void rx_##name(void)

TRAPS(int3);
TRAPS(int_n);
TRAPS(int1);
TRAPS(pop_ss);
TRAPS(ud2);
TRAPS(syscall);
TRAPS(sysret);
TRAPS(vector);
TRAPS(far_call);
TRAPS(far_jump);
TRAPS(call_word);

struct trap_case {
	void (*fn)(void);
	u8 *at;
	u8 len;
	u8 vector;
	u8 behind; /* bytes from its start to the address told */
};

static const struct trap_case traps[] = {
	{ rx_int3, rx_int3_at, 1, X86_TRAP_BP, 1 },
	{ rx_int_n, rx_int_n_at, 2, X86_TRAP_BP, 2 },
	{ rx_pop_ss, rx_pop_ss_at, 1, X86_TRAP_UD, 0 },
	{ rx_ud2, rx_ud2_at, 2, X86_TRAP_UD, 0 },
	{ rx_syscall, rx_syscall_at, 2, X86_TRAP_UD, 0 },
	{ rx_sysret, rx_sysret_at, 3, X86_TRAP_UD, 0 },
	{ rx_vector, rx_vector_at, 3, X86_TRAP_UD, 0 },
	{ rx_far_call, rx_far_call_at, 2, X86_TRAP_GP, 0 },
	{ rx_far_jump, rx_far_jump_at, 2, X86_TRAP_GP, 0 },
};

/* In its place the trap tells where it is; its owner goes by that. */
static void trap_there_and_in_a_copy(const struct trap_case *c)
{
	unsigned long at = (unsigned long)c->at;
	struct trap_info info;
	u8 *copy;

	if (!EXPECT(trap_catch(ALL_TRAPS, run_code, (void *)c->fn, &info)))
		ktest_note("%pS", (void *)at);
	EXPECT_EQ(info.vector, c->vector);
	EXPECT_EQ(info.ip, at + c->behind);
	copy = copy_of(c->at, c->len, NULL);
	ASSERT(copy);
	EXPECT(trap_catch(ALL_TRAPS, run_copied, copy, &info));
	EXPECT_EQ(info.vector, c->vector);
	EXPECT_EQ(info.ip, (unsigned long)copy + c->behind);
	exec_free(copy, COPY_SIZE);
}

KTEST(kprobe_executed, the_trap_of_a_copy_is_nobodys)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(traps); i++)
		trap_there_and_in_a_copy(&traps[i]);
}

#define CPUID_HYPERVISOR 0x40000000

/* Is it QEMU's translator? */
static bool on_tcg(void)
{
	struct cpuid_regs leaf = cpuid(CPUID_HYPERVISOR, 0);

	return !memcmp(&leaf.ebx, "TCGT", 4);
}

/*
 * A #DB, as of a step; nothing tells the two apart. Up to version 9 of QEMU it
 * stops the machine for a debugger outside; Bochs runs this test.
 */
KTEST(kprobe_executed, int1_of_a_copy_is_nobodys)
{
	static const struct trap_case int1 = { rx_int1, rx_int1_at, 1,
					       X86_TRAP_DB, 1 };

	if (on_tcg())
		KTEST_SKIP("QEMU stops at INT1");
	trap_there_and_in_a_copy(&int1);
}

/*
 * Intel's CPUs take 66 before a call for nothing. AMD's, and QEMU, take a word
 * for the displacement and push one: returning from it goes astray.
 */
KTEST(kprobe_executed, a_call_of_a_word_differs_between_cpus)
{
	struct trap_info info;

	if (!trap_catch(ALL_TRAPS, run_code, (void *)rx_call_word, &info))
		return;
	EXPECT_EQ(info.vector, X86_TRAP_PF);
	EXPECT_EQ((u16)info.ip, (u16)((unsigned long)rx_call_word_at + 4));
}

/* ---- no boundary ---- */

KTEST(kprobe_executed, an_int3_inside_an_instruction_is_another_operand)
{
	/* mov eax, 0x11223344; ret */
	u8 code[] = { 0xb8, 0x44, 0x33, 0x22, 0x11, 0xc3 };
	u32 wanted[] = { 0, 0x112233cc, 0x1122cc44, 0x11cc3344, 0xcc223344 };
	unsigned int i;
	u8 *copy;

	for (i = 1; i < 5; i++) {
		u8 byte = code[i];

		code[i] = INSN_OP_INT3;
		copy = copy_of(code, sizeof(code), NULL);
		code[i] = byte;
		ASSERT(copy);
		EXPECT_EQ(((u32(*)(void))copy)(), wanted[i]);
		exec_free(copy, COPY_SIZE);
	}
}
