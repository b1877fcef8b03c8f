/* SPDX-License-Identifier: MIT */
/*
 * error_log.h - the last refused writes, as the file error_log shows them.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_array;
struct trace_seq;
struct tracefs_file;

/*
 * A write of @len bytes to @file failed with @err: the trace that it is about
 * keeps that. Context: task.
 */
void error_log_add(const struct tracefs_file *file, const char *buf, size_t len,
		   int err);

/*
 * What the last failed write was told, whatever trace it was about; NULL: none
 * since error_log_clear().
 */
const char *error_log_last(void);

/* All of a trace, oldest first. */
void error_log_show(struct trace_array *tr, struct trace_seq *seq);
void error_log_clear(struct trace_array *tr);
