/* SPDX-License-Identifier: MIT */
/*
 * tracepoint.h - places in the kernel's code that probes can be attached to.
 *
 * A tracepoint is declared with the event that it makes, in a file NAME.def:
 *
 *	EVENT(sched_switch, PROTO(...), ARGS(...), FIELDS(...), ASSIGN(...),
 *	      PRINT(...))
 *
 * and the same text is read several times, each time with another meaning of
 * EVENT: events_declare.def declares trace_sched_switch(), for the code that
 * calls it; events_tracepoints.def defines the tracepoint; trace/event/
 * has the passes that make an event of it, and says what FIELDS, ASSIGN and
 * PRINT hold. So a lower layer calls a tracepoint and knows nothing of tracing.
 *
 * trace_NAME() is one NOP while no probe is attached: the test of a static key.
 * Its arguments are evaluated only if there is one. The probes run with
 * preemption off, in the order of their priority. trace/event/tracepoint.h
 * attaches and detaches them.
 *
 * Context of trace_NAME(): any, NMI included.
 */
#pragma once

#include "kernel/lib/table.h"
#include <asm/barrier.h>
#include <asm/context.h>
#include <asm/jump_label.h>

/*
 * An attached probe: its first argument is data. Legend: [T] tracepoints_mutex;
 * [I] immutable while attached; [A] written by one store under that mutex, read
 * by probes.
 */
struct tracepoint_func {
	void *func;		      /* [I] void (*)(void *data, PROTO) */
	void *data;		      /* [I] */
	int prio;		      /* [I] higher: called earlier */
	struct tracepoint_func *next; /* [A] */
	struct tracepoint_func *gone; /* [T] in the list of detached ones */
};

struct tracepoint {
	const char *name;
	struct static_key_false key;
	struct tracepoint_func *funcs; /* [A] by falling priority */
	bool changed;		       /* [T] in the list of a session */
	bool on;		       /* [T] it counts as a user of its key */
	struct tracepoint *next;       /* [T] in that list */
};

/* All of them; an entry is TABLE_ENTRY(tracepoints, 50, __tracepoint_NAME). */
DECLARE_TABLE(struct tracepoint, tracepoints);
