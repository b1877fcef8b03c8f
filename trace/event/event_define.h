/* SPDX-License-Identifier: MIT */
/*
 * event_define.h - what the passes that make events of a file of EVENT()s need.
 *
 *	#include "trace/event/event_define.h"
 *	#include "kernel/sched_events.h"		the tracepoints
 *	#define EVENT_SYSTEM "sched"
 *	#include "trace/event/event_struct.def"
 *	#include "kernel/sched.def"
 *	#include "trace/event/event_code.def"
 *	#include "kernel/sched.def"
 *	#include "trace/event/event_object.def"
 *	#include "kernel/sched.def"
 *
 * Each pass gives the text another meaning; event_struct.def says what it may
 * contain. So the record, the format file and the text of an event cannot
 * disagree.
 */
#pragma once

#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/event/event_print.h"
#include "trace/event/event_write.h"
#include "trace/event/tracepoint.h"
#include "trace/trace_internal.h"

/* reg and unreg of every event with a tracepoint: tracepoint_event.c. */
int tracepoint_event_reg(struct trace_event_file *file);
void tracepoint_event_unreg(struct trace_event_file *file);
