// SPDX-License-Identifier: MIT
/*
 * The bytes of entry-and-exit targets (trace/core/ftrace_fexit.h).
 *
 * Owns the sequence below. One target serves one function. The function's site
 * jumps to it, so registers and stack are as at the function's entry:
 *
 *	inc  gs:[in]
 *	push rbp; mov rbp, rsp	an ordinary frame
 *	push ...		struct ftrace_fexit_call; rsp points to it
 *	n times:  mov rdi, rsp; mov rsi, data; call entry
 *	mov  rdi, [rsp] ...		arguments, and rax for variadic ones
 *	push [rbp + 16 + ...]		copies of arguments on the stack
 *	call ip + 5			the function behind its site
 *	lea  rsp, [rbp - 80]		only if it pushed stack arguments
 *	mov  [rsp + ret], rax ...
 *	n times:  mov rdi, rsp; mov rsi, data; call exit
 *	mov  rax, [rsp + ret] ...
 *	leave; inc gs:[out]; ret
 *
 * With one empty handler at entry and one at exit a call executes 37
 * instructions, 2 of them in the handlers.
 *
 * Context: task.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/ftrace_fexit.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/page.h"
#include "kernel/lib/string.h"
#include "trace/arch_ftrace.h"

/* In front of the code, at the start of a granule. */
struct fexit_header {
	u32 magic;
	u32 size;  /* bytes, this header included */
	u64 *out;  /* the counter of the calls that have left */
	u64 exits; /* up to here the owner's exit handler will be called */
};

#define FEXIT_MAGIC 0x71786566U /* "fexq" */

#define CALL_BYTES sizeof(struct ftrace_fexit_call)
#define RET	   offsetof(struct ftrace_fexit_call, ret)
#define RET_HIGH   offsetof(struct ftrace_fexit_call, ret_high)

static_assert(CALL_BYTES % 16 == 0, "pushed on an aligned stack");
static_assert(offsetof(struct ftrace_fexit_call, ip) == RET + 16,
	      "the order of the pushes");

static void put_handler(struct code *c, ftrace_fexit_func_t func, void *data)
{
	u64 imm = (unsigned long)data;

	if (!func)
		return;
	PUT(c, 0x48, 0x89, 0xe7); /* mov rdi, rsp */
	PUT(c, 0x48, 0xbe);	  /* mov rsi, imm64 */
	put(c, &imm, sizeof(imm));
	put_call(c, (unsigned long)func);
}

static void put_save(struct code *c, unsigned long ip)
{
	PUT(c, 0x55, 0x48, 0x89, 0xe5); /* push rbp; mov rbp, rsp */
	PUT(c, 0x52);			/* push rdx: unused, aligns */
	PUT(c, 0x68);			/* push ip, sign-extended */
	put_u32(c, (u32)ip);
	PUT(c, 0x52, 0x50);		/* push rdx, rax: ret_high, ret */
	PUT(c, 0x41, 0x51, 0x41, 0x50); /* push r9, r8 */
	PUT(c, 0x51, 0x52, 0x56, 0x57); /* push rcx, rdx, rsi, rdi */
}

static void put_load_args(struct code *c)
{
	PUT(c, 0x48, 0x8b, 0x3c, 0x24);	     /* mov rdi, [rsp] */
	PUT(c, 0x48, 0x8b, 0x74, 0x24, 8);   /* mov rsi, [rsp + 8] */
	PUT(c, 0x48, 0x8b, 0x54, 0x24, 16);  /* mov rdx, [rsp + 16] */
	PUT(c, 0x48, 0x8b, 0x4c, 0x24, 24);  /* mov rcx, [rsp + 24] */
	PUT(c, 0x4c, 0x8b, 0x44, 0x24, 32);  /* mov r8, [rsp + 32] */
	PUT(c, 0x4c, 0x8b, 0x4c, 0x24, 40);  /* mov r9, [rsp + 40] */
	PUT(c, 0x48, 0x8b, 0x44, 0x24, RET); /* mov rax, [rsp + ret] */
}

/*
 * Copies the stack arguments in the order in which the caller pushed them.
 * They lie above the saved rbp and the return address.
 */
