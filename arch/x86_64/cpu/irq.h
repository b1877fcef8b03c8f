/* SPDX-License-Identifier: MIT */
/* Who serves the interrupt vectors above the exceptions. */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;

/*
 * Call fn for a vector (VECTOR_DEVICE_FIRST..LAST or VECTOR_TEST) from now on,
 * NULL for no longer. The end of interrupt is signalled after it.
 * Context of fn: irq.
 * Return: 0; -EBUSY if the vector is taken; -EINVAL if it is none of these.
 * No other code is returned.
 */
typedef void (*irq_handler_t)(struct pt_regs *regs);
int irq_register(unsigned int vector, irq_handler_t fn);

/* Interrupts that came though nobody serves their vector, on all CPUs. */
unsigned long irq_unexpected(void);
/* NMIs that no handler called its own, on all CPUs. */
unsigned long nmi_unexpected(void);
/* Ticks that a CPU has had since it came up. */
u64 irq_timer_ticks(unsigned int cpu);
