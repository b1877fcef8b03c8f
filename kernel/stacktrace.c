// SPDX-License-Identifier: MIT
/*
 * The stack walker.
 *
 * Owns the rules for reading a stack.
 *
 * Each frame is a saved frame pointer with the return address above it; an odd
 * frame pointer is the address of a pt_regs plus 1. If a function was
 * interrupted before it had set up its frame, or after it had left it, the
 * frame pointer does not lead to its caller. Then the bytes of the code tell
 * where the return address is (caller_slot()).
 *
 * Invariants:
 * SW1 A walk reads only inside [lo, hi) of a stack known to stack_limit(), so
 *    it never faults, whatever the memory holds.
 * SW2 lo only rises while a walk stays on one stack, and a walk changes stacks
 *    at most MAX_STACK_CHANGES times, so every walk ends.
 *
 * Context: any, NMI and tracing callbacks included: not traceable, no locks
 * (except for printing).
 */
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "kernel/unwind_hooks.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>
#include <asm/switch.h>

#define MAX_STACK_CHANGES 16
#define SITE_SIZE	  5
#define PROLOGUE_MAX	  24	   /* bytes between push rbp and mov rbp, rsp */
#define ENTRY_FRAME_MAX	  (26 * 8) /* pt_regs and the words pushed below it */
#define OP_RET		  0xc3
#define OP_LEAVE	  0xc9
#define OP_POPF		  0x9d
#define TRACE_DEPTH	  32

struct walk {
	unsigned long *buf;
	unsigned long *slots; /* NULL: not wanted */
	unsigned int max, skip, n;
	struct task_struct *task;
	unsigned long lo, hi; /* SW1 */
	unsigned int stacks;  /* SW2 */
};

static bool walk_emit(struct walk *w, unsigned long addr)
{
	if (!addr)
		return false;
	if (w->skip) {
		w->skip--;
		return true;
	}
	if (w->n >= w->max)
		return false;
	w->buf[w->n++] = addr;
	return true;
}

/* Emit @addr, the true return address for @slot. */
static bool walk_emit_slot(struct walk *w, unsigned long addr,
			   unsigned long slot)
{
	if (w->slots && !w->skip && w->n < w->max)
		w->slots[w->n] = slot;
	return walk_emit(w, addr);
}

/* Can n words be read at addr? If so, nothing below addr is read any more. */
static bool walk_readable(struct walk *w, unsigned long addr, unsigned int n)
{
	if (addr % 8 || addr < w->lo || addr > w->hi || w->hi - addr < n * 8UL)
		return false;
	w->lo = addr;
	return true;
}

/* Continue at sp, on this stack or another. */
static bool walk_enter_stack(struct walk *w, unsigned long sp)
{
	void *overflown = stack_of_guard(sp);

	if (overflown) /* all its frames are above the guard page */
		sp = (unsigned long)overflown;
	if (sp >= w->lo && sp < w->hi)
		return true;
	w->lo = sp;
	w->hi = stack_limit(sp);
	return w->hi && ++w->stacks <= MAX_STACK_CHANGES;
}

static bool is_text(unsigned long addr)
{
	const struct text_region *region = text_region_of(addr);

	return region && region->compiled;
}

/* Text or generated code. */
static bool is_code(unsigned long addr)
{
	return text_region_of(addr) != NULL;
}

static bool is_entry_code(unsigned long addr)
{
	return addr >= (unsigned long)entry_stubs &&
	       addr < (unsigned long)entry_code_end;
}

/* The true return address for the word at @slot. */
static unsigned long walk_return(struct walk *w, unsigned long slot)
{
	unsigned long *p = (unsigned long *)slot;

	return unwind_return_address(w->task, *p, p);
}

static bool is_site(const u8 *code)
{
	static const u8 nop5[SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	return code[0] == 0xe8 || code[0] == 0xe9 || code[0] == 0xcc ||
	       !memcmp(code, nop5, SITE_SIZE);
}

/* "foo.cold" is a separate part of foo: reached by a jump, with foo's frame. */
static bool is_cold_part(const char *name)
{
	size_t len = 0;

	while (name[len])
		len++;
	return len > 5 && !memcmp(name + len - 5, ".cold", 5);
}

/* Does a call, in text or in a trampoline, end at addr? */
static bool follows_call(unsigned long addr)
{
	const u8 *at = (const u8 *)addr;

	return text_region_holds(addr - 7, 8) &&
	       (at[-5] == 0xe8 || at[-2] == 0xff || at[-3] == 0xff ||
		at[-6] == 0xff || at[-7] == 0xff);
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
		if (*at == 0x55)
			p->push = at;
		p->mov = at;
		if (at[0] == 0x48 && at[1] == 0x89 && at[2] == 0xe5)
			return p->push && at - p->push < PROLOGUE_MAX;
	}
	return false;
}

/* The exit of the graph tracer's hook: pop rcx, jmp rcx. */
static bool pops_caller(const u8 *at)
{
	return at[0] == 0x59 && at[1] == 0xff && at[2] == 0xe1;
}

