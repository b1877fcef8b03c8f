// SPDX-License-Identifier: MIT
/*
 * serve_ops.c - the operations of TFS1 on the control tree.
 *
 * Context: the task of the caller, which the tracers see only while it is in
 * the tree: what sends the text of a trace must not fill it.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/tick.h"
#include "trace/control/tracefs.h"
#include "trace/core/recursion.h"
#include "trace/serve/serve.h"
#include <asm/atomic.h>
#include <asm/layout.h>

#define S_DIR  0040000
#define S_FILE 0100000

/* What an operation has to say. */
struct answer {
	s32 status;
	u64 value;
	char *payload; /* NULL: none */
	u32 length;
};

/* [A] A page for payloads that fit; NULL: in use, or none was needed yet. */
static char *spare;

static char *get_payload(size_t len)
{
	char *page = len <= PAGE_SIZE ? xchg(&spare, NULL) : NULL;

	return page ?: kmalloc(max(len, PAGE_SIZE));
}

/* Keep one page; a larger block has more room than a page needs. */
static void put_payload(char *payload)
{
	if (payload)
		kfree(xchg(&spare, payload));
}

static void do_stat(const struct serve_request *req, struct answer *a)
{
	struct tracefs_stat stat;
	struct tfs1_stat *out = (void *)get_payload(sizeof(*out));

	a->status = out ? tracefs_stat(req->payload ?: "", &stat) : -ENOMEM;
	a->payload = (char *)out;
	if (a->status)
		return;
	*out = (struct tfs1_stat){
		.ino = stat.ino,
		.size = stat.size,
		.mode = stat.mode | (stat.dir ? S_DIR : S_FILE),
	};
	a->length = sizeof(*out);
}

/* Append an entry. Return: false if it does not fit. */
static bool put_entry(struct answer *a, u32 room, u64 cursor,
		      const struct tracefs_dirent *entry)
{
	size_t len = strlen(entry->name) - entry->dir; /* without the slash */
	struct tfs1_entry out = {
		.ino = entry->ino,
		.cursor = cursor,
		.mode = entry->mode | (entry->dir ? S_DIR : S_FILE),
		.name_len = len,
	};

	if (room - a->length < sizeof(out) + len)
		return false;
	memcpy(a->payload + a->length, &out, sizeof(out));
	memcpy(a->payload + a->length + sizeof(out), entry->name, len);
	a->length += sizeof(out) + len;
	a->value = cursor;
	return true;
}

static void do_readdir(const struct serve_request *req, struct answer *a)
{
	u32 room = min(req->head.count, TFS1_MAX_PAYLOAD), nr = 0;
	u64 cursor = req->head.offset;
	struct tracefs_dirent entry;
	int more;

	a->payload = get_payload(room);
	a->status = -ENOMEM;
	if (!a->payload)
		return;
	a->value = cursor;
	while ((more = tracefs_readdir(req->payload ?: "", &cursor, &entry)) >
	       0) {
		if (!put_entry(a, room, cursor, &entry))
			break;
		nr++;
		cond_resched();
	}
	if (more > 0 && !nr)
		more = -EINVAL; /* no room for one entry */
	a->status = more < 0 ? more : (s32)nr;
}

static unsigned int tree_flags(u16 flags)
{
	return (flags & TFS1_F_READ ? TRACEFS_READ : 0) |
	       (flags & TFS1_F_WRITE ? TRACEFS_WRITE : 0) |
	       (flags & TFS1_F_TRUNC ? TRACEFS_TRUNC : 0) | TRACEFS_ROOT;
}

static void do_open(const struct serve_request *req, struct answer *a)
{
	unsigned int flags = tree_flags(req->head.flags);
	u32 handle;

	if (!(flags & (TRACEFS_READ | TRACEFS_WRITE))) {
		a->status = -EINVAL;
		return;
	}
	a->status = serve_file_open(req->payload ?: "", flags,
				    req->head.flags & TFS1_F_NONBLOCK, &handle);
	a->value = a->status ? 0 : handle;
}

/*
 * Read what is there, up to @len bytes: of a stream once, of a file of text
 * until the room is full.
 */
