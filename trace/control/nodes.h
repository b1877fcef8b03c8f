/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - the tables of the control tree, and what their files share.
 */
#pragma once

#include "trace/control/tracefs.h"

struct trace_array;

/* Each ends with a node without a path. */
extern const struct tracefs_node tracer_nodes[];
extern const struct tracefs_node filter_nodes[];
extern const struct tracefs_node graph_nodes[];
extern const struct tracefs_node buffer_nodes[];
extern const struct tracefs_node stack_nodes[];
extern const struct tracefs_node event_nodes[];

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

/* The CPU in the path, or all. */
unsigned int node_cpu(const struct tracefs_file *file);

/* The trace that the file is about: its directory's, else the only one. */
struct trace_array *file_trace(const struct tracefs_file *file);
