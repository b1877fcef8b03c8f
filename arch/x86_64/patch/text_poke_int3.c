// SPDX-License-Identifier: MIT
/*
 * The INT3 handler of the patch engine: it finds the site of the trap and
 * emulates the site's new instruction.
 *
 * Owns the reading side of the published batch: per-CPU references, and the
 * rule of the batch sequence (odd: live).
 *
 * I2 For a trap at a site of the live batch the handler emulates the new
 *    instruction. For a late trap, from an INT3 that is gone, it emulates the
 *    bytes now in memory, if the sequence shows that no batch came or went
 *    while it read them.
 * I5 Nothing here is traceable, takes a lock or waits.
 *
 * Context: #BP in any context, NMI included; interrupts off.
 */
#include "arch/x86_64/cpu/traps.h"
#include "trace/arch_patch_events.h"
#include "arch/x86_64/patch/poke_hooks.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include <asm/cpu.h>
#include <asm/pt_regs.h>
#include <asm/upcalls.h>

DEFINE_PER_CPU(unsigned long, poke_refs);
DEFINE_PER_CPU(struct poke_hits, poke_hits);

enum outcome {
	FOREIGN = 0, /* this and the next are results of poke_int3_handler() */
	RESOLVED = 1,
	AGAIN,	   /* a batch came or went during the look-up */
	NOT_IN_IT, /* the live batch does not contain this site */
};

/* ip and sp before and after; what the instruction was. */
struct emulated {
	unsigned long ip;
	unsigned long sp;
	enum insn_kind kind;
	bool live; /* at a site of the live batch */
};

static __always_inline void get_ref(bool really)
{
	/* Full barrier: pairs with smp_mb() in retire(), text_poke_steps.c. */
	if (likely(really))
		__asm__ volatile("lock incq %%gs:%0"
				 : "+m"(poke_refs)::"memory", "cc");
}

static __always_inline void put_ref(bool really)
{
	barrier();
	if (likely(really))
		this_cpu_dec(poke_refs);
}

/* Push value on the interrupted stack; entry.asm has left a gap for it. */
static __always_inline void push(struct emulated *to, unsigned long value)
{
	to->sp -= sizeof(value);
	*(unsigned long *)to->sp = value;
}

/* Emulate the instruction word at ip; count it by kind, as live or late. */
static __always_inline int emulate(struct emulated *to, unsigned long ip,
				   u64 word, bool live)
{
	enum insn_kind kind = insn_kind(word);

	if (kind == INSN_KIND_OTHER || kind == INSN_KIND_INT3)
		return FOREIGN;
	if (live)
		this_cpu_inc(poke_hits.live[kind]);
	else
		this_cpu_inc(poke_hits.late[kind]);
	to->kind = kind;
	to->live = live;
	if (kind == INSN_KIND_CALL)
		push(to, ip + INSN_MAX);
	to->ip = insn_target(word, ip);
	return RESOLVED;
}

/* For faults, here and below, see poke_hooks.h. */
static __always_inline int try_batch(struct emulated *to, unsigned long ip,
				     unsigned long seq, u32 faults)
{
	bool ref = poke_takes_ref(faults);
	const struct text_poke *p;
	struct poke_range range;
	u64 word = 0;

	poke_window(faults);
	get_ref(ref);
	if (READ_ONCE(poke_seq) != seq) {
		put_ref(ref);
		return AGAIN;
	}
	range = *poke_range_of(poke_index(), ip);
	poke_window(faults);
	p = poke_search(&range, seq, ip);
	if (p)
		word = poke_word(faults, p);
	put_ref(ref);
	return p ? emulate(to, ip, word, true) : NOT_IN_IT;
}

/*
 * No batch contains the site. The INT3 is gone (this CPU trapped late, or QEMU
 * ran an old translation), or it has another owner. The bytes in memory decide,
 * if no batch came or went while they were read. The handler must not return
 * to execute them again: QEMU would run the old translation again.
 */
static __always_inline int try_bytes(struct emulated *to, unsigned long ip,
				     unsigned long seq, u32 faults)
{
	const struct text_region *region = text_region_of(ip);
	unsigned int len;
	u64 word;

	if (!region || !poke_reads_bytes(faults))
		return FOREIGN;
	poke_window(faults);
	len = (unsigned int)min_t(unsigned long, region->end - ip, INSN_MAX);
	word = insn_load((const void *)ip, len);
	if (READ_ONCE(poke_seq) != seq && poke_looks_again(faults))
		return AGAIN;
	if (len < insn_kind_len(insn_kind(word)))
		return FOREIGN; /* cut by the end of the region */
	return emulate(to, ip, word, false);
}

static __always_inline int handle(struct emulated *to, u32 faults)
{
	unsigned long ip = to->ip - 1, seq;
	int outcome;

	for (;;) {
		seq = READ_ONCE(poke_seq);
		outcome = seq & 1 ? try_batch(to, ip, seq, faults) : NOT_IN_IT;
		if (outcome == NOT_IN_IT)
			outcome = try_bytes(to, ip, seq, faults);
		if (outcome != AGAIN)
			break;
		this_cpu_inc(poke_hits.again);
	}
	if (outcome == FOREIGN)
		this_cpu_inc(poke_hits.foreign);
	return outcome;
}

static notrace noinline __no_fp int handle_any(struct pt_regs *regs)
{
	u32 faults = poke_faults();
	struct emulated to = { .ip = regs->ip, .sp = regs->sp };
	int outcome = handle(&to, faults);

	if (outcome == RESOLVED) {
		trace_int3_hit_unkeyed(regs->ip - 1, to.kind, to.live);
		WRITE_ONCE(regs->orig_ax, 0); /* INT3_TRAPPED: not any more */
		barrier();
		regs->ip = to.ip;
		regs->sp = to.sp;
	}
	return outcome;
}

/* The usual trap while a batch is live. One that an event shows has a frame. */
static notrace __no_fp struct trap_resume poke_int3_live(unsigned long next,
							 unsigned long sp)
{
	const struct trap_resume with_frame = { 0 };
	unsigned long seq = READ_ONCE(poke_seq);
	struct emulated to = { .sp = sp };
	int outcome;

	if (!(seq & 1) || READ_ONCE(__tracepoint_int3_hit.funcs))
		return with_frame;
	outcome = try_batch(&to, next - 1, seq, poke_faults());
	if (likely(outcome == RESOLVED))
		return (struct trap_resume){ to.ip, to.sp };
	if (outcome == AGAIN)
		this_cpu_inc(poke_hits.again);
	return with_frame;
}

/*
 * The usual trap outside a batch is that of a probe: its INT3 is still there,
 * so try_bytes() would call it foreign.
 */
static __always_inline bool is_probe(unsigned long ip, unsigned long seq)
{
	return text_is_image(ip) &&
	       insn_first_byte(insn_peek(ip)) == INSN_OP_INT3 &&
	       READ_ONCE(poke_seq) == seq;
}

notrace __no_fp int poke_int3_handler(struct pt_regs *regs)
{
	unsigned long seq = READ_ONCE(poke_seq);

	if (seq & 1 || !is_probe(regs->ip - 1, seq))
		return handle_any(regs);
	this_cpu_inc(poke_hits.foreign);
	return FOREIGN;
}

static const struct trap_owner patch_engine = {
	.name = "patch engine",
	.claims = poke_int3_handler,
	.resumes = poke_int3_live,
};
TABLE_ENTRY(int3_owners, 20, patch_engine);