static ssize_t read_some(struct serve_file *file, char *buf, size_t len,
			 u64 offset)
{
	size_t done = 0;
	ssize_t n;

	mutex_lock(&file->lock);
	do {
		n = tracefs_pread(file->file, buf + done, len - done,
				  offset + done);
		if (n > 0)
			done += n;
		cond_resched();
	} while (n > 0 && done < len && !file->file->node->read);
	mutex_unlock(&file->lock);
	return done ? (ssize_t)done : n;
}

static void set_waits(struct serve_file *file, bool waits)
{
	mutex_lock(&file->lock);
	if (waits)
		file->file->flags |= TRACEFS_WAITS;
	else
		file->file->flags &= ~TRACEFS_WAITS;
	mutex_unlock(&file->lock);
}

/* Return: false: the request was cancelled. */
static bool wait_a_tick(struct serve_request *req)
{
	bool cancelled;

	ftrace_task_untraced(true);
	cancelled =
		wait_event_timeout(&req->woken, serve_cancelled(req), tick_ns);
	ftrace_task_untraced(false);
	return !cancelled;
}

static ssize_t read_wait(struct serve_request *req, struct serve_file *file,
			 char *buf, size_t len)
{
	ssize_t n = read_some(file, buf, len, req->head.offset);

	if (n != -EAGAIN || file->nonblock || req->head.flags & TFS1_F_NONBLOCK)
		return n;
	set_waits(file, true);
	while (n == -EAGAIN) {
		n = wait_a_tick(req) ?
			    read_some(file, buf, len, req->head.offset) :
			    -EINTR;
		req->beside(req);
	}
	set_waits(file, false);
	return n;
}

static void do_read(struct serve_request *req, struct answer *a)
{
	struct serve_file *file = serve_file_get(req->head.handle);
	size_t len = min(req->head.count, TFS1_MAX_PAYLOAD);

	a->status = -EBADF;
	if (!file)
		return;
	a->payload = get_payload(len);
	a->status = -ENOMEM;
	if (!a->payload)
		return;
	a->status = len ? read_wait(req, file, a->payload, len) : 0;
	a->length = a->status > 0 ? a->status : 0;
}

static void do_write(const struct serve_request *req, struct answer *a)
{
	struct serve_file *file = serve_file_get(req->head.handle);

	a->status = -EBADF;
	if (!file)
		return;
	mutex_lock(&file->lock);
	a->status =
		tracefs_write(file->file, req->payload ?: "", req->head.length);
	mutex_unlock(&file->lock);
}

static void do_close(const struct serve_request *req, struct answer *a)
{
	a->status = serve_file_close(req->head.handle);
}

static void do_mkdir(const struct serve_request *req, struct answer *a)
{
	a->status = tracefs_mkdir(req->payload ?: "");
}

static void do_rmdir(const struct serve_request *req, struct answer *a)
{
	a->status = tracefs_rmdir(req->payload ?: "");
}

static void do_truncate(const struct serve_request *req, struct answer *a)
{
	struct tracefs_file *file;

	a->status = -EINVAL;
	if (req->head.offset)
		return;
	a->status = tracefs_open(req->payload ?: "",
				 TRACEFS_WRITE | TRACEFS_TRUNC | TRACEFS_ROOT,
				 &file);
	if (!a->status)
		a->status = tracefs_close(file);
}

static void do_op(struct serve_request *req, struct answer *a)
{
	switch (req->head.op) {
	case TFS1_STAT:
		return do_stat(req, a);
	case TFS1_READDIR:
		return do_readdir(req, a);
	case TFS1_OPEN:
		return do_open(req, a);
	case TFS1_READ:
		return do_read(req, a);
	case TFS1_WRITE:
		return do_write(req, a);
	case TFS1_CLOSE:
		return do_close(req, a);
	case TFS1_MKDIR:
		return do_mkdir(req, a);
	case TFS1_RMDIR:
		return do_rmdir(req, a);
	case TFS1_TRUNCATE:
		return do_truncate(req, a);
	default:
		a->status = -ENOSYS;
	}
}

void serve_run(struct serve_request *req)
{
	struct answer answer = {};

	if (serve_cancelled(req) && req->head.op != TFS1_CLOSE) {
		answer.status = -EINTR;
	} else {
		ftrace_task_untraced(false);
		do_op(req, &answer);
		ftrace_task_untraced(true);
	}
	serve_finish(req, answer.status, answer.value, answer.payload,
		     answer.status < 0 ? 0 : answer.length);
	put_payload(answer.payload);
}
