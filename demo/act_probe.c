// SPDX-License-Identifier: MIT
/*
 * act_probe.c - one function with a tracer, a probe at its entry, one in its
 * middle and a return probe: its bytes, and what each of them costs.
 *
 * Owns the four of them. They come one by one and go in the same order.
 */
#include "demo/demo.h"
#include "demo/figures.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace.h"
#include "trace/probes/kprobe.h"
#include "trace/probes/kretprobe.h"
#include <asm/pt_regs.h>
#include <asm/tsc.h>

#define CALLS  2000
#define ROUNDS 5
#define ARG    14
#define RESULT (3 * ARG)

long demo_tripled(long n);

/* The function that is probed. Nobody else calls it, so counts are exact. */
noinline long demo_tripled(long n)
{
	__asm__ volatile("" : "+r"(n));
	return n * 3;
}

/* ---- the four ------------------------------------------------------------ */

static u64 wrong; /* registers that are not those of the call */

static struct {
	u64 tracer, entry, middle, ret;
} seen;

static notrace void trace(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	seen.tracer++;
}

static int at_entry(struct kprobe *p, struct pt_regs *regs)
{
	seen.entry++;
	wrong += regs->di != ARG || regs->ip != (unsigned long)p->addr + 1;
	return 0;
}

static int in_middle(struct kprobe *p, struct pt_regs *regs)
{
	seen.middle++;
	wrong += regs->ip != (unsigned long)p->addr + 1;
	return 0;
}

static int at_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	seen.ret++;
	wrong += regs->ax != RESULT || regs->ip != ri->ret_addr;
	return 0;
}

static struct ftrace_ops tracer = { .func = trace };
static struct kprobe entry = { .pre_handler = at_entry };
static struct kprobe middle = { .pre_handler = in_middle };
static struct kretprobe returns = { .handler = at_return };

static int enter_tracer(void)
{
	return register_ftrace_function(&tracer);
}

static int enter_entry(void)
{
	return register_kprobe(&entry);
}

static int enter_middle(void)
{
	return register_kprobe(&middle);
}

static int enter_return(void)
{
	return register_kretprobe(&returns);
}

/* Those that are not registered are skipped. */
static int leave_all(void)
{
	int ret = 0;

	if (tracer.flags & FTRACE_OPS_FL_ENABLED)
		ret = unregister_ftrace_function(&tracer);
	unregister_kprobe(&entry);
	unregister_kprobe(&middle);
	unregister_kretprobe(&returns);
	ftrace_free_filter(&tracer);
	return ret;
}

/* In the order in which they come. */
static const struct visitor {
	const char *name;
	int (*enter)(void);
	const u64 *seen;
} visitors[] = {
	{ "tracer", enter_tracer, &seen.tracer },
	{ "+ entry", enter_entry, &seen.entry },
	{ "+ middle", enter_middle, &seen.middle },
	{ "+ return", enter_return, &seen.ret },
};

/* ---- what a call costs --------------------------------------------------- */

/* TSC ticks of CALLS calls: the least of several rounds. */
static u64 ticks_tripled(void)
{
	u64 least = ~0ULL, began;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		began = rdtsc();
		for (i = 0; i < CALLS; i++)
			wrong += demo_tripled(ARG) != RESULT;
		least = min(least, rdtsc() - began);
	}
	return max(least, 1ULL);
}

static u64 ticks_step(void)
{
	u64 least = ~0ULL, began;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		began = rdtsc();
		for (i = 0; i < CALLS; i++)
			demo_step();
		least = min(least, rdtsc() - began);
	}
	return max(least, 1ULL);
}

/* ---- the act ------------------------------------------------------------- */

/* The bytes before the first visitor. */
struct code {
	u8 site[MCOUNT_INSN_SIZE], middle[MCOUNT_INSN_SIZE];
	u8 step[MCOUNT_INSN_SIZE];
};

static unsigned long site, step;

static struct code code_now(void)
{
	struct code code = { 0 };

	memcpy(code.site, (const u8 *)site, sizeof(code.site));
	memcpy(code.middle, (const u8 *)middle.addr, sizeof(code.middle));
	memcpy(code.step, (const u8 *)step, sizeof(code.step));
	return code;
}

/*
 * Show both places. Return: 0; -EIO: the middle is not as @probed says, or
 * demo_step() has changed.
 */
