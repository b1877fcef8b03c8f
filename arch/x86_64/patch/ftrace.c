// SPDX-License-Identifier: MIT
/*
 * The seam: translates the plans of trace/ into instruction bytes.
 *
 * Owns the trampolines in the executable pool, the inner calls of the static
 * callers and their ops. A plan becomes the engine's batch in its own memory.
 *
 * I4 Only arch_ftrace_free_trampoline() frees a trampoline's memory; its caller
 *    has waited until no task can be inside.
 * I6 A plan is verified as a whole before its first byte is written.
 *
 * Context: task, ftrace_lock held by the caller, unless arch_ftrace.h says
 * otherwise. Untraceable: callbacks and the unwinder call into this file.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/ftrace_tramp.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/sched.h"
#include "trace/arch_ftrace.h"
#include "trace/arch_kprobe.h"
#include <asm/barrier.h>
#include <asm/layout.h>
#include <asm/smp.h>

/* ftrace_entry.asm */
extern char ftrace_call[], ftrace_regs_call[];
extern char ftrace_caller[], ftrace_regs_caller[], ftrace_callers_end[];

/* [A] the ops that the static callers hand to their callback */
struct ftrace_ops *function_trace_op;

/* ---- sites: addresses of the seam <-> instruction words ---- */

static unsigned long word_addr(unsigned long ip, u64 word)
{
	switch (insn_kind(word)) {
	case INSN_KIND_NOP5:
		return 0;
	case INSN_KIND_CALL:
		return insn_target(word, ip);
	case INSN_KIND_JMP32:
		return insn_target(word, ip) | FTRACE_ADDR_JMP;
	default:
		return FTRACE_UNKNOWN;
	}
}

unsigned long arch_ftrace_read(unsigned long ip)
{
	if (!text_region_holds(ip, INSN_MAX))
		return FTRACE_UNKNOWN;
	return word_addr(ip, insn_load((const void *)ip, INSN_MAX));
}

/* ---- plans ---- */

/*
 * All text and every target lie in the top 2 GiB, where any address reaches
 * any other by rel32. A lower address is not a valid target.
 */
bool arch_ftrace_reaches(unsigned long addr)
{
	return addr >= KERNEL_VMA;
}

void arch_ftrace_sync(void)
{
	might_sleep();
	sync_core_all();
}

/* Return: @err. */
static int report(const struct text_poke_bug *bug, int err,
		  struct ftrace_bug_info *bad)
{
	if (likely(err != -EINVAL && err != -EFAULT))
		return err;
	bad->ip = bug->ip;
	bad->readable = err != -EFAULT;
	insn_store(bad->expected, bug->expected);
	insn_store(bad->found, bug->found);
	return err;
}

static_assert(sizeof(struct ftrace_patch) == sizeof(struct text_poke) &&
		      offsetof(struct ftrace_patch, ip) ==
			      offsetof(struct text_poke, ip) &&
		      offsetof(struct ftrace_patch, old) ==
			      offsetof(struct text_poke, old) &&
		      offsetof(struct ftrace_patch, new) ==
			      offsetof(struct text_poke, new),
	      "a line becomes a site where it is");

int arch_ftrace_prepare(struct ftrace_patch *plan, size_t n)
{
	return text_poke_prepare_targets((struct text_poke *)plan, n);
}

int arch_ftrace_prepare_run(struct ftrace_patch *run, size_t n,
			    struct ftrace_bug_info *bad)
{
	struct text_poke_bug bug = { .ip = 0 };

	return report(&bug,
		      text_poke_prepare_run((struct text_poke *)run, n, &bug),
		      bad);
}

int arch_ftrace_prepare_lines(struct ftrace_patch *lines, size_t n,
			      struct ftrace_bug_info *bad)
{
	struct text_poke_bug bug = { .ip = 0 };

	return report(
		&bug,
		text_poke_prepare_lines((struct text_poke *)lines, n, &bug),
		bad);
}

void arch_ftrace_apply(void)
{
	text_poke_apply();
}

void arch_ftrace_abort(void)
{
	text_poke_abort();
}

/* ---- trampolines ---- */

