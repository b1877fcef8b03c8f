// SPDX-License-Identifier: MIT
/*
 * virtio 1.0 over PCI.
 *
 * U1  A descriptor is either in q->free or the device's: virtq_give() removes
 *     it, virtq_take() returns it. An id from the device that is out of range
 *     is not followed. A device sends in order: when it returns a buffer, all
 *     that were given before it are free, too, even if it never returns them.
 *
 * Context: one task at a time uses a queue. Not traceable.
 */
#include "arch/x86_64/dev/virtio.h"

#include "kernel/base/page.h"
#include "kernel/lib/errno.h"
#include <asm/barrier.h>
#include <asm/io.h>

/* Capability of the vendor, virtio 1.0, 4.1.4. */
#define CAP_BAR	   4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_STEP   16
#define CFG_COMMON 1
#define CFG_NOTIFY 2

/* The common registers, 4.1.4.3. */
#define COMMON_SIZE    56
#define FEATURE_SELECT 0
#define FEATURE	       4
#define ACCEPT_SELECT  8
#define ACCEPT	       12
#define CONFIG_VECTOR  16
#define STATUS	       20
#define QUEUE_SELECT   22
#define QUEUE_SIZE     24
#define QUEUE_VECTOR   26
#define QUEUE_ENABLE   28
#define QUEUE_NOTIFY   30
#define QUEUE_DESC     32
#define QUEUE_AVAIL    40
#define QUEUE_USED     48

#define STATUS_SEEN	BIT(0)
#define STATUS_DRIVER	BIT(1)
#define STATUS_RUNS	BIT(2)
#define STATUS_FEATURES BIT(3)
#define STATUS_FAILED	BIT(7)

#define VERSION_1    BIT(0) /* of the features 32 to 63 */
#define DESC_WRITE   2	    /* the device writes it */
#define NO_INTERRUPT 1
#define RESET_POLLS  1000000
#define NOTIFY_MAX   (64U << 10)

static_assert(sizeof(struct virtq_ring) <= PAGE_SIZE);
static_assert(offsetof(struct virtq_ring, avail) % 2 == 0);
static_assert(sizeof(struct virtq_desc) == 16);

/*
 * The device says by capabilities where its registers are: in which BAR, at
 * what offset. @step: what the queue's number is multiplied by (notify only).
 * Return: NULL if it has no such part.
 */
static volatile char *map_part(struct virtio_device *dev, unsigned int type,
			       u32 *step)
{
	unsigned int cap = 0;

	while ((cap = pci_capability(&dev->pci, PCI_CAP_VENDOR, cap))) {
		u32 len = pci_read(&dev->pci, cap + CAP_LENGTH);

		if (pci_read(&dev->pci, cap) >> 24 != type)
			continue;
		*step = pci_read(&dev->pci, cap + CAP_STEP);
		return pci_map_bar(&dev->pci,
				   pci_read(&dev->pci, cap + CAP_BAR) & 0xff,
				   pci_read(&dev->pci, cap + CAP_OFFSET),
				   min(len, NOTIFY_MAX));
	}
	return NULL;
}

/* The steps of initialisation, 3.1.1: each sets one more bit. */
static void add_status(struct virtio_device *dev, u8 bits)
{
	writeb(dev->common + STATUS, readb(dev->common + STATUS) | bits);
}

/* A device is reset when it reads 0. The wait is bounded: false if not. */
static bool reset(struct virtio_device *dev)
{
	unsigned int i;

	writeb(dev->common + STATUS, 0);
	for (i = 0; i < RESET_POLLS; i++)
		if (!readb(dev->common + STATUS))
			return true;
	return false;
}

/*
 * Accepts exactly what the driver knows, and version 1. The device says by a
 * bit that it can live with that.
 */
static bool agree(struct virtio_device *dev, u32 features)
{
	u32 low, high;

	writel(dev->common + FEATURE_SELECT, 0);
	low = readl(dev->common + FEATURE);
	writel(dev->common + FEATURE_SELECT, 1);
	high = readl(dev->common + FEATURE);
	if ((low & features) != features || !(high & VERSION_1))
		return false;
	writel(dev->common + ACCEPT_SELECT, 0);
	writel(dev->common + ACCEPT, features);
	writel(dev->common + ACCEPT_SELECT, 1);
	writel(dev->common + ACCEPT, VERSION_1);
	add_status(dev, STATUS_FEATURES);
	return readb(dev->common + STATUS) & STATUS_FEATURES;
}

