/* SPDX-License-Identifier: MIT */
/*
 * arch_kprobe.h - the seam of probes: how a probed instruction is executed.
 *
 * trace/probes/ decides which addresses are probed and calls the handlers;
 * arch/x86_64/patch/kprobe*.c checks and decodes the instruction, writes the
 * INT3 in its place, and executes the instruction for the code that traps.
 *
 * K2 Each CPU that reaches a probed instruction executes it exactly once, with
 *    the effect that it has at its own address.
 * K3 A slot is freed only when no task can be inside it: its INT3 is removed,
 *    then synchronize_tasks(), then a sync round, because the scheduler marks a
 *    task or an idle CPU as passed while it may still be in a slot with
 *    interrupts off.
 *
 * Lock legend: [K] kprobe_mutex; [I] immutable while published; [A] single
 * accesses.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/context.h>
#include <asm/percpu.h>

struct kprobe;
struct kprobe_list;
struct kprobe_point;
struct pt_regs;

#define KPROBE_CODE_MAX 16 /* bytes of an instruction, rounded up */

/* How the instruction under an INT3 is executed. */
enum kprobe_how {
	KPROBE_SLOT, /* by its copy in a slot, which jumps back */
	/* The rest is emulated by the INT3 handler: */
	KPROBE_CALL,
	KPROBE_JMP,
	KPROBE_JCC,
	KPROBE_LOOP,
	KPROBE_RET,
	KPROBE_CALL_REG,
	KPROBE_JMP_REG,
};

/* What arch knows of a probed instruction. [I] */
struct arch_kprobe {
	u8 bytes[KPROBE_CODE_MAX]; /* of memory, from its first byte on */
	u8 len;
	u8 how;		  /* enum kprobe_how */
	u8 which;	  /* condition, kind of LOOP, or register */
	bool short_count; /* LOOP counts in ecx, not rcx */
	bool no_post;	  /* control does not reach the next instruction */
	u16 pop;	  /* bytes that RET removes from the stack */
	unsigned long target;
	unsigned long slot; /* in the executable pool, or 0 */
};

/**
 * arch_kprobe_prepare - can the instruction at @addr be probed, and how?
 *
 * Allocates a slot if the instruction needs one.
 * Context: task. Takes text_mutex.
 * Return: 0; -EILSEQ @addr is not the start of an instruction, or that is INT3,
 * INT n, INT1 or UD; -EINVAL no function there, or bytes that another patcher
 * changes, or entry code; -EOPNOTSUPP it cannot be executed elsewhere: IRET,
 * far branches, SYSCALL and its kin, STI, MOV to SS and the instruction behind
 * each, HLT, a near branch with an operand-size prefix, a call through memory
 * that is addressed by rsp; -ENOMEM no room in the executable pool. No other
 * code is returned.
 */
int __must_check arch_kprobe_prepare(struct arch_kprobe *probe,
				     unsigned long addr);
/* Waits until no task is in a slot whose point is disarmed (K3). */
void arch_kprobe_wait(void);
/* Frees the slot. The caller has waited, if the point was ever armed. */
void arch_kprobe_release(struct arch_kprobe *probe);

/* Where the INT3 behind the copy for post handlers is; 0 without a slot. */
unsigned long arch_kprobe_second_int3(const struct arch_kprobe *probe);

/**
 * arch_kprobe_arm - write or remove the INT3 of @n points, in one batch
 * @points: rising by address
 *
 * Context: task.
 * Return: 0; -ENOMEM; -EINVAL other bytes were found, and nothing was written.
 * No other code is returned.
 */
int __must_check arch_kprobe_arm(struct kprobe_point *const *points, size_t n,
				 bool on);

/* ---- up-calls of the seam, made by the INT3 handler ---------------------- */

/* What the INT3 handler does next. */
enum kprobe_next {
	KPROBE_FOREIGN,	   /* the INT3 is not that of a probe */
	KPROBE_GO_ON,	   /* execute the instruction */
	KPROBE_POST,	   /* the same, then call kprobe_post() */
	KPROBE_REDIRECTED, /* resume at regs->ip: a handler has set it, or the
			    * INT3 was the one behind a copy */
};

/*
 * kprobe_trap() - find the point of the INT3 before regs->ip and call its pre
 * handlers; for the INT3 behind a copy, its post handlers
 * kprobe_post() - call the post handlers; regs->ip is the next instruction's
 * kprobe_find() - the point of an INT3, or NULL
 *
 * Context: of the trap, interrupts off; kprobe_find(): any. Not traceable.
 */
enum kprobe_next kprobe_trap(struct pt_regs *regs, struct kprobe_point **point);
void kprobe_post(struct kprobe_point *point, struct pt_regs *regs);
struct kprobe_point *kprobe_find(unsigned long addr);

/* What both sides know of a point; the first member of struct kprobe_point. */
struct kprobe_point {
	unsigned long addr;		/* [I] */
	struct arch_kprobe arch;	/* [I] of a site: unused */
	const struct kprobe_list *list; /* [A] enabled probes; NULL: none */
};

/* ---- probes at sites: the trampoline kprobe_site_caller() ---------------- */

/* A probed site, found by the address behind its CALL. */
struct kprobe_site {
	unsigned long ret;	  /* [I] */
	struct kprobe *alone;	  /* [A] its probe, if it has one only, with a
				   * pre handler only; or NULL */
	struct kprobe_site *next; /* [A] in the bucket */
};

#define KPROBE_SITE_HASH 0x9e3779b1U
#define KPROBE_SITE_BITS 12

static __always_inline unsigned int kprobe_site_bucket(unsigned long ret)
{
	return (u32)ret * KPROBE_SITE_HASH >> (32 - KPROBE_SITE_BITS);
}

/* Where struct kprobe has its pre handler; kprobe_hit.c asserts it. */
#define KPROBE_PRE_HANDLER 24

/* asm, kprobe_entry.asm. Context: it is called by sites. */
void kprobe_site_caller(void);
extern char kprobe_site_caller_end[];

/* The probe whose handler runs in a context, by its CTX_ bit. */
struct kprobe_contexts {
	struct kprobe *probe[CTX_TASK + 1];
};

extern struct kprobe_site *kprobe_site_table[1U << KPROBE_SITE_BITS];
DECLARE_PER_CPU(u32, kprobe_busy); /* CTX_ bits: a handler runs there */
DECLARE_PER_CPU(struct kprobe_contexts, kprobe_contexts);

/*
 * kprobe_site_general() - what the trampoline does not do itself; it sets
 * regs->ip, which is the address behind the CALL before, to where the call goes
 * on. Context: probe, preemption off.
 */
void kprobe_site_general(struct pt_regs *regs);
