// SPDX-License-Identifier: MIT
/*
 * sysctl_nodes.c - ftrace_enabled, which Linux has as a setting of its own
 * (/proc/sys/kernel/ftrace_enabled).
 */
#include "kernel/lib/errno.h"
#include "trace/control/nodes.h"
#include "trace/core/ftrace.h"

static int enabled_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%d\n", ftrace_is_enabled());
	return 0;
}

static ssize_t enabled_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (!ret)
		ret = ftrace_set_enabled(n);
	return ret ? ret : (ssize_t)len;
}

static const struct tracefs_node sysctl_nodes[] = {
	{ .name = "ftrace_enabled",
	  .mode = 0644,
	  .show = enabled_show,
	  .write = enabled_write },
};
TRACEFS_FILES(50, root_dir, sysctl_nodes);
