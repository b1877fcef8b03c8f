/* SPDX-License-Identifier: MIT */
/*
 * Streams of bytes to and from the host, beside the console: a virtio serial
 * port, COM2. Each registers itself; the first one that opens is used.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct stream_device {
	const char *name;
	/*
	 * Start the device. From now on @event is called when bytes have
	 * arrived, when there may be room again, and when the host has begun or
	 * ended its connection. Context: task, once; of @event: irq.
	 * Return: 0; -ENODEV it is not there; another errno it does not work.
	 */
	int (*open)(void (*event)(void));
	/* Take bytes that arrived, at most @len. Return: their number, maybe 0.
	 * Context: one task. */
	size_t (*read)(void *buf, size_t len);
	/*
	 * Send the first bytes of @buf. Return: their number; 0: there is no
	 * room, and an event will follow. Context: one task at a time.
	 */
	size_t (*write)(const void *buf, size_t len);
	/* How often the host has ended its connection; NULL: it does not tell.
	 * Context: the task that reads. */
	u32 (*hangups)(void);
};

DECLARE_TABLE(struct stream_device, stream_devices);
