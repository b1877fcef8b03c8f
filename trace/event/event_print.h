/* SPDX-License-Identifier: MIT */
/*
 * event_print.h - the functions that a print format may call. Readers on the
 * host know the same names and give the same texts.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_value {
	unsigned long value;
	const char *name; /* NULL ends a list */
};

/*
 * The names of the bits of @value, joined by @delim: in the order of the list,
 * each entry all of whose bits are set takes them away; what is left is printed
 * in hex. Nothing for 0. Return: @buf, cut to @size bytes.
 */
const char *trace_print_flags(char *buf, size_t size, unsigned long value,
			      const char *delim,
			      const struct trace_value *list);

/* The name of @value, or its hex form if the list has none. Return: @buf. */
const char *trace_print_symbolic(char *buf, size_t size, unsigned long value,
				 const struct trace_value *list);

/*
 * The text of a field __data_loc in a record of @len bytes. Return: the text in
 * the record, or "<bad>" if it does not lie within it with its NUL.
 */
const char *trace_record_str(const void *record, u32 len, u32 data_loc);

#define TRACE_PRINT_MAX 128

#define __print_flags(value, delim, ...)                                 \
	trace_print_flags((char[TRACE_PRINT_MAX]){ 0 }, TRACE_PRINT_MAX, \
			  value, delim,                                  \
			  (const struct trace_value[]){ __VA_ARGS__, {} })
#define __print_symbolic(value, ...)                                        \
	trace_print_symbolic((char[TRACE_PRINT_MAX]){ 0 }, TRACE_PRINT_MAX, \
			     value,                                         \
			     (const struct trace_value[]){ __VA_ARGS__, {} })
#define __get_str(field) trace_record_str(iter->data, iter->len, REC->field)
