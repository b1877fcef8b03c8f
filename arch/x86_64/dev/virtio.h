/* SPDX-License-Identifier: MIT */
/*
 * virtio 1.0 over PCI: a device's registers and its split queues.
 *
 * Legend: [I] immutable after virtio_open(); [U] the one user of the queue.
 */
#pragma once

#include "arch/x86_64/dev/pci.h"
#include "kernel/lib/types.h"

/* Buffers of a queue, one page each; the ring fits into one page. */
#define VIRTQ_SIZE 32

/* The parts of a ring, as the device reads them (virtio 1.0, 2.4). */
struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct virtq_avail {
	u16 flags;
	u16 idx;
	u16 ring[VIRTQ_SIZE];
};

struct virtq_used {
	u16 flags;
	u16 idx;
	struct {
		u32 id;
		u32 len;
	} ring[VIRTQ_SIZE];
};

struct virtq_ring {
	struct virtq_desc desc[VIRTQ_SIZE];
	struct virtq_avail avail;
	struct virtq_used used __aligned(4);
};

struct virtq {
	struct virtq_ring *ring; /* [I] */
	volatile void *notify;	 /* [I] */
	void *page[VIRTQ_SIZE];	 /* [I] buffer i belongs to descriptor i */
	u16 number;		 /* [I] */
	u16 seen;		 /* [U] used entries taken */
	u16 back;		 /* [U] avail entries back: to_device */
	u16 nr_free;		 /* [U] */
	u16 free[VIRTQ_SIZE];	 /* [U] descriptors the device lacks */
	bool to_device;		 /* [I] */
};

struct virtio_device {
	struct pci_function pci;
	volatile char *common;
	volatile char *notify;
	u32 notify_step;
};

/*
 * Reset a device and agree on @features (of the bits 0 to 31) and version 1.0.
 * The device's interrupts raise @vector on this CPU. The caller opens queues,
 * then calls virtio_start(). Context: task, once per device.
 * Return: 0; -ENODEV it is no virtio 1.0 device with MSI-X; -EPROTO it lacks a
 * feature; else as pci_msix_enable(). No other code is returned.
 */
int virtio_open(struct virtio_device *dev, u32 features, unsigned int vector);

/*
 * Set up a queue. All buffers are free. Return: 0; -ENODEV there is no such
 * queue, or it is too short; -ENOMEM. No other code is returned.
 */
int virtq_open(struct virtio_device *dev, struct virtq *q, u16 number,
	       bool to_device);

void virtio_start(struct virtio_device *dev);
/* Tell the device that its driver has failed: it stops. */
void virtio_fail(struct virtio_device *dev);

/* Give buffer @id with @len bytes (to or from the device) to the device. */
void virtq_give(struct virtq *q, u16 id, u32 len);
void virtq_notify(struct virtq *q);

/* Take back a buffer. Return: its number and the bytes in it, or -EAGAIN. */
int virtq_take(struct virtq *q, u32 *len);

/*
 * Ask for an interrupt when the device returns a buffer, or for none. It is
 * only a hint, and a buffer may have been returned before: look again.
 */
void virtq_interrupts(struct virtq *q, bool on);
