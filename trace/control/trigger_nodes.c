// SPDX-License-Identifier: MIT
/*
 * trigger_nodes.c - the file trigger of an event.
 *
 *	[!]COMMAND[:COUNT] [if FILTER]
 *	[!]enable_event:SYSTEM:EVENT[:COUNT] [if FILTER]
 *
 * A write is one command, whatever its lines. '!' removes the trigger of the
 * same type; that there is none is no error, as on Linux.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/control/event_nodes.h"
#include "trace/event/event_filter.h"
#include "trace/event/event_trigger.h"
#include "trace/trace.h"
#include "trace/trace_snapshot.h"

/* A write, cut up. The parts are in the copy of its text. */
struct request {
	struct tracefs_file *file;
	char *text;   /* a copy, cut up */
	char *filter; /* behind " if "; NULL: none */
	bool remove;
	struct event_trigger_spec spec;
};

static int refuse(struct request *r, const char *at, const char *why)
{
	r->file->error_at = at - r->text;
	r->file->error_text = why;
	return -EINVAL;
}

/* The next part up to a colon; *@rest behind it, or NULL. */
static char *take_part(char **rest)
{
	return strsep(rest, ":");
}

/* The word "if" ends the command. Return: 0; -EINVAL something else does. */
static int split_filter(struct request *r, char *command)
{
	char *end = command + strcspn(command, " \t\n");
	char *word = skip_spaces(end);

	if (!*word)
		return 0;
	*end = '\0';
	if (strncmp(word, "if", 2) || !isspace(word[2]))
		return refuse(r, word, "the word if is needed");
	r->filter = skip_spaces(word + 2);
	return 0;
}

static int parse_target(struct request *r, char **rest)
{
	char *system = take_part(rest), *name = take_part(rest);
	const struct trace_event *event;

	if (!system || !name)
		return refuse(r, system ?: r->text, "SYSTEM:EVENT is needed");
	event = trace_event_by_name(system, name);
	if (event)
		r->spec.target =
			trace_event_file_find(file_trace(r->file), event);
	return r->spec.target ? 0 : refuse(r, system, "no such event");
}

/* [session] */
static int parse_command(struct request *r, char *command)
{
	char *rest = command, *name = take_part(&rest), *count;

	r->spec.kind = event_trigger_find(name);
	r->spec.count = EVENT_TRIGGER_UNLIMITED;
	if (r->spec.kind == TRIGGER_KINDS)
		return refuse(r, name, "no such trigger");
	if ((r->spec.kind == TRIGGER_ENABLE_EVENT ||
	     r->spec.kind == TRIGGER_DISABLE_EVENT) &&
	    parse_target(r, &rest))
		return -EINVAL;
	count = take_part(&rest);
	if (r->remove || !count)
		return 0;
	if (rest || kstrtoull(count, 0, &r->spec.count) ||
	    r->spec.count == EVENT_TRIGGER_UNLIMITED)
		return refuse(r, count, "the count is no number");
	return 0;
}

/* The filter of the event that the trigger belongs to. [session] */
static int make_filter(struct request *r, const struct trace_event_file *event)
{
	struct filter_error error;
	struct event_filter *filter;

	if (!r->filter)
		return 0;
	filter = event_filter_create(event->event, r->filter, &error);
	if (!IS_ERR(filter)) {
		r->spec.filter = filter;
		return 0;
	}
	if (PTR_ERR(filter) == -EINVAL) {
		r->file->error_where = "event filter parse error";
		refuse(r, r->filter + error.at, filter_error_text(error.id));
	}
	return PTR_ERR(filter);
}

/* [session] */
static int add(struct request *r, struct trace_event_file *event)
{
	int err = make_filter(r, event);

	if (err)
		return err;
	err = event_trigger_add(event, &r->spec);
	if (err && r->spec.filter)
		r->spec.filter->free(r->spec.filter);
	if (err == -EEXIST)
		r->file->error_text = "the event has such a trigger";
	return err;
}

/* [session] */
static int carry_out(struct request *r, char *command)
{
	const struct trace_event *event = node_event(r->file);
	struct trace_event_file *file =
		event ? trace_event_file_find(file_trace(r->file), event) :
			NULL;
	int err;

	if (!file)
		return -ENODEV;
	err = split_filter(r, command) ?: parse_command(r, command);
	if (err)
		return err;
	if (!r->remove)
		return add(r, file);
	event_trigger_remove(file, &r->spec);
	return 0;
}

/* Memory for snapshots is got before the session, which takes the lock. */
static int prepare(struct request *r, const char *command)
{
	size_t n = strlen("snapshot");
	bool snapshot =
		!strncmp(command, "snapshot", n) &&
		(!command[n] || command[n] == ':' || isspace(command[n]));

	return snapshot && !r->remove ?
		       tracing_alloc_snapshot(file_trace(r->file)) :
		       0;
}

static ssize_t trigger_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	struct request r = { .file = file };
	char *command;
	int err;

	if (!len)
		return 0;
	file->error_text = "a trigger is shorter than a page";
	if (len > FILTER_TEXT_MAX)
		return -EINVAL;
	file->error_text = NULL;
	r.text = kmalloc(len + 1);
	if (!r.text)
		return -ENOMEM;
	memcpy(r.text, buf, len);
	r.text[len] = '\0';
	command = strim(r.text);
	r.remove = *command == '!';
	command += r.remove;
	err = prepare(&r, command);
	if (!err) {
		event_session_begin();
		err = carry_out(&r, command);
		event_session_end();
	}
	kfree(r.text);
	return err ?: (ssize_t)len;
}

static int trigger_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct trace_event *event;
	struct trace_event_file *of;
	int err = -ENODEV;

	event_session_begin();
	event = node_event(file);
	of = event ? trace_event_file_find(file_trace(file), event) : NULL;
	if (of) {
		event_triggers_show(of, seq);
		err = 0;
	}
	event_session_end();
	return err;
}

static const struct tracefs_node trigger_nodes[] = {
	{ .name = "trigger",
	  .mode = 0640,
	  .show = trigger_show,
	  .write = trigger_write },
};
TRACEFS_FILES(65, event_switch_dir, trigger_nodes);
