// SPDX-License-Identifier: MIT
/*
 * Exceptions: this file finds the owner of a trap, catches an exception that a
 * test expects, and panics with an explanation for any other.
 *
 * Owns: the catch word of each CPU, the tables of the owners of #BP and #DB.
 *
 * TR4 An exception is caught only in task context and only while its own CPU is
 *    inside trap_catch(), so an interrupt's fault is never taken for the
 *    test's.
 *
 * TR1 A trap is handled by the first owner that claims it, and by no other. The
 *    probes are the first: no address is both theirs and the patch engine's.
 * TR2 A #BP that no owner claims ends in a panic with its address, unless a
 *    test catches it.
 * TR3 Nothing steps inside an NMI: #DB returns by IRET, which would unblock the
 *    next NMI on the same stack.
 *
 * Context: all run in the context of the interrupted code, interrupts off.
 * Nothing is traceable before the last owner of a #BP has declined it.
 */
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/irq_events.h"
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/pt_regs.h>
#include <asm/switch.h>

struct trap_catch {
	u32 vectors; /* expected exceptions, as TRAP_BIT()s; 0: none */
	unsigned long resume_sp;
	struct trap_info info;
};

static DEFINE_PER_CPU(struct trap_catch, trap_catcher); /* [C] */

DEFINE_TABLE(struct trap_owner, int3_owners);
DEFINE_TABLE(struct trap_owner, step_owners);
DEFINE_TABLE(struct trap_place, trap_places);
bool int3_short;

static const char *const trap_names[NR_EXCEPTIONS] = {
	[X86_TRAP_DE] = "#DE divide error",
	[X86_TRAP_DB] = "#DB debug",
	[X86_TRAP_NMI] = "NMI",
	[X86_TRAP_BP] = "#BP breakpoint",
	[X86_TRAP_OF] = "#OF overflow",
	[X86_TRAP_BR] = "#BR bound range exceeded",
	[X86_TRAP_UD] = "#UD invalid opcode",
	[X86_TRAP_NM] = "#NM device not available",
	[X86_TRAP_DF] = "#DF double fault",
	[X86_TRAP_TS] = "#TS invalid TSS",
	[X86_TRAP_NP] = "#NP segment not present",
	[X86_TRAP_SS] = "#SS stack segment fault",
	[X86_TRAP_GP] = "#GP general protection",
	[X86_TRAP_PF] = "#PF page fault",
	[X86_TRAP_MF] = "#MF x87 error",
	[X86_TRAP_AC] = "#AC alignment check",
	[X86_TRAP_MC] = "#MC machine check",
	[X86_TRAP_XF] = "#XF SIMD error",
	[X86_TRAP_CP] = "#CP control protection",
};

const char *trap_name(unsigned int vector)
{
	if (vector < NR_EXCEPTIONS && trap_names[vector])
		return trap_names[vector];
	return "reserved exception";
}

static const char *page_fault_reason(u32 error)
{
	bool present = error & PF_PROT;

	if (error & PF_RSVD)
		return "reserved bit set in the page table of";
	if (error & PF_INSTR)
		return present ? "execution of a no-execute page at" :
				 "execution of an unmapped page at";
	if (error & PF_WRITE)
		return present ? "write to a read-only page at" :
				 "write to an unmapped page at";
	return present ? "read of a protected page at" :
			 "read of an unmapped page at";
}

static void describe_page_fault(u32 error, unsigned long addr, char *buf,
				size_t size)
{
	const char *note = "";

	if (addr < PAGE_SIZE)
		note = " (null pointer)";
	else if (stack_of_guard(addr))
		note = " (guard page of a stack)";
	snprintf(buf, size, "%s: %s %#lx%s, error %#x", trap_name(X86_TRAP_PF),
		 page_fault_reason(error), addr, note, error);
}

static void describe_selector(unsigned int vector, u32 error, char *buf,
			      size_t size)
{
	static const char *const table[] = { "GDT", "IDT", "LDT", "IDT" };

	snprintf(buf, size, "%s: entry %u of the %s%s, error %#x",
		 trap_name(vector), error >> 3, table[error >> 1 & 3],
		 error & 1 ? " (external event)" : "", error);
}

void trap_describe(const struct pt_regs *regs, unsigned long cr2, char *buf,
		   size_t size)
{
	unsigned int vector = regs_vector(regs);
	u32 error = regs_error(regs);

	switch (vector) {
	case X86_TRAP_PF:
		describe_page_fault(error, cr2, buf, size);
		break;
	case X86_TRAP_DB:
		snprintf(buf, size, "%s%s", trap_name(vector),
			 in_nmi() ? ": a step inside an NMI" : "");
		break;
	case X86_TRAP_DF:
		snprintf(buf, size, "%s%s, last fault address %#lx",
			 trap_name(vector),
			 stack_of_guard(cr2) ? ": stack overflow" : "", cr2);
		break;
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
		if (error) {
			describe_selector(vector, error, buf, size);
			break;
		}
		__attribute__((fallthrough));
	default:
		snprintf(buf, size, "%s", trap_name(vector));
	}
}

