/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/irqflags.h>: the interrupt flag is a variable of the
 * thread. Nothing interrupts; the assertions about it still work.
 */
#pragma once

#include "kernel/lib/types.h"

#define X86_EFLAGS_IF 0x00000200UL

extern _Thread_local unsigned long host_flags;

static inline unsigned long local_save_flags(void)
{
	return host_flags;
}

static inline void arch_irq_disable(void)
{
	host_flags &= ~X86_EFLAGS_IF;
}

static inline void arch_irq_enable(void)
{
	host_flags |= X86_EFLAGS_IF;
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags = host_flags;

	arch_irq_disable();
	return flags;
}

#define local_irq_save(flags) ((flags) = arch_irq_save())

static inline bool irqs_disabled_flags(unsigned long flags)
{
	return !(flags & X86_EFLAGS_IF);
}

static inline bool irqs_disabled(void)
{
	return irqs_disabled_flags(host_flags);
}

static inline void arch_irq_restore(unsigned long flags)
{
	host_flags = flags;
}

#define local_irq_disable()	 arch_irq_disable()
#define local_irq_enable()	 arch_irq_enable()
#define local_irq_restore(flags) arch_irq_restore(flags)
