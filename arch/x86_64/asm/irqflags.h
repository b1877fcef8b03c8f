/* SPDX-License-Identifier: MIT */
/*
 * The interrupt flag of this CPU. Each function is one or two instructions and
 * can be used in every context. None of them blocks NMIs.
 */
#pragma once

#include "kernel/lib/types.h"

#define X86_EFLAGS_CF	 0x00000001UL
#define X86_EFLAGS_FIXED 0x00000002UL
#define X86_EFLAGS_TF	 0x00000100UL
#define X86_EFLAGS_IF	 0x00000200UL
#define X86_EFLAGS_DF	 0x00000400UL
#define X86_EFLAGS_RF	 0x00010000UL

static __always_inline unsigned long local_save_flags(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

static __always_inline void local_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static __always_inline void local_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Returns the flags to pass to local_irq_restore(). */
static __always_inline unsigned long arch_irq_save(void)
{
	unsigned long flags = local_save_flags();

	local_irq_disable();
	return flags;
}

#define local_irq_save(flags) ((flags) = arch_irq_save())

static __always_inline bool irqs_disabled_flags(unsigned long flags)
{
	return !(flags & X86_EFLAGS_IF);
}

static __always_inline bool irqs_disabled(void)
{
	return irqs_disabled_flags(local_save_flags());
}

static __always_inline void local_irq_restore(unsigned long flags)
{
	if (!irqs_disabled_flags(flags))
		local_irq_enable();
}
