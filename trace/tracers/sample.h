/* SPDX-License-Identifier: MIT */
/*
 * sample.h - what the CPUs are doing: stacks taken at intervals, counted.
 *
 * A timer or, where asked, an NMI takes the stack of what it interrupts. Equal
 * stacks are counted together, by function, not by instruction. No performance
 * counter is used.
 *
 * Timers run from the tick, so a CPU is sampled every TICK_NS at most, however
 * short the period. An NMI comes from another CPU's timer, so it also samples
 * code with interrupts off; a machine of one CPU sends it to itself, from the
 * tick, and then the handler of the tick is in the stack.
 *
 * Context: task, may sleep.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_seq;

#define SAMPLE_US_MIN 100
#define SAMPLE_US_MAX 10000000

/*
 * sample_start() - forget all stacks and sample these CPUs from now on
 * @cpus: one bit for each
 * Return: 0; or with the sampling before it unchanged -ENOMEM; -EINVAL the
 * period is out of range, or no CPU of @cpus is online; -ENOSPC no room for
 * another NMI handler. No other code is returned.
 */
int sample_start(u32 period_us, u64 cpus, bool nmi);
/* Stop; the stacks can still be read. */
void sample_stop(void);
bool sample_on(void);

/* The stacks of all CPUs, equal ones added up; the caller kfree()s it. */
struct sample_list;

/* Return: a copy of what there is now; NULL without memory. */
struct sample_list *sample_copy(void);
/*
 * Print stack *@pos as "outermost;...;innermost count", the most frequent
 * first, and advance *@pos. At the end the samples that found no room are
 * printed as a stack "[lost]". Return: is there another line?
 */
bool sample_show(const struct sample_list *list, u64 *pos,
		 struct trace_seq *seq);
