// SPDX-License-Identifier: MIT
/*
 * Host fake of arch/x86_64/patch/ftrace.c and of what the ftrace core needs
 * beside it. The bytes are real instructions (arch/x86_64/patch/insn.c), the
 * trampolines are records of what was asked for, and every misuse ends the
 * test: a plan that is not sorted, bytes that are not as expected, a freed
 * trampoline that a site still calls, code written between prepare and apply.
 */
#include "tests/host/sites.h"
#include <asm/context.h>
#include <asm/layout.h>
#include "arch/x86_64/asm/pt_regs.h"
#include "arch/x86_64/patch/insn.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/smp.h"
#include "tests/host/host.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"

#define SPACING 16

char _text[HOST_SITES * SPACING];
__asm__(".globl _etext\n.set _etext, _text + 65536");
static_assert(sizeof(_text) == 65536, "_etext");

struct host_arch host_arch;

struct ftrace_regs {
	bool full;
	unsigned long direct;
	struct pt_regs regs;
};

struct tramp {
	bool live;
	struct ftrace_tramp_desc *desc;
	char code[16]; /* its address is the trampoline's */
};

static struct tramp tramp[HOST_TRAMPS];
static char static_caller[2][16] __aligned(16);
static ftrace_func_t static_func[2] = { ftrace_stub, ftrace_stub };
static struct ftrace_ops *static_ops;

static char name_room[HOST_SITES][24];
static const char *name[HOST_SITES];
static char name_blob[HOST_SITES * 24]; /* KA3, as in kallsyms.c */
static size_t nr_sites;
static unsigned long entries[HOST_SITES];

static const struct ftrace_patch *open_plan;
static size_t open_nr, open_verified;
static bool text_open;

/* ---- sites ---- */

unsigned long host_site(size_t i)
{
	return (unsigned long)_text + i * SPACING;
}

u8 *host_site_bytes(size_t i)
{
	return (u8 *)_text + i * SPACING;
}

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

static u64 addr_word(unsigned long ip, unsigned long addr)
{
	if (!addr)
		return INSN_NOP5;
	if (addr & FTRACE_ADDR_JMP)
		return insn_jmp32(ip, addr - 1);
	return insn_call(ip, addr);
}

unsigned long arch_ftrace_read(unsigned long ip)
{
	return word_addr(ip, insn_load((const void *)ip, 5));
}

/* ---- plans ---- */

int arch_ftrace_prepare(struct ftrace_patch *plan, size_t n)
{
	BUG_ON(text_open || !n);
	assert_held(&ftrace_lock);
	open_plan = plan;
	open_nr = n;
	open_verified = 0;
	text_open = true;
	return 0;
}

int arch_ftrace_prepare_lines(struct ftrace_patch *lines, size_t n,
			      struct ftrace_bug_info *bad)
{
	struct ftrace_patch *p = lines;

	BUG_ON(!text_open || p != open_plan + open_verified);
	BUG_ON(open_verified + n > open_nr);
	if (host_arch.prepare_error) {
		text_open = false;
		return host_arch.prepare_error;
	}
	for (; p < lines + n; p++, open_verified++) {
		BUG_ON(open_verified && p->ip <= p[-1].ip);
		BUG_ON(p->old == p->new);
		BUG_ON(p->new && !addr_word(p->ip, p->new));
		if (arch_ftrace_read(p->ip) == p->old)
			continue;
		*bad = (struct ftrace_bug_info){ .ip = p->ip,
						 .readable = true };
		insn_store(bad->expected, addr_word(p->ip, p->old));
		memcpy(bad->found, (void *)p->ip, 5);
		text_open = false;
		return -EINVAL;
	}
	return 0;
}

int arch_ftrace_prepare_run(struct ftrace_patch *run, size_t n,
			    struct ftrace_bug_info *bad)
{
	size_t i;

	BUG_ON(!n);
	for (i = 1; i < n; i++) {
		run[i].old = run->old;
		run[i].new = run->new;
	}
	return arch_ftrace_prepare_lines(run, n, bad);
}

