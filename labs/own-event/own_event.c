// SPDX-License-Identifier: MIT
/*
 * own_event.c - an event of your own, and a command that makes it.
 *
 * While nobody has enabled the event, trace_own_step() is a NOP. The event has
 * a directory events/own/own_step with enable, filter, format, id, trigger.
 */
#include "labs/own-event/own_event.h"

#include "kernel/base/events_tracepoints.def"
#include "labs/own-event/own_event.def"

#include "trace/event/event_define.h"

#define EVENT_SYSTEM "own"

#include "trace/event/event_struct.def"
#include "labs/own-event/own_event.def"

#include "trace/event/event_code.def"
#include "labs/own-event/own_event.def"

#include "trace/event/event_object.def"
#include "labs/own-event/own_event.def"

#include "trace/shell/shell.h"

/* own WORD...: one event for each word. */
static int own_words(struct stage *stage)
{
	int i;

	for (i = 1; i < stage->argc; i++)
		trace_own_step(i, stage->argv[i]);
	return 0;
}

SHELL_COMMAND(own, .usage = "own WORD...", .run = own_words,
	      .help = "own WORD..., one event for each word");
