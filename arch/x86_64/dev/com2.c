// SPDX-License-Identifier: MIT
/*
 * The second serial port, 115200 8n1: the stream where there is no virtio, as
 * on Bochs. Received by interrupt and a FIFO, sent by polling.
 *
 * Context: one task reads, one at a time writes. Not traceable.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/ioapic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/dev/stream.h"
#include "kernel/lib/errno.h"
#include <asm/io.h>

#define COM2	 0x2f8
#define COM2_IRQ 3

enum { DATA = COM2, IER, FCR, LCR, MCR, LSR, MSR, SCRATCH };

#define IER_RECEIVED 0x01
#define FCR_14_BYTES 0xc7 /* FIFOs on and empty; interrupt at 14 bytes */
#define LCR_8N1	     0x03
#define LCR_DIVISOR  0x80
#define MCR_ON	     0x0b /* DTR, RTS, and OUT2, which lets interrupts out */
#define RECEIVED     0x01
#define SEND_EMPTY   0x20

#define FIFO 16
/* At 115200 a full FIFO is empty after 1.4 ms; a poll takes at least 100 ns. */
#define POLLS 20000

static void (*event)(void);

static void com2_irq(struct pt_regs *regs)
{
	(void)inb(FCR); /* the identification: acknowledges */
	event();
}

static size_t com2_read(void *buf, size_t len)
{
	u8 *to = buf;
	size_t n = 0;

	while (n < len && inb(LSR) & RECEIVED)
		to[n++] = inb(DATA);
	return n;
}

static size_t com2_write(const void *buf, size_t len)
{
	const u8 *from = buf;
	size_t n;

	for (int polls = 0; !(inb(LSR) & SEND_EMPTY); polls++)
		if (polls == POLLS) {
			event(); /* no interrupt reports room */
			return 0;
		}
	for (n = 0; n < len && n < FIFO; n++)
		outb(DATA, from[n]);
	return n;
}

static int com2_open(void (*fn)(void))
{
	int ret;

	outb(SCRATCH, 0x5a);
	if (inb(SCRATCH) != 0x5a)
		return -ENODEV;
	outb(LCR, LCR_DIVISOR);
	outb(DATA, 1);
	outb(IER, 0);
	outb(LCR, LCR_8N1);
	outb(FCR, FCR_14_BYTES);
	outb(MCR, MCR_ON);
	event = fn;
	ret = irq_register(VECTOR_COM2, com2_irq);
	if (!ret)
		ret = ioapic_route_isa(COM2_IRQ, VECTOR_COM2);
	if (!ret)
		outb(IER, IER_RECEIVED);
	return ret;
}

static const struct stream_device com2 = {
	.name = "COM2",
	.open = com2_open,
	.read = com2_read,
	.write = com2_write,
};
TABLE_ENTRY(stream_devices, 90, com2);
