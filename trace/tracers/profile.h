/* SPDX-License-Identifier: MIT */
/*
 * profile.h - the function profiler: how often each function is called and, by
 * the graph, how long its calls take.
 *
 * It profiles the functions that set_ftrace_filter of the top trace selects,
 * and has three of the top trace's options: profile-time (0: count the calls
 * only, which is much cheaper), graph-time (0: the time of hooked callees does
 * not count) and sleep-time (0: nor does time asleep).
 *
 * Memory: for each function and CPU a row of 32 bytes, and 4 bytes for each
 * 4 to 16 bytes of text; allocated at the first use and kept.
 *
 * Context: task, may sleep, unless stated otherwise.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_seq;

/*
 * function_profile_set() - start with all counts 0, or stop and keep them
 * Return: 0, also if it is so already; -ENOMEM; or an error of registering its
 * callback. On an error nothing has changed.
 */
int function_profile_set(bool on);
bool function_profile_on(void);

/* The selection of the top trace has changed. Return: 0 or its errno. */
int function_profile_follow(void);

/* The counts of one CPU, the longest times first; the caller kfree()s it. */
struct profile_stat;

/* Return: a copy of the counts now; NULL without memory. */
struct profile_stat *profile_stat_copy(unsigned int cpu);
/* Print line *@pos (0: the heads) and advance it. Return: is there another? */
bool profile_stat_show(const struct profile_stat *stat, u64 *pos,
		       struct trace_seq *seq);

/*
 * profile_variance() - of @n times with this sum and this sum of squares
 * @high: the upper 64 bits of the sum of squares
 * Return: square nanoseconds / 1000, rounded down; 0 for n < 2. Pure.
 */
u64 profile_variance(u64 n, u64 sum, u64 low, u64 high);
