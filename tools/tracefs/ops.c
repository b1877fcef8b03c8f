// SPDX-License-Identifier: MIT
/*
 * ops.c - what all calls of FUSE have in common.
 */
#define FUSE_USE_VERSION 34
#include "tools/tracefs/ops.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tools/tracefs/caller.h"
#include "tools/tracefs/forks.h"
#include "tools/tracefs/nodes.h"

/*
 * splice() of kernels since 6.5 takes nothing behind the size of a file, also
 * of one that is not cached. trace-cmd splices this one, which has no end.
 */
#define ENDLESS (1LL << 62)

static struct timespec since; /* the time of all files, as on Linux */

void ops_init(void)
{
	clock_gettime(CLOCK_REALTIME, &since);
}

static void op_done(struct call *call, const struct wire_reply *reply)
{
	struct op *op = (struct op *)call;

	op->done(op, reply);
}

struct op *op_new(struct fuse_req *req, enum wire_op what,
		  void (*done)(struct op *op, const struct wire_reply *reply))
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op) {
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	op->call.done = op_done;
	op->req = req;
	op->done = done;
	op->request.op = what;
	caller_find(fuse_req_ctx(req)->pid, &op->request.caller);
	forks_caller(op->request.caller.pid);
	return op;
}

bool op_path(struct op *op, struct node *dir, const char *name)
{
	int len = nodes_path(dir, name, op->path, sizeof(op->path));

	if (len < 0) {
		op_error(op, len);
		return false;
	}
	op->node = dir;
	op->request.payload = op->path;
	op->request.length = len;
	return true;
}

/* libfuse holds a lock of the request here, so it is not answered from here. */
static void interrupt(fuse_req_t req, void *data)
{
	struct op *op = data;

	if (op->sent)
		link_cancel(&op->call);
	else
		op->interrupted = true; /* it is not sent yet */
}

static void send_now(struct op *op)
{
	op->sent = true;
	link_send(&op->call, &op->request);
}

void op_send(struct op *op, bool interruptible)
{
	op->call.may_wait = interruptible;
	if (interruptible)
		fuse_req_interrupt_func(op->req, interrupt, op);
	if (op->interrupted)
		op_error(op, -EINTR);
	else
		send_now(op);
}

void op_error(struct op *op, int status)
{
	fuse_reply_err(op->req, -status);
	op_free(op);
}

void op_free(struct op *op)
{
	free(op);
}

void op_attributes(const struct node *node, const struct wire_stat *from,
		   struct stat *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->st_ino = from->ino;
	attr->st_mode = from->mode;
	attr->st_size = nodes_named(node, "trace_pipe_raw") ? ENDLESS :
							      from->size;
	attr->st_nlink = 1; /* of a directory: it says nothing of its depth */
	attr->st_blksize = 4096;
	attr->st_atim = attr->st_mtim = attr->st_ctim = since;
}
