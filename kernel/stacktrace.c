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
 * SW1 A walk reads only inside [lo, hi) of a stack known to stack_limit(), or
 *    one popped word below lo (on_stack()), so it never faults, whatever the
 *    memory holds.
 * SW2 lo only rises while a walk stays on one stack (but for the words popped
 *    of one pt_regs, fewer than it has), and a walk changes stacks at most
 *    MAX_STACK_CHANGES times, so every walk ends.
 *
 * Context: any, NMI and tracing callbacks included: not traceable, no locks
 * (except for printing).
 */
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/base/text_region.h"
#include "kernel/caller_slot.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "kernel/unwind_hooks.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>
#include <asm/switch.h>

#define MAX_STACK_CHANGES 16
#define ENTRY_FRAME_MAX	  (26 * 8) /* pt_regs and the words pushed below it */
#define OP_RET		  0xc3
#define OP_POPF		  0x9d
#define POPPED_BEFORE_BP  (4 * 8UL) /* r15 to r12 */
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

/* Is addr, below lo, on the same stack? */
static bool on_stack(const struct walk *w, unsigned long addr)
{
	return stack_limit(addr) == w->hi;
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

/* Text or generated code. */
static bool is_code(unsigned long addr)
{
	return text_region_of(addr) != NULL;
}

/* Does an owner of #BP resolve a trap there, with no pt_regs and no frame? */
static bool resumes_int3(unsigned long addr)
{
	unsigned long resumes = (unsigned long)int3_owners_first[1]->resumes;
	unsigned long off;

	return addr - resumes < PAGE_SIZE &&
	       kallsyms_lookup(addr, &off, NULL) && addr - off == resumes &&
	       !code_has_frame(addr);
}

/* Code that was entered by an interrupt or exception, and has no frame. */
static bool is_entry_code(unsigned long addr)
{
	return (addr >= (unsigned long)entry_stubs &&
		addr < (unsigned long)entry_code_end) ||
	       resumes_int3(addr);
}

/* The true return address for the word at @slot. */
static unsigned long walk_return(struct walk *w, unsigned long slot)
{
	unsigned long *p = (unsigned long *)slot;

	return unwind_return_address(w->task, *p, p);
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
		if (code_is_text(p[0]) && kallsyms_lookup(p[0], &off, NULL) &&
		    off == CODE_SITE_SIZE &&
		    code_is_site((u8 *)p[0] - CODE_SITE_SIZE))
			return walk_traced(w, slot);
	}
	return true;
}

static bool walk_in_entry(struct walk *w, const struct pt_regs *regs);

/*
 * Emit the caller whose return address is at slot; bp is its frame pointer. If
 * that is entry code, go on in what it has interrupted.
 */
static bool walk_caller(struct walk *w, unsigned long slot, unsigned long bp)
{
	unsigned long bytes, ret = *(unsigned long *)slot;
	struct pt_regs entered = { .ip = ret, .sp = slot + 8, .bp = bp };

	if (unwind_trampoline_frame(ret, &bytes))
		return walk_traced(w, slot + 8 + bytes);
	if (!walk_emit_slot(w, walk_return(w, slot), slot))
		return false;
	return !is_entry_code(ret) || walk_in_entry(w, &entered);
}

