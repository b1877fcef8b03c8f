// SPDX-License-Identifier: MIT
/*
 * The first serial port.
 *
 * Owns: the registers at COM1. No lock: the console layer serialises writers,
 * and the receiver is one task or one interrupt handler.
 *
 * QEMU's port works without any set-up. Bochs and hardware need the line
 * parameters, and a check of the transmitter before each byte.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/ioapic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/dev/uart16550.h"
#include "kernel/base/console.h"
#include "kernel/lib/errno.h"
#include <asm/barrier.h>
#include <asm/io.h>

#define COM1	 0x3f8
#define COM1_IRQ 4

#define UART_DATA    (COM1 + 0) /* divisor low while LCR_DIVISOR */
#define UART_IER     (COM1 + 1) /* divisor high while LCR_DIVISOR */
#define UART_FCR     (COM1 + 2) /* on read: interrupt identification */
#define UART_LCR     (COM1 + 3)
#define UART_MCR     (COM1 + 4)
#define UART_LSR     (COM1 + 5)
#define UART_SCRATCH (COM1 + 7)

#define IER_RECEIVED   0x01
#define FCR_FIFO_RESET 0x07
#define IIR_FIFO_ON    0xc0
#define LCR_8N1	       0x03
#define LCR_DIVISOR    0x80
#define MCR_DTR_RTS    0x03
#define MCR_OUT2       0x08 /* lets the interrupt out of the chip */
#define LSR_RECEIVED   0x01
#define LSR_SEND_EMPTY 0x20
#define LSR_ALL_SENT   0x40

#define DIVISOR_115200 1
#define FIFO_SIZE      16
/*
 * At 115200 a full FIFO is empty after 1.4 ms, and one poll takes at least
 * 100 ns. Interrupts are off during the wait.
 */
#define SEND_POLLS 20000

static bool present;
static unsigned int burst; /* bytes to write after each "send empty" */
static void (*received)(void);

int uart_init(void)
{
	outb(UART_SCRATCH, 0x5a);
	if (inb(UART_SCRATCH) != 0x5a)
		return -ENODEV;
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DIVISOR);
	outb(UART_DATA, DIVISOR_115200);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_FIFO_RESET);
	outb(UART_MCR, MCR_DTR_RTS | MCR_OUT2);
	burst = (inb(UART_FCR) & IIR_FIFO_ON) == IIR_FIFO_ON ? FIFO_SIZE : 1;
	present = true;
	return 0;
}

bool uart_takes_bytes(void)
{
	return !present || inb(UART_LSR) & LSR_SEND_EMPTY;
}

static bool wait_send_empty(void)
{
	for (int i = 0; i < SEND_POLLS; i++)
		if (uart_takes_bytes())
			return true;
	return false;
}

size_t uart_write(const char *buf, size_t len)
{
	for (size_t i = 0; present && i < len; i++) {
		if (i % burst == 0 && !wait_send_empty())
			return i;
		outb(UART_DATA, buf[i]);
	}
	return len;
}

int uart_getc_nonblock(void)
{
	if (!present || !(inb(UART_LSR) & LSR_RECEIVED))
		return -EAGAIN;
	return inb(UART_DATA);
}

void uart_flush(void)
{
	for (int i = 0; present && i < SEND_POLLS; i++)
		if (inb(UART_LSR) & LSR_ALL_SENT)
			return;
}

static void uart_irq(struct pt_regs *regs)
{
	received();
}

int uart_rx_irq_enable(void (*fn)(void))
{
	int ret;

	if (!present)
		return -ENODEV;
	if (!fn) {
		outb(UART_IER, 0);
		return irq_register(VECTOR_UART, NULL);
	}
	ret = irq_register(VECTOR_UART, uart_irq);
	if (ret)
		return ret;
	received = fn;
	ret = ioapic_route_isa(COM1_IRQ, VECTOR_UART);
	if (ret)
		irq_register(VECTOR_UART, NULL);
	else
		outb(UART_IER, IER_RECEIVED);
	return ret;
}

static const struct console_driver serial_line = {
	.init = uart_init,
	.write = uart_write,
	.takes_bytes = uart_takes_bytes,
	.flush = uart_flush,
};
TABLE_ENTRY(console_drivers, 10, serial_line);
