/* SPDX-License-Identifier: MIT */
/*
 * call_stat.h - how often each of some functions is called, by which task.
 *
 * Every function has an ops of its own, registered and freed at any time beside
 * all other consumers.
 *
 * Context: task, may sleep.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_seq;

#define CALL_STAT_MAX 64 /* functions */

/*
 * call_stat_set() - count the calls of the functions at these @n sites from now
 * on, and of no others
 * Return: 0; or with everything as before -ENOMEM; -EINVAL @n is above
 * CALL_STAT_MAX; or an error of register_ftrace_function().
 */
int call_stat_set(const unsigned long *ips, unsigned int n);

/* A copy of the counts; the caller kfree()s it. NULL without memory. */
struct call_stat_list;
struct call_stat_list *call_stat_copy(void);
/* Print row *@pos and advance it. Return: is there another? */
bool call_stat_show(const struct call_stat_list *list, u64 *pos,
		    struct trace_seq *seq);
