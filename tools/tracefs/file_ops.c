// SPDX-License-Identifier: MIT
/*
 * file_ops.c - calls of FUSE with an open file: read, write, poll.
 */
#define FUSE_USE_VERSION 34
#include "tools/tracefs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tracefs/forks.h"
#include "tools/tracefs/nodes.h"

/* An open file. */
struct handle {
	uint32_t number; /* the guest's */
	struct wire_caller opener;
	/* At most one POLL with WAIT, and the call its answer wakes. */
	struct op *wait;
	struct fuse_pollhandle *wake;
	struct handle *next, **link; /* in the list of all */
};

static struct handle *handles;

static struct handle *handle_new(const struct wire_caller *opener)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->opener = *opener;
	handle->link = &handles;
	handle->next = handles;
	if (handles)
		handles->link = &handle->next;
	handles = handle;
	return handle;
}

/* A POLL that waits for it finds no handle. */
static void handle_free(struct handle *handle)
{
	if (handle->wake)
		fuse_pollhandle_destroy(handle->wake);
	if (handle->wait)
		handle->wait->handle = NULL;
	if (handle->next)
		handle->next->link = handle->link;
	*handle->link = handle->next;
	free(handle);
}

/* The kernel need not have told all closes when the tree is unmounted. */
void file_ops_end(void)
{
	while (handles)
		handle_free(handles);
}

/* ---- close ---- */

/* The kernel does not wait for it, and takes no errno of it. */
static void close_done(struct op *op, const struct wire_reply *reply)
{
	if (reply->status == -EBUSY && op->request.caller.pid) {
		/* No task for this pid: the server does it itself. */
		memset(&op->request.caller, 0, sizeof(op->request.caller));
		op_send(op, false);
		return;
	}
	if (op->req)
		fuse_reply_err(op->req, 0);
	op_free(op);
}

static void close_number(struct op *op, uint32_t number,
			 const struct wire_caller *opener)
{
	op->request.handle = number;
	/*
	 * The kernel tells no caller. If the opener has ended, nobody is
	 * named.
	 */
	if (forks_alive(opener->pid))
		op->request.caller = *opener;
	op_send(op, false);
}

static void release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *handle = (struct handle *)(uintptr_t)fi->fh;
	struct op *op = op_new(req, WIRE_CLOSE, close_done);

	if (handle->wait)
		link_cancel(&handle->wait->call);
	if (op)
		close_number(op, handle->number, &handle->opener);
	handle_free(handle);
}

/* ---- open ---- */

/* The caller was killed during the call: it will not close it. */
static void close_unwanted(struct op *op, struct handle *handle)
{
	op->req = NULL;
	op->done = close_done;
	op->request = (struct wire_request){ .op = WIRE_CLOSE };
	close_number(op, handle->number, &handle->opener);
	handle_free(handle);
}

static void open_done(struct op *op, const struct wire_reply *reply)
{
	struct handle *handle = op->handle;
	struct fuse_file_info fi = { .direct_io = 1 }; /* OP2 */

	if (reply->status < 0) {
		handle_free(handle);
		op_error(op, reply->status);
		return;
	}
	handle->number = reply->value;
	fi.fh = (uintptr_t)handle;
	if (fuse_reply_open(op->req, &fi))
		close_unwanted(op, handle);
	else
		op_free(op);
}

static uint16_t open_flags(int flags)
{
	static const uint16_t access[] = {
		[O_RDONLY] = WIRE_F_READ,
		[O_WRONLY] = WIRE_F_WRITE,
		[O_RDWR] = WIRE_F_READ | WIRE_F_WRITE,
		[O_ACCMODE] = 0,
	};

	return access[flags & O_ACCMODE] |
	       (flags & O_TRUNC ? WIRE_F_TRUNC : 0) |
	       (flags & O_NONBLOCK ? WIRE_F_NONBLOCK : 0);
}

static void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct op *op = op_new(req, WIRE_OPEN, open_done);

	if (!op || !op_path(op, nodes_find(ino), NULL))
		return;
	op->handle = handle_new(&op->request.caller);
	if (!op->handle) {
		op_error(op, -ENOMEM);
		return;
	}
	op->request.flags = open_flags(fi->flags);
	op_send(op, false);
}

