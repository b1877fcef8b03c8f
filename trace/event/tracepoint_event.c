// SPDX-License-Identifier: MIT
/*
 * tracepoint_event.c - the switch of the events that have a tracepoint: their
 * probe is attached with the file of one trace as its data.
 *
 * Context: task, trace_lock held; in a session, so all events of the session
 * are one batch of patches.
 */
#include "kernel/base/panic.h"
#include "trace/event/event_define.h"

int tracepoint_event_reg(struct trace_event_file *file)
{
	return tracepoint_probe_register(file->event->tp, file->event->probe,
					 file);
}

void tracepoint_event_unreg(struct trace_event_file *file)
{
	BUG_ON(tracepoint_probe_unregister(file->event->tp, file->event->probe,
					   file)); /* EF3 */
}
