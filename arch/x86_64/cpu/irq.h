/* SPDX-License-Identifier: MIT */
/* The handlers of the interrupt vectors above the exceptions. */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;

/*
 * Set the handler of a vector (VECTOR_DEVICE_FIRST..LAST or VECTOR_TEST); NULL
 * removes it. The end of interrupt is signalled after fn returns.
 * Context of fn: irq.
 * Return: 0; -EBUSY if the vector is taken; -EINVAL if it is none of these.
 * No other code is returned.
 */
typedef void (*irq_handler_t)(struct pt_regs *regs);
int irq_register(unsigned int vector, irq_handler_t fn);

/* Number of interrupts whose vector had no handler, on all CPUs. */
unsigned long irq_unexpected(void);
/* Number of NMIs that no handler claimed, on all CPUs. */
unsigned long nmi_unexpected(void);
/* Number of ticks of a CPU since it came up. */
u64 irq_timer_ticks(unsigned int cpu);
