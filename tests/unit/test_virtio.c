// SPDX-License-Identifier: MIT
/*
 * The virtio serial port against a device that does what it may: it writes to
 * every buffer it has, at any time; and what it may not: wrong ids and lengths.
 *
 * host-sources: arch/x86_64/dev/virtio.c arch/x86_64/dev/virtio_serial.c
 * host-sources: kernel/base/fail.c
 */
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/dev/stream.h"
#include "arch/x86_64/dev/virtio.h"
#include "kernel/base/page.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"
#include <asm/io.h>
#include <asm/layout.h>

DEFINE_TABLE(struct stream_device, stream_devices);

/* ---- the device ---------------------------------------------------------- */

#define QUEUES	     8
#define QUEUE_IN     4	/* port 1 to the driver */
#define REGS_SIZE    56 /* virtio 1.0, 4.1.4.3 */
#define QUEUE_SELECT 22
#define QUEUE_REGS   24
#define CAP_COMMON   0x40
#define CAP_NOTIFY   0x60

static u8 regs[REGS_SIZE], notify[64];
static struct {
	u8 regs[REGS_SIZE - QUEUE_REGS]; /* size, vector, ..., addresses */
	u16 taken, returned;
} queue[QUEUES];

static unsigned int selected(void)
{
	return *(u16 *)(regs + QUEUE_SELECT) % QUEUES;
}

static u8 *reg_at(const volatile void *addr)
{
	size_t at = (const volatile u8 *)addr - regs;

	if (at >= REGS_SIZE)
		return notify; /* nothing is read there */
	return at < QUEUE_REGS ? regs + at :
				 queue[selected()].regs + at - QUEUE_REGS;
}

#define READ_REG(name, type)                  \
	type name(const volatile void *addr)  \
	{                                     \
		return *(type *)reg_at(addr); \
	}
#define WRITE_REG(name, type)                      \
	void name(volatile void *addr, type value) \
	{                                          \
		*(type *)reg_at(addr) = value;     \
	}
READ_REG(readb, u8)
READ_REG(readw, u16)
READ_REG(readl, u32)
WRITE_REG(writeb, u8)
WRITE_REG(writew, u16)
WRITE_REG(writel, u32)

bool pci_find(u16 vendor, u16 device, u16 other, struct pci_function *f)
{
	return true;
}

unsigned int pci_capability(const struct pci_function *f, u8 id,
			    unsigned int after)
{
	return after == 0 ? CAP_COMMON : after == CAP_COMMON ? CAP_NOTIFY : 0;
}

u32 pci_read(const struct pci_function *f, unsigned int reg)
{
	if (reg == CAP_COMMON || reg == CAP_NOTIFY)
		return (reg == CAP_COMMON ? 1U : 2U) << 24;
	return reg == CAP_COMMON + 4 ? 1 : 0; /* its BAR */
}

void pci_write(const struct pci_function *f, unsigned int reg, u32 value)
{
}

volatile void *pci_map_bar(const struct pci_function *f, unsigned int bar,
			   u32 offset, u32 len)
{
	return bar ? regs : notify;
}

int pci_msix_enable(const struct pci_function *f, unsigned int vector)
{
	return 0;
}

int irq_register(unsigned int vector, void (*fn)(struct pt_regs *regs))
{
	return 0;
}

static void *part(unsigned int nr, unsigned int at)
{
	return phys_to_virt(*(u64 *)(queue[nr].regs + at - QUEUE_REGS));
}

#define DESC(nr)  ((struct virtq_desc *)part(nr, 32))
#define AVAIL(nr) ((struct virtq_avail *)part(nr, 40))
#define USED(nr)  ((struct virtq_used *)part(nr, 48))

static void device_reset(void)
{
	unsigned int i;

	memset(regs, 0, sizeof(regs));
	memset(queue, 0, sizeof(queue));
	*(u32 *)(regs + 4) = BIT(0) | BIT(1); /* multiport, version 1 */
	for (i = 0; i < QUEUES; i++)
		*(u16 *)queue[i].regs = 1024;
}

/* The device writes to each buffer that it has. */
static void device_scribbles(unsigned int nr)
{
	struct virtq_avail *avail = AVAIL(nr);
	struct virtq_desc *desc;
	u16 at;

	for (at = queue[nr].taken; at != avail->idx; at++) {
		desc = &DESC(nr)[avail->ring[at % VIRTQ_SIZE]];
		memset(phys_to_virt(desc->addr), 0xee, desc->len);
	}
}

static void device_returns(unsigned int nr, u32 id, u32 len)
{
	struct virtq_used *used = USED(nr);

	used->ring[queue[nr].returned % VIRTQ_SIZE].id = id;
	used->ring[queue[nr].returned % VIRTQ_SIZE].len = len;
	used->idx = ++queue[nr].returned;
}

