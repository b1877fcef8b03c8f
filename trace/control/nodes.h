/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - shared by the files of the control tree.
 */
#pragma once

#include "trace/control/tracefs.h"

struct trace_array;

/* The directories per_cpu/cpuN/; the data of such a level is the CPU. */
extern const struct tracefs_dir cpu_dir;

/*
 * Parse a written decimal number as Linux does: digits and at most one newline.
 * Return: 0, and file->error_at is 0, so that a later error points at its
 * start; -EINVAL, -ERANGE (file->error_at and error_text are set).
 */
int node_number(struct tracefs_file *file, const char *buf, size_t len, u64 *n);

#define NODE_WORD 64
/* Copy the written word without the white space around it. Return: 0 or
 * -EINVAL (no word, or too long). */
int node_word(struct tracefs_file *file, const char *buf, size_t len,
	      char word[NODE_WORD]);

/* The show and release of a file whose private is a reader by trace_open(). */
int trace_file_show(struct tracefs_file *file, struct trace_seq *seq);
int trace_file_release(struct tracefs_file *file);

/*
 * Read from a stream; @next returns available data or -EAGAIN. As on Linux, a
 * stream ends when tracing is off and everything is read. A reader that has
 * read nothing yet waits for tracing to begin. file->pos is 1 once it has read
 * something.
 */
ssize_t node_stream_read(struct tracefs_file *file, char *buf, size_t len,
			 ssize_t (*next)(struct tracefs_file *file, char *buf,
					 size_t len));
/* Has a stream that was read ended? Then a read does not wait. */
bool node_stream_ended(const struct tracefs_file *file);

/* Return: the CPU in the path, or TRACE_CPU_ALL. */
unsigned int node_cpu(const struct tracefs_file *file);

/* Is @dir below a trace in memory that survives a reset? */
bool node_persists(const struct tracefs_path *dir);

/* Return: the trace of the file: the data of the nearest directory of kind
 * trace_dir above it; for the root, trace_top(). */
struct trace_array *file_trace(const struct tracefs_file *file);
