/* SPDX-License-Identifier: MIT */
/*
 * event_nodes.h - the directories of events, for the files in them.
 */
#pragma once

#include "trace/control/nodes.h"
#include "trace/event/trace_event.h"

/*
 * events/, events/SYSTEM/, events/SYSTEM/NAME/. The kinds *_switch_dir are
 * those of events with a switch, and of systems that have such an event; they
 * have the names of the plain kind, too.
 */
extern const struct tracefs_dir events_dir;
extern const struct tracefs_dir system_dir, system_switch_dir;
extern const struct tracefs_dir event_dir, event_trigger_dir, event_switch_dir;

/*
 * The event of the directory above. Return: NULL: it is not registered any
 * more. The result is valid as a lookup's, see E3.
 */
const struct trace_event *node_event(const struct tracefs_file *file);

/* Is the event in the system above, or is the file of no system? */
bool node_has_event(const struct tracefs_file *file,
		    const struct trace_event *event);

/* An id for the system above; 0: there is none. */
u64 node_system(const struct tracefs_file *file);
