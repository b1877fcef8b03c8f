/* SPDX-License-Identifier: MIT */
/*
 * irq_observer.h - tell an observer when a CPU's interrupts go off and on.
 *
 * The calls are in local_irq_disable() and its kin (<asm/irqflags.h>), in
 * spin_lock_irqsave(), and around each interrupt; not in idle, nor where the
 * unobserved forms are used.
 */
#pragma once

/*
 * @ip: in the function that turns them off or on; @parent: in its caller.
 * Context: interrupts off, not NMI; not traceable, takes no lock. A second off
 * without an on between is possible, and the other way round, too: an interrupt
 * may come while they are off by no observed call.
 */
struct irq_observer {
	void (*off)(unsigned long ip, unsigned long parent);
	void (*on)(unsigned long ip, unsigned long parent);
};

/*
 * The observer, or NULL. [A] Its owner sets it, then turns the key
 * irqs_observed on. It turns the key off before it clears the pointer, and is
 * called no more after a synchronize_cpus().
 */
extern const struct irq_observer *irq_observer;
