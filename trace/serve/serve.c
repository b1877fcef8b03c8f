// SPDX-License-Identifier: MIT
/*
 * serve.c - the file server: its sessions and its receiving thread.
 *
 * Owns the session. The invariants are in serve.h.
 *
 * Context: the receiving thread, unless a function says otherwise. It never
 * waits for a request, but when a session ends.
 */
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
#include <asm/layout.h>

#define CUT_OFF_NS 2000000000UL
#define FIRST_PID  100000
#define CHUNK	   4096

static struct tfs1_parser *parser; /* [R] */
static u64 session;		   /* [R] its number; 0: none was yet */
static bool in_session;		   /* [R] */

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
	if (head->op == TFS1_EXIT)
		serve_cancel_pid(head->pid);
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
	u32 now = serve_line_hangups();

	if (now == seen)
		return;
	seen = now;
	end_session();
}

/*
 * Garbage gets a reply for each lot of bytes that the line has. One for as long
 * as bytes arrive would not do: a client that has its reply and goes on may be
 * faster than this thread, and would wait in vain for another one.
 * Return: whether any byte had arrived.
 */
static bool receive(u8 *chunk)
{
	const u8 *data = chunk;
	size_t len = serve_line_read(chunk, CHUNK);
	bool any = len;
	enum tfs1_result result;

	look_for_hangup();
	if (!any)
		return false;
	tfs1_pause(parser);
	do {
		result = tfs1_feed(parser, &data, &len);
		on_result(result);
	} while (len || result != TFS1_MORE);
	return true;
}

static void wait_for_event(u32 seen)
{
	u64 timeout = tfs1_partial(parser) ? CUT_OFF_NS : 0;

	if (!serve_line_wait(seen, timeout))
		serve_send(tfs1_cut_off(parser), -ETIMEDOUT, 0, NULL, 0);
}

static int receive_thread(void *chunk)
{
	u32 seen;

	ftrace_task_untraced(true);
	for (;;) {
		seen = serve_line_events();
		while (receive(chunk))
			cond_resched();
		wait_for_event(seen);
	}
	return 0;
}

/* ---- start --------------------------------------------------------------- */

CMDLINE_ON_OFF(tracefs, "on: serve the control tree to the host");

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
	ret = serve_line_open();
	if (ret) {
		pr_warn("tracefs: no virtio serial port and no COM2: the "
			"control tree is not served");
		return ret;
	}
	ret = start_threads();
	if (ret)
		pr_err("tracefs: no memory for the server");
	else
		pr_info("tracefs: served on the %s", serve_line_name());
	return ret;
}

static const struct service serve = { .start = serve_start };
TABLE_ENTRY(services, 20, serve);
