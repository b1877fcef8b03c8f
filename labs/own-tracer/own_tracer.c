// SPDX-License-Identifier: MIT
/*
 * own_tracer.c - a tracer of your own: every tenth call of each CPU's.
 *
 * echo own > current_tracer registers it, echo nop takes it out again. The
 * events are those of the function tracer, so every reader knows them.
 *
 * Context: own_call(): probe.
 */
#include "trace/trace_internal.h"
#include <asm/percpu.h>

#define EVERY 10

static DEFINE_PER_CPU(unsigned long, own_calls);

static notrace void own_call(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct trace_array *tr = container_of(ops, struct trace_array, ops);

	this_cpu_inc(own_calls);
	if (tr->on && this_cpu_read(own_calls) % EVERY == 0)
		trace_function(tr, ip, parent_ip);
}

static int own_init(struct trace_array *tr)
{
	tr->ops.func = own_call;
	return register_ftrace_function(&tr->ops);
}

static int own_reset(struct trace_array *tr)
{
	return unregister_ftrace_function(&tr->ops);
}

static const struct tracer own_tracer = {
	.name = "own",
	.init = own_init,
	.reset = own_reset,
};
TABLE_ENTRY(tracers, 90, own_tracer);