int virtio_open(struct virtio_device *dev, u32 features, unsigned int vector)
{
	u32 command = pci_read(&dev->pci, PCI_COMMAND) & 0xffff, unused;
	int ret;

	pci_write(&dev->pci, PCI_COMMAND,
		  command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	dev->common = map_part(dev, CFG_COMMON, &unused);
	dev->notify = map_part(dev, CFG_NOTIFY, &dev->notify_step);
	if (!dev->common || !dev->notify || !reset(dev))
		return -ENODEV;
	add_status(dev, STATUS_SEEN | STATUS_DRIVER);
	if (!agree(dev, features)) {
		virtio_fail(dev);
		return -EPROTO;
	}
	ret = pci_msix_enable(&dev->pci, vector);
	if (ret)
		virtio_fail(dev);
	else
		writew(dev->common + CONFIG_VECTOR, 0);
	return ret;
}

/* From now on the device looks at its queues. */
void virtio_start(struct virtio_device *dev)
{
	add_status(dev, STATUS_RUNS);
}

/* The driver gives up; the device does nothing until it is reset. */
void virtio_fail(struct virtio_device *dev)
{
	add_status(dev, STATUS_FAILED);
}

/* ---- queues -------------------------------------------------------------- */

/* A 64-bit register, in two halves as 4.1.3.1 allows. */
static void write_address(volatile char *reg, const volatile void *p)
{
	writel(reg, virt_to_phys(p));
	writel(reg + 4, virt_to_phys(p) >> 32);
}

/*
 * A page for the ring, and one for each buffer: their addresses never change.
 * false: no memory, and nothing is left allocated.
 */
static bool alloc_queue(struct virtq *q)
{
	unsigned int i;

	q->ring = alloc_pages_zeroed(0);
	for (i = 0; q->ring && i < VIRTQ_SIZE; i++) {
		q->page[i] = alloc_page();
		if (!q->page[i])
			break;
		q->ring->desc[i].addr = virt_to_phys(q->page[i]);
		q->ring->desc[i].flags = q->to_device ? 0 : DESC_WRITE;
		q->free[q->nr_free++] = i;
	}
	if (q->nr_free == VIRTQ_SIZE)
		return true;
	while (q->nr_free)
		free_page(q->page[--q->nr_free]);
	if (q->ring)
		free_page(q->ring);
	return false;
}

int virtq_open(struct virtio_device *dev, struct virtq *q, u16 number,
	       bool to_device)
{
	volatile char *regs = dev->common;

	q->number = number;
	q->to_device = to_device;
	writew(regs + QUEUE_SELECT, number);
	if (readw(regs + QUEUE_SIZE) < VIRTQ_SIZE)
		return -ENODEV;
	if (!alloc_queue(q))
		return -ENOMEM;
	writew(regs + QUEUE_SIZE, VIRTQ_SIZE);
	writew(regs + QUEUE_VECTOR, 0);
	write_address(regs + QUEUE_DESC, q->ring->desc);
	write_address(regs + QUEUE_AVAIL, &q->ring->avail);
	write_address(regs + QUEUE_USED, &q->ring->used);
	q->notify = dev->notify + readw(regs + QUEUE_NOTIFY) * dev->notify_step;
	writew(regs + QUEUE_ENABLE, 1);
	return 0;
}

/* The descriptor is complete before the index says so. */
void virtq_give(struct virtq *q, u16 id, u32 len)
{
	struct virtq_avail *avail = &q->ring->avail;
	unsigned int i = q->nr_free - 1;

	while (q->free[i] != id) /* U1 */
		i--;
	q->free[i] = q->free[--q->nr_free];
	q->ring->desc[id].len = len;
	avail->ring[avail->idx % VIRTQ_SIZE] = id;
	smp_store_release(&avail->idx, (u16)(avail->idx + 1)); /* the device */
}

void virtq_notify(struct virtq *q)
{
	smp_mb(); /* the index, then the device's look at it */
	writew(q->notify, q->number);
}

/*
 * U1. QEMU does not return the buffer that it was sending when the connection
 * ended (virtio_serial_close() only forgets it). An id that the device did not
 * have is ignored.
 */
static void free_sent(struct virtq *q, u16 id)
{
	const struct virtq_avail *avail = &q->ring->avail;
	u16 at = q->back;

	while (at != avail->idx && avail->ring[at % VIRTQ_SIZE] != id)
		at++;
	if (at == avail->idx)
		return;
	for (at++; q->back != at; q->back++)
		q->free[q->nr_free++] = avail->ring[q->back % VIRTQ_SIZE];
}

int virtq_take(struct virtq *q, u32 *len)
{
	struct virtq_used *used = &q->ring->used;
	u32 id;

	if (smp_load_acquire(&used->idx) == q->seen) /* pairs: the device */
		return -EAGAIN;
	id = used->ring[q->seen % VIRTQ_SIZE].id % VIRTQ_SIZE;
	*len = min(used->ring[q->seen % VIRTQ_SIZE].len, (u32)PAGE_SIZE);
	q->seen++;
	if (q->to_device)
		free_sent(q, id);
	else
		q->free[q->nr_free++ % VIRTQ_SIZE] = id;
	return id;
}

void virtq_interrupts(struct virtq *q, bool on)
{
	WRITE_ONCE(q->ring->avail.flags, on ? 0 : NO_INTERRUPT);
	smp_mb(); /* the flag, then the caller's look for buffers */
}
