/* SPDX-License-Identifier: MIT */
/*
 * trace_bprint.h - trace_printk(), for developers of the kernel: printf() into
 * the trace.
 *
 *	trace_printk("free %zu of %s\n", n, name);
 *
 * The event bprint holds the address of the format and the arguments; the
 * reader of the trace makes the text. A program of the host finds the formats
 * in the file printk_formats. It is written to the trace that has the option
 * trace_printk_dest, at boot the top trace.
 *
 * Context: any, NMI included. Not traceable.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/* All formats of the image. */
DECLARE_TABLE(char, trace_formats);

#define TRACE_PRINTK_MAX 256 /* bytes of arguments; more is not recorded */

/*
 * trace_bprintk() - record a print from the address @ip
 * @fmt: of the table trace_formats
 * Return: the bytes of arguments; 0: tracing is off, or there is no room.
 */
__printf(2, 3) int trace_bprintk(unsigned long ip, const char *fmt, ...);

struct trace_seq;

/* The text of printk_formats: each format with its address, escaped. */
void trace_formats_show(struct trace_seq *s);

/* @fmt: a literal. */
#define trace_printk(fmt, ...)                                        \
	({                                                            \
		static const char *const trace_format_ TABLE_SECTION( \
			trace_formats, "50") = fmt;                   \
                                                                      \
		(void)trace_format_;                                  \
		trace_bprintk((unsigned long)({                       \
				      __label__ here;                 \
	      here:                                                   \
				      &&here;                         \
			      }),                                     \
			      fmt, ##__VA_ARGS__);                    \
	})
