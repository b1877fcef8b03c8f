// SPDX-License-Identifier: MIT
/*
 * event_nodes.c - events/: describes the records in the buffers to their
 * readers. All of it comes from the registry, trace/event/trace_event.h.
 *
 * A system is not an object: its directory exists as long as an event has its
 * name, and its id is the id of the name. A handle holds no reference to a
 * system or an event; a read of an unregistered event's file returns -ENODEV.
 */
#include "trace/control/event_nodes.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

const struct tracefs_dir events_dir = { .mode = 0750 };
/* The directory of one system; the data of its level is its id. */
const struct tracefs_dir system_dir = { .mode = 0750 };
const struct tracefs_dir system_switch_dir = { .mode = 0750,
					       .also = &system_dir };
static const struct tracefs_node system_nodes[] = {
	{ .dir = &system_dir },
	{ .dir = &system_switch_dir },
};
/* The directory of one event; the data of its level is its event_id(). */
const struct tracefs_dir event_dir = { .mode = 0750 };
const struct tracefs_dir event_trigger_dir = { .mode = 0750,
					       .also = &event_dir };
const struct tracefs_dir event_switch_dir = { .mode = 0750,
					      .also = &event_trigger_dir };
static const struct tracefs_node event_nodes_of[] = {
	{ .dir = &event_dir },
	{ .dir = &event_trigger_dir },
	{ .dir = &event_switch_dir },
};

/* ---- events/ ------------------------------------------------------------- */

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

/* Few enough bits to serve as a position, too. */
static u64 system_id(const char *name)
{
	return tracefs_name_id(name) >> 9;
}

/* Has the system an event with a switch? */
static bool has_switch(u64 id)
{
	const struct trace_event *event;
	u32 slot = 0;

	while ((event = trace_event_next(&slot)))
		if (event->reg && system_id(event->system) == id)
			return true;
	return false;
}

static void system_level(struct tracefs_level *level, u64 id)
{
	level->node = &system_nodes[has_switch(id)];
	level->data = (void *)id;
	level->id = id;
}

static bool system_lookup(const struct tracefs_path *dir, const char *name,
			  struct tracefs_level *level)
{
	const struct trace_event *event;
	u32 slot = 0;

	while ((event = trace_event_next(&slot))) {
		if (strcmp(event->system, name))
			continue;
		system_level(level, system_id(name));
		return true;
	}
	return false;
}

/* In order of ids, so events that come or go do not move a system. */
static bool system_next(const struct tracefs_path *dir, u64 *pos,
			char name[TRACEFS_NAME_MAX],
			struct tracefs_level *level)
{
	const struct trace_event *event;
	u64 id, lowest = ~0ULL;
	u32 slot = 0;

	while ((event = trace_event_next(&slot))) {
		id = system_id(event->system);
		if (id < *pos || id >= lowest)
			continue;
		lowest = id;
		strscpy(name, event->system, TRACEFS_NAME_MAX);
	}
	if (lowest == ~0ULL)
		return false;
	system_level(level, lowest);
	*pos = lowest + 1;
	return true;
}

static const struct tracefs_source systems = { .in = &events_dir,
					       .lookup = system_lookup,
					       .next = system_next };
TABLE_ENTRY(tracefs_sources, 60, systems);

static const struct tracefs_node header_nodes[] = {
	{ .name = "header_event", .mode = 0440, .show = event_show },
	{ .name = "header_page", .mode = 0440, .show = page_show },
};
TRACEFS_FILES(61, events_dir, header_nodes);

static const struct tracefs_node events_nodes[] = {
	{ .name = "events", .dir = &events_dir },
};
TRACEFS_FILES(60, trace_dir, events_nodes);

/* ---- events/SYSTEM/ ------------------------------------------------------ */

/* No other event ever has this id. */
static u64 event_id(const struct trace_event *event)
{
	return event->serial << 16 | event->id;
}

/* The position is the number of a slot. */
static bool event_next(const struct tracefs_path *dir, u64 *pos,
		       char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	u64 system = (u64)tracefs_last(dir)->data;
	const struct trace_event *event;
	u32 slot = *pos;

	while ((event = trace_event_next(&slot))) {
		if (system_id(event->system) != system)
			continue;
		strscpy(name, event->name, TRACEFS_NAME_MAX);
		level->node =
			&event_nodes_of[event->reg ? 2 : event->has_triggers];
		level->id = event_id(event);
		level->data = (void *)level->id;
		*pos = slot;
		return true;
	}
	return false;
}

static bool event_lookup(const struct tracefs_path *dir, const char *name,
			 struct tracefs_level *level)
{
	char other[TRACEFS_NAME_MAX];
	u64 pos = 0;

	while (event_next(dir, &pos, other, level))
		if (!strcmp(name, other))
			return true;
	return false;
}

static const struct tracefs_source events = { .in = &system_dir,
					      .lookup = event_lookup,
					      .next = event_next };
TABLE_ENTRY(tracefs_sources, 60, events);

/* ---- events/SYSTEM/NAME/ ------------------------------------------------- */

const struct trace_event *node_event(const struct tracefs_file *file)
{
	u64 id = (u64)tracefs_above(&file->at, &event_dir)->data;
	const struct trace_event *event =
		trace_event_find(id & TRACE_EVENT_ID_MAX);

	return event && event_id(event) == id ? event : NULL;
}

u64 node_system(const struct tracefs_file *file)
{
	const struct tracefs_level *level =
		tracefs_above(&file->at, &system_dir);

	return level ? (u64)level->data : 0;
}

bool node_has_event(const struct tracefs_file *file,
		    const struct trace_event *event)
{
	u64 system = node_system(file);

	return !system || system_id(event->system) == system;
}

static int format_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct trace_event *event = node_event(file);

	if (!event)
		return -ENODEV;
	trace_event_format_show(event, seq);
	return 0;
}

static int id_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct trace_event *event = node_event(file);

	if (!event)
		return -ENODEV;
	trace_seq_printf(seq, "%u\n", event->id);
	return 0;
}

static const struct tracefs_node event_nodes[] = {
	{ .name = "format", .mode = 0440, .show = format_show },
	{ .name = "id", .mode = 0440, .show = id_show },
};
TRACEFS_FILES(60, event_dir, event_nodes);
