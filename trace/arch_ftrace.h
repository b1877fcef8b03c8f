/* SPDX-License-Identifier: MIT */
/*
 * arch_ftrace.h - the seam between the wanted target of a site and its bytes.
 *
 * trace/ decides the target of each site; arch/ writes the bytes.
 * arch/x86_64/patch/ftrace.c implements the functions, and tests/host/sites.c
 * for the suites on a host. Both sides of the seam use the same two values: @ip
 * is the address of a site, and an "addr" is its target:
 *
 *	0		nothing (NOP)
 *	even		a call of that address
 *	odd		a jump to addr - 1
 *	FTRACE_UNKNOWN	bytes that are none of these (only ever read)
 *
 * Context and locks: everything here is for task context with ftrace_lock
 * held and interrupts on, unless said otherwise. arch_ftrace_prepare() takes
 * text_mutex, which arch_ftrace_apply() or arch_ftrace_abort() releases;
 * functions that write code take it themselves, so they must not be called
 * between the two.
 */
#pragma once

#include "kernel/lib/types.h"

struct ftrace_ops;
struct ftrace_regs;

typedef void (*ftrace_func_t)(unsigned long ip, unsigned long parent_ip,
			      struct ftrace_ops *ops,
			      struct ftrace_regs *fregs);

#define MCOUNT_INSN_SIZE 5
#define FTRACE_ADDR_JMP	 1UL
#define FTRACE_UNKNOWN	 (~0UL - 1)

/* One site of a plan, which is sorted by ip and has each ip once. */
struct ftrace_patch {
	unsigned long ip;
	unsigned long old; /* verified before any byte is written */
	unsigned long new;
};

/* The reason why a plan was refused. */
struct ftrace_bug_info {
	unsigned long ip;
	u8 expected[MCOUNT_INSN_SIZE];
	u8 found[MCOUNT_INSN_SIZE];
	bool readable; /* false: nothing could be read at ip */
};

/*
 * Code that does a callback's work in the common case, before the trampoline
 * saves anything. The generator copies it behind the gate: its addresses are
 * absolute. It begins with the registers of the traced call and rsp at the
 * site's return address, clobbers r10, r11 and the flags only, and calls
 * nothing. With those registers and that rsp it ends in one of three ways:
 *
 *	ret			the call goes on; the callback is not called
 *	at its own end		late(r11, fregs, r10) is called instead
 *	a jump to its end +	the callback is called: nothing has been done
 *	FTRACE_FAST_LATE
 */
#define FTRACE_FAST_LATE 33 /* bytes that call late() */

struct ftrace_fast {
	ftrace_func_t func; /* the callback */
	const u8 *code, *end;
	void (*late)(void *word, struct ftrace_regs *fregs, u32 number);
};

/*
 * A trampoline calls n callbacks in turn. Then it returns to the traced
 * function or tail-jumps to a direct target. The trampoline of one ops is one
 * with n == 1.
 */
struct ftrace_tramp_call {
	ftrace_func_t func; /* re-poked live by arch_ftrace_set_inner() */
	struct ftrace_ops *ops;
	bool guard; /* skip the call when it would recurse */
};

struct ftrace_tramp_desc {
	unsigned int n;
	bool regs;	      /* save and give full registers */
	unsigned long direct; /* 0: end in ret; else an addr, see above */
	/*
	 * With one callback and without a direct target: NULL, or a flag. While
	 * it is false, the trampoline returns before it saves anything.
	 */
	const bool *gate;
	/* Behind a gate, with a fast frame and no guard; or NULL. */
	const struct ftrace_fast *fast;
	struct ftrace_tramp_call call[];
};

/*
 * Called once at boot, before the first site is patched. Return: 0 or a
 * negative errno that the boot step reports.
 */
int arch_ftrace_init(void);

/*
 * Read the present target of the bytes at @ip. Context: any, but the result is
 * stable only with ftrace_lock held. Return: an addr, or FTRACE_UNKNOWN.
 */
unsigned long arch_ftrace_read(unsigned long ip);