void arch_ftrace_apply(void)
{
	size_t i;

	BUG_ON(!text_open || open_verified != open_nr);
	if (host_arch.on_apply)
		host_arch.on_apply();
	for (i = 0; i < open_nr; i++)
		insn_store((void *)open_plan[i].ip,
			   addr_word(open_plan[i].ip, open_plan[i].new));
	host_arch.batches++;
	host_arch.patches += open_nr;
	text_open = false;
}

void arch_ftrace_abort(void)
{
	BUG_ON(!text_open);
	text_open = false;
}

bool arch_ftrace_reaches(unsigned long addr)
{
	return addr != HOST_FAR;
}

void arch_ftrace_sync(void)
{
	BUG_ON(text_open);
	host_arch.syncs++;
}

/* ---- trampolines ---- */

bool ftrace_in_callback(void)
{
	return false;
}

static struct tramp *tramp_at(unsigned long addr)
{
	size_t i = (addr - (unsigned long)tramp) / sizeof(tramp[0]);

	if (addr < (unsigned long)tramp || i >= HOST_TRAMPS ||
	    addr != (unsigned long)tramp[i].code)
		return NULL;
	return &tramp[i];
}

bool host_tramp_live(unsigned long addr)
{
	struct tramp *t = tramp_at(addr);

	return t && t->live;
}

size_t arch_ftrace_trampoline_size(unsigned int n, unsigned int guards,
				   bool regs, unsigned long direct)
{
	return 64 + 32 * n;
}

unsigned long arch_ftrace_make_trampoline(const struct ftrace_tramp_desc *desc)
{
	size_t i, size = sizeof(*desc) + desc->n * sizeof(desc->call[0]);

	BUG_ON(text_open);
	for (i = 0; i < HOST_TRAMPS && tramp[i].live; i++)
		;
	if (host_arch.tramps >= host_arch.tramps_max)
		return 0;
	tramp[i].desc = kmalloc(size);
	if (!tramp[i].desc)
		return 0;
	memcpy(tramp[i].desc, desc, size);
	tramp[i].live = true;
	host_arch.tramps++;
	host_arch.tramps_made++;
	return (unsigned long)tramp[i].code;
}

void arch_ftrace_free_trampoline(unsigned long addr)
{
	struct tramp *t = tramp_at(addr);
	size_t i;

	BUG_ON(text_open || !t || !t->live);
	for (i = 0; i < nr_sites; i++)
		BUG_ON(arch_ftrace_read(host_site(i)) == addr);
	kfree(t->desc);
	t->live = false;
	host_arch.tramps--;
}

void arch_ftrace_set_inner(unsigned long addr, unsigned int i,
			   ftrace_func_t func)
{
	struct tramp *t = tramp_at(addr);

	BUG_ON(text_open);
	host_arch.inner_pokes++;
	if (addr == (unsigned long)static_caller[0])
		static_func[0] = func;
	else if (addr == (unsigned long)static_caller[1])
		static_func[1] = func;
	else
		t->desc->call[i].func = func;
}

ftrace_func_t arch_ftrace_inner(unsigned long addr, unsigned int i)
{
	struct tramp *t = tramp_at(addr);

	if (addr == (unsigned long)static_caller[0])
		return i ? NULL : static_func[0];
	if (addr == (unsigned long)static_caller[1])
		return i ? NULL : static_func[1];
	return t && t->live && i < t->desc->n ? t->desc->call[i].func : NULL;
}

unsigned long arch_ftrace_static_caller(bool regs)
{
	return (unsigned long)static_caller[regs];
}

void arch_ftrace_set_static_ops(struct ftrace_ops *ops)
{
	static_ops = ops;
}

void arch_ftrace_set_direct_caller(struct ftrace_regs *fregs,
				   unsigned long addr)
{
	fregs->direct = addr;
}

struct pt_regs *ftrace_get_regs(struct ftrace_regs *fregs)
{
	return fregs->full ? &fregs->regs : NULL;
}

/* ---- what the CPU does ---- */

static void call_guarded(const struct ftrace_tramp_call *call, unsigned long ip,
			 struct ftrace_regs *fregs)
{
	u32 bit = 0;

