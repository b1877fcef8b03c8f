// SPDX-License-Identifier: MIT
/*
 * The generator of trampolines, for a single ops and for a chain.
 *
 * Owns the bytes: which instructions a trampoline has, and in which order. The
 * generator joins the pieces below. Code that reads a trampoline again finds
 * them by their fixed lengths, never by a pattern.
 *
 *	header
 *	[gate]		test a flag, return if it is false
 *	[fast]		what the callback would do, without a frame; late()
 *	save		7 or 22 pushes: the frame of ftrace_frame.h
 *	[copies]	of ip and parent_ip, if there are several callbacks
 *	n times:	arguments; [guard: enter]; call; [guard: leave]
 *	restore
 *	ret, or jmp to a direct target
 *
 * I5 A trampoline calls nothing but the callbacks, before and behind a guard.
 *
 * One unguarded fast callback takes 21 instructions: 7 pushes, 5 for the
 * arguments, call, 7 pops, ret. Several take 18 + 6n: 4 are for the copies.
 *
 * A fast frame leaves rsp aligned to 8 at the call: with
 * -mpreferred-stack-boundary=3 the compiler expects no more.
 */
#include "arch/x86_64/patch/code.h"
#include "arch/x86_64/patch/ftrace_tramp.h"
#include "arch/x86_64/patch/insn.h"
#include "kernel/base/panic.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include <asm/context.h>
#include <asm/cpu.h>

/* ---- saving and restoring: the order is the order of pt_regs ---- */

#define PUSH_FAST                                                     \
	0x57, 0x56, 0x52, 0x51, 0x50,  /* push rdi rsi rdx rcx rax */ \
		0x41, 0x50, 0x41, 0x51 /* push r8 r9 */
#define POP_FAST                                             \
	0x41, 0x59, 0x41, 0x58,		     /* pop r9 r8 */ \
		0x58, 0x59, 0x5a, 0x5e, 0x5f /* pop rax rcx rdx rsi rdi */
#define PUSH_MORE                                  \
	0x41, 0x52, 0x41, 0x53, /* push r10 r11 */ \
		0x53, 0x55,	/* push rbx rbp */ \
		0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57 /* r12..15 */
#define POP_MORE                                                          \
	0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, /* pop r15..12 */ \
		0x5d, 0x5b,				/* pop rbp rbx */ \
		0x41, 0x5b, 0x41, 0x5a			/* pop r11 r10 */

static_assert(offsetof(struct pt_regs, di) > offsetof(struct pt_regs, si) &&
		      offsetof(struct pt_regs, cx) ==
			      offsetof(struct pt_regs, ax) + 8 &&
		      offsetof(struct pt_regs, r10) ==
			      offsetof(struct pt_regs, r9) - 8 &&
		      offsetof(struct pt_regs, r15) == 0,
	      "the order of the pushes");

/* Displacements inside the full frame, relative to rsp at each instruction. */
enum {
	CS_TO_RET = offsetof(struct ftrace_full_frame, ret) -
		    offsetof(struct pt_regs, cs),
	SS_TO_PARENT = offsetof(struct ftrace_full_frame, parent_ip) -
		       offsetof(struct pt_regs, ss),
	SP_TO_RET = offsetof(struct ftrace_full_frame, ret) -
		    offsetof(struct pt_regs, sp),
	R9_IN_FULL = offsetof(struct pt_regs, r9),
	FULL_PARENT = offsetof(struct ftrace_full_frame, parent_ip) -
		      offsetof(struct pt_regs, r9),
	SP_IN_FULL = offsetof(struct pt_regs, sp),
	IP_IN_FULL =
		offsetof(struct pt_regs, ip) - offsetof(struct pt_regs, r9),
	FAST_PARENT_IP = offsetof(struct ftrace_regs, parent_ip),
	FULL_PARENT_IP = offsetof(struct ftrace_full_frame, parent_ip),
};

static_assert(FULL_PARENT < 128 && SS_TO_PARENT < 128 && SP_IN_FULL < 256 &&
		      COPY_BYTES + R9_IN_FULL < 128 && FAST_PARENT_IP < 128,
	      "displacements of one byte");
