/* SPDX-License-Identifier: MIT */
/*
 * trace_options.h - which options a trace has, and the table of code that
 * follows their changes. To set and to show them: trace.h.
 */
#pragma once

#include "trace/trace.h"

/*
 * Return: does the trace have this option? Only the top trace has record-cmd,
 * as on Linux: names of tasks are saved for all traces. Context: any.
 */
bool trace_has_option(const struct trace_array *tr, unsigned int option);

/* Set those of a new instance: see trace_array_create(). [trace_lock held] */
void trace_options_inherit(struct trace_array *tr);

/*
 * Options with the bits ->first to ->first + ->nr - 1 of trace_array.options.
 * Groups add themselves to this table in the order of their bits, without a
 * gap: first those of every trace, then those of the tracers.
 */
struct trace_option_row {
	const char *name;
	bool on; /* at boot */
};

struct trace_option_group {
	unsigned int first, nr;
	const struct trace_option_row *row;
};
DECLARE_TABLE(struct trace_option_group, trace_option_groups);

/*
 * What is no tracer and has options adds itself to this table. changed is
 * called after an option of a trace has changed; allow, if it is not NULL,
 * before it changes. Return of allow: 0, or an errno and the option stays.
 * [trace_lock held]
 */
struct trace_option_hook {
	void (*changed)(struct trace_array *tr, unsigned int option, bool on);
	int (*allow)(struct trace_array *tr, unsigned int option, bool on);
};
DECLARE_TABLE(struct trace_option_hook, trace_option_hooks);
