// SPDX-License-Identifier: MIT
/*
 * caller_slot.c - where a function that was interrupted keeps its return
 * address, as the bytes of its code tell.
 *
 * Owns nothing. Under the INT3 of a probe it reads the byte that was there
 * (code_byte()).
 *
 * Context: any, NMI and tracing callbacks included: not traceable, no locks.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/text_region.h"
#include "kernel/caller_slot.h"
#include "kernel/lib/string.h"
#include "kernel/unwind_hooks.h"

#define PROLOGUE_MAX 24 /* bytes between push rbp and mov rbp, rsp */
#define OP_INT3	     0xcc
#define OP_RET	     0xc3
#define OP_LEAVE     0xc9
#define OP_POP_RBP   0x5d

bool code_is_text(unsigned long addr)
{
	const struct text_region *region = text_region_of(addr);

	return region && region->compiled;
}

/* The byte at @at, as without a probe. */
static u8 code_byte(const u8 *at)
{
	return likely(*at != OP_INT3) ? *at : unwind_byte((unsigned long)at);
}

bool code_is_site(const u8 *code)
{
	static const u8 nop5[CODE_SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	return code[0] == 0xe8 || code[0] == 0xe9 ||
	       (code[0] == OP_INT3 && code_byte(code) == OP_INT3) ||
	       !memcmp(code, nop5, CODE_SITE_SIZE);
}

/* "foo.cold" is a separate part of foo: reached by a jump, with foo's frame. */
static bool is_cold_part(const char *name)
{
	size_t len = 0;

	while (name[len])
		len++;
	return len > 5 && !memcmp(name + len - 5, ".cold", 5);
}

bool code_follows_call(unsigned long addr)
{
	const u8 *at = (const u8 *)addr;

	return text_region_holds(addr - 7, 8) &&
	       (code_byte(at - 5) == 0xe8 || code_byte(at - 2) == 0xff ||
		code_byte(at - 3) == 0xff || code_byte(at - 6) == 0xff ||
		code_byte(at - 7) == 0xff);
}

/* The "mov rbp, rsp" of a function's prologue, and the "push rbp" before it */
struct prologue {
	const u8 *push, *mov;
};

/* Return: false if the function sets up no frame. */
static bool find_prologue(const u8 *at, const u8 *end, struct prologue *p)
{
	p->push = NULL;
	for (; at + 3 <= end; at++) {
		if (code_byte(at) == 0x55)
			p->push = at;
		p->mov = at;
		if (code_byte(at) == 0x48 && at[1] == 0x89 && at[2] == 0xe5)
			return p->push && at - p->push < PROLOGUE_MAX;
	}
	return false;
}

bool code_has_frame(unsigned long addr)
{
	unsigned long off, size;
	const u8 *start;
	struct prologue p;

	if (!kallsyms_lookup(addr, &off, &size))
		return false;
	start = (const u8 *)addr - off;
	return find_prologue(start, start + size, &p);
}

bool code_pops_caller(const u8 *at)
{
	return code_byte(at) == 0x59 && at[1] == 0xff && at[2] == 0xe1;
}

/* Is it a ret, or a jump out of the function after pop rbp or leave? */
static bool in_epilogue(const u8 *at)
{
	u8 before = code_byte(at - 1), op = code_byte(at);

	return op == OP_RET || code_pops_caller(at) ||
	       ((before == OP_POP_RBP || before == OP_LEAVE) &&
		(op == 0xe9 || op == 0xeb));
}

/*
 * The same as caller_slot(), for an entry-and-exit target. After its "leave" it
 * has one more instruction before the ret.
 */
static unsigned long caller_slot_in_wrapper(const u8 *at, const u8 *start,
					    size_t size, unsigned long sp)
{
	struct prologue p;

	if (!find_prologue(start, start + size, &p) || at <= p.push ||
	    at[-1] == OP_LEAVE || *at == OP_RET)
		return sp;
	return at <= p.mov ? sp + 8 : CALLER_IN_FRAME;
}

/*
 * The compiler sets up the frame at the start of every function that has one.
 * It omits the frame only if a function neither calls nor uses the stack.
 * Assembly follows no such rule, so a word is only taken for a return address
 * if it can be one; and not in a function that entry code has called, for rbp
 * leads to what was interrupted.
 */
unsigned long caller_slot(unsigned long ip, unsigned long sp, unsigned long bp)
{
	const u8 *at = (const u8 *)ip, *start, *body;
	unsigned long first, off, size;
	struct prologue p;
	const char *name = kallsyms_lookup(ip, &off, &size);

	if (unwind_wrapper_range(ip, &first, &size))
		return caller_slot_in_wrapper(at, (u8 *)first, size, sp);
	if (!code_is_text(ip)) /* called through a bad pointer */
		return code_follows_call(*(unsigned long *)sp) ?
			       sp :
			       CALLER_IN_FRAME;
	if (!name || is_cold_part(name))
		return CALLER_IN_FRAME;
	start = at - off;
	body = code_is_site(start) ? start + CODE_SITE_SIZE : start;
	if (at <= body || in_epilogue(at))
		return sp;
	if (!find_prologue(body, start + size, &p))
		return !(bp & 1) && code_follows_call(*(unsigned long *)sp) ?
			       sp :
			       CALLER_IN_FRAME;
	if (at <= p.push)
		return sp;
	return at <= p.mov ? sp + 8 : CALLER_IN_FRAME;
}
