/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: vectors, printing the registers, catching an expected exception.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct pt_regs;

enum x86_vector {
	X86_TRAP_DE = 0,
	X86_TRAP_DB = 1,
	X86_TRAP_NMI = 2,
	X86_TRAP_BP = 3,
	X86_TRAP_OF = 4,
	X86_TRAP_BR = 5,
	X86_TRAP_UD = 6,
	X86_TRAP_NM = 7,
	X86_TRAP_DF = 8,
	X86_TRAP_TS = 10,
	X86_TRAP_NP = 11,
	X86_TRAP_SS = 12,
	X86_TRAP_GP = 13,
	X86_TRAP_PF = 14,
	X86_TRAP_MF = 16,
	X86_TRAP_AC = 17,
	X86_TRAP_MC = 18,
	X86_TRAP_XF = 19,
	X86_TRAP_CP = 21,
	NR_EXCEPTIONS = 32,
};

/* Error code of a page fault. */
#define PF_PROT	 (1U << 0) /* page present, access not allowed */
#define PF_WRITE (1U << 1)
#define PF_USER	 (1U << 2)
#define PF_RSVD	 (1U << 3) /* reserved bit set in a page table */
#define PF_INSTR (1U << 4) /* instruction fetch */

/*
 * Load GDT, TSS and IDT of the boot CPU; from now on exceptions are reported.
 * The IST stacks are static until paging can provide guard pages.
 * Context: boot. Return: 0. No other code is returned.
 */
int traps_init(void);

/* Name of a vector, "#PF page fault" style. Never NULL. */
const char *trap_name(unsigned int vector);

/*
 * Write a sentence about an exception: its name, the failed access, its
 * address. Never fails.
 */
void trap_describe(const struct pt_regs *regs, unsigned long cr2, char *buf,
		   size_t size);

/* A caught exception. */
struct trap_info {
	unsigned int vector;
	u32 error;
	unsigned long ip, sp;
	unsigned long addr; /* CR2 of a page fault, else 0 */
	bool on_ist;	    /* the handler ran on an IST stack */
};

#define TRAP_BIT(vector) (1U << (vector))

/*
 * Call fn(arg). If it raises one of the exceptions in vectors, abandon it at
 * that instruction and return here. For tests: locks that fn holds stay held.
 * Preemption is off during the call. It does not catch a #BP at a patched site
 * (the patch engine claims it) nor an NMI (see nmi_handler_register()). It does
 * not nest. It must not be used for functions whose returns the graph tracer
 * has hooked: the hook of an abandoned function would be taken for its
 * caller's.
 * Context: task.
 * Return: true if an exception was caught and *info filled; false if fn
 * returned.
 */
bool trap_catch(u32 vectors, void (*fn)(void *arg), void *arg,
		struct trap_info *info);

/* Where interrupted code goes on. */
struct trap_resume {
	unsigned long ip;
	unsigned long sp;
};

/*
 * An owner of #BP or #DB. All owners are asked in the order of their keys
 * until one claims the trap:
 *
 *	10	probes
 *	20	the patch engine
 *	30-80	others
 *	90	tests
 *
 * claims() decides by regs->ip (at #BP: one byte behind the INT3). Either it
 * returns 0 with regs unchanged, or it handles the trap and returns another
 * value; then the interrupted code resumes with regs. Only the owner of an
 * address changes the byte there.
 *
 * int3_owners: claims() may change ip, sp and up to 16 bytes below sp. It is
 * not traceable (tests/lint/reach.py reads this table from the image), takes no
 * lock and does not wait. Context: that of the interrupted code, nmi included,
 * interrupts off.
 *
 * While int3_short is set, resumes() of the second of int3_owners is called
 * before a pt_regs is made, under the same rules. It gets ip and sp, and may
 * write the word below sp. It returns where to go on, or ip 0: the owners'
 * claims() are called, as always. The other owners have none.
 *
 * step_owners: claims() is called after each instruction of code that runs with
 * X86_EFLAGS_TF. It may enable interrupts and be preempted if the interrupted
 * code may; interrupts are off again when it returns. #DB returns by IRET,
 * which ends the blocking of NMIs, so a step inside an NMI is a panic: a probe
 * emulates the instruction or jumps to a copy of it. Context: that of the
 * interrupted code, but never nmi.
 */
struct trap_owner {
	const char *name; /* for the panic of a trap that no owner claims */
	int (*claims)(struct pt_regs *regs);
	struct trap_resume (*resumes)(unsigned long ip, unsigned long sp);
};

DECLARE_TABLE(struct trap_owner, int3_owners);
extern bool int3_short; /* [A] written by the second of them */
DECLARE_TABLE(struct trap_owner, step_owners);

/*
 * What knows of instructions that are executed elsewhere. If regs->ip is at
 * one, original() sets ip and sp as they would be in front of the instruction
 * that it stands for. An exception is reported there, except a #DB. Context:
 * any; not traceable, takes no lock.
 */
struct trap_place {
	void (*original)(struct pt_regs *regs);
};

DECLARE_TABLE(struct trap_place, trap_places);

/* Print all registers of a frame, one group per line. Any context. */
void show_regs(const struct pt_regs *regs);