static_assert(FAST_PARENT_IP == FAST_FRAME_BYTES + 8 &&
		      FULL_PARENT_IP == FULL_FRAME_BYTES + 8,
	      "pushed one after the other with the same displacement");

static void put_save_fast(struct code *c)
{
	PUT(c, PUSH_FAST);
}

static void put_save_full(struct code *c)
{
	PUT(c, 0x6a, 0x00);		     /* push 0: direct */
	PUT(c, 0x6a, KERNEL_DS);	     /* push KERNEL_DS: ss */
	PUT(c, 0x54);			     /* push rsp: sp */
	PUT(c, 0x9c);			     /* pushfq */
	PUT(c, 0x6a, KERNEL_CS);	     /* push KERNEL_CS: cs */
	PUT(c, 0xff, 0x74, 0x24, CS_TO_RET); /* push [rsp + ret]: ip */
	PUT(c, 0x6a, 0x00);		     /* push 0: orig_ax */
	PUT(c, PUSH_FAST);
	PUT(c, PUSH_MORE);
	PUT(c, 0x48, 0x83, 0x84, 0x24, SP_IN_FULL, 0, 0, 0,
	    SS_TO_PARENT); /* add qword [rsp + sp], .. */
}

/* Leaves rsp at the return address into the traced function. */
static void put_restore_fast(struct code *c)
{
	PUT(c, POP_FAST);
}

static void put_restore_full(struct code *c)
{
	PUT(c, POP_MORE);
	PUT(c, POP_FAST);
	PUT(c, 0x48, 0x83, 0xc4, 0x08);		   /* add rsp, 8: orig_ax */
	PUT(c, 0x8f, 0x44, 0x24, CS_TO_RET);	   /* pop [rsp + ret]: ip */
	PUT(c, 0x48, 0x83, 0xc4, 0x08);		   /* add rsp, 8: cs */
	PUT(c, 0x9d);				   /* popfq */
	PUT(c, 0x48, 0x8d, 0x64, 0x24, SP_TO_RET); /* lea rsp, [rsp + ..] */
}

/*
 * A callback may change ip and parent_ip in the frame. The copies give every
 * later callback the same values as the first.
 */
static void put_copies(struct code *c, bool full)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (full) /* push qword [rsp + parent_ip], then [.. + ip] */
			PUT(c, 0xff, 0xb4, 0x24, FULL_PARENT_IP, 0, 0, 0);
		else
			PUT(c, 0xff, 0x74, 0x24, FAST_PARENT_IP);
	}
	PUT(c, 0x48, 0x83, 0x2c, 0x24, MCOUNT_INSN_SIZE); /* sub [rsp], 5 */
}

static void put_drop_copies(struct code *c)
{
	PUT(c, 0x48, 0x83, 0xc4, COPY_BYTES); /* add rsp, 16 */
}

/* ---- one callback ---- */

/* Each call loads fregs into rcx again, because a callback may clobber rcx. */
#define ARGS_FAST_LEN 25
#define ARGS_FULL_LEN 27
#define ARGS_COPY_LEN 24

static size_t args_len(unsigned int n, bool full)
{
	if (n > 1)
		return ARGS_COPY_LEN;
	return full ? ARGS_FULL_LEN : ARGS_FAST_LEN;
}

/*
 * The arguments and the call of an unguarded callback in a chain, in one piece:
 * a chain has many of them.
 */
static __always_inline void put_plain_call(struct code *c, bool full,
					   const struct ftrace_ops *ops,
					   unsigned long func)
{
	struct {
		u8 code[ARGS_COPY_LEN - sizeof(u64)];
		u64 ops;
		u8 opcode;
		s32 rel;
	} __packed args = {
		.code = { 0x48, 0x8d, 0x4c, 0x24,
			  COPY_BYTES + (full ? R9_IN_FULL :
					       0),   /* lea rcx, [rsp + ..] */
			  0x48, 0x8b, 0x3c, 0x24,    /* mov rdi, [rsp] */
			  0x48, 0x8b, 0x74, 0x24, 8, /* mov rsi, [rsp + 8] */
			  0x48, 0xba },		     /* mov rdx, imm64 */
		.ops = (u64)(unsigned long)ops,
		.opcode = INSN_OP_CALL,
	};
	s64 rel = func - (c->base + c->len + sizeof(args));

	static_assert(sizeof(args) == ARGS_COPY_LEN + INSN_MAX, "as counted");
	args.rel = (s32)rel;
	c->out_of_reach |= args.rel != rel;
	put(c, &args, sizeof(args));
}

