/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * nop5bench_events.h - the event that rows event.* measure: two fields, of the
 * types that our own testing_two has
 *
 * <trace/define_trace.h> reads this file several times, so it has no guard; it
 * is included by events.c only.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nop5bench

#include <linux/tracepoint.h>

TRACE_EVENT(bench_two, TP_PROTO(unsigned int number, unsigned long value),
	    TP_ARGS(number, value),
	    TP_STRUCT__entry(__field(unsigned int, number)
				     __field(unsigned long, value)),
	    TP_fast_assign(__entry->number = number; __entry->value = value;),
	    TP_printk("number=%u value=%lu", __entry->number, __entry->value));

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE nop5bench_events
#include <trace/define_trace.h>