static void put_stack_args(struct code *c, unsigned int words)
{
	unsigned int i;

	if (words % 2)
		PUT(c, 0x52); /* push rdx: aligns */
	for (i = words; i > 0; i--) {
		PUT(c, 0xff, 0xb5); /* push [rbp + disp32] */
		put_u32(c, 16 + 8 * (i - 1));
	}
}

static void put_original(struct code *c, unsigned long ip, unsigned int words)
{
	put_load_args(c);
	put_stack_args(c, words);
	put_call(c, ip + MCOUNT_INSN_SIZE);
	if (words)
		PUT(c, 0x48, 0x8d, 0x65, (u8)-CALL_BYTES); /* lea rsp, [rbp-] */
	PUT(c, 0x48, 0x89, 0x44, 0x24, RET);	  /* mov [rsp + ret], rax */
	PUT(c, 0x48, 0x89, 0x54, 0x24, RET_HIGH); /* mov [..], rdx */
}

static void put_leave(struct code *c, const u64 *out)
{
	PUT(c, 0x48, 0x8b, 0x44, 0x24, RET);	  /* mov rax, [rsp + ret] */
	PUT(c, 0x48, 0x8b, 0x54, 0x24, RET_HIGH); /* mov rdx, [..] */
	PUT(c, 0xc9);				  /* leave */
	put_count(c, out);
	PUT(c, 0xc3); /* ret */
}

static void emit_progs(struct code *c, const struct ftrace_fexit_desc *desc)
{
	const struct ftrace_fexit_prog *prog = desc->prog;
	unsigned int i;

	put_count(c, desc->in);
	put_save(c, desc->ip);
	for (i = 0; i < desc->nr; i++)
		put_handler(c, prog[i].entry, prog[i].data);
	put_original(c, desc->ip, desc->stack_words);
	for (i = 0; i < desc->nr; i++)
		put_handler(c, prog[i].exit, prog[i].data);
	put_leave(c, desc->out);
}

static size_t emit(const struct ftrace_fexit_desc *desc, u8 *buf,
		   unsigned long base)
{
	struct code c = { .buf = buf, .base = base };
	struct fexit_header header = { .magic = FEXIT_MAGIC, .out = desc->out };

	put(&c, &header, sizeof(header));
	if (desc->owner)
		header.exits = ftrace_fexit_emit_owner(&c, desc);
	else
		emit_progs(&c, desc);
	header.size = c.len;
	if (buf)
		memcpy(buf, &header, sizeof(header));
	return c.len;
}

unsigned long arch_ftrace_make_fexit(const struct ftrace_fexit_desc *desc)
{
	size_t size = emit(desc, NULL, 0);
	u8 *buf = alloc_page();
	char *mem = buf ? exec_alloc(size) : NULL;
	unsigned long addr = 0;

	if (mem) {
		emit(desc, buf, (unsigned long)mem);
		if (text_poke_copy(mem, buf, size))
			exec_free(mem, size);
		else
			addr = (unsigned long)mem + sizeof(struct fexit_header);
	}
	if (buf)
		free_page(buf);
	return addr ? addr | FTRACE_ADDR_JMP : 0;
}

/* Searches down from @addr for a header; a target is at most one page long. */
notrace bool arch_ftrace_find_fexit(unsigned long addr, unsigned long *start,
				    unsigned long *size)
{
	unsigned long at = ALIGN_DOWN(addr, EXEC_GRANULE);
	const struct fexit_header *header;

	for (; exec_pool_contains(at) && addr - at < PAGE_SIZE;
	     at -= EXEC_GRANULE) {
		header = (const struct fexit_header *)at;
		if (header->magic != FEXIT_MAGIC)
			continue;
		*start = at + sizeof(*header);
		*size = header->size - sizeof(*header);
		return addr >= *start && addr - *start < *size;
	}
	return false;
}

u64 *arch_ftrace_fexit_out(unsigned long addr, bool *exits)
{
	const struct fexit_header *header;
	unsigned long start, size;

	if (!arch_ftrace_find_fexit(addr, &start, &size))
		return NULL;
	header = (const struct fexit_header *)start - 1;
	*exits = addr - (unsigned long)header < header->exits;
	return header->out;
}

void arch_ftrace_free_fexit(unsigned long addr)
{
	struct fexit_header *header;

	addr &= ~FTRACE_ADDR_JMP;
	header = (struct fexit_header *)(addr - sizeof(*header));
	exec_free(header, header->size);
}