/* Is it a ret, or a jump out of the function after pop rbp or leave? */
static bool in_epilogue(const u8 *at)
{
	return *at == OP_RET || pops_caller(at) ||
	       ((at[-1] == 0x5d || at[-1] == OP_LEAVE) &&
		(*at == 0xe9 || *at == 0xeb));
}

#define CALLER_IN_FRAME (~0UL)

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
 * The address of the return address of a function interrupted at ip with stack
 * pointer sp; CALLER_IN_FRAME if it is above the frame that rbp points to.
 *
 * The compiler sets up the frame at the start of every function that has one.
 * It omits the frame only if a function neither calls nor uses the stack.
 * Assembly follows no such rule, so a word is only taken for a return address
 * if it can be one.
 */
static unsigned long caller_slot(unsigned long ip, unsigned long sp)
{
	const u8 *at = (const u8 *)ip, *start, *body;
	unsigned long first, off, size;
	struct prologue p;
	const char *name = kallsyms_lookup(ip, &off, &size);

	if (unwind_wrapper_range(ip, &first, &size))
		return caller_slot_in_wrapper(at, (u8 *)first, size, sp);
	if (!is_text(ip)) /* called through a bad pointer */
		return follows_call(*(unsigned long *)sp) ? sp :
							    CALLER_IN_FRAME;
	if (!name || is_cold_part(name))
		return CALLER_IN_FRAME;
	start = at - off;
	body = is_site(start) ? start + SITE_SIZE : start;
	if (at <= body || in_epilogue(at))
		return sp;
	if (!find_prologue(body, start + size, &p))
		return follows_call(*(unsigned long *)sp) ? sp :
							    CALLER_IN_FRAME;
	if (at <= p.push)
		return sp;
	return at <= p.mov ? sp + 8 : CALLER_IN_FRAME;
}

/*
 * Emit a traced function and its caller; the frame of a trampoline is below
 * theirs. slot holds the return address into the traced function.
 */
static bool walk_traced(struct walk *w, unsigned long slot)
{
	if (!walk_readable(w, slot, 2))
		return false;
	return walk_emit_slot(w, *(unsigned long *)slot, slot) &&
	       walk_emit_slot(w, walk_return(w, slot + 8), slot + 8);
}

/*
 * A trampoline was interrupted at one of its instructions. Search for the
 * nearest word that is the return address of a site.
 */
static bool walk_in_trampoline(struct walk *w, unsigned long sp,
			       unsigned long bytes)
{
	unsigned long slot, off, *p;

	for (slot = sp; slot <= sp + bytes + 16; slot += 8) {
		if (!walk_readable(w, slot, 2))
			return false;
		p = (unsigned long *)slot;
		if (is_text(p[0]) && kallsyms_lookup(p[0], &off, NULL) &&
		    off == SITE_SIZE && is_site((u8 *)p[0] - SITE_SIZE))
			return walk_traced(w, slot);
	}
	return true;
}

/* Emit the caller whose return address is at slot. */
static bool walk_caller(struct walk *w, unsigned long slot)
{
	unsigned long bytes;

	if (unwind_trampoline_frame(*(unsigned long *)slot, &bytes))
		return walk_traced(w, slot + 8 + bytes);
	return walk_emit_slot(w, walk_return(w, slot), slot);
}

/* Emit the caller of the code that was interrupted at regs->ip. */
static bool walk_interrupted(struct walk *w, const struct pt_regs *regs)
{
	unsigned long *below = (unsigned long *)regs->sp - 1;
	unsigned long slot, ret;

	/* A function has just returned to the graph tracer's return hook. */
	ret = unwind_return_address(w->task, regs->ip, below);
	if (ret != regs->ip)
		return walk_emit(w, ret);
	if (!walk_readable(w, regs->sp, 2))
		return true; /* at the end of its stack */
	if (is_text(regs->ip) && pops_caller((const u8 *)regs->ip - 1))
		return walk_emit(
			w, unwind_return_address(w->task, regs->cx, below));
	slot = caller_slot(regs->ip, regs->sp);
	return slot == CALLER_IN_FRAME || walk_caller(w, slot);
}

static bool walk_regs(struct walk *w, const struct pt_regs *regs);

/* The words that the CPU pushes on an interrupt. */
struct iret_frame {
	unsigned long ip, cs, flags, sp, ss;
};

/* Continue in the interrupted code, to which the entry code returns. */
static bool walk_resumed(struct walk *w, const struct pt_regs *regs,
			 unsigned long ip, unsigned long sp)
{
	struct pt_regs resumed = { .ip = ip, .sp = sp, .bp = regs->bp };

	return walk_regs(w, &resumed);
}

/*
 * An NMI has interrupted an entry stub. While rbp is odd it leads to the
 * pt_regs. Before and after that, the words that the CPU pushed are a few words
 * up the stack, except that #BP returns by popfq, ret.
 */
