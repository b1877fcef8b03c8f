/* SPDX-License-Identifier: MIT */
/*
 * Timers: call a function at a given time.
 *
 * Timers run from the tick, so up to a tick late (more if interrupts are off
 * or a tick takes long) and never early. A timer runs on the CPU that added it.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

/* Only the timer code uses the fields other than fn and arg. */
struct timer {
	struct list_head link; /* [lock of the CPU's list] */
	u64 expires_ns;	       /* [lock] by the clock of ktime_ns() */
	void (*fn)(void *arg); /* [I] while pending; context: irq */
	void *arg;	       /* [I] */
	unsigned int cpu;      /* [lock] CPU of its list; set by timer_add() */
};

#define TIMER_INIT(name, func, argument)                           \
	{                                                          \
		.link = LIST_HEAD_INIT((name).link), .fn = (func), \
		.arg = (argument),                                 \
	}

void timer_setup(struct timer *timer, void (*fn)(void *arg), void *arg);

/*
 * timer_init() - initialise the boot CPU's list of timers
 * Context: boot, before the first tick. Return: 0. No other code is returned.
 */
int timer_init(void);

/* The same for the list of a CPU that is about to be started. */
void timer_init_cpu(unsigned int cpu);

/*
 * timer_add() - call the timer's fn at or after @expires_ns
 * The timer must be neither pending nor running, but its own fn may add it
 * again.
 * Context: any but NMI.
 */
void timer_add(struct timer *timer, u64 expires_ns);

bool timer_pending(const struct timer *timer);

/*
 * timer_cancel_sync() - stop a timer
 * When this returns, the timer is not pending and its fn does not run, even if
 * fn adds it again. Must not be called from fn itself, nor with a lock held
 * that fn takes, nor with interrupts off.
 * Return: whether it was pending.
 */
bool timer_cancel_sync(struct timer *timer);

/* Run the timers that are due on this CPU. Context: irq, from the tick. */
void timers_run(void);

/*
 * Number of periods in which a CPU had no tick because an earlier one came late
 * or took too long. Context: any.
 */
u64 timer_ticks_missed(unsigned int cpu);
