// SPDX-License-Identifier: MIT
/*
 * Entry and exit (entry.asm): every register and flag survives each kind of
 * trap, the context words are right inside and outside, #BP has room for an
 * emulated CALL and its return lets no NMI in.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/patch/text_poke.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trap_owner.h"
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>

#define ROUNDS 200

/* Shared with trap_probe.asm. */
extern struct pt_regs probe_in;	 /* what to load */
extern struct pt_regs probe_out; /* what was found behind the trap */
extern u64 probe_saved_sp, probe_callee_sp, probe_callee_calls;
struct pt_regs probe_in, probe_out;
u64 probe_saved_sp, probe_callee_sp, probe_callee_calls;

extern const char probe_int3_behind[];
extern const char probe_site_insn[], probe_site_behind[];
void probe_int3(void);
void probe_site(void);
void probe_interrupt(void);
void probe_callee(void);

/* Interrupts are served on it, too. */
static char probe_stack[16384] __aligned(16);
static u64 random_state = 88172645463325252ULL;

static u64 random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* CF PF AF ZF SF DF OF; IF as given. */
static unsigned long random_flags(unsigned long interrupts)
{
	return (random_word() & 0xcd5) | X86_EFLAGS_FIXED | interrupts;
}

static void randomize(unsigned long interrupts, unsigned int misalign)
{
	u64 *word = (u64 *)&probe_in;

	for (size_t i = 0; i < sizeof(probe_in) / 8; i++)
		word[i] = random_word();
	probe_in.flags = random_flags(interrupts);
	probe_in.sp = (u64)probe_stack + sizeof(probe_stack) - 256 - misalign;
	memset(&probe_out, 0, sizeof(probe_out));
}

/* All general registers, rsp and the flags. */
static bool survived(void)
{
	return !memcmp(&probe_in, &probe_out,
		       offsetof(struct pt_regs, orig_ax)) &&
	       probe_in.sp == probe_out.sp && probe_in.flags == probe_out.flags;
}

/* ---- hooks for #BP ------------------------------------------------------- */

static unsigned int hook_context; /* CTX_ bit seen by the last hook */
static bool hook_frame_ok;

static bool at_probe(struct pt_regs *regs)
{
	hook_context = this_cpu_read(trace_context);
	hook_frame_ok =
		regs->sp == probe_in.sp && regs->flags == probe_in.flags &&
		!memcmp(regs, &probe_in, offsetof(struct pt_regs, orig_ax));
	return regs->ip == (unsigned long)probe_int3_behind;
}

static bool skip_hook(struct pt_regs *regs)
{
	return at_probe(regs);
}

/* As poke_int3_handler() emulates a CALL. */
static bool call_hook(struct pt_regs *regs)
{
	if (!at_probe(regs))
		return false;
	regs->sp -= sizeof(unsigned long);
	*(unsigned long *)regs->sp = regs->ip;
	regs->ip = (unsigned long)probe_callee;
	return true;
}

struct outcome {
	unsigned int lost;	/* rounds in which something did not survive */
	unsigned int bad_frame; /* in which the hook saw other registers */
	unsigned int bad_call;	/* in which the callee was not called right */
	unsigned int bad_context;
};

static void one_round(struct outcome *out, bool call, unsigned long interrupts,
		      unsigned int misalign, u32 context)
{
	u64 calls = probe_callee_calls;

	randomize(interrupts, misalign);
	probe_int3();
	out->lost += !survived();
	out->bad_frame += !hook_frame_ok;
	out->bad_context += hook_context != context;
	if (call)
		out->bad_call += probe_callee_calls != calls + 1 ||
				 probe_callee_sp != probe_in.sp - 8;
}

/* Both alignments of the stack, which differ in the room above the frame. */
static void all_rounds(struct outcome *out, bool call, u32 context)
{
	trap_set_int3_hook(call ? call_hook : skip_hook);
	for (int i = 0; i < ROUNDS; i++) {
		bool may_interrupt = context == CTX_TASK && i % 2;

		one_round(out, call, may_interrupt ? X86_EFLAGS_IF : 0,
			  i / 2 % 2 * 8, context);
	}
	trap_set_int3_hook(NULL);
}

static void expect_clean(const struct outcome *out)
{
	EXPECT_EQ(out->lost, 0);
	EXPECT_EQ(out->bad_frame, 0);
	EXPECT_EQ(out->bad_call, 0);
	EXPECT_EQ(out->bad_context, 0);
}

KTEST(entry, int3_keeps_all_registers_and_flags)
{
	struct outcome out = { 0 };

	preempt_disable();
	all_rounds(&out, false, CTX_TASK);
	preempt_enable();
	expect_clean(&out);
}

