/* SPDX-License-Identifier: MIT */
/*
 * kprobe.h - call a handler whenever a given instruction is about to be
 * executed. Names, flags and errors are Linux's.
 *
 * Lock legend: [K] kprobe_mutex; [I] is set by the caller.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct kprobe;
struct pt_regs;
struct trace_seq;

typedef u8 kprobe_opcode_t;

/*
 * Context of both handlers: that of the probed code, NMI included, with
 * preemption off; at an INT3 interrupts are off, too. A handler may call
 * anything that does not sleep; a probe that is reached inside it, in the same
 * context, is not handled, and counted in its ->nmissed.
 *
 * pre handler: regs are those of the probed code, except that regs->ip is one
 * byte behind the probed address. Changes of registers take effect. Return: 0;
 * any other value: the handler has set regs->ip to where the code goes on, and
 * the instruction is not executed, nor later pre handlers and post handlers
 * called.
 *
 * post handler: called after the instruction, regs->ip is the next one's.
 */
typedef int (*kprobe_pre_handler_t)(struct kprobe *p, struct pt_regs *regs);
typedef void (*kprobe_post_handler_t)(struct kprobe *p, struct pt_regs *regs,
				      unsigned long flags);

#define KPROBE_FLAG_GONE	  1U
#define KPROBE_FLAG_DISABLED	  2U  /* the only one that a caller may set */
#define KPROBE_FLAG_OPTIMIZED	  4U  /* not used: no jump optimisation */
#define KPROBE_FLAG_FTRACE	  8U  /* at a site: no INT3 */
#define KPROBE_FLAG_ON_FUNC_ENTRY 16U /* at the start of a function */

struct kprobe {
	kprobe_opcode_t *addr;	 /* [I] the address, or: */
	const char *symbol_name; /* [I] a function, */
	unsigned int offset;	 /* [I] and an offset in it or from addr */
	kprobe_pre_handler_t pre_handler;   /* [I] or NULL */
	kprobe_post_handler_t post_handler; /* [I] or NULL */
	u32 flags;			    /* [K] */
	unsigned long nmissed;		    /* [A] hits without a handler */
	kprobe_opcode_t opcode;		    /* [K] the byte at addr */
	/* The core owns these. */
	struct kprobe_place *place; /* [K] NULL: not registered */
	struct list_head of_place;  /* [K] */
};

/**
 * register_kprobe - call @p's handlers at its instruction from now on
 *
 * A function's start is probed by ftrace; any other instruction by an INT3.
 * Several probes may share an address.
 * Context: task, may sleep.
 * Return: 0; -EINVAL both or none of addr and symbol_name, no address in a
 * function, a function that must not be probed (kprobe_blacklisted()), bytes
 * that others patch, registered already; -ENOENT unknown symbol; -EILSEQ not
 * the start of an instruction, or a trapping one; -EOPNOTSUPP an instruction
 * that cannot be probed (arch_kprobe_prepare()), or not with a post handler;
 * -EBUSY a site has another user that changes ip, and @p has a post handler;
 * -EDEADLK called from a handler; -ENOMEM; errors of
 * register_ftrace_function(). No other code is returned.
 */
int __must_check register_kprobe(struct kprobe *p);

/**
 * register_kprobes - register @num probes, all or none of them
 * Return: as register_kprobe(); -EINVAL @num is not positive.
 */
int __must_check register_kprobes(struct kprobe **ps, int num);

/**
 * unregister_kprobe, unregister_kprobes - no handler runs after the return
 * Probes that are not registered are skipped. Context: task, may sleep.
 */
void unregister_kprobe(struct kprobe *p);
void unregister_kprobes(struct kprobe **ps, int num);

/**
 * disable_kprobe, enable_kprobe - pause one probe
 * Return: 0; -EINVAL not registered; errors of arming as register_kprobe().
 */
int disable_kprobe(struct kprobe *p);
int enable_kprobe(struct kprobe *p);

/* The probe whose handler runs on this CPU, or NULL. Context: any. */
struct kprobe *kprobe_running(void);
/* The first probe at @addr, or NULL. Context: task. */
struct kprobe *get_kprobe(void *addr);

/*
 * May the function that contains @addr not be probed? So it is for what the
 * proof of `make lint` reaches from INT3 handling and its other roots: the
 * build computes that set and marks it in the symbol table.
 */
bool kprobe_blacklisted(unsigned long addr);

/*
 * The switch of all probes, kretprobes included: off, no probe is armed.
 * Return: 0, or an error of arming.
 */
int kprobes_set_all(bool on);
bool kprobes_all(void);

/*
 * Append the line with number *pos (blacklist: of the first symbol from *pos
 * on) and advance *pos, unless it does not fit. Return: false: there is none.
 * Context: task.
 */
bool kprobes_show(u64 *pos, struct trace_seq *seq);
bool kprobes_show_blacklist(u64 *pos, struct trace_seq *seq);
