/* SPDX-License-Identifier: MIT */
/*
 * Every CPU calls the targets of ftrace_targets.h all the time, from a task,
 * from interrupts and from NMIs, and counts its calls.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Begin to call targets [first, first + n) in turn. Return: 0; -ENOMEM.
 * call_load_end() stops. Return: calls made, all finished.
 */
int call_load_begin(unsigned int first, unsigned int n);
u64 call_load_end(void);

/*
 * For the loop of what is done under the load: @done rounds, begun at @start,
 * are they enough? rounds= on the command line asks for that many; else
 * @normal ones, or as many as go into two seconds.
 */
bool call_load_enough(unsigned int done, unsigned int normal, u64 start);

/* So far. */
u64 call_load_made(void);
/* Waits until every CPU has called some more. */
void call_load_progress(void);