static void put_args_of_copies(struct code *c, bool full,
			       const struct ftrace_ops *ops)
{
	u64 imm = (u64)(unsigned long)ops;

	PUT(c, 0x48, 0x8d, 0x4c, 0x24,
	    COPY_BYTES + (full ? R9_IN_FULL : 0)); /* lea rcx, [rsp + ..] */
	PUT(c, 0x48, 0x8b, 0x3c, 0x24);		   /* mov rdi, [rsp] */
	PUT(c, 0x48, 0x8b, 0x74, 0x24, 8);	   /* mov rsi, [rsp + 8] */
	PUT(c, 0x48, 0xba);			   /* mov rdx, imm64: ops */
	put(c, &imm, sizeof(imm));
}

static void put_args(struct code *c, bool full, const struct ftrace_ops *ops)
{
	u64 imm = (u64)(unsigned long)ops;

	if (full)
		PUT(c, 0x48, 0x8d, 0x4c, 0x24, R9_IN_FULL); /* lea rcx, [..] */
	else
		PUT(c, 0x48, 0x89, 0xe1); /* mov rcx, rsp */
	PUT(c, 0x48, 0x8b, 0x79,
	    full ? IP_IN_FULL :
		   offsetof(struct ftrace_regs, ip)); /* mov rdi, [rcx + ip] */
	PUT(c, 0x48, 0x83, 0xef, MCOUNT_INSN_SIZE);   /* sub rdi, 5 */
	PUT(c, 0x48, 0x8b, 0x71,
	    full ? FULL_PARENT :
		   offsetof(struct ftrace_regs, parent_ip)); /* mov rsi, .. */
	PUT(c, 0x48, 0xba); /* mov rdx, imm64: ops */
	put(c, &imm, sizeof(imm));
}

/*
 * The guard takes the bit of this context in the task's word. If that bit is
 * taken, it takes the transition bit; if that is taken too, it skips the call.
 * It keeps the bit on the stack: only this code clears the bit. It asks again
 * for the task, which is the same one after a move to another CPU.
 *
 *	mov r11, gs:[current_task]
 *	mov eax, gs:[trace_context]
 *	test [r11 + word], eax
 *	jz 1f
 *	mov eax, CTX_TRANSITION
 *	test [r11 + word], eax
 *	jnz 2f
 * 1:	or [r11 + word], eax
 *	push rax
 *	call ...
 *	pop rax
 *	mov r11, gs:[current_task]
 *	xor [r11 + word], eax
 * 2:
 */
#define GUARD_FIRST_BYTE 0x65
#define GUARD_ENTER_LEN	 39
#define GUARD_LEAVE_LEN	 14

enum { RECURSION_WORD = offsetof(struct task_struct, trace_recursion) };

static_assert(RECURSION_WORD < 128, "a displacement of one byte");
static_assert(CTX_TRANSITION < 256, "written as one byte and zeros");

static void put_load_task(struct code *c)
{
	PUT(c, GUARD_FIRST_BYTE, 0x4c, 0x8b, 0x1c, 0x25);
	put_u32(c, (u32)(unsigned long)&current_task);
}

static void put_guard_enter(struct code *c)
{
	u32 context = (u32)(unsigned long)&trace_context;

	put_load_task(c);
	PUT(c, GUARD_FIRST_BYTE, 0x8b, 0x04, 0x25);
	put_u32(c, context);
	PUT(c, 0x41, 0x85, 0x43, RECURSION_WORD);
	PUT(c, 0x74, 0x0b); /* jz: over the next three */
	PUT(c, 0xb8, CTX_TRANSITION, 0, 0, 0);
	PUT(c, 0x41, 0x85, 0x43, RECURSION_WORD);
	PUT(c, 0x75, 4 + 1 + INSN_MAX + GUARD_LEAVE_LEN); /* jnz: to the end */
	PUT(c, 0x41, 0x09, 0x43, RECURSION_WORD);
	PUT(c, 0x50);
}