/*
 * Begin to verify a plan of @n lines; writes no code. The plan belongs to the
 * callee until it has been applied or aborted, and old and new of its lines
 * become the callee's own data: nothing reads them any more.
 * Return: 0 with text_mutex held; -EBUSY a batch is open.
 */
int __must_check arch_ftrace_prepare(struct ftrace_patch *plan, size_t n);

/*
 * Verify the next @n lines of the plan: those of a run, at least one, where old
 * and new of the first are those of all and only ip of the others is valid; or
 * any, each with its own. All lines are verified before the plan is applied.
 * Return: 0; -EINVAL other bytes found, -EFAULT the site is not readable (both
 * with @bad filled in; the caller gives up for good), -ERANGE a target out of
 * reach. After an error nothing is open. No other code is returned.
 */
int __must_check arch_ftrace_prepare_run(struct ftrace_patch *run, size_t n,
					 struct ftrace_bug_info *bad);
int __must_check arch_ftrace_prepare_lines(struct ftrace_patch *lines, size_t n,
					   struct ftrace_bug_info *bad);

/*
 * Make every CPU serialise, so that it executes all code written before. For
 * code that is published without a batch. Context: task, may wait.
 */
void arch_ftrace_sync(void);

/* Can a site call @addr, or jump to it? Context: any. */
bool arch_ftrace_reaches(unsigned long addr);

/* Exactly one of these two follows when all lines are verified. */
void arch_ftrace_apply(void);
void arch_ftrace_abort(void);

/*
 * The executable bytes of a trampoline of @n callbacks, @guards of them
 * guarded; 0 if no trampoline can be so long.
 */
size_t arch_ftrace_trampoline_size(unsigned int n, unsigned int guards,
				   bool regs, unsigned long direct);

/* Return: the trampoline, or 0 without room or memory. */
unsigned long arch_ftrace_make_trampoline(const struct ftrace_tramp_desc *desc);

/* The caller has waited until no task is inside (I4). Fills it with INT3. */
void arch_ftrace_free_trampoline(unsigned long tramp);

/*
 * Redirect or read back the @i-th callback of a live trampoline, or of a static
 * caller, which has one. Both the old and the new callback must accept the same
 * ops. Reading may be done in any context; it returns NULL if @tramp is no
 * trampoline or has no such call.
 */
void arch_ftrace_set_inner(unsigned long tramp, unsigned int i,
			   ftrace_func_t func);
ftrace_func_t arch_ftrace_inner(unsigned long tramp, unsigned int i);

/*
 * The static callers call arch_ftrace_inner(caller, 0) with the ops of the last
 * arch_ftrace_set_static_ops(), which returns only when no CPU can read the
 * previous ops any more.
 */
unsigned long arch_ftrace_static_caller(bool regs);
void arch_ftrace_set_static_ops(struct ftrace_ops *ops);

/*
 * For the unwinder: is @addr inside a trampoline or a static caller? Then
 * *@start and *@size describe it. At a call made from it, rsp + *@bytes is the
 * slot of the return address into the traced function. Context: any.
 */
bool arch_ftrace_frame(unsigned long addr, unsigned long *start,
		       unsigned long *size, unsigned long *bytes);

/* From a callback of a static caller: leave to @addr; 0: return to the ip. */
void arch_ftrace_set_direct_caller(struct ftrace_regs *fregs,
				   unsigned long addr);

/*
 * The registers of a traced call. Callable from a callback only. A view without
 * full registers has arguments, ip and sp; ftrace_get_regs() of it is NULL.
 * Setting ip redirects the traced call in every kind of trampoline.
 */
struct pt_regs *ftrace_get_regs(struct ftrace_regs *fregs);
unsigned long ftrace_regs_get_argument(struct ftrace_regs *fregs,
				       unsigned int n);
unsigned long ftrace_regs_get_return_value(struct ftrace_regs *fregs);
/* Of an fprobe's exit handler: what the function returns. */
void ftrace_regs_set_return_value(struct ftrace_regs *fregs,
				  unsigned long value);
unsigned long ftrace_regs_get_instruction_pointer(struct ftrace_regs *fregs);
void ftrace_regs_set_instruction_pointer(struct ftrace_regs *fregs,
					 unsigned long ip);
