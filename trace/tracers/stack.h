/* SPDX-License-Identifier: MIT */
/*
 * stack.h - the stack tracer: the deepest stack since it was switched on.
 *
 * Context: task, may sleep, unless stated otherwise.
 */
#pragma once

#include "kernel/lib/types.h"

struct ftrace_ops;
struct trace_seq;

/* Return: 0, also if it is so already; or the error of registering its ops. */
int stack_tracer_set(bool on);
bool stack_tracer_on(void);
/* The file stack_trace. */
void stack_trace_show(struct trace_seq *s);
/* The file stack_max_size, in bytes. Setting forgets the deepest stack. */
unsigned long stack_max_size(void);
void stack_set_max_size(unsigned long bytes);
/* Its ops, for the filter. Context: any. */
struct ftrace_ops *stack_tracer_ops(void);
