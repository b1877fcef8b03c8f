/* SPDX-License-Identifier: MIT */
/*
 * tracefs.h - the control tree: files that show and control the tracer.
 *
 * Owns open handles. It does not depend on the shell or the serial line, so a
 * file server can use the same calls. Sources define what is in the tree, see
 * tracefs_tree.h.
 *
 * TF1  Each open handle generates its text from offset 0 and keeps it: two
 *     readers never disturb each other, and a reader sees one state.
 * TF2  Every refused write is logged in error_log: the file, the input, the
 *     error, and a caret under the wrong part.
 * TF3  A node decides when a change takes effect: at write, or for the filters
 *     at close. A handle that both reads and writes a filter reads the set as
 *     edited by the words complete so far.
 * TF4  A handle holds the directories above it, see T1 of tracefs_tree.h.
 *
 * Names, modes and errno are those of Linux's tracefs. A path has no leading
 * slash; "" is the root, and a slash at the end means a directory.
 *
 * Context of all calls: task, may sleep. One task at a time uses a handle.
 * Cursors and results belong to the caller.
 */
#pragma once

#include "kernel/lib/trace_seq.h"
#include "kernel/lib/types.h"
#include "trace/control/tracefs_tree.h"

/* Open flags. The shell's '>' sets TRUNC, '>>' does not. */
#define TRACEFS_READ	 BIT(0)
#define TRACEFS_WRITE	 BIT(1)
#define TRACEFS_TRUNC	 BIT(2)
#define TRACEFS_NONBLOCK BIT(3) /* an empty stream returns -EAGAIN */
/* Whatever the mode is, as root may on Linux: what the file cannot do then
 * fails with -EINVAL when it is tried. */
#define TRACEFS_ROOT BIT(4)
/* With NONBLOCK: the read repeats one that found nothing, for a caller that
 * waits. A stream may let it wait for more. */
#define TRACEFS_WAITS BIT(5)

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
	u64 offset;   /* bytes of text read since the beginning */
	bool ended;

	/* The text of a failed write for the user, in error_log. */
	unsigned int error_at;	 /* offset of the wrong part in the input */
	const char *error_text;	 /* NULL: use errno_sentence() */
	const char *error_where; /* NULL: the path */
	char error_place[144];	 /* room for a text of ->error_where */
	char error_quote[64];	 /* "", or text to quote instead of the input */
	/* NULL, or the same, of the handle, with error_at in it */
	const char *error_command;
};

/*
 * Open @path. Return: 0 and the handle in *@file; -ENOENT the path does not
 * exist; -ENOTDIR it goes on below a file; -EISDIR it is a directory; -EACCES
 * the mode forbids it; -ENOMEM; or the error of the node's open (-EBUSY,
 * -EINVAL).
 */
int tracefs_open(const char *path, unsigned int flags,
		 struct tracefs_file **file);

/*
 * Return: bytes read; 0 at the end; -EBADF not open for reading; -ENOMEM no
 * room for a piece of text; or the node's errno.
 */
ssize_t tracefs_read(struct tracefs_file *file, char *buf, size_t len);

/*
 * Read at @offset. A stream ignores it. Text is generated from the beginning
 * again if the offset is before the last read's end. Return: as tracefs_read();
 * -ESPIPE that is not possible, because the handle changes something at close;
 * or the errno of the node's open, after which the handle can only be closed.
 */
ssize_t tracefs_pread(struct tracefs_file *file, char *buf, size_t len,
		      u64 offset);

/*
 * Would a read return at once? It may return an error, or 0 at the end.
 * Return: 1 yes; 0 it would wait, or with TRACEFS_NONBLOCK return -EAGAIN;
 * -EBADF not open for reading. No other code is returned.
 */
int tracefs_poll(struct tracefs_file *file);

/* Return: bytes accepted, -EBADF not open for writing, or the node's errno. */
ssize_t tracefs_write(struct tracefs_file *file, const char *buf, size_t len);

/* Return: 0 or the error of the node's release. Frees the handle always. */
int tracefs_close(struct tracefs_file *file);

/*
 * Open, one write of the whole text, close. @flags: TRACEFS_WRITE is added.
 * Return: 0 or the first error of the three; then *@why, if @why is not NULL,
 * is its sentence: the file's own, if the write was refused with one.
 */
int tracefs_put_text(const char *path, unsigned int flags, const char *text,
		     const char **why);

/* Read the first @size - 1 bytes, "" after an error. Return: 0 or an errno. */
int tracefs_get_text(const char *path, char *text, size_t size);

/* Return: the usual Unix sentence for an errno. */
const char *errno_sentence(int err);

/*
 * tracefs_mkdir() - make the directory @path; slashes at its end do not count
 * tracefs_rmdir() - remove it
 * Return: 0; -ENOENT no such path; -ENOTDIR it goes on below a file, or rmdir:
 * it is one; -ENAMETOOLONG a name of TRACEFS_NAME_MAX bytes or more; -EPERM not
 * in this directory; mkdir: -EEXIST, -ENOMEM; rmdir: -EBUSY a file in it is
 * open, or the error of ending what it stands for.
 */
int tracefs_mkdir(const char *path);
int tracefs_rmdir(const char *path);

struct tracefs_stat {
	u64 ino;  /* see T2 of tracefs_tree.h */
	u64 size; /* bytes; 0: not known, as on Linux */
	u16 mode; /* permission bits */
	bool dir;
};

/*
 * Describe the file or directory @path. Return: 0 and *@stat; -ENOENT it does
 * not exist; -ENOTDIR it goes on below a file. No other code is returned.
 */
int tracefs_stat(const char *path, struct tracefs_stat *stat);

/* One name in a directory; the name of a directory ends in '/'. */
struct tracefs_dirent {
	char name[TRACEFS_NAME_MAX + 1];
	bool dir;
	u16 mode;
	u64 ino;
};

/*
 * Read the next name in the directory @path. *@cursor is 0 for the first name;
 * the caller may keep a cursor and use it again. Return: 1 and *@entry; 0 there
 * are no more names; -ENOENT no such directory; -ENOTDIR @path is a file or
 * goes on below one. No other code is returned.
 */
int tracefs_readdir(const char *path, u64 *cursor,
		    struct tracefs_dirent *entry);
