/* SPDX-License-Identifier: MIT */
/*
 * What the host suites of the ftrace core share: counting callbacks, and a
 * picture of all state, to see that a failed request changed nothing.
 */
#pragma once

#include "kernel/lib/types.h"
#include "tests/host/sites.h"
#include "trace/core/ftrace_internal.h"

#define HITS 16

/* Counted by ops->private. */
extern unsigned int ftrace_hits[HITS];
void ftrace_count(unsigned long ip, unsigned long parent_ip,
		  struct ftrace_ops *ops, struct ftrace_regs *fregs);

#define FTRACE_COUNT_OPS(n, ...)                                             \
	{                                                                    \
		.func = ftrace_count, .private = (void *)(unsigned long)(n), \
		__VA_ARGS__                                                  \
	}

/* Replace the filter; as ftrace_set_filter(). */
int ftrace_filter(struct ftrace_ops *ops, const char *text);

/* Direct targets 0..3 count here. */
extern unsigned int direct_hits[4];
extern const unsigned long direct_target[4];

void ftrace_hits_reset(void);

/* Fails a check for everything still held. */
void ftrace_no_leaks(void);

struct ftrace_picture {
	u64 sites, sets, ops; /* bytes, records and sets; ops */
	u64 meaning;	      /* which ops are called, by what */
	size_t live, tramps;
};

/* All that a request may change, condensed. */
struct ftrace_picture ftrace_take_picture(void);
bool ftrace_same_picture(struct ftrace_picture a, struct ftrace_picture b);
/* A way that made and unmade something may have moved a chain. */
bool ftrace_same_meaning(struct ftrace_picture a, struct ftrace_picture b);
