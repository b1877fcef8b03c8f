// SPDX-License-Identifier: MIT
/*
 * ftrace_fexit_owner.c - the bytes of entry-and-exit targets for one owner,
 * whose handlers get the registers as a callback does.
 *
 * Owns the sequence below. One target serves one function, whose site jumps to
 * it. The frame holds a struct ftrace_regs, and below it the data words:
 *
 *	+8	return address		<- E, rsp at entry
 *	 0	the caller's rbp	<- rbp
 *	-8	parent_ip: the true return address
 *	-16	ip: behind the site; at exit the true return address
 *	-24	di si dx cx; ax: at exit rax as returned; r8
 *	-72	r9			<- fregs
 *	-80	at exit rdx as returned
 *		data words		<- rsp
 *
 *	inc  gs:[in]
 *	push ...			the frame
 *	preemption off; rdi = [entry word]
 *	is a handler running in this context?		-> missed
 *	is the return address hooked already?		-> hooked
 *	call [rdi + entry handler]
 *	preemption on, without a look for a waiting task: the tick comes
 *	was the answer not 0?				-> declined
 *	load the arguments; call ip + 5
 *	preemption off; rdi = [exit word]
 *	call [rdi + exit handler]
 *	preemption on
 *	rax, rdx; leave; inc gs:[out]; ret
 *
 * The two words hold the owner, or another object with the same layout whose
 * handlers do nothing. So one store turns the handlers off, and the owner may
 * be freed while calls are inside.
 *
 * With empty handlers a call executes 62 instructions, 3 of them in these.
 *
 * Context: task.
 */
#include "arch/x86_64/patch/ftrace_fexit.h"
#include <asm/context.h>
#include <asm/ftrace_frame.h>

/* Offsets from rbp, as bytes. */
#define AT(field) \
	((u8)(offsetof(struct ftrace_regs, field) - sizeof(struct ftrace_regs)))
#define FREGS ((u8) - sizeof(struct ftrace_regs))
#define RDX   (FREGS - 8)

static_assert(sizeof(struct ftrace_regs) == 72, "the frame above");

/* Jumps to the out-of-line parts and back: offsets in the code. */
struct labels {
	size_t missed, hooked, declined, resched;
	size_t entry, plain, leave;
};

static void put_jump(struct code *c, size_t label)
{
	PUT(c, 0xe9);
	put_u32(c, (u32)(label - (c->len + 4)));
}

/* @cc: the second byte of a Jcc with rel32. */
static void put_jcc(struct code *c, u8 cc, size_t label)
{
	PUT(c, 0x0f, cc);
	put_u32(c, (u32)(label - (c->len + 4)));
}
#define JS  0x88
#define JZ  0x84
#define JNZ 0x85

/* An instruction with the operand gs:[variable]: opcode and ModRM byte. */
#define PUT_PERCPU(c, variable, ...)                        \
	do {                                                \
		PUT(c, 0x65, __VA_ARGS__, 0x25);            \
		put_u32(c, (u32)(unsigned long)(variable)); \
	} while (0)

/* add or sub gs:[context_word], a level of the preempt count */
#define ADD 0x04 /* ModRM bytes: opcode 81 says by them what it does */
#define SUB 0x2c
static void put_preempt(struct code *c, u8 modrm)
{
	PUT_PERCPU(c, &context_word, 0x48, 0x81, modrm);
	put_u32(c, CONTEXT_LEVEL);
}

static void put_frame(struct code *c, const struct ftrace_fexit_desc *desc)
{
	PUT(c, 0x55, 0x48, 0x89, 0xe5); /* push rbp; mov rbp, rsp */
	PUT(c, 0xff, 0x75, 8);		/* push [rbp + 8]: parent_ip */
	PUT(c, 0x68);			/* push ip, sign-extended */
	put_u32(c, (u32)(desc->ip + MCOUNT_INSN_SIZE));
	PUT(c, 0x57, 0x56, 0x52, 0x51, 0x50); /* push rdi rsi rdx rcx rax */
	PUT(c, 0x41, 0x50, 0x41, 0x51);	      /* push r8 r9 */
	PUT(c, 0x6a, 0);		      /* push 0: room for rdx */
	if (desc->owner->words) {
		PUT(c, 0x48, 0x81, 0xec); /* sub rsp, imm32 */
		put_u32(c, ALIGN_UP(8 * desc->owner->words, 16));
	}
}

/* Preemption off; rdi = the owner of now; eax = the context. */
static void put_begin(struct code *c, void *const *word)
{
	put_preempt(c, ADD);
	PUT(c, 0x48, 0x8b, 0x3c, 0x25); /* mov rdi, [word] */
	put_u32(c, (u32)(unsigned long)word);
	PUT_PERCPU(c, &trace_context, 0x8b, 0x04); /* mov eax, .. */
}

/* The handler's arguments except rdx, and its call. */
static void put_handler(struct code *c, const struct ftrace_fexit_desc *desc,
			u32 func)
{
	PUT(c, 0x48, 0xc7, 0xc6); /* mov rsi, ip, sign-extended */
	put_u32(c, (u32)desc->ip);
	PUT(c, 0x48, 0x8d, 0x4d, FREGS); /* lea rcx, [rbp - ..]: fregs */
	if (desc->owner->words)
		PUT(c, 0x49, 0x89, 0xe0); /* mov r8, rsp: data */
	else
		PUT(c, 0x45, 0x31, 0xc0); /* xor r8d, r8d */
	PUT(c, 0xff, 0x97);		  /* call [rdi + func] */
	put_u32(c, func);
}