static int show_code(const char *label, const struct code *before, bool probed)
{
	struct code now = code_now();
	const char *what = probed ? "INT3 in place of the first byte" :
				    "the code behind the site";

	show_site(label, site, now.site);
	printk_plain("    %-12s %*ph   %s", "", MCOUNT_INSN_SIZE, now.middle,
		     what);
	if (memcmp(now.step, before->step, sizeof(now.step)) ||
	    memcmp(now.middle + 1, before->middle + 1, sizeof(now.middle) - 1))
		return -EIO;
	return now.middle[0] == (probed ? 0xcc : before->middle[0]) ? 0 : -EIO;
}

/* Each visitor up to number @last has seen each call since it came. */
static int check_counts(unsigned int last)
{
	unsigned int i;
	u64 due;

	for (i = 0; i < ARRAY_SIZE(visitors); i++) {
		due = i <= last ? (u64)(last - i + 1) * CALLS * ROUNDS : 0;
		if (*visitors[i].seen != due)
			return -EIO;
	}
	return wrong ? -EIO : 0;
}

static void show_ticks(u64 took, u64 before, u64 plain)
{
	u64 all = took * 10 / plain;
	u64 more = took > before ? (took - before) * 10 / plain : 0;

	printk_plain("        a call takes %llu.%llu times as long as "
		     "untraced, %llu.%llu of them for the newcomer",
		     all / 10, all % 10, more / 10, more % 10);
}

static int visit(const struct code *code)
{
	u64 plain = ticks_tripled(), before = plain, took;
	u64 other = ticks_step();
	unsigned int i;
	int ret = show_code("untraced", code, false);

	for (i = 0; i < ARRAY_SIZE(visitors) && !ret; i++) {
		ret = visitors[i].enter();
		if (!ret)
			ret = show_code(visitors[i].name, code, i >= 2);
		if (ret)
			break;
		took = ticks_tripled();
		show_ticks(took, before, plain);
		before = took;
		ret = check_counts(i);
	}
	other = ticks_step() * 10 / other;
	printk_plain("    demo_step() has the bytes that it had; a call of it "
		     "takes %llu.%llu times as long as before.",
		     other / 10, other % 10);
	return ret;
}

static int prepare(void)
{
	site = ftrace_location((unsigned long)demo_tripled);
	step = ftrace_location((unsigned long)demo_step);
	if (!site || !step)
		return -ENOENT;
	memset(&seen, 0, sizeof(seen));
	wrong = 0;
	entry.addr = (kprobe_opcode_t *)site;
	middle.addr = (kprobe_opcode_t *)site + MCOUNT_INSN_SIZE;
	returns.kp.addr = (kprobe_opcode_t *)demo_tripled;
	return ftrace_set_filter_ip(&tracer, site, 0, 1);
}

static void explain(void)
{
	printk_plain("  demo_tripled() gets four visitors, one by one. At the "
		     "site the entry probe is one more callback;");
	printk_plain("  in the middle there is no site, so one byte becomes "
		     "INT3, and a call traps. The return probe");
	printk_plain("  is called at entry, too, and puts its own address in "
		     "place of the return address.");
	printk_plain(
		"  Each alone takes, in instructions: entry %d, middle %d, "
		"return %d; on Linux %d, %d, %d.",
		OURS_CALL_KPROBE_FTRACE, OURS_CALL_KPROBE_INT3,
		OURS_CALL_KRETPROBE, LINUX_CALL_KPROBE_FTRACE,
		LINUX_CALL_KPROBE_INT3, LINUX_CALL_KRETPROBE);
	printk_plain(
		"  The times below are by the clock: in an emulator a trap "
		"costs more than its instructions.");
}

static int act_probe(void)
{
	int ret = prepare(), err;
	struct code before, after;

	explain();
	if (ret)
		return ret;
	before = code_now();
	ret = visit(&before);
	if (!ret)
		ret = demo_type("cat kprobes/list");
	err = leave_all();
	after = code_now();
	show_site("all gone", site, after.site);
	if (!ret && memcmp(&before, &after, sizeof(before)))
		ret = -EIO;
	demo_result("act=probe calls=%u tracer=%llu entry=%llu middle=%llu "
		    "return=%llu wrong=%llu",
		    CALLS * ROUNDS, seen.tracer, seen.entry, seen.middle,
		    seen.ret, wrong);
	return ret ? ret : err;
}

DEMO_ACT(75, probe, "a tracer and three probes on one function", act_probe);