/* Emit the caller of the code that goes on at ip. */
static bool walk_interrupted(struct walk *w, const struct pt_regs *regs,
			     unsigned long ip)
{
	unsigned long *below = (unsigned long *)regs->sp - 1;
	unsigned long slot, ret;

	/* A function has just returned to the graph tracer's return hook. */
	ret = unwind_return_address(w->task, ip, below);
	if (ret != ip)
		return walk_emit(w, ret);
	if (!walk_readable(w, regs->sp, 2))
		return true; /* at the end of its stack */
	if (code_is_text(ip) && code_pops_caller((const u8 *)ip - 1))
		return walk_emit(
			w, unwind_return_address(w->task, regs->cx, below));
	slot = caller_slot(ip, regs->sp, regs->bp);
	return slot == CALLER_IN_FRAME || walk_caller(w, slot, regs->bp);
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

/* The same from the CPU's words, below which regs are in the entry code. */
static bool walk_trapped(struct walk *w, const struct pt_regs *regs,
			 const struct iret_frame *f)
{
	struct pt_regs trapped = { .ip = f->ip, .sp = f->sp, .bp = regs->bp };

	if (resumes_int3(regs->ip) || (regs->ip >= (unsigned long)int3_live &&
				       regs->ip < (unsigned long)int3_resume))
		trapped.orig_ax = INT3_TRAPPED;
	return walk_regs(w, &trapped);
}

/*
 * The way back from #BP needs no IRET: ip and flags lie below the stack pointer
 * T to return with. Return: whether regs are on that way; then *ip and *sp are
 * set.
 */
static bool leaves_int3(const struct walk *w, const struct pt_regs *regs,
			unsigned long *ip, unsigned long *sp)
{
	const unsigned long *word = (const unsigned long *)regs->sp;
	const u8 *at = (const u8 *)regs->ip;

	if (regs->ip >= (unsigned long)int3_live_leaves &&
	    regs->ip < (unsigned long)int3_live_pops) {
		*ip = regs->ax; /* both words are being written */
		*sp = regs->dx;
		return true;
	}
	if (regs->ip == (unsigned long)int3_live_returns ||
	    regs->ip == (unsigned long)int3_returns) {
		if (!on_stack(w, (unsigned long)&word[-1]))
			return false;
		*ip = word[-1];
		*sp = regs->sp;
		return true;
	}
	if (*at != OP_RET && *at != OP_POPF)
		return false;
	*ip = word[*at == OP_POPF];
	*sp = regs->sp + (*at == OP_POPF ? 16 : 8);
	return true;
}

/*
 * In int3_live() the frame's ip becomes T, at most four words above the frame's
 * start, while registers are popped.
 */
static bool holds_return_sp(const struct iret_frame *f)
{
	return f->ip % 8 == 0 && f->ip - (unsigned long)f <= 7 * 8UL &&
	       f->ip - (unsigned long)f >= 4 * 8UL;
}

/*
 * An NMI has interrupted an entry stub. While rbp is odd it leads to the
 * pt_regs, of which some words may have been popped. Before and after that, the
 * words that the CPU pushed are a few words up the stack, except that #BP
 * returns by popfq, ret.
 */
static bool walk_in_entry(struct walk *w, const struct pt_regs *regs)
{
	unsigned long slot, ip, sp;
	struct iret_frame *f;

	if (regs->bp & 1) {
		if (regs->sp - (regs->bp - 1) <= POPPED_BEFORE_BP &&
		    on_stack(w, regs->bp - 1))
			w->lo = regs->bp - 1;
		return true;
	}
	if (!walk_readable(w, regs->sp, 2))
		return true;
	if (leaves_int3(w, regs, &ip, &sp))
		return walk_resumed(w, regs, ip, sp);
	for (slot = regs->sp; slot < regs->sp + ENTRY_FRAME_MAX; slot += 8) {
		if (!walk_readable(w, slot, 5))
			return true;
		f = (struct iret_frame *)slot;
		if (f->cs != KERNEL_CS)
			continue;
		if (holds_return_sp(f) && f->ip <= w->hi)
			return walk_resumed(
				w, regs, ((unsigned long *)f->ip)[-1], f->ip);
		if (f->sp > slot && is_code(f->ip))
			return walk_trapped(w, regs, f);
	}
	return true;
}

/*
 * Emit the interrupted address, and its caller if rbp does not lead there. An
 * INT3 stands for an instruction that has not been executed.
 */
static bool walk_regs(struct walk *w, const struct pt_regs *regs)
{
	unsigned long ip = unwind_place(regs->ip), bytes;

	if (regs->orig_ax == INT3_TRAPPED && ip == regs->ip)
		ip--; /* the INT3 behind a copy is a place of its own */
	if (ip && !walk_emit(w, ip))
		return false;
	if (!walk_enter_stack(w, regs->sp))
		return false;
	if (unwind_trampoline_frame(ip, &bytes))
		return walk_in_trampoline(w, regs->sp, bytes);
	if (is_entry_code(ip))
		return walk_in_entry(w, regs);
	return walk_interrupted(w, regs, ip);
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
		if (!walk_readable(w, bp, 2) ||
		    !walk_caller(w, bp + 8, *(unsigned long *)bp))
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
	       code_is_text(addr - 1) && code_follows_call(addr);
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
