// SPDX-License-Identifier: MIT
/*
 * K2: a probed instruction has the effect that it has at its own address. Each
 * kind runs with random registers, flags and stack, without a probe and with
 * one, in every way of probing; all registers, flags, the stack and the memory
 * it touches must agree.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/probes/kprobe.h"
#include <asm/cpu.h>
#include <asm/pt_regs.h>

#define ROUNDS	     24
#define MEMORY	     512
#define STACK_LOOKED 256

/* Shared with kprobe_probe.asm. */
struct kprobe_case {
	const char *name;
	void (*code)(void);
	unsigned long at;
};

extern const struct kprobe_case kprobe_cases[];
extern struct pt_regs kcase_in, kcase_out;
extern u8 kcase_memory[MEMORY];
void kcase_run(void (*code)(void));

struct pt_regs kcase_in, kcase_out;
u8 kcase_memory[MEMORY] __aligned(16);

/* Interrupts are served on it, too. */
static u8 stack[16384] __aligned(16);
static u64 random_state = 88172645463325252ULL;

static u64 random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

static void fill_random(void *p, size_t size)
{
	u64 *word = p;
	size_t i;

	for (i = 0; i < size / 8; i++)
		word[i] = random_word();
}

#define STATUS_FLAGS 0xcd5UL /* CF PF AF ZF SF DF OF */

/* What a run begins with, and what it has left. */
struct state {
	struct pt_regs regs;
	u8 memory[MEMORY];
	u8 stack[STACK_LOOKED];
};

static u8 *top_of_stack(void)
{
	return stack + sizeof(stack) - STACK_LOOKED;
}

static void randomize(struct state *s, unsigned int round)
{
	fill_random(s, sizeof(*s));
	s->regs.flags = (random_word() & STATUS_FLAGS) | X86_EFLAGS_FIXED |
			X86_EFLAGS_IF;
	s->regs.sp = (unsigned long)top_of_stack() + 64 + round % 2 * 8;
}

/* Words below the stack pointer at the end belong to nobody. */
static void run(const struct kprobe_case *c, const struct state *before,
		struct state *after)
{
	unsigned long dead;

	kcase_in = before->regs;
	memcpy(kcase_memory, before->memory, MEMORY);
	memcpy(top_of_stack(), before->stack, STACK_LOOKED);
	memset(&kcase_out, 0, sizeof(kcase_out));
	kcase_run(c->code);
	after->regs = kcase_out;
	memcpy(after->memory, kcase_memory, MEMORY);
	memcpy(after->stack, top_of_stack(), STACK_LOOKED);
	dead = kcase_out.sp - (unsigned long)top_of_stack();
	memset(after->stack, 0, min_t(unsigned long, dead, STACK_LOOKED));
}

/* ---- ways of probing ---- */

static unsigned long hits, posts;
static bool regs_ok;
static const struct kprobe_case *running;

static int pre(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	regs_ok = regs->ip == running->at + 1 &&
		  (unsigned long)p->addr == running->at;
	return 0;
}

static void post(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
	(void)p;
	(void)regs;
	(void)flags;
	posts++;
}

static struct state begin, plain, probed;

/* Does the case end the same with the probe? Return: rounds that differ. */
static unsigned int differing_rounds(const struct kprobe_case *c,
				     bool with_post)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)c->at,
			    .pre_handler = pre,
			    .post_handler = with_post ? post : NULL };
	unsigned int round, differ = 0;
	int err;

	for (round = 0; round < ROUNDS; round++) {
		randomize(&begin, round);
		run(c, &begin, &plain);
		err = register_kprobe(&p);
		if (err == -EOPNOTSUPP && with_post)
			return 0; /* counted by the caller's list */
		if (!EXPECT_EQ(err, 0))
			return ROUNDS;
		hits = posts = 0;
		running = c;
		run(c, &begin, &probed);
		unregister_kprobe(&p);
		differ += memcmp(&plain, &probed, sizeof(plain)) || !hits ||
			  !regs_ok || (with_post && posts != hits);
	}
	return differ;
}

static void all_cases(bool with_post)
{
	const struct kprobe_case *c;

	for (c = kprobe_cases; c->name; c++) {
		unsigned int differ = differing_rounds(c, with_post);

		if (!EXPECT_EQ(differ, 0))
			ktest_note("%s: %u rounds differ", c->name, differ);
	}
}

KTEST_FLAGS(kprobe_insn, every_kind_has_its_effect_K2, 0, 120)
{
	all_cases(false);
}

KTEST_FLAGS(kprobe_insn, every_kind_with_a_post_handler_K2, 0, 120)
{
	all_cases(true);
}