/* TR4. If it returns true, regs lead back into trap_catch(). */
static bool trap_caught(struct pt_regs *regs, unsigned long cr2)
{
	struct trap_catch *catcher = this_cpu_ptr(&trap_catcher);
	unsigned int vector = regs_vector(regs);

	if (!in_task() || !(catcher->vectors & TRAP_BIT(vector)))
		return false;
	catcher->vectors = 0;
	catcher->info = (struct trap_info){
		.vector = vector,
		.error = regs_error(regs),
		.ip = regs->ip,
		.sp = regs->sp,
		.addr = cr2,
		.on_ist = ist_of(read_sp()) != IST_NONE,
	};
	regs->ip = (unsigned long)trap_catch_resume;
	regs->sp = catcher->resume_sp;
	regs->flags = X86_EFLAGS_FIXED; /* the old flags are on that stack */
	return true;
}

bool trap_catch(u32 vectors, void (*fn)(void *arg), void *arg,
		struct trap_info *info)
{
	struct trap_catch *catcher;
	u32 count;
	bool caught;

	preempt_disable();
	count = preempt_count();
	catcher = this_cpu_ptr(&trap_catcher);
	BUG_ON(catcher->vectors);
	WRITE_ONCE(catcher->vectors, vectors);
	caught = trap_catch_call(fn, arg, &catcher->resume_sp);
	WRITE_ONCE(catcher->vectors, 0);
	if (caught) {
		*info = catcher->info;
		preempt_count_restore(count);
	}
	preempt_enable();
	return caught;
}

static bool step_claimed(struct pt_regs *regs)
{
	const struct trap_owner *const *at;

	if (in_nmi()) /* TR3 */
		return false;
	for_each_entry(at, step_owners)
	{
		if ((*at)->claims(regs)) /* TR1 */
			return true;
	}
	return false;
}

static void to_original_place(struct pt_regs *regs)
{
	const struct trap_place *const *at;

	for_each_entry(at, trap_places)
	{
		(*at)->original(regs);
	}
}

void exception_entry(struct pt_regs *regs)
{
	unsigned int vector = regs_vector(regs);
	bool has_address = vector == X86_TRAP_PF || vector == X86_TRAP_DF;
	unsigned long cr2 = has_address ? read_cr2() : 0;
	char text[128];

	if (vector == X86_TRAP_DB && step_claimed(regs))
		return;
	if (vector != X86_TRAP_DB)
		to_original_place(regs);
	if (vector == X86_TRAP_PF)
		trace_page_fault_kernel(cr2, regs->ip, regs_error(regs));
	if (trap_caught(regs, cr2))
		return;
	trap_describe(regs, cr2, text, sizeof(text));
	panic_regs(regs, "%s", text);
}

/* TR2 */
static noinline void int3_unclaimed(struct pt_regs *regs)
{
	const struct trap_owner *const *at;
	char owners[64] = "";

	if (trap_caught(regs, 0))
		return;
	for_each_entry(at, int3_owners)
		snprintf(owners + strlen(owners),
			 sizeof(owners) - strlen(owners), " %s", (*at)->name);
	panic_regs(regs, "%s: stray INT3 at %pS (%#lx) on CPU %u, not of:%s",
		   trap_name(X86_TRAP_BP), (void *)(regs->ip - 1), regs->ip - 1,
		   smp_processor_id(), owners);
}

notrace void int3_declined(struct pt_regs *regs)
{
	const struct trap_owner *const *at = int3_owners_first;

	while (++at < int3_owners_end)
		if ((*at)->claims(regs)) /* TR1 */
			return;
	int3_unclaimed(regs);
}

void show_regs(const struct pt_regs *regs)
{
	pr_emerg("ip %016lx %pS  flags %08lx  cs %02lx ss %02lx", regs->ip,
		 (void *)regs->ip, regs->flags, regs->cs, regs->ss);
	pr_emerg("ax %016lx  bx %016lx  cx %016lx  dx %016lx", regs->ax,
		 regs->bx, regs->cx, regs->dx);
	pr_emerg("si %016lx  di %016lx  bp %016lx  sp %016lx", regs->si,
		 regs->di, regs->bp, regs->sp);
	pr_emerg("r8 %016lx  r9 %016lx r10 %016lx r11 %016lx", regs->r8,
		 regs->r9, regs->r10, regs->r11);
	pr_emerg("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", regs->r12,
		 regs->r13, regs->r14, regs->r15);
	pr_emerg("cr0 %08lx cr2 %016lx cr3 %08lx cr4 %08lx", read_cr0(),
		 read_cr2(), read_cr3(), read_cr4());
}
