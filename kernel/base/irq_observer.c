// SPDX-License-Identifier: MIT
/*
 * irq_observer.c - pass on what <asm/irqflags.h> tells.
 *
 * The key and the pointer are two things: the key saves the call while nobody
 * observes, and the pointer may be NULL while the key is still on.
 *
 * Context: any but NMI, interrupts off; not traceable.
 */
#include "kernel/base/irq_observer.h"

#include "kernel/lib/types.h"
#include <asm/barrier.h>
#include <asm/irqflags.h>

DEFINE_STATIC_KEY_FALSE(irqs_observed);
const struct irq_observer *irq_observer; /* [A] */

/* Every function has a frame pointer; its return address lies above it. */
#define FRAME  ((unsigned long *const *)__builtin_frame_address(0))
#define HERE   ((unsigned long)__builtin_return_address(0))
#define PARENT (FRAME[0][1])

notrace void irqs_went_off(void)
{
	const struct irq_observer *observer = READ_ONCE(irq_observer);

	if (observer)
		observer->off(HERE, PARENT);
}

notrace void irqs_go_on(void)
{
	const struct irq_observer *observer = READ_ONCE(irq_observer);

	if (observer)
		observer->on(HERE, PARENT);
}
