// SPDX-License-Identifier: MIT
/*
 * serve.c - the file server: its line, its sessions, its receiving thread.
 *
 * Owns the line to the host and the session. The invariants are in serve.h.
 *
 * Context: the receiving thread, unless a function says otherwise. It never
 * waits for a request, but when a session ends. send_lock is held while a reply
 * is sent; its holder waits for room, until the host reads or is gone.
 */
#include "arch/x86_64/dev/stream.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/service.h"
#include "kernel/smp.h"
#include "trace/core/recursion.h"
#include "trace/serve/serve.h"
#include <asm/atomic.h>
#include <asm/layout.h>

#define CUT_OFF_NS 2000000000UL
#define FIRST_PID  100000
#define CHUNK	   4096

DEFINE_TABLE(struct stream_device, stream_devices);

static const struct stream_device *line; /* [I] */
static DEFINE_WAIT_QUEUE(line_event);
static u32 line_events; /* [A] changes with each event */
static DEFINE_MUTEX(send_lock);

static struct tfs1_parser *parser; /* [R] */
static u64 session;		   /* [R] its number; 0: none was yet */
static bool in_session;		   /* [R] */

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

void serve_send(u32 id, s32 status, u64 value, const void *payload, u32 length)
{
	struct tfs1_reply reply;

	tfs1_reply(&reply, id, status, value, payload, length);
	mutex_lock(&send_lock);
	send(&reply, sizeof(reply));
	send(payload, length);
	mutex_unlock(&send_lock);
}

/* ---- sessions ------------------------------------------------------------ */

/* N3 */
static void end_session(void)
{
	if (!in_session)
		return;
	in_session = false;
	serve_cancel_all();
	serve_files_close_all();
	serve_tasks_end();
}

static void hello(const struct tfs1_request *head)
{
	struct tfs1_hello out = {
		.version = TFS1_VERSION,
		.cpus = num_online_cpus(),
		.max_payload = TFS1_MAX_PAYLOAD,
		.max_handles = SERVE_HANDLES,
		.max_requests = SERVE_REQUESTS,
		.max_tasks = SERVE_TASKS,
		.page_size = PAGE_SIZE,
	};

	if (head->offset != TFS1_VERSION) {
		serve_send(head->id, -EPROTO, TFS1_VERSION, NULL, 0);
		return;
	}
	end_session();
	in_session = true;
	out.session = ++session;
	snprintf(out.build, sizeof(out.build), "nop5 %016llx",
		 kallsyms_build_id());
	serve_send(head->id, 0, 0, &out, sizeof(out));
}

/* Return: the errno that the request is refused with, or 0. */
static int start_request(const struct tfs1_request *head, const u8 *payload)
{
	struct serve_request *req = kzalloc(sizeof(*req));
	int ret;

	if (!req)
		return -ENOMEM;
	req->head = *head;
	init_waitqueue_head(&req->woken);
	if (head->length) {
		req->payload = head->length < sizeof(req->small) ?
				       req->small :
				       kmalloc(head->length + 1);
		if (!req->payload) {
			serve_free(req);
			return -ENOMEM;
		}
		memcpy(req->payload, payload, head->length + 1);
	}
	if (head->op == TFS1_CLOSE)
		serve_cancel_waits(head->handle);
	ret = serve_admit(req);
	if (ret) {
		serve_free(req);
		return ret;
	}
	if (head->op == TFS1_POLL)
		serve_poll_give(req);
	else
		ret = serve_task_give(req);
	if (ret)
		serve_finish(req, ret, 0, NULL, 0);
	return 0;
}

static void on_frame(const struct tfs1_request *head, const u8 *payload)
{
	int ret = tfs1_check(head, payload);

	if (!ret && head->op == TFS1_HELLO) {
		hello(head);
		return;
	}
	if (!ret && !in_session)
		ret = -EPROTO;
	if (!ret && head->op == TFS1_CANCEL) {
		ret = serve_cancel_id(head->handle);
		serve_send(head->id, ret, 0, NULL, 0);
		return;
	}
	if (!ret)
		ret = start_request(head, payload);
	if (ret)
		serve_send(head->id, ret, 0, NULL, 0);
}

/* ---- receiving ----------------------------------------------------------- */

static void on_result(enum tfs1_result result)
{
	switch (result) {
	case TFS1_FRAME:
		on_frame(&parser->head, parser->payload);
		break;
	case TFS1_NO_FRAME:
		serve_send(0, -EBADMSG, parser->damaged, NULL, 0);
		break;
	case TFS1_TOO_LONG:
		serve_send(parser->head.id, -E2BIG, 0, NULL, 0);
		break;
	case TFS1_BAD_CRC:
		serve_send(parser->head.id, -EBADMSG, 0, NULL, 0);
		break;
	case TFS1_MORE:
		break;
	}
}

/*
 * End the session if the host has ended its connection. Call it between reading
 * bytes and looking at them: the device tells of the end before it has bytes of
 * the next connection, so the HELLO among them comes after this.
 */
static void look_for_hangup(void)
{
	static u32 seen;
	u32 now = line->hangups ? line->hangups() : 0;

	if (now == seen)
		return;
	seen = now;
	end_session();
}

/* Return: whether any byte had arrived. */
static bool receive(u8 *chunk)
{
	const u8 *data = chunk;
	size_t len = line->read(chunk, CHUNK);
	bool any = len;
	enum tfs1_result result;

	look_for_hangup();
	if (!any)
		return false;
	do {
		result = tfs1_feed(parser, &data, &len);
		on_result(result);
	} while (len || result != TFS1_MORE);
	return true;
}

static bool event_since(u32 seen)
{
	return READ_ONCE(line_events) != seen;
}

static void wait_for_event(u32 seen)
{
	if (!tfs1_partial(parser))
		wait_event(&line_event, event_since(seen));
	else if (!wait_event_timeout(&line_event, event_since(seen),
				     CUT_OFF_NS))
		serve_send(tfs1_cut_off(parser), -ETIMEDOUT, 0, NULL, 0);
}

static int receive_thread(void *chunk)
{
	u32 seen;

	ftrace_task_untraced(true);
	for (;;) {
		seen = READ_ONCE(line_events);
		while (receive(chunk))
			cond_resched();
		tfs1_pause(parser);
		wait_for_event(seen);
	}
	return 0;
}

/* ---- start --------------------------------------------------------------- */

CMDLINE_ON_OFF(tracefs, "on: serve the control tree to the host");

/* The device's interrupts go to the CPU that opens it. */
static int open_line(void)
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

static int start_threads(void)
{
	struct task_struct *task;
	u8 *chunk = kmalloc(CHUNK);
	int ret = serve_poll_init();

	parser = kzalloc(sizeof(*parser));
	if (ret || !chunk || !parser)
		return -ENOMEM;
	task = kthread_run(receive_thread, chunk, "tracefs_server");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_detach(task);
	return 0;
}

static int serve_start(void)
{
	int ret;

	if (!cmdline_is("tracefs", "on"))
		return 0;
	kthread_pids_from(FIRST_PID);
	ret = open_line();
	if (ret) {
		pr_warn("tracefs: no virtio serial port and no COM2: the "
			"control tree is not served");
		return ret;
	}
	ret = start_threads();
	if (ret)
		pr_err("tracefs: no memory for the server");
	else
		pr_info("tracefs: served on the %s", line->name);
	return ret;
}

static const struct service serve = { .start = serve_start };
TABLE_ENTRY(services, 20, serve);
