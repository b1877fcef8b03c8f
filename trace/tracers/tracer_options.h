/* SPDX-License-Identifier: MIT */
/*
 * tracer_options.h - the options of the tracers, behind those that a trace has
 * whatever its tracer is (trace.h). Some belong to several tracers.
 */
#pragma once

#include "trace/trace.h"

/* constant, name in trace_options, on at boot */
#define TRACER_OPTION_LIST(X)                                  \
	X(func_stack_trace, "func_stack_trace", false)         \
	X(funcgraph_overrun, "funcgraph-overrun", false)       \
	X(funcgraph_cpu, "funcgraph-cpu", true)                \
	X(funcgraph_overhead, "funcgraph-overhead", true)      \
	X(funcgraph_proc, "funcgraph-proc", false)             \
	X(funcgraph_duration, "funcgraph-duration", true)      \
	X(funcgraph_abstime, "funcgraph-abstime", false)       \
	X(funcgraph_irqs, "funcgraph-irqs", true)              \
	X(funcgraph_tail, "funcgraph-tail", false)             \
	X(funcgraph_retval, "funcgraph-retval", false)         \
	X(funcgraph_retval_hex, "funcgraph-retval-hex", false) \
	X(sleep_time, "sleep-time", true)                      \
	X(graph_time, "graph-time", true)                      \
	X(profile_time, "profile-time", true)                  \
	X(function_trace, "function-trace", true)

/* Numbers behind those of the core: a bit of trace_array.options each. */
enum tracer_option {
	TRACER_OPTIONS_BEFORE = TRACE_OPTIONS_CORE - 1,
#define TRACER_OPTION_BIT(id, name, on) TRACE_OPT_##id,
	TRACER_OPTION_LIST(TRACER_OPTION_BIT)
#undef TRACER_OPTION_BIT
		TRACER_OPTIONS_END
};
