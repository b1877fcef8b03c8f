// SPDX-License-Identifier: MIT
/*
 * Every exception a kernel can raise by itself: caught, with the right vector,
 * error code and address, and the reason named.
 */
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/page.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

#define ALL_TRAPS    ~0U
#define UNMAPPED     0x00007ffffffff000UL
#define NONCANONICAL 0x1234567800000000UL

static struct trap_info info;

/* True if fn raised exactly this vector. */
static bool raises(unsigned int vector, void (*fn)(void *), void *arg)
{
	bool irqs_were_off = irqs_disabled();
	u32 count = preempt_count();
	bool caught;

	memset(&info, 0xee, sizeof(info));
	caught = trap_catch(ALL_TRAPS, fn, arg, &info);
	EXPECT_EQ(preempt_count(), count);
	EXPECT_EQ(irqs_disabled(), irqs_were_off);
	EXPECT(in_task());
	return caught && info.vector == vector;
}

static void divide(void *arg)
{
	__asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx" ::
				 : "rax", "rcx", "rdx");
}

static void invalid_opcode(void *arg)
{
	__asm__ volatile("ud2");
}

static void overflow_trap(void *arg)
{
	__asm__ volatile("int $4");
}

static void load_selector(void *arg)
{
	__asm__ volatile("mov %0, %%es" ::"r"(0x58));
}

static void touch_noncanonical(void *arg)
{
	READ_ONCE(*(u8 *)NONCANONICAL);
}

static void single_step(void *arg)
{
	__asm__ volatile(
		"pushfq; orq %0, (%%rsp); popfq; nop; nop" ::"i"(X86_EFLAGS_TF)
		: "cc", "memory");
}

static void breakpoint(void *arg)
{
	__asm__ volatile("int3");
}

KTEST(traps, divide_error)
{
	EXPECT(raises(X86_TRAP_DE, divide, NULL));
	EXPECT_EQ(info.error, 0);
	EXPECT(!info.on_ist);
}

KTEST(traps, invalid_opcode)
{
	EXPECT(raises(X86_TRAP_UD, invalid_opcode, NULL));
	EXPECT_EQ(*(u16 *)info.ip, 0x0b0f);
}

KTEST(traps, overflow)
{
	EXPECT(raises(X86_TRAP_OF, overflow_trap, NULL));
}

KTEST(traps, general_protection)
{
	EXPECT(raises(X86_TRAP_GP, load_selector, NULL));
	EXPECT_EQ(info.error, 0x58);
	EXPECT(raises(X86_TRAP_GP, touch_noncanonical, NULL));
	EXPECT_EQ(info.error, 0);
}

KTEST(traps, debug)
{
	EXPECT(raises(X86_TRAP_DB, single_step, NULL));
}

KTEST(traps, breakpoint_nobody_knows)
{
	EXPECT(raises(X86_TRAP_BP, breakpoint, NULL));
	EXPECT_EQ(*(u8 *)(info.ip - 1), 0xcc);
}

/* ---- page faults --------------------------------------------------------- */

static void read_byte(void *addr)
{
	READ_ONCE(*(u8 *)addr);
}

static void write_byte(void *addr)
{
	WRITE_ONCE(*(u8 *)addr, 0x90);
}

static void execute(void *addr)
{
	((void (*)(void))addr)();
}

KTEST(traps, page_fault_on_unmapped)
{
	EXPECT(raises(X86_TRAP_PF, read_byte, (void *)UNMAPPED));
	EXPECT_EQ(info.error, 0);
	EXPECT_EQ(info.addr, UNMAPPED);
	EXPECT(raises(X86_TRAP_PF, write_byte, (void *)UNMAPPED));
	EXPECT_EQ(info.error, PF_WRITE);
	EXPECT_EQ(info.addr, UNMAPPED);
	EXPECT(raises(X86_TRAP_PF, execute, (void *)UNMAPPED));
	EXPECT_EQ(info.error, PF_INSTR);
	EXPECT_EQ(info.addr, UNMAPPED);
}

KTEST(traps, page_fault_on_null)
{
	EXPECT(raises(X86_TRAP_PF, read_byte, (void *)8));
	EXPECT_EQ(info.addr, 8);
	EXPECT(raises(X86_TRAP_PF, write_byte, NULL));
	EXPECT(raises(X86_TRAP_PF, execute, NULL));
}

KTEST(traps, page_fault_on_write_to_text_and_rodata)
{
	EXPECT(raises(X86_TRAP_PF, write_byte, (void *)divide));
	EXPECT_EQ(info.error, PF_PROT | PF_WRITE);
	EXPECT(raises(X86_TRAP_PF, write_byte, __rodata_start));
	EXPECT_EQ(info.error, PF_PROT | PF_WRITE);
	/* The direct map is no way round. */
	EXPECT(raises(X86_TRAP_PF, write_byte,
		      phys_to_virt(virt_to_phys((void *)divide))));
	EXPECT_EQ(info.error, PF_PROT | PF_WRITE);
}