/* Takes the context's bit back; the sign flag then tells need_resched. */
static void put_end(struct code *c, const struct ftrace_fexit_owner *owner)
{
	PUT_PERCPU(c, &trace_context, 0x8b, 0x0c); /* mov ecx, .. */
	PUT_PERCPU(c, owner->busy, 0x31, 0x0c);	   /* xor .., ecx */
	put_preempt(c, SUB);
}

static void put_original(struct code *c, unsigned long ip)
{
	PUT(c, 0x48, 0x8b, 0x7d, AT(di), 0x48, 0x8b, 0x75, AT(si));
	PUT(c, 0x48, 0x8b, 0x55, AT(dx), 0x48, 0x8b, 0x4d, AT(cx));
	PUT(c, 0x4c, 0x8b, 0x45, AT(r8), 0x4c, 0x8b, 0x4d, AT(r9));
	put_call(c, ip + MCOUNT_INSN_SIZE);
}

static void put_leave(struct code *c, const u64 *out)
{
	PUT(c, 0xc9); /* leave */
	put_count(c, out);
	PUT(c, 0xc3); /* ret */
}

static void put_entry(struct code *c, const struct ftrace_fexit_desc *desc,
		      struct labels *at)
{
	put_begin(c, desc->owner->entry);
	PUT_PERCPU(c, desc->owner->busy, 0x85, 0x04); /* test .., eax */
	put_jcc(c, JNZ, at->missed);
	PUT_PERCPU(c, desc->owner->busy, 0x09, 0x04); /* or .., eax */
	PUT(c, 0x48, 0x8b, 0x55, 8);		      /* mov rdx, [rbp + 8] */
	PUT(c, 0x48, 0x81, 0xfa);		      /* cmp rdx, imm32 */
	put_u32(c, (u32)desc->owner->hooked);
	put_jcc(c, JZ, at->hooked);
	at->entry = c->len;
	put_handler(c, desc, desc->owner->entry_func);
	put_end(c, desc->owner);
	PUT(c, 0x85, 0xc0); /* test eax, eax */
	put_jcc(c, JNZ, at->declined);
}

static void put_exit(struct code *c, const struct ftrace_fexit_desc *desc,
		     struct labels *at)
{
	PUT(c, 0x48, 0x89, 0x45, AT(ax)); /* mov [..], rax */
	PUT(c, 0x48, 0x89, 0x55, RDX);	  /* mov [..], rdx */
	put_begin(c, desc->owner->exit);
	PUT_PERCPU(c, desc->owner->busy, 0x09, 0x04); /* or .., eax */
	PUT(c, 0x48, 0x8b, 0x55, AT(parent_ip));      /* mov rdx, [..] */
	PUT(c, 0x48, 0x89, 0x55, AT(ip));	      /* mov [..], rdx */
	put_handler(c, desc, desc->owner->exit_func);
	put_end(c, desc->owner);
	put_jcc(c, JS, at->resched);
	at->leave = c->len;
	PUT(c, 0x48, 0x8b, 0x45, AT(ax), 0x48, 0x8b, 0x55, RDX);
	put_leave(c, desc->out);
}

/* A handler runs in this context: count it (rdi), then only the function. */
static void put_without(struct code *c, const struct ftrace_fexit_desc *desc,
			struct labels *at)
{
	at->missed = c->len;
	put_call(c, (unsigned long)desc->owner->missed);
	put_preempt(c, SUB);
	at->declined = c->len;
	put_original(c, desc->ip);
	put_leave(c, desc->out);
}

/* The graph has hooked this call: ask for the true return address. */
static void put_hooked(struct code *c, const struct ftrace_fexit_desc *desc,
		       struct labels *at)
{
	at->hooked = c->len;
	PUT(c, 0x48, 0x8d, 0x7d, 8); /* lea rdi, [rbp + 8] */
	put_call(c, (unsigned long)desc->owner->resolve);
	PUT(c, 0x48, 0x89, 0xc2);		 /* mov rdx, rax */
	PUT(c, 0x48, 0x89, 0x45, AT(parent_ip)); /* mov [..], rax */
	PUT(c, 0x48, 0x8b, 0x3c, 0x25);		 /* mov rdi, [entry word] */
	put_u32(c, (u32)(unsigned long)desc->owner->entry);
	put_jump(c, at->entry);
}

static void put_resched(struct code *c, struct labels *at)
{
	at->resched = c->len;
	put_call(c, (unsigned long)preempt_schedule);
	put_jump(c, at->leave);
}

static void put_all(struct code *c, const struct ftrace_fexit_desc *desc,
		    struct labels *at)
{
	put_count(c, desc->in);
	put_frame(c, desc);
	put_entry(c, desc, at);
	put_original(c, desc->ip);
	put_exit(c, desc, at);
	put_without(c, desc, at);
	put_hooked(c, desc, at);
	put_resched(c, at);
}

size_t ftrace_fexit_emit_owner(struct code *c,
			       const struct ftrace_fexit_desc *desc)
{
	struct code dry = { .len = c->len, .base = c->base };
	struct labels at = { 0 };

	put_all(&dry, desc, &at); /* learns the labels */
	put_all(c, desc, &at);
	return at.missed;
}
