/* SPDX-License-Identifier: MIT */
/*
 * A saved stack, and what tests ask about it.
 */
#pragma once

#include "kernel/lib/types.h"
#include "tests/kernel/ktest.h"

#define TRACE_DEPTH 32

struct trace {
	unsigned long ip[TRACE_DEPTH];
	unsigned int n;
};

/* Index of the first entry that lies in that function, or TRACE_DEPTH. */
unsigned int trace_find(const struct trace *t, const char *name);

/* Prints it, as notes of the test. */
void trace_show(const struct trace *t);

/*
 * The functions, NULL behind the last, follow each other in the trace with
 * nothing between; if not, it is shown.
 */
bool trace_has_chain(const struct trace *t, const char *const *names);

#define EXPECT_CHAIN(trace, ...)      \
	EXPECT(trace_has_chain(trace, \
			       (const char *const[]){ __VA_ARGS__, NULL }))
