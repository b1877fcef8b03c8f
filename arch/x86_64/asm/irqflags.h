/* SPDX-License-Identifier: MIT */
/*
 * The interrupt flag of this CPU. Each function is a few instructions and can
 * be used in every context. None of them blocks NMIs. Those named local_ can be
 * observed: a NOP each while nobody does.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/jump_label.h>

/* Bits of RFLAGS (SDM 1, 3.4.3). Bit 1 is always set. */
#define X86_EFLAGS_CF	 0x00000001UL
#define X86_EFLAGS_FIXED 0x00000002UL
#define X86_EFLAGS_TF	 0x00000100UL
#define X86_EFLAGS_IF	 0x00000200UL
#define X86_EFLAGS_DF	 0x00000400UL
#define X86_EFLAGS_RF	 0x00010000UL

/*
 * RFLAGS of this CPU. PUSHFQ writes below the stack's top, which is why the
 * kernel is compiled without a red zone.
 */
static __always_inline unsigned long local_save_flags(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

/* Says what saved flags say of interrupts; another flag does not count. */
static __always_inline bool irqs_disabled_flags(unsigned long flags)
{
	return !(flags & X86_EFLAGS_IF);
}

static __always_inline bool irqs_disabled(void)
{
	return irqs_disabled_flags(local_save_flags());
}

/* ---- unobserved ---------------------------------------------------------- */

/*
 * For code that must not test a static key, or that idles: the patch engine,
 * tracing itself, the last words of a panic.
 */
static __always_inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static __always_inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Returns the flags to pass to arch_irq_restore(). */
static __always_inline unsigned long arch_irq_save(void)
{
	unsigned long flags = local_save_flags();

	arch_irq_disable();
	return flags;
}

/*
 * Interrupts are only ever turned on here: they are off between a save and its
 * restore.
 */
static __always_inline void arch_irq_restore(unsigned long flags)
{
	if (!irqs_disabled_flags(flags))
		arch_irq_enable();
}

/* ---- observed ------------------------------------------------------------ */

/*
 * While the key is on, these up-calls tell when this CPU's interrupts have gone
 * off and are about to go on. Context: interrupts off, not NMI. Not traceable.
 */
DECLARE_STATIC_KEY_FALSE(irqs_observed);
void irqs_went_off(void);
void irqs_go_on(void);

/* One NOP while nobody observes; otherwise a call. */
static __always_inline void irqs_tell_off(void)
{
	if (static_site_nop(&irqs_observed.key, false))
		irqs_went_off();
}

static __always_inline void irqs_tell_on(void)
{
	if (static_site_nop(&irqs_observed.key, false))
		irqs_go_on();
}

/* Off first, then told: the observer itself runs with interrupts off. */
static __always_inline void local_irq_disable(void)
{
	arch_irq_disable();
	irqs_tell_off();
}

/* Told first, then on, for the same reason. */
static __always_inline void local_irq_enable(void)
{
	irqs_tell_on();
	arch_irq_enable();
}

/* Returns the flags to pass to local_irq_restore(). */
static __always_inline unsigned long local_irq_off(void)
{
	unsigned long flags = arch_irq_save();

	if (!irqs_disabled_flags(flags))
		irqs_tell_off();
	return flags;
}

#define local_irq_save(flags) ((flags) = local_irq_off())

static __always_inline void local_irq_restore(unsigned long flags)
{
	if (irqs_disabled_flags(flags))
		return;
	irqs_tell_on();
	arch_irq_enable();
}
