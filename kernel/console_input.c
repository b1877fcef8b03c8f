// SPDX-License-Identifier: MIT
/*
 * console_input.c - bytes typed at the serial line, queued until asked for.
 *
 * Owns a ring with one writer at a time (the port's interrupt, or a timer that
 * looks at the port every tick) and one reader (the shell). A byte that finds
 * the ring full waits in the port; QEMU and a real line with flow control hold
 * the rest back. The interrupt makes it fast; the timer finds what comes
 * without one: where it cannot be routed, or behind bytes that had no room.
 *
 * I1  tail <= head <= tail + ROOM: the writer, who holds port_lock, moves
 *     head, the reader tail.
 */
#include "kernel/console_input.h"

#include <asm/atomic.h>

#include "arch/x86_64/uart16550.h"
#include "kernel/clock.h"
#include "kernel/lock.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "kernel/wait.h"

#define ROOM 256U

static u8 ring[ROOM];
static u32 head, tail;
static DEFINE_WAIT_QUEUE(arrived);
static DEFINE_SPINLOCK(port_lock); /* only ever tried */
static struct timer poll_timer;
static bool listening;
static u32 breaks_typed, breaks_taken; /* by the writer, by the reader */

#define CTRL_C 3

/* Context: irq */
static void drain_port(void)
{
	u32 at;
	bool arrivals;

	if (!spin_trylock(&port_lock))
		return; /* another CPU is at it */
	at = head;
	while (at - smp_load_acquire(&tail) < ROOM) { /* pairs with getc */
		int byte = uart_getc_nonblock();

		if (byte < 0)
			break;
		ring[at++ % ROOM] = byte;
		if (byte == CTRL_C)
			WRITE_ONCE(breaks_typed, breaks_typed + 1);
	}
	arrivals = at != head;
	smp_store_release(&head, at); /* the bytes before their count */
	spin_unlock(&port_lock);
	if (arrivals)
		wake_up(&arrived);
}

static void poll_port(void *unused)
{
	(void)unused;
	drain_port();
	timer_add(&poll_timer, ktime_ns() + TICK_NS);
}

int console_input_init(void)
{
	if (listening)
		return 0;
	listening = true;
	uart_rx_irq_enable(drain_port); /* if it can be had */
	timer_setup(&poll_timer, poll_port, NULL);
	timer_add(&poll_timer, ktime_ns() + TICK_NS);
	return 0;
}

bool console_input_pending(void)
{
	return smp_load_acquire(&head) != tail; /* pairs with drain_port */
}

u8 console_getc(void)
{
	u8 byte;

	wait_event(&arrived, console_input_pending());
	byte = ring[tail % ROOM];
	smp_store_release(&tail, tail + 1); /* read before it may be reused */
	if (byte == CTRL_C)
		breaks_taken++;
	return byte;
}

bool console_break(void)
{
	return READ_ONCE(breaks_typed) != breaks_taken;
}

bool console_break_take(void)
{
	bool any = console_break();

	while (console_break())
		console_getc();
	return any;
}
