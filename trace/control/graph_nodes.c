// SPDX-License-Identifier: MIT
/*
 * graph_nodes.c - the control files of the function_graph tracer.
 */
#include "kernel/lib/errno.h"
#include "trace/control/hash_edit.h"
#include "trace/control/nodes.h"
#include "trace/tracers/function_graph.h"

/* ---- set_graph_function, set_graph_notrace ------------------------------- */

/* A copy of one half of what function_graph follows, for hash_edit.h. */
static int graph_hash_get(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash **copy)
{
	return trace_graph_hash_get(file_trace(file), exclude, copy);
}

/* In force for calls that begin afterwards; takes over the hash. */
static int graph_hash_set(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash *hash)
{
	return trace_graph_hash_set(file_trace(file), exclude, hash);
}

static int set_graph_open(struct tracefs_file *file)
{
	static const struct hash_source source = {
		.exclude = false,
		.get = graph_hash_get,
		.set = graph_hash_set,
	};

	return hash_edit_open(file, &source);
}

static int graph_notrace_open(struct tracefs_file *file)
{
	static const struct hash_source source = {
		.exclude = true,
		.get = graph_hash_get,
		.set = graph_hash_set,
	};

	return hash_edit_open(file, &source);
}

/* 0: as deep as the calls go. */
static int depth_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%u\n", trace_graph_depth(file_trace(file)));
	return 0;
}

static ssize_t depth_write(struct tracefs_file *file, const char *buf,
			   size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	if (n > 1000000)
		return -ERANGE;
	trace_set_graph_depth(file_trace(file), n);
	return len;
}

static const struct tracefs_node graph_nodes[] = {
	{ .name = "max_graph_depth",
	  .mode = 0640,
	  .show = depth_show,
	  .write = depth_write },
	{ .name = "set_graph_function",
	  .mode = 0640,
	  .open = set_graph_open,
	  .show = hash_edit_show,
	  .write = hash_edit_write,
	  .release = hash_edit_release },
	{ .name = "set_graph_notrace",
	  .mode = 0640,
	  .open = graph_notrace_open,
	  .show = hash_edit_show,
	  .write = hash_edit_write,
	  .release = hash_edit_release },
};
TRACEFS_FILES(30, trace_dir, graph_nodes);
