// SPDX-License-Identifier: MIT
/*
 * console_input.c - a queue of bytes typed at the serial line.
 *
 * Owns a ring with one writer at a time (the port's interrupt, or a timer that
 * polls the port every tick) and one reader (the shell). The ring has room for
 * a long pasted script. A byte that finds the ring full is dropped and counted.
 * The port is read even then, because a ^C may follow such bytes. The interrupt
 * makes input fast. The timer finds bytes that raise no interrupt: if it cannot
 * be routed, or after a whole batch.
 *
 * CI1  tail <= head <= tail + ROOM: the writer, which holds port_lock, moves
 *     head; the reader moves tail.
 * CI2  A ^C always gets into the ring: the last free place is reserved for it.
 *     If that place is taken, the newest byte is a ^C already.
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
#define BATCH 256    /* bytes read at a time, with interrupts off */

static u8 ring[ROOM];
static u32 head, tail;
static DEFINE_WAIT_QUEUE(arrived);
static DEFINE_SPINLOCK(port_lock); /* only taken by trylock */
static struct timer poll_timer;
static bool listening;
static u32 breaks_typed, breaks_taken; /* set by writer, by reader */
static u32 dropped;		       /* [A] since the last ^C */

#define CTRL_C 3

/* Put a byte at @at. Return: the next position. Context: port_lock. */
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
	WRITE_ONCE(dropped, 0); /* a ^C discards all bytes before it */
	return at;
}

/* Context: irq */
static void drain_port(void)
{
	u32 at;
	int byte, n;
	bool arrivals;

	if (!spin_trylock(&port_lock))
		return; /* another CPU drains the port */
	at = head;
	for (n = 0; n < BATCH && (byte = uart_getc_nonblock()) >= 0; n++)
		at = put(at, byte);
	arrivals = at != head;
	smp_store_release(&head, at); /* after the bytes */
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
	uart_rx_irq_enable(drain_port); /* if it fails, the timer polls */
	timer_setup(&poll_timer, poll_port, NULL);
	timer_add(&poll_timer, ktime_ns() + TICK_NS);
	return 0;
}

bool console_input_pending(void)
{
	return smp_load_acquire(&head) != tail; /* pairs with drain_port */
}

int console_poll_getc(void)
{
	u8 byte;

	if (!console_input_pending())
		return -1;
	byte = ring[tail % ROOM];
	smp_store_release(&tail, tail + 1); /* after the byte has been read */
	if (byte == CTRL_C)
		breaks_taken++;
	return byte;
}

u8 console_getc(void)
{
	wait_event(&arrived, console_input_pending());
	return console_poll_getc();
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

	while (console_break()) /* where one may not sleep, too */
		(void)console_poll_getc();
	return any;
}
