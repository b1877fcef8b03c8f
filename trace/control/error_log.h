/* SPDX-License-Identifier: MIT */
/*
 * error_log.h - the last refused writes, for the file error_log.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_array;
struct trace_seq;
struct tracefs_file;

/*
 * Log that a write of @len bytes to @file failed with @err, in the log of the
 * file's trace. Context: task.
 */
void error_log_add(const struct tracefs_file *file, const char *buf, size_t len,
		   int err);

/*
 * Return: the sentence of the last failed write to any trace's files; NULL if
 * there is none since error_log_clear().
 */
const char *error_log_last(void);

/* Print all errors of a trace, oldest first. */
void error_log_show(struct trace_array *tr, struct trace_seq *seq);
void error_log_clear(struct trace_array *tr);
