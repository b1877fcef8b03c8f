/* SPDX-License-Identifier: MIT */
/*
 * tracefs.h - the control tree: files that read and write the tracer.
 *
 * Owns open handles. It knows neither the shell nor the serial line, so a file
 * server can sit on the same calls. What is in the tree is told by sources, see
 * tracefs_tree.h.
 *
 * I1  Text is generated from offset 0 on and kept per open handle: two
 *     readers never disturb each other, and a reader sees one state.
 * I2  Whatever refuses a write is told in error_log: where, what was written,
 *     what is wrong with it, a caret under it.
 * I3  What a handle changes takes effect when its node says so: at write, or
 *     for the filters at close. Who both reads and writes a filter reads
 *     what the words complete so far make of it.
 * I4  A handle keeps the directories above it, see T1 of tracefs_tree.h.
 *
 * Names, modes and errno are those of Linux's tracefs. A path has no leading
 * slash; "" is the root, and a slash at the end means a directory.
 *
 * Context of all calls: task, may sleep. A handle is used by one task at a
 * time; cursors and what is returned belong to the caller.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/control/tracefs_tree.h"
#include "trace/event/trace_seq.h"

/* Open flags. TRUNC is the shell's '>', its absence '>>'. */
#define TRACEFS_READ	 BIT(0)
#define TRACEFS_WRITE	 BIT(1)
#define TRACEFS_TRUNC	 BIT(2)
#define TRACEFS_NONBLOCK BIT(3) /* a stream with nothing to say: -EAGAIN */

struct tracefs_file {
	const struct tracefs_node *node;
	struct tracefs_path at;	     /* its levels, held */
	char path[TRACEFS_PATH_MAX]; /* as it was opened */
	unsigned int flags;
	u64 pos;       /* the node's iterator */
	void *private; /* the node's own */

	/* Text generated and not yet read. */
	struct trace_seq seq;
	size_t taken; /* bytes of it already read */
	bool ended;

	/* What a failed write says to the user, in error_log. */
	unsigned int error_at;	/* offset of the culprit in what was written */
	const char *error_text; /* NULL: the errno in words */
	char error_quote[64];	/* "", or what to quote in place of that */
};

/*
 * Open @path. Return: the handle in *@file and 0; -ENOENT there is nothing;
 * -ENOTDIR below a file; -EISDIR a directory; -EACCES the mode forbids it;
 * -ENOMEM; or what the node's open said (-EBUSY, -EINVAL).
 */
int tracefs_open(const char *path, unsigned int flags,
		 struct tracefs_file **file);

/*
 * Return: bytes read, 0 at the end, -EBADF not open for reading, -ENOMEM no
 * room for a piece of text, or the node's errno.
 */
ssize_t tracefs_read(struct tracefs_file *file, char *buf, size_t len);

/*
 * Would a read return at once? It may return an error, or 0 at the end.
 * Return: 1 yes; 0 it would wait, or with TRACEFS_NONBLOCK return -EAGAIN;
 * -EBADF not open for reading. No other code is returned.
 */
int tracefs_poll(struct tracefs_file *file);

/* Return: bytes taken, -EBADF not open for writing, or the node's errno. */
ssize_t tracefs_write(struct tracefs_file *file, const char *buf, size_t len);

/* Return: 0 or what the node's release said; the handle is gone either way. */
int tracefs_close(struct tracefs_file *file);

/* An errno in the words of every Unix. */
const char *errno_sentence(int err);

struct tracefs_stat {
	u64 ino;  /* see T2 of tracefs_tree.h */
	u64 size; /* bytes; 0 they are not known, as on Linux */
	u16 mode; /* permission bits */
	bool dir;
};

/*
 * What is at @path? Return: 0 and *@stat; -ENOENT nothing; -ENOTDIR it is below
 * a file. No other code is returned.
 */
int tracefs_stat(const char *path, struct tracefs_stat *stat);

/* One name in a directory; those of directories end in '/'. */
struct tracefs_dirent {
	char name[TRACEFS_NAME_MAX + 1];
	bool dir;
	u16 mode;
	u64 ino;
};

/*
 * The next name in the directory @path. *@cursor is 0 for the first; it may be
 * kept, and used again. Return: 1 and *@entry; 0 there are no more; -ENOENT no
 * such directory; -ENOTDIR a file, or below one. No other code is returned.
 */
int tracefs_readdir(const char *path, u64 *cursor,
		    struct tracefs_dirent *entry);
