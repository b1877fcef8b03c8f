// SPDX-License-Identifier: MIT
/*
 * Bytes typed ahead: their order, what happens to those without room, and that
 * a ^C is seen behind any number of them.
 *
 * The port is a string; the interrupt is a call.
 *
 * host-sources: kernel/console_input.c
 */
#include "arch/x86_64/dev/uart16550.h"
#include "kernel/base/clock.h"
#include "kernel/console_input.h"
#include "kernel/lib/errno.h"
#include "kernel/timer.h"
#include "kernel/wait.h"
#include "tests/unit/unit.h"

#define RING  65536 /* ROOM of console_input.c */
#define BREAK 3

static void (*interrupt)(void);
static unsigned int waiting; /* bytes in the port */
static u8 waiting_byte, waiting_last;
static unsigned int wakeups;
bool sched_active; /* so nobody sleeps */

int uart_getc_nonblock(void)
{
	if (!waiting)
		return -EAGAIN;
	return --waiting ? waiting_byte++ : waiting_last;
}

int uart_rx_irq_enable(void (*fn)(void))
{
	interrupt = fn;
	return 0;
}

void timer_setup(struct timer *timer, void (*fn)(void *arg), void *arg)
{
}

void timer_add(struct timer *timer, u64 expires_ns)
{
}

u64 ktime_ns(void)
{
	return 0;
}

void wake_up(struct wait_queue_head *wq)
{
	wakeups++;
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
}

void schedule(void)
{
}

/* @n bytes, counting from @first; the last one is @last. */
static void type(unsigned int n, u8 first, u8 last)
{
	console_input_init();
	waiting = n;
	waiting_byte = first;
	waiting_last = last;
	while (waiting)
		interrupt();
}

static void type_plain(unsigned int n)
{
	for (; n; n--)
		type(1, 'x', 'x');
}

static void empty(void)
{
	console_break_take();
	while (console_input_pending())
		console_getc();
	console_input_dropped();
}

UNIT(console_input, bytes_come_in_order)
{
	unsigned int i;

	empty();
	type(100, 10, 7);
	CHECK(wakeups > 0);
	for (i = 0; i < 99; i++)
		CHECK_EQ(console_getc(), 10 + i);
	CHECK_EQ(console_getc(), 7);
	CHECK(!console_input_pending());
}

UNIT(console_input, an_interrupt_reads_a_batch_and_no_more)
{
	empty();
	waiting = 1000;
	waiting_byte = waiting_last = 'x';
	interrupt();
	CHECK_EQ(waiting, 1000 - 256);
	waiting = 0;
	empty();
}

/* CI1 */
UNIT(console_input, what_does_not_fit_is_counted)
{
	unsigned int n;

	empty();
	type_plain(RING - 1);
	CHECK_EQ(console_input_dropped(), 0);
	type_plain(17);
	CHECK_EQ(console_input_dropped(), 17);
	CHECK_EQ(console_input_dropped(), 0);
	console_getc();
	type(1, 'y', 'y'); /* there is room again */
	for (n = 1; n < RING - 1; n++)
		CHECK_EQ(console_getc(), 'x');
	CHECK_EQ(console_getc(), 'y');
	CHECK(!console_input_pending());
}

/* CI2 */
UNIT(console_input, a_break_gets_into_a_full_ring)
{
	empty();
	type_plain(RING + 100);
	CHECK(!console_break());
	type(1, BREAK, BREAK);
	CHECK(console_break());
	CHECK_EQ(console_input_dropped(), 0); /* all before it is thrown away */
	type(1, BREAK, BREAK);		      /* the same once more */
	type_plain(3);
	CHECK_EQ(console_input_dropped(), 3);
	sched_active = true; /* so that a sleep panics */
	preempt_disable();
	CHECK(console_break_take());
	preempt_enable();
	sched_active = false;
	CHECK(!console_break());
	CHECK(!console_input_pending());
	type_plain(2);
	CHECK_EQ(console_getc(), 'x');
	CHECK_EQ(console_getc(), 'x');
	CHECK(!console_break_take());
	CHECK(!console_input_pending());
}
