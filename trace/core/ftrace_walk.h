/* SPDX-License-Identifier: MIT */
/*
 * ftrace_walk.h - where ftrace_plan.c is in the sites that an ops matches
 * before and after a change. Context: task, ftrace_lock.
 */
#pragma once

#include "trace/core/ftrace_internal.h"

/* A walk over one hash in rising order; in holds for all sites below end. */
struct ftrace_cursor {
	size_t end;
	size_t pos; /* first element not below end */
	bool in;
};

/* The sites that an ops matches, asked in rising order. */
struct ftrace_match {
	bool active; /* false: no site */
	const struct ftrace_hash *filter, *exclude;
	struct ftrace_cursor in_filter, in_exclude;
};

struct ftrace_walk {
	struct ftrace_match before, after;
};
