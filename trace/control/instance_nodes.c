// SPDX-License-Identifier: MIT
/*
 * instance_nodes.c - instances/: a directory for each trace but the top one.
 *
 * mkdir creates a trace, rmdir destroys it; the level of a path holds its trace
 * (T1). A trace's serial number is its id and its position (T2, T3).
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

static_assert(TRACE_NAME_MAX == TRACEFS_NAME_MAX, "every name fits");

static const struct tracefs_node instance_node = { .dir = &trace_dir };

static int instance_mkdir(const struct tracefs_path *dir, const char *name)
{
	struct trace_array *tr = trace_array_create(name);

	(void)dir;
	return IS_ERR(tr) ? (int)PTR_ERR(tr) : 0;
}

static int instance_rmdir(const struct tracefs_path *dir, const char *name)
{
	(void)dir;
	return trace_array_remove(name);
}

static const struct tracefs_dir instances_dir = {
	.mode = 0750,
	.mkdir = instance_mkdir,
	.rmdir = instance_rmdir,
};

static bool instance_lookup(const struct tracefs_path *dir, const char *name,
			    struct tracefs_level *level)
{
	struct trace_array *tr = trace_array_get(name);

	(void)dir;
	if (!tr)
		return false;
	level->node = &instance_node;
	level->data = tr;
	level->id = tr->serial;
	return true;
}

static bool instance_next(const struct tracefs_path *dir, u64 *pos,
			  char name[TRACEFS_NAME_MAX],
			  struct tracefs_level *level)
{
	u64 serial = *pos;

	(void)dir;
	if (!trace_array_next(&serial, name))
		return false;
	level->node = &instance_node;
	level->id = serial;
	*pos = serial + 1;
	return true;
}

static void instance_put(const struct tracefs_level *level)
{
	trace_array_put(level->data);
}

static const struct tracefs_source instances = { .in = &instances_dir,
						 .lookup = instance_lookup,
						 .next = instance_next,
						 .put = instance_put };
TABLE_ENTRY(tracefs_sources, 70, instances);

static const struct tracefs_node instances_nodes[] = {
	{ .name = "instances", .dir = &instances_dir },
};
TRACEFS_FILES(70, root_dir, instances_nodes);