static void put_guard_leave(struct code *c)
{
	PUT(c, 0x58);
	put_load_task(c);
	PUT(c, 0x41, 0x31, 0x43, RECURSION_WORD);
}

static void put_callback(struct code *c, unsigned int n, bool full,
			 const struct ftrace_tramp_call *call)
{
	if (n > 1 && !call->guard) {
		put_plain_call(c, full, call->ops, (unsigned long)call->func);
		return;
	}
	if (n > 1)
		put_args_of_copies(c, full, call->ops);
	else
		put_args(c, full, call->ops);
	if (call->guard)
		put_guard_enter(c);
	put_call(c, (unsigned long)call->func);
	if (call->guard)
		put_guard_leave(c);
}

/* ---- the way out ---- */

/*
 * A called direct target needs the site's return address on the stack; for a
 * target that is jumped to (odd) it must be off the stack.
 */
static void put_leave(struct code *c, unsigned long direct)
{
	if (!direct) {
		PUT(c, 0xc3); /* ret */
		return;
	}
	if (direct & FTRACE_ADDR_JMP)
		PUT(c, 0x48, 0x8d, 0x64, 0x24, 0x08); /* lea rsp, [rsp + 8] */
	put_jmp(c, direct & ~FTRACE_ADDR_JMP);
}

/* ---- the gate ---- */

/* Nothing is saved yet: cmp byte [gate], 0; jne 1f; ret; 1: */
#define GATE_LEN 11

/* Is the flag's address one of 32 bits, and may a gate stand there? */
static bool has_gate(const struct ftrace_tramp_desc *desc)
{
	long gate = (long)desc->gate;

	return gate && gate == (s32)gate && desc->n == 1 && !desc->direct;
}

static void put_gate(struct code *c, const bool *gate)
{
	PUT(c, 0x80, 0x3c, 0x25);
	put_u32(c, (u32)(unsigned long)gate);
	PUT(c, 0x00);
	PUT(c, 0x75, 0x01, 0xc3);
}

/* ---- the fast code ---- */

/* It stands behind a gate only: it does not look at the flag. */
static bool has_fast(const struct ftrace_tramp_desc *desc)
{
	return desc->fast && has_gate(desc) && !desc->regs &&
	       !desc->call[0].guard;
}

static size_t fast_len(const struct ftrace_fast *fast)
{
	return (size_t)(fast->end - fast->code) + FTRACE_FAST_LATE;
}

/* Its own end is the call of late(): a frame as the callback's. */
static void put_fast(struct code *c, const struct ftrace_fast *fast)
{
	put(c, fast->code, (size_t)(fast->end - fast->code));
	put_save_fast(c);
	PUT(c, 0x4c, 0x89, 0xdf); /* mov rdi, r11 */
	PUT(c, 0x48, 0x89, 0xe6); /* mov rsi, rsp: fregs */
	PUT(c, 0x44, 0x89, 0xd2); /* mov edx, r10d */
	put_call(c, (unsigned long)fast->late);
	put_restore_fast(c);
	put_leave(c, 0);
}

/* ---- the whole trampoline ---- */

/* The code in front of the first of @n callbacks. */
static void put_begin(struct code *c, unsigned int n, bool regs)
{
	if (regs)
		put_save_full(c);
	else
		put_save_fast(c);
	if (n > 1)
		put_copies(c, regs);
}

/* The code behind the last callback. */
static void put_end(struct code *c, unsigned int n, bool regs,
		    unsigned long direct)
{
	if (n > 1)
		put_drop_copies(c);
	if (regs)
		put_restore_full(c);
	else
		put_restore_fast(c);
	put_leave(c, direct);
}

