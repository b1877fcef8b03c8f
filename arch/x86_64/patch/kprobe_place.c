// SPDX-License-Identifier: MIT
/*
 * kprobe_place.c - which address and which byte of the code a probe stands for:
 * for the report of an exception, and for the stack walker.
 *
 * Owns nothing. K2 stands in trace/arch_kprobe.h, K5 in
 * trace/probes/kprobe_internal.h.
 *
 * Context: any, NMI included; not traceable, takes no lock.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/kprobe.h"
#include "kernel/lib/types.h"
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include "trace/arch_kprobe.h"
#include <asm/layout.h>
#include <asm/pt_regs.h>

/* The point in whose slot @ip lies, or NULL. */
static const struct kprobe_point *point_of_copy(unsigned long ip)
{
	unsigned long slot = ip & ~(EXEC_GRANULE - 1), addr;
	const struct kprobe_point *point;

	if (ip < (unsigned long)__exec_pool_start ||
	    ip >= (unsigned long)__exec_pool_end)
		return NULL;
	addr = *(const unsigned long *)(slot + KPROBE_SLOT_ADDR);
	point = kprobe_find(addr);
	return point && point->arch.slot == slot ? point : NULL;
}

/*
 * K2: what a copy in a slot raises is raised by the probed instruction. Behind
 * the push of a call's copy the stack pointer is that of the push.
 */
static void original_of_copy(struct pt_regs *regs)
{
	const struct kprobe_point *point = point_of_copy(regs->ip);

	if (!point)
		return;
	if (point->arch.no_post && regs->ip != point->arch.slot)
		regs->sp += sizeof(regs->sp);
	regs->ip = point->addr;
}

static const struct trap_place slots = { .original = original_of_copy };
TABLE_ENTRY(trap_places, 10, slots);

/* The copy of a call is longer: behind its push it is a place of its own. */
static bool place_of_copy(unsigned long ip, unsigned long *place)
{
	unsigned long off = ip & (KPROBE_SLOT_POST - 1);
	const struct kprobe_point *point;
	bool known;

	preempt_disable_notrace(); /* K5 */
	point = point_of_copy(ip);
	known = point && !(off && point->arch.no_post);
	if (known)
		*place = point->addr + (off ? point->arch.len : 0);
	preempt_enable_notrace();
	return known;
}

static bool replaced_byte(unsigned long addr, u8 *byte)
{
	const struct kprobe_point *point;
	bool known;

	preempt_disable_notrace(); /* K5 */
	point = kprobe_find(addr);
	known = point && point->arch.len;
	if (known)
		*byte = point->arch.bytes[0];
	preempt_enable_notrace();
	return known;
}

static const struct unwind_hooks probes_unwind = {
	.place_of_copy = place_of_copy,
	.replaced_byte = replaced_byte,
};
TABLE_ENTRY(unwind_hooks, 30, probes_unwind);