KTEST(entry, int3_emulated_call_at_both_alignments)
{
	struct outcome out = { 0 };

	preempt_disable();
	all_rounds(&out, true, CTX_TASK);
	preempt_enable();
	expect_clean(&out);
}

static struct outcome inner_outcome;

static void int3_in_irq(struct pt_regs *regs)
{
	all_rounds(&inner_outcome, true, CTX_IRQ);
}

KTEST(entry, int3_in_an_interrupt)
{
	memset(&inner_outcome, 0, sizeof(inner_outcome));
	ASSERT_EQ(irq_register(VECTOR_TEST, int3_in_irq), 0);
	preempt_disable();
	__asm__ volatile("int %0" ::"i"(VECTOR_TEST) : "memory");
	preempt_enable();
	irq_register(VECTOR_TEST, NULL);
	EXPECT(in_task());
	expect_clean(&inner_outcome);
}

static bool int3_in_nmi(struct pt_regs *regs)
{
	all_rounds(&inner_outcome, true, CTX_NMI);
	return true;
}

static void nmi_myself(void)
{
	preempt_disable();
	send_nmi(smp_processor_id());
	ndelay(100000);
	preempt_enable();
}

KTEST(entry, int3_in_an_nmi)
{
	memset(&inner_outcome, 0xff, sizeof(inner_outcome));
	ASSERT_EQ(nmi_handler_register(int3_in_nmi), 0);
	memset(&inner_outcome, 0, sizeof(inner_outcome));
	hook_context = 0;
	nmi_myself();
	nmi_handler_unregister(int3_in_nmi);
	EXPECT_EQ(hook_context, CTX_NMI); /* it did come */
	EXPECT(in_task());
	expect_clean(&inner_outcome);
}

/* ---- #BP at a site of the live batch ------------------------------------- */

static struct {
	enum insn_kind kind; /* what the batch puts at probe_site */
	unsigned long hits;  /* INT3s met there, by the engine's own count */
	struct outcome out;
} site;

static void rounds_at_site(void)
{
	unsigned long hits = this_cpu_read(poke_hits.live[site.kind]);
	bool call = site.kind == INSN_KIND_CALL;
	u64 calls;

	for (int i = 0; i < ROUNDS; i++) {
		calls = probe_callee_calls;
		randomize(in_task() && i % 2 ? X86_EFLAGS_IF : 0,
			  i / 2 % 2 * 8);
		probe_site();
		site.out.lost += !survived();
		site.out.bad_call +=
			probe_callee_calls != calls + call ||
			(call && probe_callee_sp != probe_in.sp - 8);
	}
	site.hits += this_cpu_read(poke_hits.live[site.kind]) - hits;
}

static void rounds_before_tails(enum poke_step next)
{
	if (next == POKE_TAIL)
		rounds_at_site();
}

static bool rounds_in_nmi(struct pt_regs *regs)
{
	rounds_at_site();
	return true;
}

static void nmi_before_tails(enum poke_step next)
{
	if (next == POKE_TAIL)
		nmi_myself();
}

/* A call, then a jump, then the NOP again. */
static void each_kind_at_site(poke_observer_t observer)
{
	unsigned long ip = (unsigned long)probe_site_insn;
	const u64 words[] = { INSN_NOP5,
			      insn_call(ip, (unsigned long)probe_callee),
			      insn_jmp32(ip, (unsigned long)probe_site_behind),
			      INSN_NOP5 };

	memset(&site, 0, sizeof(site));
	poke_observe(observer);
	for (int i = 1; i < 4; i++) {
		site.kind = insn_kind(words[i]);
		EXPECT_EQ(text_poke(ip, words[i - 1], words[i], NULL), 0);
	}
	poke_observe(NULL);
	EXPECT_EQ(site.hits, 3 * ROUNDS);
	expect_clean(&site.out);
}

KTEST(entry, int3_of_a_batch_keeps_all_registers_and_flags)
{
	each_kind_at_site(rounds_before_tails);
}

KTEST(entry, int3_of_a_batch_in_an_nmi)
{
	ASSERT_EQ(nmi_handler_register(rounds_in_nmi), 0);
	each_kind_at_site(nmi_before_tails);
	nmi_handler_unregister(rounds_in_nmi);
}

/* ---- interrupts ---------------------------------------------------------- */

static struct {
	unsigned int count, bad_frame, bad_context, direction_set;
} seen;

static void interrupt_look(struct pt_regs *regs)
{
	seen.count++;
	seen.bad_context += !in_irq() || in_task() || in_nmi();
	seen.direction_set += !!(local_save_flags() & X86_EFLAGS_DF);
	seen.bad_frame +=
		regs->sp != probe_in.sp || regs_vector(regs) != VECTOR_TEST ||
		memcmp(regs, &probe_in, offsetof(struct pt_regs, orig_ax));
}