	if (call->guard) {
		bit = ftrace_guard_enter(FTRACE_GUARD_CORE);
		if (!bit)
			return;
	}
	call->func(ip, ip + 100, call->ops, fregs);
	if (call->guard)
		ftrace_guard_leave(bit);
}

static void call_tramp(const struct tramp *t, unsigned long ip)
{
	struct ftrace_regs fregs = { .full = t->desc->regs };
	unsigned int i;

	BUG_ON(!t->live);
	host_arch.full_regs = t->desc->regs;
	for (i = 0; i < t->desc->n; i++)
		call_guarded(&t->desc->call[i], ip, &fregs);
	if (t->desc->direct)
		((void (*)(void))(t->desc->direct & ~FTRACE_ADDR_JMP))();
}

static void call_static(bool regs, unsigned long ip)
{
	struct ftrace_regs fregs = { .full = regs };

	host_arch.full_regs = regs;
	static_func[regs](ip, ip + 100, static_ops, &fregs);
	if (fregs.direct)
		((void (*)(void))(fregs.direct & ~FTRACE_ADDR_JMP))();
}

void host_call(size_t i)
{
	unsigned long ip = host_site(i), addr = arch_ftrace_read(ip);
	struct tramp *t = tramp_at(addr);

	BUG_ON(addr == FTRACE_UNKNOWN);
	if (!addr)
		return;
	if (t)
		call_tramp(t, ip);
	else if (addr == (unsigned long)static_caller[0])
		call_static(false, ip);
	else if (addr == (unsigned long)static_caller[1])
		call_static(true, ip);
	else
		((void (*)(void))(addr & ~FTRACE_ADDR_JMP))();
}

/* ---- beside arch ---- */

void host_sites_init(const char *const *names, size_t n)
{
	char *at = name_blob;
	size_t i, len;

	BUG_ON(n > HOST_SITES || host_arch.tramps);
	nr_sites = n;
	for (i = 0; i < n; i++) {
		len = strlen(names[i]) + 1;
		BUG_ON(at + len > name_blob + sizeof(name_blob));
		name[i] = memcpy(at, names[i], len);
		at += len;
		entries[i] = host_site(i);
		insn_store(host_site_bytes(i), INSN_NOP5);
	}
	host_arch = (struct host_arch){ .tramps_max = HOST_TRAMPS };
	ftrace_dead = false;
	ftrace_set_init();
	ftrace_rec_init(entries, entries + n);
	ftrace_list_init();
}

void host_sites_count(size_t n)
{
	static const char *names[HOST_SITES];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name_room[i], sizeof(name_room[i]), "fn%zu", i);
		names[i] = name_room[i];
	}
	host_sites_init(names, n);
}

unsigned int kallsyms_count(void)
{
	return nr_sites;
}

const char *kallsyms_symbol(unsigned int i, unsigned long *addr,
			    unsigned long *size)
{
	*addr = host_site(i);
	if (size)
		*size = SPACING;
	return name[i];
}

bool kallsyms_nth_named(const char *wanted, unsigned int n,
			unsigned int *number)
{
	for (unsigned int i = 0; i < nr_sites; i++) {
		if (!strcmp(name[i], wanted) && !n--) {
			*number = i;
			return true;
		}
	}
	return false;
}

unsigned int kallsyms_not_after(unsigned long addr)
{
	return min((addr - (unsigned long)_text) / SPACING, nr_sites - 1);
}

unsigned int kallsyms_number_of(const char *byte, unsigned int from)
{
	BUG_ON(byte < name[from]);
	while (from + 1 < nr_sites && name[from + 1] <= byte)
		from++;
	return from;
}

const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size)
{
	size_t i = (addr - (unsigned long)_text) / SPACING;

	if (addr < (unsigned long)_text || i >= nr_sites)
		return NULL;
	if (off)
		*off = addr - host_site(i);
	if (size)
		*size = SPACING;
	return name[i];
}

void synchronize_tasks(void)
{
	host_arch.waits++;
	if (host_arch.on_wait)
		host_arch.on_wait();
}

void on_each_cpu(smp_call_func_t fn, void *arg, bool wait)
{
	fn(arg);
}
