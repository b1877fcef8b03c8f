// SPDX-License-Identifier: MIT
/*
 * persist_nodes.c - last_boot_info, and buffer_meta of each CPU: files that
 * only a trace in memory that survives a reset has.
 */
#include "trace/control/nodes.h"
#include "trace/trace_persist.h"

bool node_persists(const struct tracefs_path *dir)
{
	const struct tracefs_level *level = tracefs_above(dir, &trace_dir);
	const struct trace_array *tr = level ? level->data : NULL;

	return tr && tr->area;
}

static int last_boot_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_last_boot_show(file_trace(file), seq);
	return 0;
}

static int meta_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_buffer_meta_show(file_trace(file), node_cpu(file), seq);
	return 0;
}

static const struct tracefs_node persist_nodes[] = {
	{ .name = "last_boot_info",
	  .exists = node_persists,
	  .mode = 0440,
	  .show = last_boot_show },
};
TRACEFS_FILES(71, trace_dir, persist_nodes);

static const struct tracefs_node cpu_persist_nodes[] = {
	{ .name = "buffer_meta",
	  .exists = node_persists,
	  .mode = 0440,
	  .show = meta_show },
};
TRACEFS_FILES(71, cpu_dir, cpu_persist_nodes);
