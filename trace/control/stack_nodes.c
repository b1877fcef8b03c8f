// SPDX-License-Identifier: MIT
/*
 * stack_nodes.c - the control files of the stack tracer.
 */
#include "kernel/lib/errno.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"
#include "trace/tracers/stack.h"

static int stack_enabled_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%d\n", stack_tracer_on());
	return 0;
}

static ssize_t stack_enabled_write(struct tracefs_file *file, const char *buf,
				   size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (!ret)
		ret = stack_tracer_set(n);
	return ret ? ret : (ssize_t)len;
}

static int stack_show(struct tracefs_file *file, struct trace_seq *seq)
{
	stack_trace_show(seq);
	return 0;
}

static int max_size_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%lu\n", stack_max_size());
	return 0;
}

static ssize_t max_size_write(struct tracefs_file *file, const char *buf,
			      size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	stack_set_max_size(n);
	return len;
}

static const struct tracefs_node stack_nodes[] = {
	{ .name = "stack_max_size",
	  .mode = 0640,
	  .show = max_size_show,
	  .write = max_size_write },
	{ .name = "stack_trace", .mode = 0440, .show = stack_show },
	{ .name = "stack_tracer_enabled",
	  .mode = 0640,
	  .show = stack_enabled_show,
	  .write = stack_enabled_write },
};
TRACEFS_FILES(50, root_dir, stack_nodes);
