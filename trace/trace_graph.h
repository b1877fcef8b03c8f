/* SPDX-License-Identifier: MIT */
/*
 * trace_graph.h - what the two halves of the function_graph tracer share:
 * tracers/function_graph.c records, tracers/graph_output.c prints.
 */
#pragma once

#include "trace/trace_internal.h"

struct task_struct;

/* From the scheduler, by trace_task.c. Context: interrupts off. */
void graph_task_switch(struct task_struct *prev, struct task_struct *next);

/*
 * Around a change of the buffer's clock: durations are nanoseconds in all.
 * Context: task, trace_lock held; may sleep.
 */
void graph_clock_begin(const struct trace_clock *clock);
void graph_clock_end(const struct trace_clock *clock);

void graph_header(struct trace_iterator *iter, struct trace_seq *s);
bool graph_line(struct trace_iterator *iter, struct trace_seq *s);
