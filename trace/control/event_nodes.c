// SPDX-License-Identifier: MIT
/*
 * event_nodes.c - events/: what is in the buffers, described for whoever reads
 * them. All of it comes from the registry, trace/event/trace_event.h.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/event/trace_event.h"

static int page_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_header_page_show(seq);
	return 0;
}

static int event_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_header_event_show(seq);
	return 0;
}

#define FORMAT_PREFIX "events/ftrace/"

/* The event is the component of the path behind the prefix. */
static int format_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const char *path = file->node->path + strlen(FORMAT_PREFIX);
	const struct trace_event *event;
	char name[TRACE_EVENT_NAME];

	strscpy(name, path, min(strcspn(path, "/") + 1, sizeof(name)));
	event = trace_event_by_name("ftrace", name);
	if (!event)
		return -ENODEV;
	trace_event_format_show(event, seq);
	return 0;
}

#define FORMAT(event)                                                \
	{                                                            \
		.path = FORMAT_PREFIX event "/format", .mode = 0440, \
		.show = format_show                                  \
	}

const struct tracefs_node event_nodes[] = {
	FORMAT("funcgraph_entry"),
	FORMAT("funcgraph_exit"),
	FORMAT("funcgraph_exit_retval"),
	FORMAT("function"),
	FORMAT("kernel_stack"),
	FORMAT("print"),
	{ .path = "events/header_event", .mode = 0440, .show = event_show },
	{ .path = "events/header_page", .mode = 0440, .show = page_show },
	{ .path = NULL },
};
