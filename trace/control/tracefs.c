// SPDX-License-Identifier: MIT
/*
 * tracefs.c - open handles of the control tree: the calls for clients.
 */
#include "trace/control/tracefs.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/error_log.h"

/*
 * By the owner's bits of the mode: there is one user. TRACEFS_ROOT skips them,
 * as root does on Linux.
 */
static bool may_open(const struct tracefs_node *node, unsigned int flags)
{
	if (flags & TRACEFS_ROOT)
		return true;
	if ((flags & TRACEFS_READ) && !(node->mode & 0400))
		return false;
	return !(flags & TRACEFS_WRITE) || (node->mode & 0200);
}

/*
 * Create a handle that takes over *@at. Return: 0, or an errno; then the caller
 * keeps *@at.
 */
static int open_at(const struct tracefs_path *at, const char *path,
		   unsigned int flags, struct tracefs_file **filep)
{
	const struct tracefs_node *node = tracefs_last(at)->node;
	struct tracefs_file *file;
	int ret;

	if (node->dir)
		return -EISDIR;
	if (!may_open(node, flags))
		return -EACCES;
	file = kzalloc(sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->node = node;
	file->at = *at;
	file->flags = flags;
	strscpy(file->path, path, sizeof(file->path));
	ret = node->open ? node->open(file) : 0;
	if (ret)
		kfree(file);
	else
		*filep = file;
	return ret;
}

int tracefs_open(const char *path, unsigned int flags,
		 struct tracefs_file **filep)
{
	struct tracefs_path at;
	int ret = tracefs_walk(path, &at);

	if (ret)
		return ret;
	ret = open_at(&at, path, flags, filep);
	if (ret)
		tracefs_put(&at);
	return ret;
}

/*
 * The buffer of a read in bytes: at first, and at most. A piece of text that
 * does not fit into the largest is an error (-ENOMEM).
 */
#define ROOM_FIRST 8192
#define ROOM_MAX   (16UL << 20)

/* Double the room for text; its content is lost. Return: 0 or -ENOMEM. */
static int make_room(struct tracefs_file *file)
{
	size_t size = file->seq.buf ? file->seq.size * 2 : ROOM_FIRST;
	char *text = size <= ROOM_MAX ? kmalloc(size) : NULL;

	if (!text)
		return -ENOMEM;
	kfree(file->seq.buf);
	trace_seq_init(&file->seq, text, size);
	return 0;
}

/* Append the node's next piece. Return: as show; -ENOSPC it does not fit. */
static int next_piece(struct tracefs_file *file)
{
	size_t len = file->seq.len;
	u64 pos = file->pos;
	int more = file->node->show(file, &file->seq);

	if (more >= 0 && file->seq.overflow) {
		trace_seq_truncate(&file->seq, len);
		file->seq.overflow = false;
		file->pos = pos;
		return -ENOSPC;
	}
	return more;
}

/* Generate the next pieces of text. The first read allocates the buffer. */
static int generate(struct tracefs_file *file)
{
	int more = file->seq.buf ? 1 : make_room(file);

	if (more < 0)
		return more;
	trace_seq_reset(&file->seq);
	file->taken = 0;
	do {
		more = next_piece(file);
		if (more == -ENOSPC && !file->seq.len)
			more = make_room(file) ? -ENOMEM : 1;
	} while (more > 0 && file->seq.len < file->seq.size / 2);
	if (more < 0 && more != -ENOSPC)
		return more;
	file->ended = !more;
	return 0;
}

/* @buf NULL: skip. */
static ssize_t read_text(struct tracefs_file *file, char *buf, size_t len)
{
	while (file->taken == file->seq.len) {
		int ret;

		if (file->ended)
			return 0;
		ret = generate(file);
		if (ret)
			return ret;
	}
	len = min(len, file->seq.len - file->taken);
	if (buf)
		memcpy(buf, file->seq.buf + file->taken, len);
	file->taken += len;
	file->offset += len;
	return len;
}

ssize_t tracefs_read(struct tracefs_file *file, char *buf, size_t len)
{
	if (!(file->flags & TRACEFS_READ))
		return -EBADF;
	if (file->node->read)
		return file->node->read(file, buf, len);
	return file->node->show ? read_text(file, buf, len) : -EINVAL;
}

/* Generate the text from its beginning again. Return: 0, or an errno. */
static int restart(struct tracefs_file *file)
{
	static const struct tracefs_node broken = { .name = "" };
	const struct tracefs_node *node = file->node;
	int ret = 0;

	if (node->release && file->flags & TRACEFS_WRITE)
		return -ESPIPE;
	file->flags &= ~TRACEFS_TRUNC;
	file->node = &broken;
	if (node->release)
		node->release(file);
	file->pos = 0;
	file->private = NULL;
	if (node->open)
		ret = node->open(file);
	if (ret)
		return ret;
	file->node = node;
	trace_seq_reset(&file->seq);
	file->taken = file->offset = 0;
	file->ended = false;
	return 0;
}

/*
 * Text has no random access: to go back it is generated again from its
 * beginning, to go forward it is skipped. A stream has no positions; the offset
 * does not count there.
 */
ssize_t tracefs_pread(struct tracefs_file *file, char *buf, size_t len,
		      u64 offset)
{
	ssize_t n = 0;

	if (!(file->flags & TRACEFS_READ) || file->node->read ||
	    !file->node->show)
		return tracefs_read(file, buf, len);
	if (offset < file->offset)
		n = restart(file);
	while (!n && file->offset < offset) {
		n = read_text(file, NULL, offset - file->offset);
		if (!n)
			return 0;
		n = min(n, (ssize_t)0);
	}
	return n ? n : read_text(file, buf, len);
}

/* A file without a poll of its own is always readable. */
int tracefs_poll(struct tracefs_file *file)
{
	if (!(file->flags & TRACEFS_READ))
		return -EBADF;
	return file->taken < file->seq.len || !file->node->poll ||
	       file->node->poll(file);
}

/* What an earlier write said of its error does not count for this one. */
static void error_reset(struct tracefs_file *file)
{
	file->error_at = 0;
	file->error_text = NULL;
	file->error_where = NULL;
	file->error_quote[0] = '\0';
	file->error_command = NULL;
}

ssize_t tracefs_write(struct tracefs_file *file, const char *buf, size_t len)
{
	ssize_t ret;

	if (!(file->flags & TRACEFS_WRITE))
		return -EBADF;
	error_reset(file);
	ret = file->node->write ? file->node->write(file, buf, len) : -EINVAL;
	if (ret < 0)
		error_log_add(file, buf, len, ret);
	return ret;
}

/* The handle is gone in every case, as after close(2). */
int tracefs_close(struct tracefs_file *file)
{
	int ret;

	error_reset(file);
	ret = file->node->release ? file->node->release(file) : 0;
	if (ret < 0)
		error_log_add(file, "", 0, ret);
	kfree(file->seq.buf);
	tracefs_put(&file->at);
	kfree(file);
	return ret;
}

int tracefs_put_text(const char *path, unsigned int flags, const char *text,
		     const char **why)
{
	const char *sentence = NULL;
	struct tracefs_file *file;
	int ret = tracefs_open(path, flags | TRACEFS_WRITE, &file), err;
	ssize_t took;

	if (!ret) {
		took = tracefs_write(file, text, strlen(text));
		if (took < 0)
			sentence = file->error_text;
		err = tracefs_close(file);
		ret = took < 0 ? (int)took : err;
	}
	if (ret && why)
		*why = sentence ?: errno_sentence(ret);
	return ret;
}

int tracefs_get_text(const char *path, char *text, size_t size)
{
	struct tracefs_file *file;
	int ret = tracefs_open(path, TRACEFS_READ | TRACEFS_NONBLOCK, &file);
	ssize_t n = 0;

	if (!ret) {
		n = tracefs_read(file, text, size - 1);
		tracefs_close(file);
	}
	text[n > 0 ? n : 0] = '\0';
	return ret ? ret : n < 0 ? (int)n : 0;
}
