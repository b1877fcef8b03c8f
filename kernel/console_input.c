// SPDX-License-Identifier: MIT
/*
 * console_input.c - bytes typed at the serial line, queued until asked for.
 *
 * Owns a ring with one writer at a time (the port's interrupt, or a timer that
 * looks at the port every tick) and one reader (the shell). The ring holds a
 * long script that is pasted. A byte that finds it full is dropped and counted:
 * the port is always read, for behind such bytes there may be a ^C. The
 * interrupt makes it fast; the timer finds what comes without one: where it
 * cannot be routed, or behind a whole batch.
 *
 * I1  tail <= head <= tail + ROOM: the writer, who holds port_lock, moves
 *     head, the reader tail.
 * I2  A ^C always gets into the ring: the last free place is for it alone. If
 *     that is taken, the newest byte is a ^C, which says it all.
 */
#include "kernel/console_input.h"

#include <asm/atomic.h>

#include "arch/x86_64/dev/uart16550.h"
#include "kernel/base/clock.h"
#include "kernel/base/spinlock.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "kernel/wait.h"

#define ROOM  65536U /* a power of two */
#define BATCH 256    /* as many are read at a time, interrupts off */

static u8 ring[ROOM];
static u32 head, tail;
static DEFINE_WAIT_QUEUE(arrived);
static DEFINE_SPINLOCK(port_lock); /* only ever tried */
static struct timer poll_timer;
static bool listening;
static u32 breaks_typed, breaks_taken; /* by the writer, by the reader */
static u32 dropped;		       /* [A] since the last ^C */

#define CTRL_C 3

/* Put a byte at @at. Return: where the next one goes. Context: port_lock. */
static u32 put(u32 at, u8 byte)
{
	u32 used = at - smp_load_acquire(&tail); /* pairs with getc */

	if (used < ROOM - 1 || (used < ROOM && byte == CTRL_C))
		ring[at++ % ROOM] = byte;
	else
		fetch_add(&dropped, 1);
	if (byte != CTRL_C)
		return at;
	if (used < ROOM)
		WRITE_ONCE(breaks_typed, breaks_typed + 1);
	WRITE_ONCE(dropped, 0); /* it throws away all before it, anyway */
	return at;
}

/* Context: irq */
static void drain_port(void)
{
	u32 at;
	int byte, n;
	bool arrivals;

	if (!spin_trylock(&port_lock))
		return; /* another CPU is at it */
	at = head;
	for (n = 0; n < BATCH && (byte = uart_getc_nonblock()) >= 0; n++)
		at = put(at, byte);
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

u32 console_input_dropped(void)
{
	return xchg(&dropped, 0);
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