size_t ftrace_tramp_bytes(unsigned int n, unsigned int guards, bool regs,
			  unsigned long direct)
{
	struct code c = { .buf = NULL };

	if (n > 255)
		return 0;
	c.len = sizeof(struct ftrace_tramp_header);
	put_begin(&c, n, regs);
	c.len += n * (args_len(n, regs) + INSN_MAX) +
		 guards * (GUARD_ENTER_LEN + GUARD_LEAVE_LEN);
	put_end(&c, n, regs, direct);
	return c.len > FTRACE_TRAMP_MAX ? 0 : c.len;
}

size_t ftrace_tramp_size(const struct ftrace_tramp_desc *desc)
{
	unsigned int i, guards = 0;

	for (i = 0; i < desc->n; i++)
		guards += desc->call[i].guard;
	return ftrace_tramp_bytes(desc->n, guards, desc->regs, desc->direct) +
	       (has_gate(desc) ? GATE_LEN : 0) +
	       (has_fast(desc) ? fast_len(desc->fast) : 0);
}

size_t ftrace_tramp_emit(const struct ftrace_tramp_desc *desc, void *buf,
			 unsigned long base)
{
	struct code c = { .buf = buf, .base = base };
	size_t size = ftrace_tramp_size(desc);
	struct ftrace_tramp_header header = {
		.magic = FTRACE_TRAMP_MAGIC,
		.n = (u8)desc->n,
		.kind = (desc->regs ? TRAMP_REGS : 0) |
			(has_gate(desc) ? TRAMP_GATED : 0) |
			(has_fast(desc) ? TRAMP_FAST : 0),
		.size = (u16)(size - sizeof(header)),
	};
	unsigned int i;

	if (!size)
		return 0;
	memcpy(buf, &header, sizeof(header));
	c.len = sizeof(header);
	if (header.kind & TRAMP_GATED)
		put_gate(&c, desc->gate);
	if (header.kind & TRAMP_FAST)
		put_fast(&c, desc->fast);
	put_begin(&c, desc->n, desc->regs);
	for (i = 0; i < desc->n; i++)
		put_callback(&c, desc->n, desc->regs, &desc->call[i]);
	put_end(&c, desc->n, desc->regs, desc->direct);
	BUG_ON(c.len != size);
	return c.out_of_reach ? 0 : size;
}

/* ---- reading a trampoline again ---- */

#define GRANULE 64UL

const struct ftrace_tramp_header *ftrace_tramp_find(unsigned long addr,
						    unsigned long lowest)
{
	const struct ftrace_tramp_header *header;
	unsigned long at = addr & ~(GRANULE - 1);
	unsigned long start;

	for (; at >= lowest && addr - at < FTRACE_TRAMP_MAX; at -= GRANULE) {
		header = (const struct ftrace_tramp_header *)at;
		if (header->magic != FTRACE_TRAMP_MAGIC)
			continue;
		start = ftrace_tramp_start(header);
		return addr >= start && addr - start < header->size ? header :
								      NULL;
	}
	return NULL;
}

unsigned long ftrace_tramp_call_site(const struct ftrace_tramp_header *header,
				     unsigned int i)
{
	bool regs = header->kind & TRAMP_REGS;
	size_t args = args_len(header->n, regs);
	struct code save = { .buf = NULL };
	unsigned long at;

	if (i >= header->n)
		return 0;
	put_begin(&save, header->n, regs);
	if (header->kind & TRAMP_FAST) /* and the gate: all but the plain */
		save.len += header->size + sizeof(*header) -
			    ftrace_tramp_bytes(1, 0, false, 0);
	else if (header->kind & TRAMP_GATED)
		save.len += GATE_LEN;
	for (at = ftrace_tramp_start(header) + save.len;; i--) {
		bool guard = *(const u8 *)(at + args) == GUARD_FIRST_BYTE;

		at += args + (guard ? GUARD_ENTER_LEN : 0);
		if (i == 0)
			return at;
		at += INSN_MAX + (guard ? GUARD_LEAVE_LEN : 0);
	}
}

bool ftrace_tramp_guarded(unsigned long addr)
{
	/* pop rax: behind a call only the guard's code begins with it. */
	return *(const u8 *)addr == 0x58;
}