unsigned long ftrace_regs_get_stack_pointer(struct ftrace_regs *fregs);

/* ---- targets with handlers at entry and exit: ftrace_fexit.h ------------- */

/* A handler's view of a call. Changes of arguments and results take effect. */
struct ftrace_fexit_call {
	unsigned long arg[6];	/* rdi rsi rdx rcx r8 r9 */
	unsigned long ret;	/* at entry rax: number of vector arguments */
	unsigned long ret_high; /* rdx; at exit only */
	unsigned long ip;	/* the site */
	unsigned long unused;
};

typedef void (*ftrace_fexit_func_t)(struct ftrace_fexit_call *call, void *data);

struct ftrace_fexit_prog {
	ftrace_fexit_func_t entry; /* NULL: none */
	ftrace_fexit_func_t exit;  /* NULL: none */
	void *data;
};

/*
 * Instead of progs: an object with handlers, whose arguments are those of an
 * fprobe: (owner, ip, return address, fregs, data).
 */
struct ftrace_fexit_owner {
	void *const *entry, *const *exit; /* words that hold the object whose
					   * handler is called; static data */
	u32 entry_func, exit_func; /* offsets of the handlers in it, bytes */
	unsigned int words;	   /* of data of one call */
	u32 *busy; /* per CPU: CTX_ bits of the contexts in which one runs */
	void (*missed)(void *owner); /* called if one runs in this context */
	unsigned long hooked;	     /* if the return address is this, */
	unsigned long (*resolve)(unsigned long *retp); /* this knows it */
};

struct ftrace_fexit_desc {
	unsigned long ip; /* the site whose function it wraps */
	unsigned int nr;
	const struct ftrace_fexit_prog *prog; /* called in order */
	unsigned int stack_words;	      /* stack arguments to copy */
	u64 *in, *out; /* per-CPU counts: calls entered and left */
	const struct ftrace_fexit_owner *owner; /* NULL: progs */
};

/*
 * Does the function at @ip have all its arguments in registers, and neither
 * look at its return address, nor call itself, nor end by a jump to a function
 * with a site? False if its code does not show that. Context: task; takes
 * text_mutex.
 */
bool arch_ftrace_in_registers(unsigned long ip);
/* Return: an odd addr, for a jump; 0 without room or memory. */
unsigned long arch_ftrace_make_fexit(const struct ftrace_fexit_desc *desc);
/* No task may be inside any more. */
void arch_ftrace_free_fexit(unsigned long addr);
/* Is @addr inside one? Then *@start and *@size are its code. Context: any. */
bool arch_ftrace_find_fexit(unsigned long addr, unsigned long *start,
			    unsigned long *size);
/*
 * The counter `out` of the target that contains @addr, or NULL. *exits: @addr,
 * where a call in it returns to, is on the way to its owner's exit handler.
 */
u64 *arch_ftrace_fexit_out(unsigned long addr, bool *exits);

/* ---- up-calls of the seam, made by its assembly -------------------------- */

/* The empty callback. */
void ftrace_stub(unsigned long ip, unsigned long parent_ip,
		 struct ftrace_ops *ops, struct ftrace_regs *fregs);

/*
 * Called by return_to_handler when the call whose return address stood at retp
 * returns. It restores the address there, or it does nothing; then the
 * assembly calls ftrace_return_to_handler(). (The values are not 0 and 1: gcc
 * would then keep the flag of the reservation in a register of its own all the
 * way, which costs four instructions.)
 */
enum fgraph_handled { FGRAPH_REFUSED = 0, FGRAPH_RETURNS = 2 };
typedef enum fgraph_handled (*fgraph_handler_t)(unsigned long *retp);

extern fgraph_handler_t fgraph_return_handler; /* [A] called first */

/*
 * ftrace_return_to_handler() - handle the return, with rax and rdx, of the call
 * whose return address stood at retp, and restore that address. It may change
 * the rax that the assembly restores (ftrace_result_slot()).
 */
void ftrace_return_to_handler(unsigned long *retp, unsigned long rax,
			      unsigned long rdx);