static u8 next_byte, expected_byte;

/* Return: false: it has no buffer. */
static bool device_sends(u32 len)
{
	struct virtq_avail *avail = AVAIL(QUEUE_IN);
	u32 i;
	u16 id;
	u8 *to;

	if (queue[QUEUE_IN].taken == avail->idx)
		return false;
	id = avail->ring[queue[QUEUE_IN].taken++ % VIRTQ_SIZE];
	to = phys_to_virt(DESC(QUEUE_IN)[id].addr);
	for (i = 0; i < len; i++)
		to[i] = next_byte++;
	device_returns(QUEUE_IN, id, len);
	return true;
}

static void nothing(void)
{
}

/* ---- tests --------------------------------------------------------------- */

/* Bytes are as they were sent, though each is read when it has been written. */
UNIT(virtio, a_buffer_is_the_devices_or_being_read_U2)
{
	const struct stream_device *dev = stream_devices_first[0];
	unsigned int turn, sent = 0;
	u8 buf[3000];
	size_t n, i;

	device_reset();
	CHECK_EQ(dev->open(nothing), 0);
	CHECK_EQ(AVAIL(QUEUE_IN)->idx, VIRTQ_SIZE);
	for (turn = 0; turn < 4000; turn++) {
		if (turn % 3)
			sent += device_sends(1 + turn * 37 % PAGE_SIZE);
		n = dev->read(buf, 1 + turn * 101 % sizeof(buf));
		for (i = 0; i < n; i++)
			CHECK_EQ(buf[i], expected_byte++);
		device_scribbles(QUEUE_IN);
	}
	CHECK(sent > 1000);
}

static void free_queue(struct virtq *q)
{
	for (unsigned int i = 0; i < VIRTQ_SIZE; i++)
		free_page(q->page[i]);
	free_page(q->ring);
}

/* What the device returns is checked, and a descriptor is in one place. */
UNIT(virtio, an_id_out_of_range_is_not_followed_U1)
{
	struct virtio_device dev = { .common = (volatile char *)regs,
				     .notify = (volatile char *)notify };
	static struct virtq q;
	u32 len, i;
	int id;

	device_reset();
	CHECK_EQ(virtq_open(&dev, &q, 6, false), 0);
	CHECK_EQ(q.nr_free, VIRTQ_SIZE);
	CHECK_EQ(virtq_take(&q, &len), -EAGAIN);
	for (i = 0; i < VIRTQ_SIZE; i++)
		virtq_give(&q, i, PAGE_SIZE);
	CHECK_EQ(q.nr_free, 0);
	device_returns(6, 5, 100);
	CHECK_EQ(virtq_take(&q, &len), 5);
	CHECK_EQ(len, 100);
	CHECK_EQ(q.nr_free, 1);
	CHECK_EQ(q.free[0], 5);
	device_returns(6, 0x10003, ~0U);
	id = virtq_take(&q, &len);
	CHECK(id >= 0 && id < VIRTQ_SIZE);
	CHECK(len <= PAGE_SIZE);
	CHECK_EQ(q.nr_free, 2);
	free_queue(&q);
}

/* QEMU keeps what it was sending when the connection ended. */
UNIT(virtio, what_was_given_before_is_back_too_U1)
{
	struct virtio_device dev = { .common = (volatile char *)regs,
				     .notify = (volatile char *)notify };
	static struct virtq q;
	u32 unused, turn;
	u16 id;

	device_reset();
	CHECK_EQ(virtq_open(&dev, &q, 6, true), 0);
	for (turn = 0; turn < 70000; turn++) { /* the indices wrap */
		while (q.nr_free > turn % VIRTQ_SIZE)
			virtq_give(&q, q.free[q.nr_free - 1], 1);
		id = AVAIL(6)->ring[(AVAIL(6)->idx - 1U) % VIRTQ_SIZE];
		device_returns(6, id, 0); /* the last one alone */
		CHECK_EQ(virtq_take(&q, &unused), id);
		CHECK_EQ(q.nr_free, VIRTQ_SIZE);
		device_returns(6, turn % VIRTQ_SIZE, 0); /* it has none */
		CHECK_EQ(virtq_take(&q, &unused), turn % VIRTQ_SIZE);
		CHECK_EQ(q.nr_free, VIRTQ_SIZE);
	}
	virtq_give(&q, 7, 1);
	virtq_give(&q, 3, 1);
	virtq_give(&q, 9, 1);
	device_returns(6, 3, 0);
	CHECK_EQ(virtq_take(&q, &unused), 3);
	CHECK_EQ(q.nr_free, VIRTQ_SIZE - 1);
	while (q.nr_free)
		CHECK(q.free[--q.nr_free] != 9); /* it is the device's */
	free_queue(&q);
}