size_t arch_ftrace_trampoline_size(unsigned int n, unsigned int guards,
				   bool regs, unsigned long direct)
{
	return ALIGN_UP(ftrace_tramp_bytes(n, guards, regs, direct),
			EXEC_GRANULE);
}

unsigned long arch_ftrace_make_trampoline(const struct ftrace_tramp_desc *desc)
{
	size_t size = ALIGN_UP(ftrace_tramp_size(desc), EXEC_GRANULE);
	unsigned int order = page_order(size);
	u8 *buf = size ? alloc_pages(order) : NULL;
	char *mem = buf ? exec_alloc(size) : NULL;
	unsigned long tramp = 0;
	size_t len;

	if (!mem)
		goto out;
	len = ftrace_tramp_emit(desc, buf, (unsigned long)mem);
	if (!len || text_poke_copy(mem, buf, len)) {
		exec_free(mem, size);
		goto out;
	}
	tramp = (unsigned long)mem + sizeof(struct ftrace_tramp_header);
out:
	if (buf)
		free_pages(buf, order);
	return tramp;
}

void arch_ftrace_free_trampoline(unsigned long tramp)
{
	const struct ftrace_tramp_header *header = ftrace_tramp_header(tramp);

	BUG_ON(header->magic != FTRACE_TRAMP_MAGIC);
	exec_free((void *)header, header->size + sizeof(*header));
}

static __always_inline bool in_pool(unsigned long addr)
{
	return addr >= (unsigned long)__exec_pool_start &&
	       addr < (unsigned long)__exec_pool_end;
}

/* The trampoline that contains addr, or NULL; addr may be any address. */
static const struct ftrace_tramp_header *tramp_of(unsigned long addr)
{
	if (!in_pool(addr))
		return NULL;
	return ftrace_tramp_find(addr, (unsigned long)__exec_pool_start);
}

/* The address of the CALL of the i-th callback, or 0. */
static unsigned long inner_site(unsigned long tramp, unsigned int i)
{
	const struct ftrace_tramp_header *header;

	if (tramp == (unsigned long)ftrace_caller)
		return i ? 0 : (unsigned long)ftrace_call;
	if (tramp == (unsigned long)ftrace_regs_caller)
		return i ? 0 : (unsigned long)ftrace_regs_call;
	header = tramp_of(tramp);
	if (!header || ftrace_tramp_start(header) != tramp)
		return 0;
	return ftrace_tramp_call_site(header, i);
}

void arch_ftrace_set_inner(unsigned long tramp, unsigned int i,
			   ftrace_func_t func)
{
	unsigned long site = inner_site(tramp, i);
	u64 old;

	BUG_ON(!site);
	old = insn_load((const void *)site, INSN_MAX);
	if (text_poke(site, old, insn_call(site, (unsigned long)func), NULL))
		panic("I6: inner call %pS cannot be changed", (void *)site);
}

ftrace_func_t arch_ftrace_inner(unsigned long tramp, unsigned int i)
{
	unsigned long site = inner_site(tramp, i);

	return site ? (ftrace_func_t)arch_ftrace_read(site) : NULL;
}

unsigned long arch_ftrace_static_caller(bool regs)
{
	return (unsigned long)(regs ? ftrace_regs_caller : ftrace_caller);
}

void arch_ftrace_set_static_ops(struct ftrace_ops *ops)
{
	WRITE_ONCE(function_trace_op, ops);
	smp_mb(); /* from here on every CPU reads the new ops */
}

static bool in_site_caller(unsigned long addr)
{
	return addr >= (unsigned long)kprobe_site_caller &&
	       addr < (unsigned long)kprobe_site_caller_end;
}

static bool static_frame(unsigned long addr, unsigned long *start,
			 unsigned long *size, unsigned long *bytes)
{
	unsigned long fast = (unsigned long)ftrace_caller;
	unsigned long full = (unsigned long)ftrace_regs_caller;
	unsigned long end = (unsigned long)ftrace_callers_end;

	if (in_site_caller(addr)) {
		*start = (unsigned long)kprobe_site_caller;
		*size = (unsigned long)kprobe_site_caller_end - *start;
		*bytes = FULL_FRAME_BYTES;
		return true;
	}
	if (addr < fast || addr >= end)
		return false;
	*start = addr < full ? fast : full;
	*size = (addr < full ? full : end) - *start;
	*bytes = addr < full ? STATIC_FRAME_BYTES : FULL_FRAME_BYTES;
	return true;
}

