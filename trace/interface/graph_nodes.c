// SPDX-License-Identifier: MIT
/*
 * graph_nodes.c - files of the graph tracer.
 */
#include "kernel/lib/errno.h"
#include "trace/interface/hash_edit.h"
#include "trace/interface/nodes.h"
#include "trace/trace.h"

/* ---- set_graph_function, set_graph_notrace ------------------------------- */

static int graph_open(struct tracefs_file *file, bool exclude)
{
	struct ftrace_hash *hash;

	if (!(file->flags & TRACEFS_WRITE))
		return 0;
	hash = trace_graph_hash_begin(exclude, file->flags & TRACEFS_TRUNC);
	if (!hash)
		return -ENOMEM;
	file->private = hash_edit_begin(hash, false);
	return IS_ERR(file->private) ? PTR_ERR(file->private) : 0;
}

static int graph_show(struct tracefs_file *file, struct trace_seq *seq,
		      bool exclude)
{
	trace_graph_hash_show(exclude, seq);
	return 0;
}

static ssize_t graph_write(struct tracefs_file *file, const char *buf,
			   size_t len)
{
	return hash_edit_write(file->private, file, buf, len);
}

static int graph_release(struct tracefs_file *file, bool exclude)
{
	struct ftrace_hash *hash;
	int err, ret;

	if (!(file->flags & TRACEFS_WRITE))
		return 0;
	if (!hash_edit_finish(file->private, file, &hash, &err))
		return err;
	ret = trace_graph_hash_set(exclude, hash);
	return ret ? ret : err;
}

static int set_graph_open(struct tracefs_file *file)
{
	return graph_open(file, false);
}

static int set_graph_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return graph_show(file, seq, false);
}

static int set_graph_release(struct tracefs_file *file)
{
	return graph_release(file, false);
}

static int graph_notrace_open(struct tracefs_file *file)
{
	return graph_open(file, true);
}

static int graph_notrace_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return graph_show(file, seq, true);
}

static int graph_notrace_release(struct tracefs_file *file)
{
	return graph_release(file, true);
}

static int depth_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%u\n", trace_graph_depth());
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
	trace_set_graph_depth(n);
	return len;
}

const struct tracefs_node graph_nodes[] = {
	{ .path = "max_graph_depth",
	  .mode = 0640,
	  .show = depth_show,
	  .write = depth_write },
	{ .path = "set_graph_function",
	  .mode = 0640,
	  .open = set_graph_open,
	  .show = set_graph_show,
	  .write = graph_write,
	  .release = set_graph_release },
	{ .path = "set_graph_notrace",
	  .mode = 0640,
	  .open = graph_notrace_open,
	  .show = graph_notrace_show,
	  .write = graph_write,
	  .release = graph_notrace_release },
	{ .path = NULL },
};
