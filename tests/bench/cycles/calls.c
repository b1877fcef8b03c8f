// SPDX-License-Identifier: MIT
/*
 * calls.c - rows call.*: consumers with empty callbacks, direct callers, and
 * the list function.
 */
#include "tests/bench/cycles/cycles.h"

#include "arch/x86_64/patch/insn.h"
#include "kernel/base/slab.h"
#include "trace/arch_ftrace.h"
#include "trace/core/ftrace_internal.h"

#define MANY 16

static struct ftrace_ops ops[MANY];

__attribute__((optimize("omit-frame-pointer"))) static void
empty(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
      struct ftrace_regs *fregs)
{
	__asm__ volatile("");
}

/* The row with @n empty consumers, and perhaps a direct caller. */
static void chain_row(const char *name, unsigned int n, bool regs,
		      unsigned long direct)
{
	static struct {
		struct ftrace_tramp_desc desc;
		struct ftrace_tramp_call call[MANY];
	} many;

	many.desc = (struct ftrace_tramp_desc){ .n = n,
						.regs = regs,
						.direct = direct };
	for (unsigned int i = 0; i < n; i++)
		many.desc.call[i] =
			(struct ftrace_tramp_call){ empty, &ops[i], false };
	row(name, make_target(make_chain(&many.desc)));
}

/* ---- direct targets ------------------------------------------------------ */

__attribute__((used)) void cycles_assist(void);
void cycles_assist(void)
{
	__asm__ volatile("");
}

void cycles_return(void);
void cycles_direct(void);
__asm__(".pushsection .text\n"
	".balign 16\n"
	"cycles_return: ret\n"
	".balign 16\n"
	"cycles_direct:\n"
	"push %rbp\n"
	"mov %rsp, %rbp\n"
	"push %rdi\n"
	"push %rsi\n"
	"call cycles_assist\n"
	"pop %rsi\n"
	"pop %rdi\n"
	"leave\n"
	"ret\n"
	".popsection");

/* ---- the list function --------------------------------------------------- */

extern char ftrace_caller[], ftrace_call[];
struct ftrace_ops *function_trace_op = ops; /* the static caller's */

unsigned long arch_ftrace_static_caller(bool regs)
{
	return (unsigned long)ftrace_caller;
}

void arch_ftrace_set_inner(unsigned long tramp, unsigned int i,
			   ftrace_func_t func)
{
	insn_store(ftrace_call,
		   insn_call((unsigned long)ftrace_call, (unsigned long)func));
}

/* One site, whose set has @n callbacks. */
static void list_row(const char *name, unsigned int n)
{
	static struct dyn_ftrace rec;
	struct ftrace_set *page = kzalloc(FTRACE_SET_PAGE * sizeof(*page));
	struct ftrace_ops **calls = kzalloc((n + 1) * sizeof(*calls));
	code_t target = make_target((unsigned long)ftrace_caller);

	for (unsigned int i = 0; i < n; i++) {
		ops[i].func = empty;
		calls[i] = &ops[i];
	}
	page[1] = (struct ftrace_set){ .ops = calls, .nr = n, .id = 1 };
	ftrace_set_dir[0] = page;
	rec.ip_off = (unsigned long)target - (unsigned long)_text;
	rec.wanted = 1;
	ftrace_recs = &rec;
	ftrace_nr_recs = 1;
	ftrace_list_init();
	row(name, target);
}

static void run(void)
{
	unsigned long direct = (unsigned long)cycles_direct;

	row("call.ops1", make_target(make_tramp(empty, ops, false)));
	row("call.ops1_recursion", make_target(make_tramp(empty, ops, true)));
	chain_row("call.ops1_regs", 1, true, 0);
	chain_row("call.ops2", 2, false, 0);
	chain_row("call.ops4", 4, false, 0);
	chain_row("call.ops16", 16, false, 0);
	chain_row("call.ops16_regs", 16, true, 0);
	row("call.direct_min", make_target((unsigned long)cycles_return));
	row("call.direct_call", make_target(direct));
	chain_row("call.direct_call_ops1", 1, false, direct);
	chain_row("call.direct_call_ops2", 2, false, direct);
	list_row("call.list2", 2);
	list_row("call.list4", 4);
	list_row("call.list16", 16);
}

static const struct cycle_group calls = { run };
TABLE_ENTRY(cycle_groups, 10, calls);
