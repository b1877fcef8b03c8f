// SPDX-License-Identifier: MIT
/*
 * event_nodes.c - events/: what is in the buffers, described for whoever reads
 * them. All of it comes from the registry, trace/event/trace_event.h.
 *
 * The data of an event's directory is its id, so an open handle does not keep
 * the event: when it is gone, a read returns -ENODEV.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/event/trace_event.h"

#define SYSTEM "ftrace"

static const struct tracefs_dir events_dir = { .mode = 0750 };
static const struct tracefs_dir system_dir = { .mode = 0750 };
static const struct tracefs_dir event_dir = { .mode = 0750 };
static const struct tracefs_node event_node = { .dir = &event_dir };

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

static int format_show(struct tracefs_file *file, struct trace_seq *seq)
{
	u64 id = (u64)tracefs_above(&file->at, &event_dir)->data;
	const struct trace_event *event = trace_event_find(id);

	if (!event)
		return -ENODEV;
	trace_event_format_show(event, seq);
	return 0;
}

static void event_level(const struct trace_event *event,
			struct tracefs_level *level)
{
	level->node = &event_node;
	level->id = event->id;
	level->data = (void *)level->id;
}

static bool event_lookup(const struct tracefs_path *dir, const char *name,
			 struct tracefs_level *level)
{
	const struct trace_event *event = trace_event_by_name(SYSTEM, name);

	if (event)
		event_level(event, level);
	return event;
}

/* Positions are slots of the registry. */
static bool event_next(const struct tracefs_path *dir, u64 *pos,
		       char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	u32 slot = min(*pos, (u64)TRACE_EVENT_SLOTS);
	const struct trace_event *event;

	do
		event = trace_event_next(&slot);
	while (event && strcmp(event->system, SYSTEM));
	if (!event)
		return false;
	*pos = slot;
	strscpy(name, event->name, TRACEFS_NAME_MAX);
	event_level(event, level);
	return true;
}

static const struct tracefs_source events = { .in = &system_dir,
					      .lookup = event_lookup,
					      .next = event_next };
TABLE_ENTRY(tracefs_sources, 60, events);

static const struct tracefs_node event_nodes[] = {
	{ .name = "format", .mode = 0440, .show = format_show },
};
TRACEFS_FILES(60, event_dir, event_nodes);

static const struct tracefs_node header_nodes[] = {
	{ .name = SYSTEM, .dir = &system_dir },
	{ .name = "header_event", .mode = 0440, .show = event_show },
	{ .name = "header_page", .mode = 0440, .show = page_show },
};
TRACEFS_FILES(60, events_dir, header_nodes);

static const struct tracefs_node events_nodes[] = {
	{ .name = "events", .dir = &events_dir },
};
TRACEFS_FILES(60, trace_dir, events_nodes);
