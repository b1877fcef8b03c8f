// SPDX-License-Identifier: MIT
/*
 * tracer_options.c - the names and defaults of the tracers' options.
 */
#include "trace/tracers/tracer_options.h"

#include "trace/trace_options.h"

static_assert(TRACER_OPTIONS_END <= 32, "a bit each in trace_array.options");

static const struct trace_option_row rows[] = {
#define OPTION_ROW(id, name, on) { name, on },
	TRACER_OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

static const struct trace_option_group tracer_options = {
	.first = TRACE_OPTIONS_CORE,
	.nr = ARRAY_SIZE(rows),
	.row = rows,
};
TABLE_ENTRY(trace_option_groups, 20, tracer_options);
