// SPDX-License-Identifier: MIT
/*
 * serve_line.c - the line to the host: bytes and events from it, replies to it.
 *
 * Owns the stream device that was opened. send_lock is held while a reply is
 * sent; its holder waits for room, until the host reads or is gone.
 *
 * Context: task, may sleep, unless stated otherwise.
 */
#include "arch/x86_64/dev/stream.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/serve/serve.h"
#include <asm/atomic.h>

DEFINE_TABLE(struct stream_device, stream_devices);

static const struct stream_device *line; /* [I] */
static DEFINE_WAIT_QUEUE(line_event);
static u32 line_events; /* [A] changes with each event */
static DEFINE_MUTEX(send_lock);

/* ---- sending ------------------------------------------------------------- */

/* Context: irq or task. */
static void on_event(void)
{
	fetch_add(&line_events, 1);
	wake_up(&line_event);
}

static void send(const void *data, size_t len)
{
	const char *at = data;
	size_t n;

	while (len) {
		n = line->write(at, len);
		if (!n)
			wait_event(&line_event, (n = line->write(at, len)));
		at += n;
		len -= n;
	}
}

/* A short payload goes with its header: one request to the device. */
void serve_send(u32 id, s32 status, u64 value, const void *payload, u32 length)
{
	struct {
		struct tfs1_reply head;
		u8 rest[96];
	} out;
	u32 with = length <= sizeof(out.rest) ? length : 0;

	tfs1_reply(&out.head, id, status, value, payload, length);
	if (with)
		memcpy(out.rest, payload, with);
	mutex_lock(&send_lock);
	send(&out, sizeof(out.head) + with);
	if (!with)
		send(payload, length);
	mutex_unlock(&send_lock);
}

/* ---- receiving ----------------------------------------------------------- */

size_t serve_line_read(void *data, size_t size)
{
	return line->read(data, size);
}

u32 serve_line_hangups(void)
{
	return line->hangups ? line->hangups() : 0;
}

u32 serve_line_events(void)
{
	return READ_ONCE(line_events);
}

bool serve_line_wait(u32 seen, u64 timeout_ns)
{
	if (timeout_ns)
		return wait_event_timeout(&line_event,
					  READ_ONCE(line_events) != seen,
					  timeout_ns);
	wait_event(&line_event, READ_ONCE(line_events) != seen);
	return true;
}

/* ---- start --------------------------------------------------------------- */

/* The device's interrupts go to the CPU that opens it. */
int serve_line_open(void)
{
	const struct stream_device *const *at;
	int ret = -ENODEV;

	kthread_bind(current, smp_processor_id());
	for_each_entry(at, stream_devices)
	{
		line = *at;
		ret = line->open(on_event);
		if (!ret)
			break;
		if (ret != -ENODEV)
			pr_warn("tracefs: %s: %pe", line->name, ERR_PTR(ret));
	}
	kthread_bind(current, CPU_ANY);
	return ret;
}

const char *serve_line_name(void)
{
	return line->name;
}
