/* SPDX-License-Identifier: MIT */
/*
 * tracefs.h - the control tree: files that read and write the tracer.
 *
 * Owns path lookup and open handles. The tree is data: tables of nodes, each
 * a path and a few functions. It knows neither the shell nor the serial line,
 * so a file server can sit on the same six calls.
 *
 * I1  Text is generated from offset 0 on and kept per open handle: two
 *     readers never disturb each other, and a reader sees one state.
 * I2  Whatever refuses a write is told in error_log: where, what was written,
 *     what is wrong with it, a caret under it.
 * I3  What a handle changes takes effect when its node says so: at write, or
 *     for the filters at close. Who both reads and writes a filter reads
 *     what the words complete so far make of it.
 *
 * Names, modes and errno are those of Linux's tracefs.
 *
 * Context: task, may sleep. A handle is used by one task at a time.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/event/trace_seq.h"

struct tracefs_file;

/* Open flags. TRUNC is the shell's '>', its absence '>>'. */
#define TRACEFS_READ	 BIT(0)
#define TRACEFS_WRITE	 BIT(1)
#define TRACEFS_TRUNC	 BIT(2)
#define TRACEFS_NONBLOCK BIT(3) /* a stream with nothing to say: -EAGAIN */

#define TRACEFS_PATH_MAX 96

struct tracefs_node {
	/*
	 * Path from the root of the tree, no leading slash. A '#' stands for
	 * the number of a CPU, which the handle then carries in ->cpu.
	 */
	const char *path;
	u16 mode; /* permission bits: 0440, 0640, 0220 */
	int (*open)(struct tracefs_file *file);
	/*
	 * Append the next piece of text; file->pos is the node's own, 0 at
	 * first. A piece that did not fit is asked for again, at the same
	 * pos, with more room. Return: 1 = call again, 0 = that was all,
	 * negative errno.
	 */
	int (*show)(struct tracefs_file *file, struct trace_seq *seq);
	/* In place of show, for streams and binary data. */
	ssize_t (*read)(struct tracefs_file *file, char *buf, size_t len);
	ssize_t (*write)(struct tracefs_file *file, const char *buf,
			 size_t len);
	int (*release)(struct tracefs_file *file);
};

struct tracefs_file {
	const struct tracefs_node *node;
	unsigned int flags;
	int cpu;       /* the number in the path, -1 if it has none */
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
 * What is at @path? A slash at its end means a directory.
 * Return: 0 a file; -EISDIR a directory; -ENOTDIR below a file; -ENOENT
 * nothing. No other code is returned.
 */
int tracefs_lookup(const char *path);

/*
 * Open @path. Return: the handle in *@file and 0; as tracefs_lookup(); -EACCES
 * the mode forbids it, -ENOMEM, or what the node's open said (-EBUSY, -EINVAL).
 */
int tracefs_open(const char *path, unsigned int flags,
		 struct tracefs_file **file);

/*
 * Return: bytes read, 0 at the end, -EBADF not open for reading, -ENOMEM no
 * room for a piece of text, or the node's errno.
 */
ssize_t tracefs_read(struct tracefs_file *file, char *buf, size_t len);

/* Return: bytes taken, -EBADF not open for writing, or the node's errno. */
ssize_t tracefs_write(struct tracefs_file *file, const char *buf, size_t len);

/* Return: 0 or what the node's release said; the handle is gone either way. */
int tracefs_close(struct tracefs_file *file);

/* An errno in the words of every Unix. */
const char *errno_sentence(int err);

/* One name in a directory; directories end in '/'. */
struct tracefs_dirent {
	char name[TRACEFS_PATH_MAX];
	bool dir;
	u16 mode;
};

/*
 * The @n-th name in the directory @path ("" is the root); none comes twice.
 * Return: 0; -ENOENT there are no more, or no such directory.
 */
int tracefs_readdir(const char *path, unsigned int n,
		    struct tracefs_dirent *entry);
