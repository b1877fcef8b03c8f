// SPDX-License-Identifier: MIT
/*
 * Constants that assembly shares with C: the build makes asm-offsets.inc for
 * NASM from this file's assembly. No offset is typed by hand anywhere.
 */
#include "arch/x86_64/cpu/ap_boot.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/tracepoint.h"
#include "kernel/sched.h"
#include "trace/arch_kprobe.h"
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/ftrace_frame.h>
#include <asm/irqflags.h>
#include <asm/msr.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(struct type, member))

void asm_offsets(void);
void asm_offsets_pt_regs(void);
void asm_offsets_ftrace(void);
void asm_offsets_kprobe(void);
void asm_offsets_ap_boot(void);

void asm_offsets_pt_regs(void)
{
	OFFSET(PT_R15, pt_regs, r15);
	OFFSET(PT_R14, pt_regs, r14);
	OFFSET(PT_R13, pt_regs, r13);
	OFFSET(PT_R12, pt_regs, r12);
	OFFSET(PT_BP, pt_regs, bp);
	OFFSET(PT_BX, pt_regs, bx);
	OFFSET(PT_R11, pt_regs, r11);
	OFFSET(PT_R10, pt_regs, r10);
	OFFSET(PT_R9, pt_regs, r9);
	OFFSET(PT_R8, pt_regs, r8);
	OFFSET(PT_AX, pt_regs, ax);
	OFFSET(PT_CX, pt_regs, cx);
	OFFSET(PT_DX, pt_regs, dx);
	OFFSET(PT_SI, pt_regs, si);
	OFFSET(PT_DI, pt_regs, di);
	OFFSET(PT_ORIG_AX, pt_regs, orig_ax);
	OFFSET(PT_IP, pt_regs, ip);
	OFFSET(PT_CS, pt_regs, cs);
	OFFSET(PT_FLAGS, pt_regs, flags);
	OFFSET(PT_SP, pt_regs, sp);
	OFFSET(PT_SS, pt_regs, ss);
	DEFINE(PT_SIZE, sizeof(struct pt_regs));
	OFFSET(OWNER_CLAIMS, trap_owner, claims);
	OFFSET(OWNER_RESUMES, trap_owner, resumes);
}

void asm_offsets_ap_boot(void)
{
	DEFINE(AP_BOOT_ARMED, AP_BOOT_ARMED);
	DEFINE(AP_BOOT_TAKEN, AP_BOOT_TAKEN);
	DEFINE(AP_BOOT_BLOCKS, NR_CPUS);
	DEFINE(AP_BOOT_SIZE, sizeof(struct ap_boot_params));
	OFFSET(AP_CLAIM, ap_boot_params, claim);
	OFFSET(AP_STACK_TOP, ap_boot_params, stack_top);
	OFFSET(AP_GS_BASE, ap_boot_params, gs_base);
	OFFSET(AP_ENTRY, ap_boot_params, entry);
	OFFSET(AP_ARG, ap_boot_params, arg);
}

void asm_offsets_ftrace(void)
{
	OFFSET(STATIC_FREGS, ftrace_static_frame, regs);
	OFFSET(FREGS_IP, ftrace_regs, ip);
	OFFSET(FREGS_PARENT_IP, ftrace_regs, parent_ip);
	OFFSET(FULL_DIRECT, ftrace_full_frame, direct);
	OFFSET(FULL_RET, ftrace_full_frame, ret);
	OFFSET(FULL_PARENT_IP, ftrace_full_frame, parent_ip);
}

void asm_offsets_kprobe(void)
{
	OFFSET(KPROBE_SITE_RET, kprobe_site, ret);
	OFFSET(KPROBE_SITE_ALONE, kprobe_site, alone);
	DEFINE(KPROBE_SITE_HASH, KPROBE_SITE_HASH);
	DEFINE(KPROBE_SITE_BITS, KPROBE_SITE_BITS);
	DEFINE(KPROBE_PRE_HANDLER, KPROBE_PRE_HANDLER);
}

void asm_offsets(void)
{
	OFFSET(TASK_SP, task_struct, sp);
	OFFSET(TASK_TRACE_RECURSION, task_struct, trace_recursion);

	DEFINE(CTX_NMI, CTX_NMI);
	DEFINE(CTX_IRQ, CTX_IRQ);
	DEFINE(CTX_TASK, CTX_TASK);
	DEFINE(CTX_TRANSITION, CTX_TRANSITION);
	DEFINE(CONTEXT_NMI, CONTEXT_NMI);
	DEFINE(CONTEXT_HARDIRQ, CONTEXT_HARDIRQ);
	DEFINE(CONTEXT_NEED_RESCHED, CONTEXT_NEED_RESCHED);
	DEFINE(CONTEXT_COUNT_BYTE, CONTEXT_COUNT_BYTE);
	DEFINE(CONTEXT_LEVEL, CONTEXT_LEVEL);
	DEFINE(CONTEXT_SIGN, CONTEXT_SIGN);

	DEFINE(X86_EFLAGS_IF, X86_EFLAGS_IF);
	DEFINE(KERNEL_CS, KERNEL_CS);
	DEFINE(KERNEL_DS, KERNEL_DS);
	DEFINE(TSS_SELECTOR, TSS_SELECTOR);

	OFFSET(SYNC_ACK_ROUND, sync_core_ack, round);
	OFFSET(SYNC_ACK_TSC, sync_core_ack, tsc);
	OFFSET(TRACEPOINT_FUNCS, tracepoint, funcs);
	DEFINE(VECTOR_SYNC_CORE, VECTOR_SYNC_CORE);
	DEFINE(VECTOR_TEST, VECTOR_TEST);
	DEFINE(APIC_EOI, APIC_EOI);
	DEFINE(MSR_X2APIC_EOI, MSR_X2APIC + (APIC_EOI >> 4));
}
