// SPDX-License-Identifier: MIT
/*
 * act_instances.c - asks two questions of one workload at once, each in a trace
 * of its own.
 *
 * The act gives the shell the lines that a user would type.
 */
#include "demo/demo.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "kernel/workload.h"
#include "trace/trace.h"

#define WALKS 5
#define CALLS 4 /* of walk_tree() in a walk of depth 3 with one branch */

static void walk_some(void)
{
	unsigned int i;

	for (i = 0; i < WALKS; i++) {
		demo_step();
		walk_tree(3, 1);
	}
}

/* Events written to the trace of that name. */
static u64 written(const char *name)
{
	struct trace_array *tr = trace_array_get(name);
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 n = 0;

	if (!tr)
		return 0;
	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		n += stats.written;
	}
	trace_array_put(tr);
	return n;
}

static int act_instances(void)
{
	static const char *const before[] = {
		"mkdir instances/steps instances/walks",
		"echo demo_step > instances/steps/set_ftrace_filter",
		"echo walk_tree > instances/walks/set_ftrace_filter",
		"echo function > instances/steps/current_tracer",
		"echo function_graph > instances/walks/current_tracer",
	};
	unsigned int i;
	u64 steps, walks;
	int ret = 0;

	printk_plain("  One workload, two questions: how often is demo_step() "
		     "called, and how long does a walk take?");
	printk_plain("  Each trace has its own tracer, filter and buffer; "
		     "neither sees the other's functions.");
	for (i = 0; i < ARRAY_SIZE(before) && !ret; i++)
		ret = demo_type(before[i]);
	if (!ret)
		walk_some();
	steps = written("steps");
	walks = written("walks");
	if (!ret)
		ret = demo_type("grep -c demo_step instances/steps/trace; "
				"head -n 8 instances/walks/trace");
	if (!ret)
		ret = demo_type("rmdir instances/steps instances/walks");
	if (!ret && (steps != WALKS || walks != WALKS * CALLS * 2))
		ret = -EIO;
	demo_result("act=instances steps=%llu walks=%llu", steps, walks);
	return ret;
}

DEMO_ACT(65, instances, "two instances, two questions", act_instances);