KTEST(entry, interrupt_keeps_all_registers_and_flags)
{
	unsigned int lost = 0;

	memset(&seen, 0, sizeof(seen));
	ASSERT_EQ(irq_register(VECTOR_TEST, interrupt_look), 0);
	preempt_disable();
	for (int i = 0; i < ROUNDS; i++) {
		randomize(i % 2 ? X86_EFLAGS_IF : 0, i / 2 % 2 * 8);
		probe_interrupt();
		lost += !survived();
	}
	preempt_enable();
	irq_register(VECTOR_TEST, NULL);
	EXPECT_EQ(lost, 0);
	EXPECT_EQ(seen.count, ROUNDS);
	EXPECT_EQ(seen.bad_frame, 0);
	EXPECT_EQ(seen.bad_context, 0);
	EXPECT_EQ(seen.direction_set, 0);
}

static u32 nested_context[3]; /* irq before, nmi inside it, irq after */

static bool note_nmi_context(struct pt_regs *regs)
{
	nested_context[1] = this_cpu_read(trace_context);
	return true;
}

static void nmi_in_irq(struct pt_regs *regs)
{
	nested_context[0] = this_cpu_read(trace_context);
	nmi_myself();
	nested_context[2] = this_cpu_read(trace_context);
}

/* EN1 */
KTEST(entry, contexts_nest_and_are_put_back)
{
	memset(nested_context, 0, sizeof(nested_context));
	ASSERT_EQ(nmi_handler_register(note_nmi_context), 0);
	EXPECT_EQ(irq_register(VECTOR_TEST, nmi_in_irq), 0);
	EXPECT(in_task());
	__asm__ volatile("int %0" ::"i"(VECTOR_TEST) : "memory");
	EXPECT(in_task());
	irq_register(VECTOR_TEST, NULL);
	nmi_handler_unregister(note_nmi_context);
	EXPECT_EQ(nested_context[0], CTX_IRQ);
	EXPECT_EQ(nested_context[1], CTX_NMI);
	EXPECT_EQ(nested_context[2], CTX_IRQ);
}

/* ---- NMIs ---------------------------------------------------------------- */

static struct {
	unsigned int depth, max_depth, count;
	unsigned int resend; /* how many more to send from inside */
	enum { PLAIN, WITH_INT3, WITH_IRET } what;
	bool on_ist;
} nmi;

static char spare_nmi_stack[STACK_SIZE] __aligned(16);

/*
 * The control: an IRET inside an NMI lets the next one in, on the same IST
 * stack, where it would destroy this one's frame. So that the test survives,
 * the nested one gets another stack.
 */
static void iret_inside(void)
{
	unsigned long top = (unsigned long)spare_nmi_stack + STACK_SIZE;
	unsigned long old = gdt_swap_stack(IST_NMI, top);

	sync_core();
	ndelay(100000);
	gdt_swap_stack(IST_NMI, old);
}

static bool nesting_nmi(struct pt_regs *regs)
{
	nmi.depth++;
	nmi.count++;
	nmi.max_depth = max(nmi.max_depth, nmi.depth);
	nmi.on_ist = ist_of(read_sp()) == IST_NMI;
	if (nmi.resend) {
		nmi.resend--;
		send_nmi(smp_processor_id());
		if (nmi.what == WITH_INT3) {
			randomize(0, 8);
			probe_int3();
		} else if (nmi.what == WITH_IRET) {
			iret_inside();
		}
		ndelay(100000);
	}
	nmi.depth--;
	return true;
}

static void run_nesting(int what, unsigned int resend)
{
	memset(&nmi, 0, sizeof(nmi));
	nmi.what = what;
	nmi.resend = resend;
	trap_set_int3_hook(skip_hook);
	ASSERT_EQ(nmi_handler_register(nesting_nmi), 0);
	nmi_myself();
	nmi_handler_unregister(nesting_nmi);
	trap_set_int3_hook(NULL);
	EXPECT_EQ(nmi.depth, 0);
}

/* GD1 */
KTEST(entry, nmi_waits_for_the_one_before)
{
	run_nesting(PLAIN, 5);
	EXPECT_EQ(nmi.count, 6);
	EXPECT_EQ(nmi.max_depth, 1);
	EXPECT(nmi.on_ist);
}

/* EN2 */
KTEST(entry, int3_in_nmi_does_not_let_the_next_in)
{
	run_nesting(WITH_INT3, 5);
	EXPECT_EQ(nmi.count, 6);
	EXPECT_EQ(nmi.max_depth, 1);
}

KTEST(entry, control_iret_in_nmi_lets_the_next_in)
{
	run_nesting(WITH_IRET, 1);
	EXPECT_EQ(nmi.count, 2);
	EXPECT_EQ(nmi.max_depth, 2);
}
