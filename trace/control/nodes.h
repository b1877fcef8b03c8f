/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - what the files of the control tree share.
 */
#pragma once

#include "trace/control/tracefs.h"

struct trace_array;

/* The directories per_cpu/cpuN/; the data of such a level is the CPU. */
extern const struct tracefs_dir cpu_dir;

/*
 * The number that was written, decimal, as Linux takes it: digits and at most
 * one newline. Return: 0, and what else is wrong with it is wrong from its
 * start; -EINVAL, -ERANGE (file->error_at and error_text are set).
 */
int node_number(struct tracefs_file *file, const char *buf, size_t len, u64 *n);

#define NODE_WORD 64
/* The word that was written, without white space around it. Return: 0 or
 * -EINVAL (nothing, or too long). */
int node_word(struct tracefs_file *file, const char *buf, size_t len,
	      char word[NODE_WORD]);

/* The CPU in the path, or TRACE_CPU_ALL. */
unsigned int node_cpu(const struct tracefs_file *file);

/* The trace that the file is about: that of the directory of kind trace_dir
 * above it, which for the root is trace_top(). */
struct trace_array *file_trace(const struct tracefs_file *file);
