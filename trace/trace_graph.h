/* SPDX-License-Identifier: MIT */
/*
 * trace_graph.h - what the two halves of the function_graph tracer share:
 * tracers/function_graph.c records, tracers/graph_output.c prints.
 */
#pragma once

#include "trace/trace_internal.h"

void graph_header(struct trace_iterator *iter, struct trace_seq *s);
bool graph_line(struct trace_iterator *iter, struct trace_seq *s);
