// SPDX-License-Identifier: MIT
/*
 * The serial port's receiver, by the chip's loop: what is sent comes back in.
 */
#include "arch/x86_64/dev/uart16550.h"
#include "kernel/base/console.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include <asm/barrier.h>
#include <asm/io.h>

#define COM1_MCR 0x3fc
#define MCR_LOOP 0x10

/*
 * Put a byte in the receiver. The console is ours then, so that nobody's
 * output goes round, and interrupts are off.
 */
static void loop_byte(char byte)
{
	unsigned long flags;
	u8 mcr;

	if (!EXPECT(console_lock(&flags)))
		return;
	uart_flush();
	mcr = inb(COM1_MCR);
	outb(COM1_MCR, mcr | MCR_LOOP);
	uart_write(&byte, 1);
	uart_flush();
	outb(COM1_MCR, mcr);
	console_unlock(flags);
}

KTEST(uart, received_byte_is_polled)
{
	EXPECT_EQ(uart_getc_nonblock(), -EAGAIN);
	loop_byte('A');
	loop_byte('\xff');
	EXPECT_EQ(uart_getc_nonblock(), 'A');
	EXPECT_EQ(uart_getc_nonblock(), 0xff);
	EXPECT_EQ(uart_getc_nonblock(), -EAGAIN);
}

static char taken[8];
static unsigned int nr_taken; /* [A] */

static void take_bytes(void)
{
	int byte;

	while ((byte = uart_getc_nonblock()) >= 0 && nr_taken < sizeof(taken)) {
		taken[nr_taken] = byte;
		smp_store_release(&nr_taken, nr_taken + 1);
	}
}

KTEST(uart, received_byte_interrupts)
{
	int ret;

	nr_taken = 0;
	ret = uart_rx_irq_enable(take_bytes);
	if (ret == -ENODEV)
		KTEST_SKIP("the interrupt cannot be routed");
	ASSERT_EQ(ret, 0);
	EXPECT_EQ(uart_rx_irq_enable(take_bytes), -EBUSY);
	for (unsigned int i = 0; i < 3; i++) {
		loop_byte('1' + i);
		wait_until(smp_load_acquire(&nr_taken) > i, 5000);
		EXPECT_EQ(taken[i], '1' + i);
	}
	EXPECT_EQ(uart_rx_irq_enable(NULL), 0);
	loop_byte('x');
	EXPECT_EQ(uart_getc_nonblock(), 'x');
	EXPECT_EQ(nr_taken, 3);
}