static noinline bool tramp_frame(unsigned long addr, unsigned long *start,
				 unsigned long *size, unsigned long *bytes)
{
	const struct ftrace_tramp_header *header = tramp_of(addr);

	if (!header)
		return false;
	*start = ftrace_tramp_start(header);
	*size = header->size;
	*bytes = header->kind & TRAMP_REGS ? FULL_FRAME_BYTES :
					     FAST_FRAME_BYTES;
	if (header->n > 1)
		*bytes += COPY_BYTES;
	if (ftrace_tramp_guarded(addr))
		*bytes += GUARD_BYTES;
	return true;
}

/*
 * A request asks this of every frame of its stack. For an address that is in
 * neither place it saves no register.
 */
bool arch_ftrace_frame(unsigned long addr, unsigned long *start,
		       unsigned long *size, unsigned long *bytes)
{
	if (in_pool(addr))
		return tramp_frame(addr, start, size, bytes);
	return static_frame(addr, start, size, bytes);
}

/* ---- the callback's view of the registers ---- */

static unsigned long *ip_slot(struct ftrace_regs *fregs)
{
	if (ftrace_regs_full(fregs))
		return &ftrace_full_frame(fregs)->regs.ip;
	return &fregs->ip;
}

/*
 * A jump to a direct target is stored as a redirection of ip, because the
 * site's return address must be off the stack when the target runs.
 */
void arch_ftrace_set_direct_caller(struct ftrace_regs *fregs,
				   unsigned long addr)
{
	struct ftrace_static_frame *frame;
	unsigned long *slot;

	frame = container_of(fregs, struct ftrace_static_frame, regs);
	slot = ftrace_regs_full(fregs) ? &ftrace_full_frame(fregs)->direct :
					 &frame->direct;
	*slot = addr & FTRACE_ADDR_JMP ? 0 : addr;
	if (addr & FTRACE_ADDR_JMP)
		*ip_slot(fregs) = addr & ~FTRACE_ADDR_JMP;
}

struct pt_regs *ftrace_get_regs(struct ftrace_regs *fregs)
{
	if (!fregs || !ftrace_regs_full(fregs))
		return NULL;
	return &ftrace_full_frame(fregs)->regs;
}

unsigned long ftrace_regs_get_argument(struct ftrace_regs *fregs,
				       unsigned int n)
{
	switch (n) {
	case 0:
		return fregs->di;
	case 1:
		return fregs->si;
	case 2:
		return fregs->dx;
	case 3:
		return fregs->cx;
	case 4:
		return fregs->r8;
	case 5:
		return fregs->r9;
	default:
		return 0;
	}
}

unsigned long ftrace_regs_get_return_value(struct ftrace_regs *fregs)
{
	return fregs->ax;
}

void ftrace_regs_set_return_value(struct ftrace_regs *fregs,
				  unsigned long value)
{
	fregs->ax = value;
}

unsigned long ftrace_regs_get_instruction_pointer(struct ftrace_regs *fregs)
{
	return *ip_slot(fregs);
}

void ftrace_regs_set_instruction_pointer(struct ftrace_regs *fregs,
					 unsigned long ip)
{
	*ip_slot(fregs) = ip;
}

unsigned long ftrace_regs_get_stack_pointer(struct ftrace_regs *fregs)
{
	if (ftrace_regs_full(fregs))
		return ftrace_full_frame(fregs)->regs.sp;
	return (unsigned long)&fregs->parent_ip;
}

int arch_ftrace_init(void)
{
	unsigned long fast = arch_ftrace_read((unsigned long)ftrace_call);
	unsigned long full = arch_ftrace_read((unsigned long)ftrace_regs_call);

	/* Both labels mark a CALL, and both call the empty callback. */
	return fast && fast == full && fast != FTRACE_UNKNOWN ? 0 : -EINVAL;
}
