// SPDX-License-Identifier: MIT
/*
 * The virtio serial port nop5.tracefs (virtio 1.0, 5.3).
 *
 * Owns: the first virtio serial device, its control queues, its port 1. A port
 * other than 0 does not drop bytes when the host is slow: the device stops
 * until there is room. Its control messages tell when the host begins and ends
 * a connection.
 *
 * U2  A buffer of the receive queue is the device's, or in `reading`.
 *
 * Context: one task reads (control messages, too), one at a time writes. Not
 * traceable.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/dev/stream.h"
#include "arch/x86_64/dev/virtio.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

#define VENDOR	      0x1af4
#define DEVICE	      0x1043 /* virtio 1.0 */
#define DEVICE_LEGACY 0x1003 /* the same, and older interfaces */

#define FEATURE_MULTIPORT BIT(1)

enum { QUEUE_CONTROL_IN = 2, QUEUE_CONTROL_OUT, QUEUE_IN, QUEUE_OUT };

#define PORT 1

enum { DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, PORT_OPEN = 6 };

struct control {
	u32 port;
	u16 event;
	u16 value;
};

static struct virtio_device dev;
static struct virtq control_in, control_out, in, out;
static void (*event)(void);
static u32 hangups;

static struct {
	int id; /* negative: none */
	u32 len, at;
} reading = { .id = -1 };

static void virtio_irq(struct pt_regs *regs)
{
	event();
}

/* The answer to each message of the device is one message: there is room. */
static void control_send(u16 what, u16 value)
{
	u32 unused;
	int id;

	while (virtq_take(&control_out, &unused) >= 0)
		;
	if (!control_out.nr_free)
		return;
	id = control_out.free[control_out.nr_free - 1];
	*(struct control *)control_out.page[id] =
		(struct control){ .port = PORT, .event = what, .value = value };
	virtq_give(&control_out, id, sizeof(struct control));
	virtq_notify(&control_out);
}

static void control_arrived(const struct control *message)
{
	if (message->port != PORT)
		return;
	if (message->event == PORT_ADD) {
		control_send(PORT_READY, 1);
		control_send(PORT_OPEN, 1);
	} else if (message->event == PORT_OPEN && !message->value) {
		hangups++;
	}
}

static u32 serial_hangups(void)
{
	bool any = false;
	u32 len;
	int id;

	while ((id = virtq_take(&control_in, &len)) >= 0) {
		if (len >= sizeof(struct control))
			control_arrived(control_in.page[id]);
		virtq_give(&control_in, id, PAGE_SIZE);
		any = true;
	}
	if (any)
		virtq_notify(&control_in);
	return hangups;
}

static size_t serial_read(void *buf, size_t len)
{
	if (reading.id < 0) {
		reading.id = virtq_take(&in, &reading.len);
		reading.at = 0;
	}
	if (reading.id < 0)
		return 0;
	len = min(len, (size_t)(reading.len - reading.at));
	memcpy(buf, (char *)in.page[reading.id] + reading.at, len);
	reading.at += len;
	if (reading.at == reading.len) { /* U2 */
		virtq_give(&in, reading.id, PAGE_SIZE);
		virtq_notify(&in);
		reading.id = -1;
	}
	return len;
}

static void take_sent(void)
{
	u32 unused;

	while (virtq_take(&out, &unused) >= 0)
		;
}

static size_t serial_write(const void *buf, size_t len)
{
	size_t done = 0;

	take_sent();
	if (!out.nr_free) {
		virtq_interrupts(&out, true);
		take_sent();
	}
	if (out.nr_free)
		virtq_interrupts(&out, false);
	while (done < len && out.nr_free) {
		u16 id = out.free[out.nr_free - 1];
		size_t n = min(len - done, PAGE_SIZE);

		memcpy(out.page[id], (const char *)buf + done, n);
		virtq_give(&out, id, n);
		done += n;
	}
	if (done)
		virtq_notify(&out);
	return done;
}

static int open_queues(void)
{
	int ret = virtq_open(&dev, &control_in, QUEUE_CONTROL_IN, false);

	if (!ret)
		ret = virtq_open(&dev, &control_out, QUEUE_CONTROL_OUT, true);
	if (!ret)
		ret = virtq_open(&dev, &in, QUEUE_IN, false);
	if (!ret)
		ret = virtq_open(&dev, &out, QUEUE_OUT, true);
	return ret;
}

static void give_all(struct virtq *q)
{
	while (q->nr_free)
		virtq_give(q, q->free[q->nr_free - 1], PAGE_SIZE);
	virtq_notify(q);
}

static int serial_open(void (*fn)(void))
{
	int ret;

	if (!pci_find(VENDOR, DEVICE, DEVICE_LEGACY, &dev.pci))
		return -ENODEV;
	event = fn;
	ret = irq_register(VECTOR_VIRTIO, virtio_irq);
	if (ret)
		return ret;
	ret = virtio_open(&dev, FEATURE_MULTIPORT, VECTOR_VIRTIO);
	if (!ret)
		ret = open_queues();
	if (ret) {
		irq_register(VECTOR_VIRTIO, NULL);
		return ret;
	}
	virtio_start(&dev);
	virtq_interrupts(&out, false);
	virtq_interrupts(&control_out, false);
	give_all(&control_in);
	give_all(&in);
	control_send(DEVICE_READY, 1);
	return 0;
}

static const struct stream_device virtio_serial = {
	.name = "virtio serial port",
	.open = serial_open,
	.read = serial_read,
	.write = serial_write,
	.hangups = serial_hangups,
};
TABLE_ENTRY(stream_devices, 10, virtio_serial);
