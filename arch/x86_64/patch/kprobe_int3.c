// SPDX-License-Identifier: MIT
/*
 * kprobe_int3.c - the owner of the INT3s of probes: it calls the handlers and
 * executes the instruction that the INT3 replaces.
 *
 * Owns nothing. K2 stands in trace/arch_kprobe.h.
 *
 * Two ways, and no third: the handler emulates an instruction that changes
 * only ip, the stack and rcx, or resumes at a copy in a slot. The copy is
 * followed by a jump back, or, if a post handler wants to know, by a second
 * INT3. No state is kept between the two INT3s: the address of the second one
 * names the point, so whatever happens in between (preemption, interrupts,
 * other probes) does not matter.
 *
 * I5 Nothing here is traceable or can be probed; it takes no lock and does not
 *    wait.
 *
 * Context: #BP in any context, NMI included; interrupts off.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/kprobe.h"
#include "kernel/lib/types.h"
#include "trace/arch_kprobe.h"
#include <asm/layout.h>
#include <asm/pt_regs.h>

#define FLAG_CF BIT(0)
#define FLAG_PF BIT(2)
#define FLAG_ZF BIT(6)
#define FLAG_SF BIT(7)
#define FLAG_OF BIT(11)

/* The word of register number n, as ModRM and REX.B encode it. */
static unsigned long *reg_of(struct pt_regs *regs, unsigned int n)
{
#define AT(name) offsetof(struct pt_regs, name)
	static const u8 offset[16] = { AT(ax),	AT(cx),	 AT(dx),  AT(bx),
				       AT(sp),	AT(bp),	 AT(si),  AT(di),
				       AT(r8),	AT(r9),	 AT(r10), AT(r11),
				       AT(r12), AT(r13), AT(r14), AT(r15) };
#undef AT
	return (unsigned long *)((char *)regs + offset[n & 15]);
}

/* Is condition cc, the low half of a Jcc's opcode, true? SDM 1, B.1 */
bool kprobe_condition(unsigned long flags, unsigned int cc)
{
	bool less = !(flags & FLAG_SF) != !(flags & FLAG_OF), is;

	switch (cc >> 1) {
	case 0:
		is = flags & FLAG_OF;
		break;
	case 1:
		is = flags & FLAG_CF;
		break;
	case 2:
		is = flags & FLAG_ZF;
		break;
	case 3:
		is = flags & (FLAG_CF | FLAG_ZF);
		break;
	case 4:
		is = flags & FLAG_SF;
		break;
	case 5:
		is = flags & FLAG_PF;
		break;
	case 6:
		is = less;
		break;
	default:
		is = less || flags & FLAG_ZF;
	}
	return is != (cc & 1);
}

/* LOOPNE, LOOPE, LOOP count down; JRCXZ only looks. Flags do not change. */
static bool loop_taken(const struct arch_kprobe *probe, struct pt_regs *regs)
{
	unsigned long count = regs->cx - (probe->which < 3);

	if (probe->short_count)
		count = (u32)count;
	if (probe->which == 3)
		return !count;
	regs->cx = count;
	if (probe->which == 2)
		return count;
	return count && !(regs->flags & FLAG_ZF) == !probe->which;
}

/* Push on the interrupted stack; entry.asm has left a gap for it. */
static void push(struct pt_regs *regs, unsigned long value)
{
	regs->sp -= sizeof(value);
	*(unsigned long *)regs->sp = value;
}

static __always_inline void emulate_ret(const struct arch_kprobe *probe,
					struct pt_regs *regs)
{
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(regs->ip) + probe->pop;
}

__no_fp void kprobe_emulate(const struct arch_kprobe *probe, unsigned long addr,
			    struct pt_regs *regs)
{
	unsigned long next = addr + probe->len, to = probe->target;

	switch (probe->how) {
	case KPROBE_RET:
		return emulate_ret(probe, regs);
	case KPROBE_CALL_REG:
		to = *reg_of(regs, probe->which);
		push(regs, next);
		break;
	case KPROBE_CALL:
		push(regs, next);
		break;
	case KPROBE_JMP_REG:
		to = *reg_of(regs, probe->which);
		break;
	case KPROBE_JCC:
		if (!kprobe_condition(regs->flags, probe->which))
			to = next;
		break;
	case KPROBE_LOOP:
		if (!loop_taken(probe, regs))
			to = next;
		break;
	default: /* KPROBE_JMP */
		break;
	}
	regs->ip = to;
}

/*
 * A stack walk from an NMI reads ip as one behind an INT3 until INT3_TRAPPED
 * goes. So the mark goes first, while ip is inside the instruction; but ip is
 * behind a RET, maybe in the next function, so there it goes last, when ip is
 * one behind a CALL.
 */
static __always_inline void execute(const struct kprobe_point *point,
				    struct pt_regs *regs)
{
	if (likely(point->arch.how == KPROBE_RET)) {
		emulate_ret(&point->arch, regs);
		barrier();
		WRITE_ONCE(regs->orig_ax, 0);
		return;
	}
	WRITE_ONCE(regs->orig_ax, 0);
	barrier();
	kprobe_emulate(&point->arch, point->addr, regs);
}

__no_fp static int kprobe_claims(struct pt_regs *regs)
{
	struct kprobe_point *point;
	enum kprobe_next next = kprobe_trap(regs, &point);

	if (next == KPROBE_FOREIGN)
		return 0;
	if (unlikely(next == KPROBE_REDIRECTED)) {
		WRITE_ONCE(regs->orig_ax, 0); /* INT3_TRAPPED: not any more */
		return 1;
	}
	/* There the stack walker finds the instruction itself. */
	if (point->arch.how == KPROBE_SLOT) {
		regs->ip = point->arch.slot +
			   (next == KPROBE_POST ? KPROBE_SLOT_POST : 0);
		return 1;
	}
	execute(point, regs);
	if (unlikely(next == KPROBE_POST))
		kprobe_post(point, regs);
	return 1;
}

static const struct trap_owner probes = {
	.name = "probes",
	.claims = kprobe_claims,
};
TABLE_ENTRY(int3_owners, 10, probes);