static bool walk_in_entry(struct walk *w, const struct pt_regs *regs)
{
	const u8 *at = (const u8 *)regs->ip;
	unsigned long slot, *word;
	struct iret_frame *f;

	if (regs->bp & 1)
		return true;
	for (slot = regs->sp; slot < regs->sp + ENTRY_FRAME_MAX; slot += 8) {
		if (!walk_readable(w, slot, 5))
			return true;
		word = (unsigned long *)slot;
		if (*at == OP_RET)
			return walk_resumed(w, regs, word[0], slot + 8);
		if (*at == OP_POPF)
			return walk_resumed(w, regs, word[1], slot + 16);
		f = (struct iret_frame *)slot;
		if (f->cs == KERNEL_CS && f->sp > slot && is_code(f->ip))
			return walk_resumed(w, regs, f->ip, f->sp);
	}
	return true;
}

/* Emit the interrupted address, and its caller if rbp does not lead there. */
static bool walk_regs(struct walk *w, const struct pt_regs *regs)
{
	unsigned long bytes;

	if (regs->ip && !walk_emit(w, regs->ip))
		return false;
	if (!walk_enter_stack(w, regs->sp))
		return false;
	if (unwind_trampoline_frame(regs->ip, &bytes))
		return walk_in_trampoline(w, regs->sp, bytes);
	if (is_entry_code(regs->ip))
		return walk_in_entry(w, regs);
	return walk_interrupted(w, regs);
}

/* An odd frame pointer: set *bp to the interrupted code's frame pointer. */
static bool walk_marked(struct walk *w, unsigned long *bp)
{
	const struct pt_regs *regs = (const struct pt_regs *)(*bp - 1);

	if (!walk_readable(w, *bp - 1, sizeof(*regs) / 8))
		return false;
	w->lo += sizeof(*regs); /* SW2: the interrupted frames are higher */
	*bp = regs->bp;
	return walk_regs(w, regs);
}

static void walk_frames(struct walk *w, unsigned long bp)
{
	for (;;) {
		if (bp & 1) {
			if (!walk_marked(w, &bp))
				return;
			continue;
		}
		if (!walk_readable(w, bp, 2) || !walk_caller(w, bp + 8))
			return;
		w->lo = max(w->lo, bp + 8); /* SW2 */
		bp = *(unsigned long *)bp;
	}
}

static void walk_start(struct walk *w, struct task_struct *task,
		       unsigned long *buf, unsigned int max, unsigned int skip,
		       unsigned long sp)
{
	*w = (struct walk){
		.buf = buf,
		.max = max,
		.skip = skip,
		.task = task,
	};
	walk_enter_stack(w, sp);
}

noinline unsigned int stack_trace_save(unsigned long *buf, unsigned int max,
				       unsigned int skip)
{
	unsigned long *frame = __builtin_frame_address(0);
	struct walk w;

	walk_start(&w, current, buf, max, skip, (unsigned long)frame);
	if (walk_emit(&w, frame[1]))
		walk_frames(&w, frame[0]);
	return w.n;
}

noinline unsigned int stack_trace_save_slots(unsigned long *buf,
					     unsigned long *slots,
					     unsigned int max)
{
	unsigned long *frame = __builtin_frame_address(0);
	struct walk w;

	walk_start(&w, current, buf, max, 0, (unsigned long)frame);
	memset(slots, 0, max * sizeof(*slots));
	w.slots = slots;
	if (walk_emit(&w, frame[1]))
		walk_frames(&w, frame[0]);
	return w.n;
}

unsigned int stack_trace_save_regs(const struct pt_regs *regs,
				   unsigned long *buf, unsigned int max,
				   unsigned int skip)
{
	struct walk w;

	walk_start(&w, current, buf, max, skip, (unsigned long)regs);
	if (walk_regs(&w, regs))
		walk_frames(&w, regs->bp);
	return w.n;
}

unsigned int stack_trace_save_task(struct task_struct *task, unsigned long *buf,
				   unsigned int max, unsigned int skip)
{
	unsigned long sp = READ_ONCE(task->sp);
	struct switch_frame *frame = (struct switch_frame *)sp;
	struct walk w;

	walk_start(&w, task, buf, max, skip, sp);
	if (walk_readable(&w, sp, sizeof(*frame) / 8) &&
	    walk_emit(&w, frame->ip))
		walk_frames(&w, frame->bp);
	return w.n;
}

/* After a call that does not return, the next function may begin. */
static bool ends_previous(unsigned long addr)
{
	unsigned long off;

	return kallsyms_lookup(addr, &off, NULL) && off == 0 &&
	       is_text(addr - 1) && follows_call(addr);
}

void stack_trace_print(const unsigned long *buf, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ends_previous(buf[i]))
			pr_warn("  %pB", (void *)buf[i]);
		else
			pr_warn("  %pS", (void *)buf[i]);
}

void dump_stack(void)
{
	unsigned long trace[TRACE_DEPTH];
	unsigned int n = stack_trace_save(trace, TRACE_DEPTH, 1);

	pr_warn("CPU %u, %s (pid %d):", smp_processor_id(), current->comm,
		current->pid);
	stack_trace_print(trace, n);
}