KTEST(traps, page_fault_on_executing_data)
{
	static u8 data[16] = { 0xc3 };
	u8 on_stack[16] = { 0xc3 };
	u8 *heap = alloc_page();

	ASSERT(heap);
	heap[0] = 0xc3;
	EXPECT(raises(X86_TRAP_PF, execute, data));
	EXPECT_EQ(info.error, PF_PROT | PF_INSTR);
	EXPECT_EQ(info.addr, (unsigned long)data);
	EXPECT_EQ(info.ip, (unsigned long)data);
	EXPECT(raises(X86_TRAP_PF, execute, on_stack));
	EXPECT(raises(X86_TRAP_PF, execute, heap));
	EXPECT_EQ(info.error, PF_PROT | PF_INSTR);
	EXPECT(raises(X86_TRAP_PF, execute, __rodata_start));
	free_page(heap);
}

/* ---- double fault -------------------------------------------------------- */

static noinline unsigned int overflow_stack(volatile unsigned int *depth)
{
	volatile char fill[256];

	fill[0] = (char)++*depth;
	if (*depth > STACK_SIZE)
		return 0; /* never: each level takes 256 bytes */
	return overflow_stack(depth) + fill[0];
}

static void use_up_stack(void *arg)
{
	overflow_stack(arg);
}

KTEST(traps, double_fault_by_stack_overflow)
{
	for (int i = 0; i < 3; i++) {
		unsigned int depth = 0;
		char text[128];
		struct pt_regs regs = { .orig_ax = (u64)X86_TRAP_DF << 32 };

		ASSERT(raises(X86_TRAP_DF, use_up_stack, &depth));
		EXPECT(info.on_ist);
		EXPECT(stack_of_guard(info.addr) == current->stack);
		EXPECT(depth > 8);
		EXPECT(depth < STACK_SIZE / 256);
		trap_describe(&regs, info.addr, text, sizeof(text));
		EXPECT(strstr(text, "stack overflow"));
	}
}

/* ---- what is said about them */

static const char *described(unsigned int vector, u32 error, unsigned long cr2)
{
	static char text[128];
	struct pt_regs regs = { .orig_ax = (u64)vector << 32 | error };

	trap_describe(&regs, cr2, text, sizeof(text));
	return text;
}

KTEST(traps, reasons_are_named)
{
	unsigned long addr = UNMAPPED;

	EXPECT(strstr(described(X86_TRAP_PF, 0, addr), "read of an unmapped"));
	EXPECT(strstr(described(X86_TRAP_PF, 0, addr), "0x7ffffffff000"));
	EXPECT(strstr(described(X86_TRAP_PF, 2, addr), "write to an unmapped"));
	EXPECT(strstr(described(X86_TRAP_PF, 3, addr), "write to a read-only"));
	EXPECT(strstr(described(X86_TRAP_PF, 0x10, addr),
		      "execution of an unmapped"));
	EXPECT(strstr(described(X86_TRAP_PF, 0x11, addr),
		      "execution of a no-execute"));
	EXPECT(strstr(described(X86_TRAP_PF, 9, addr), "reserved bit"));
	EXPECT(strstr(described(X86_TRAP_PF, 0, 16), "null pointer"));
	EXPECT(strstr(described(X86_TRAP_GP, 0x58, 0), "entry 11 of the GDT"));
	EXPECT(strstr(described(X86_TRAP_GP, 0x103, 0), "entry 32 of the IDT"));
	EXPECT(strstr(described(X86_TRAP_UD, 0, 0), "invalid opcode"));
	EXPECT(!strcmp(trap_name(15), "reserved exception"));
	EXPECT(!strcmp(trap_name(200), "reserved exception"));
}

/* ---- catching itself */

static void do_nothing(void *arg)
{
	*(int *)arg += 1;
}

static void hold_and_fault(void *arg)
{
	local_irq_disable();
	preempt_disable();
	preempt_disable();
	invalid_opcode(NULL);
}

/* TR4 */
KTEST(traps, catch_of_what_returns)
{
	int calls = 0;

	EXPECT(!trap_catch(ALL_TRAPS, do_nothing, &calls, &info));
	EXPECT_EQ(calls, 1);
	EXPECT_EQ(preempt_count(), 0);
}

KTEST(traps, catch_puts_interrupts_and_preemption_back)
{
	EXPECT(raises(X86_TRAP_UD, hold_and_fault, NULL));
	local_irq_disable();
	EXPECT(raises(X86_TRAP_UD, hold_and_fault, NULL));
	local_irq_enable();
}
