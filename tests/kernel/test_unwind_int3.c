// SPDX-License-Identifier: MIT
/*
 * Stack walks from NMIs that strike the handling of an INT3: of a probe, and of
 * a site while its batch is live. Neither the function that has trapped nor its
 * caller may be lost, whichever instruction is interrupted.
 */
#include "arch/x86_64/patch/insn_decode.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/stack_probe.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace.h"
#include "trace/probes/kprobe.h"
#include <asm/pt_regs.h>
#include <asm/smp.h>

static notrace bool handles_int3(unsigned long ip)
{
	static const char *const names[] = {
		"int3_live",	     "int3_common",   "poke_int3_live",
		"poke_int3_handler", "kprobe_claims", "kprobe_trap"
	};
	const char *name = kallsyms_lookup(ip, NULL, NULL);
	unsigned int i;

	for (i = 0; name && i < ARRAY_SIZE(names); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Behind the handling of the INT3 come the three, and none is lost. */
static notrace enum sample_verdict judge(const struct trace *t)
{
	unsigned int i = t->n;

	while (i && !handles_int3(t->ip[i - 1]))
		i--;
	if (!i)
		return SAMPLE_ELSEWHERE;
	i += i < t->n && is_ftrace_trampoline(t->ip[i]); /* on the way to it */
	return i + 2 < t->n && is_in(t->ip[i], sample_leaf) &&
			       is_in(t->ip[i + 1], sample_loop) &&
			       is_in(t->ip[i + 2], sample_root) ?
		       SAMPLE_GOOD :
		       SAMPLE_BAD;
}

static const struct nmi_sample what = { sample_root, judge, false };

/* ---- the INT3 of a probe ---- */

static notrace int nothing(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

static notrace void nothing_behind(struct kprobe *p, struct pt_regs *regs,
				   unsigned long flags)
{
}

/* Behind the site of sample_leaf(), so that it is no probe of the site. */
static void sample_probe(kprobe_post_handler_t post)
{
	struct kprobe p = { .symbol_name = "sample_leaf",
			    .offset = 5,
			    .pre_handler = nothing,
			    .post_handler = post };

	ASSERT_EQ(register_kprobe(&p), 0);
	nmi_sample(&what);
	unregister_kprobe(&p);
}

KTEST(unwind, wherever_an_nmi_strikes_the_int3_of_a_probe)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	sample_probe(NULL);
	sample_probe(nothing_behind);
}

/* At the CALL of sample_loop(): until it is emulated; then in sample_leaf(). */
static notrace enum sample_verdict judge_call(const struct trace *t)
{
	unsigned int i = t->n;

	while (i && !handles_int3(t->ip[i - 1]))
		i--;
	if (!i)
		return SAMPLE_ELSEWHERE;
	i += i < t->n && is_in(t->ip[i], sample_leaf);
	return i + 1 < t->n && is_in(t->ip[i], sample_loop) &&
			       is_in(t->ip[i + 1], sample_root) ?
		       SAMPLE_GOOD :
		       SAMPLE_BAD;
}

/* In sample_leaf() its first byte is not one behind an INT3. */
KTEST(unwind, wherever_an_nmi_strikes_an_emulated_call)
{
	static const struct nmi_sample call = { sample_root, judge_call,
						false };
	struct kprobe p = { .symbol_name = "sample_loop",
			    .pre_handler = nothing };
	struct insn insn = { .class = INSN_PLAIN };

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	for (; insn.class != INSN_CALL; p.offset += insn.len)
		ASSERT_EQ(insn_decode((const u8 *)sample_loop + p.offset, 15,
				      &insn),
			  0);
	p.offset -= insn.len;
	ASSERT_EQ(register_kprobe(&p), 0);
	nmi_sample(&call);
	unregister_kprobe(&p);
}

/* ---- handlers that walk the stack ---- */

static noinline notrace unsigned long ui_framed(unsigned long n)
{
	return sample_leaf(n) + sample_loop(n);
}

static noinline notrace unsigned long ui_outer(unsigned long n)
{
	n = ui_framed(n);
	barrier();
	return n;
}

static struct trace in_pre, in_post;

static notrace int save_pre(struct kprobe *p, struct pt_regs *regs)
{
	in_pre.n = stack_trace_save_regs(regs, in_pre.ip, TRACE_DEPTH, 0);
	return 0;
}

static notrace void save_post(struct kprobe *p, struct pt_regs *regs,
			      unsigned long flags)
{
	in_post.n = stack_trace_save_regs(regs, in_post.ip, TRACE_DEPTH, 0);
}

static void ktest_unwind_from_handlers_of_each_boundary(void);

/* ui_framed(), or nothing if it has returned, then its callers */
static bool is_whole(const struct trace *t, bool returned)
{
	unsigned int i = t->n && is_in(t->ip[0], ui_framed);

	if ((i || returned) && i + 1 < t->n && is_in(t->ip[i], ui_outer) &&
	    is_in(t->ip[i + 1], ktest_unwind_from_handlers_of_each_boundary))
		return true;
	trace_show(t);
	return false;
}

/* A call that the probe emulates has entered the next function. */
static bool post_is_whole(const struct insn *insn)
{
	return insn->class == INSN_CALL ||
	       is_whole(&in_post, insn->class == INSN_RET);
}

KTEST(unwind, from_handlers_of_each_boundary)
{
	unsigned long at = (unsigned long)ui_framed, off, size, end;
	struct insn insn;

	ASSERT(kallsyms_lookup(at, &off, &size));
	for (end = at + size; at < end; at += insn.len) {
		struct kprobe p = { .addr = (u8 *)at,
				    .pre_handler = save_pre,
				    .post_handler = save_post };

		ASSERT_EQ(insn_decode((const u8 *)at, 15, &insn), 0);
		in_pre.n = in_post.n = 0;
		ASSERT_EQ(register_kprobe(&p), 0);
		ui_outer(1);
		unregister_kprobe(&p);
		if (in_pre.n && (!EXPECT(is_whole(&in_pre, false)) ||
				 !EXPECT(post_is_whole(&insn))))
			ktest_note("a probe at %pS", (void *)at);
		if (insn.class == INSN_RET)
			break;
	}
	EXPECT(at < end); /* the first one is reached, and the last */
	EXPECT(in_pre.n);
}

/* ---- the INT3 of a batch ---- */

#define TURNS	    2
#define TURNS_EXACT 12
/* NMIs in each step of a batch. In real time few: each waits for the host. */
#define NMIS	   2
#define NMIS_EXACT 40
#define WAIT_NS	   5000000000ULL

static unsigned int late; /* steps whose last NMI was not waited for */

/* In each step of the batch CPU 1 traps, again and again. */
static void nmis_in_each_step(enum poke_step next)
{
	unsigned int i, n = slices_exact() ? NMIS_EXACT : NMIS;
	bool taken = true;

	for (i = 0; i < n; i++) {
		slices_stagger(next);
		taken = nmi_sample_take(WAIT_NS);
	}
	late += !taken;
}

static notrace void callback(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	barrier();
}

static void patch_it(void)
{
	struct ftrace_ops ops = { .func = callback };
	unsigned int turn, n = slices_exact() ? TURNS_EXACT : TURNS;

	ASSERT_EQ(ftrace_set_filter_ip(&ops, (unsigned long)sample_leaf, 0, 1),
		  0);
	poke_observe(nmis_in_each_step);
	for (turn = 0; turn < n && !ktest_failed(); turn++) {
		EXPECT_EQ(register_ftrace_function(&ops), 0);
		EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	}
	poke_observe(NULL);
	ftrace_free_filter(&ops);
}

static void sample_batches(void)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	late = 0;
	ASSERT(nmi_sample_begin(&what));
	slices_set(SLICES_SHORT);
	patch_it();
	slices_set(0);
	/* Otherwise NMIs come between translated blocks only. */
	nmi_sample_end(slices_exact());
	EXPECT_EQ(late, 0);
}

KTEST_FLAGS(unwind, wherever_an_nmi_strikes_the_int3_of_a_batch, 0, 120)
{
	sample_batches();
}

/* One that an event shows has a pt_regs. */
KTEST_FLAGS(unwind, wherever_an_nmi_strikes_an_int3_that_is_shown, 0, 120)
{
	ASSERT(tt_begin("nop", NULL, 16));
	tt_write("events/patch/int3_hit/enable", "1");
	sample_batches();
	tt_write("events/patch/int3_hit/enable", "0");
	tt_end();
}
