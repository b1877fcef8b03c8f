// SPDX-License-Identifier: MIT
/*
 * per_cpu_nodes.c - per_cpu/: a directory for each CPU that is online.
 *
 * A CPU is never removed, so handles hold no reference.
 */
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

const struct tracefs_dir cpu_dir = { .mode = 0750 };
static const struct tracefs_dir per_cpu_dir = { .mode = 0750 };
static const struct tracefs_node cpu_node = { .dir = &cpu_dir };

static void cpu_name(u64 cpu, char name[TRACEFS_NAME_MAX],
		     struct tracefs_level *level)
{
	snprintf(name, TRACEFS_NAME_MAX, "cpu%llu", cpu);
	level->node = &cpu_node;
	level->data = (void *)cpu;
	level->id = cpu;
}

/* Only the name that `ls` shows is valid: cpu01 does not exist. */
static bool cpu_lookup(const struct tracefs_path *dir, const char *name,
		       struct tracefs_level *level)
{
	char proper[TRACEFS_NAME_MAX];
	u64 cpu;

	if (!str_has_prefix(name, "cpu") ||
	    kstrtoull(name + strlen("cpu"), 10, &cpu) || cpu >= NR_CPUS ||
	    !cpu_online(cpu))
		return false;
	cpu_name(cpu, proper, level);
	return !strcmp(name, proper);
}

/* The position is a CPU number, so CPUs coming online do not move others. */
static bool cpu_next(const struct tracefs_path *dir, u64 *pos,
		     char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	for (; *pos < NR_CPUS; ++*pos) {
		if (!cpu_online(*pos))
			continue;
		cpu_name((*pos)++, name, level);
		return true;
	}
	return false;
}

static const struct tracefs_source cpus = { .in = &per_cpu_dir,
					    .lookup = cpu_lookup,
					    .next = cpu_next };
TABLE_ENTRY(tracefs_sources, 50, cpus);

static const struct tracefs_node per_cpu_nodes[] = {
	{ .name = "per_cpu", .dir = &per_cpu_dir },
};
TRACEFS_FILES(50, trace_dir, per_cpu_nodes);

unsigned int node_cpu(const struct tracefs_file *file)
{
	const struct tracefs_level *cpu = tracefs_above(&file->at, &cpu_dir);

	return cpu ? (unsigned long)cpu->data : TRACE_CPU_ALL;
}
