// SPDX-License-Identifier: MIT
/*
 * act_graph.c - draws a walk through the kernel with function_graph.
 *
 * The act gives the shell the lines that a user would type. Every line behind
 * the prompt also works on Linux.
 */
#include "demo/demo.h"
#include "demo/figures.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/workload.h"

static DEFINE_MUTEX(counter);

void demo_errand(void);

/* Allocates memory, takes a lock, computes, sleeps for a millisecond. */
noinline void demo_errand(void)
{
	void *parcel = kmalloc(100);

	mutex_lock(&counter);
	walk_tree(3, 1);
	mutex_unlock(&counter);
	msleep(1);
	kfree(parcel);
}

static void explain(void)
{
	printk_plain(
		"  At entry the tracer puts its own address in place of the "
		"return address, so it sees the end");
	printk_plain("  of each function. + took longer than 10 us, ! 100 us, "
		     "# 1000 us, by the clock, sleep included.");
	printk_plain(
		"  The two events of a call take %d instructions; on Linux "
		"%s.",
		OURS_CALL_GRAPH_RING, grouped(LINUX_CALL_GRAPH_RING));
}

static int act_graph(void)
{
	int ret;

	explain();
	ret = demo_type("echo demo_errand > set_graph_function");

	if (!ret)
		ret = demo_type("echo 3 > max_graph_depth");
	if (!ret)
		ret = demo_type("echo function_graph > current_tracer");
	if (!ret)
		demo_errand();
	if (!ret)
		ret = demo_type("echo 0 > tracing_on");
	if (!ret)
		ret = demo_type("cat trace");
	if (!ret)
		ret = demo_type("echo nop > current_tracer");
	if (!ret)
		ret = demo_type(
			"echo > set_graph_function; echo 0 > max_graph_depth");
	if (!ret)
		ret = demo_type("echo 1 > tracing_on");
	demo_result("act=graph status=%d", ret);
	return ret;
}

DEMO_ACT(60, graph, "an errand, drawn by function_graph", act_graph);