/* ---- read and write ---- */

static struct op *
with_handle(fuse_req_t req, const struct fuse_file_info *fi, enum wire_op what,
	    void (*done)(struct op *op, const struct wire_reply *reply))
{
	struct op *op = op_new(req, what, done);

	if (!op)
		return NULL;
	op->handle = (struct handle *)(uintptr_t)fi->fh;
	op->request.handle = op->handle->number;
	return op;
}

static void read_done(struct op *op, const struct wire_reply *reply)
{
	if (reply->status < 0) {
		op_error(op, reply->status);
	} else if (reply->length > op->room ||
		   reply->length != (uint32_t)reply->status) {
		op_error(op, -EIO);
	} else {
		fuse_reply_buf(op->req, (const char *)reply->payload,
			       reply->length);
		op_free(op);
	}
}

static void read_file(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct op *op = with_handle(req, fi, WIRE_READ, read_done);

	if (!op)
		return;
	op->room = size < WIRE_MAX_PAYLOAD ? size : WIRE_MAX_PAYLOAD;
	op->request.count = op->room;
	op->request.offset = off;
	/* The flags of now: fcntl() may have changed those of open. */
	if (fi->flags & O_NONBLOCK)
		op->request.flags = WIRE_F_NONBLOCK;
	op_send(op, true);
}

static void write_done(struct op *op, const struct wire_reply *reply)
{
	if (reply->status < 0) {
		op_error(op, reply->status);
	} else if ((size_t)reply->status > op->room) {
		op_error(op, -EIO);
	} else {
		fuse_reply_write(op->req, reply->status);
		op_free(op);
	}
}

static void write_file(fuse_req_t req, fuse_ino_t ino, const char *data,
		       size_t size, off_t off, struct fuse_file_info *fi)
{
	struct op *op = with_handle(req, fi, WIRE_WRITE, write_done);

	if (!op)
		return;
	op->room = size;
	op->request.offset = off;
	op->request.payload = data;
	op->request.length = size;
	op_send(op, false);
}

/* ---- poll ---- */

/* Something is there, or the guest is dead: the poller looks again. */
static void wait_done(struct op *op, const struct wire_reply *reply)
{
	struct handle *handle = op->handle;

	if (handle) { /* NULL: it was closed since */
		handle->wait = NULL;
		if (handle->wake) {
			fuse_lowlevel_notify_poll(handle->wake);
			fuse_pollhandle_destroy(handle->wake);
		}
		handle->wake = NULL;
	}
	op_free(op);
}

/* Ask the guest to tell, for who polls goes to sleep now. */
static void begin_wait(struct op *op)
{
	struct wire_request request = { .op = WIRE_POLL,
					.handle = op->request.handle,
					.flags = op->request.flags |
						 WIRE_F_WAIT };

	op->req = NULL;
	op->done = wait_done;
	op->request = request;
	op->call.may_wait = true;
	op->handle->wait = op;
	link_send(&op->call, &op->request);
}

static void poll_done(struct op *op, const struct wire_reply *reply)
{
	struct handle *handle = op->handle;

	if (reply->status < 0) {
		op_error(op, reply->status);
		return;
	}
	fuse_reply_poll(op->req, reply->status);
	if (!(reply->status & op->events) && handle->wake && !handle->wait)
		begin_wait(op);
	else
		op_free(op);
}

static void poll_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		      struct fuse_pollhandle *wake)
{
	struct op *op = with_handle(req, fi, WIRE_POLL, poll_done);

	if (wake && op && op->handle->wake)
		fuse_pollhandle_destroy(op->handle->wake);
	if (wake && op)
		op->handle->wake = wake;
	if (!op)
		return;
	op->events = fi->poll_events;
	if (op->events & (POLLIN | POLLRDNORM))
		op->request.flags |= WIRE_F_READ;
	if (op->events & (POLLOUT | POLLWRNORM))
		op->request.flags |= WIRE_F_WRITE;
	op_send(op, false);
}

void file_ops_add(struct fuse_lowlevel_ops *ops)
{
	ops->open = open_file;
	ops->read = read_file;
	ops->write = write_file;
	ops->poll = poll_file;
	ops->release = release;
}
