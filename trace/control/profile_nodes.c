// SPDX-License-Identifier: MIT
/*
 * profile_nodes.c - function_profile_enabled, and trace_stat/functionN for each
 * CPU that is online.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/nodes.h"
#include "trace/tracers/profile.h"

static int enabled_show(struct tracefs_file *file, struct trace_seq *seq)
{
	(void)file;
	trace_seq_printf(seq, "%d\n", function_profile_on());
	return 0;
}

/* Any number but 0 switches it on; if it is on, nothing changes. */
static ssize_t enabled_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (!ret)
		ret = function_profile_set(n);
	return ret ? ret : (ssize_t)len;
}

static const struct tracefs_dir stat_dir = { .mode = 0750 };

static const struct tracefs_node profile_nodes[] = {
	{ .name = "function_profile_enabled",
	  .mode = 0640,
	  .show = enabled_show,
	  .write = enabled_write },
	{ .name = "trace_stat", .dir = &stat_dir },
};
TRACEFS_FILES(51, root_dir, profile_nodes);

/* ---- trace_stat/functionN ------------------------------------------------ */

/* Sorted once, at open: the counts go on while the file is read. */
static int stat_open(struct tracefs_file *file)
{
	file->private =
		profile_stat_copy((unsigned long)tracefs_last(&file->at)->data);
	return file->private ? 0 : -ENOMEM;
}

static int stat_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return profile_stat_show(file->private, &file->pos, seq);
}

static int stat_release(struct tracefs_file *file)
{
	kfree(file->private);
	return 0;
}

static const struct tracefs_node stat_node = {
	.mode = 0444,
	.open = stat_open,
	.show = stat_show,
	.release = stat_release,
};

/* All CPUs share one node; the level has the number. */
static void stat_name(u64 cpu, char name[TRACEFS_NAME_MAX],
		      struct tracefs_level *level)
{
	snprintf(name, TRACEFS_NAME_MAX, "function%llu", cpu);
	level->node = &stat_node;
	level->data = (void *)cpu;
	level->id = cpu;
}

/* The position is a CPU number. */
static bool stat_next(const struct tracefs_path *dir, u64 *pos,
		      char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	(void)dir;
	*pos = next_online_cpu(*pos);
	if (*pos == NR_CPUS)
		return false;
	stat_name((*pos)++, name, level);
	return true;
}

/* By the names that the directory lists: function01 is no file. */
static bool stat_lookup(const struct tracefs_path *dir, const char *name,
			struct tracefs_level *level)
{
	char proper[TRACEFS_NAME_MAX];
	u64 pos = 0;

	while (stat_next(dir, &pos, proper, level))
		if (!strcmp(name, proper))
			return true;
	return false;
}

static const struct tracefs_source stats = { .in = &stat_dir,
					     .lookup = stat_lookup,
					     .next = stat_next };
TABLE_ENTRY(tracefs_sources, 51, stats);
