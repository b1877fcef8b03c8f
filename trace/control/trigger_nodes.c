// SPDX-License-Identifier: MIT
/*
 * trigger_nodes.c - the file trigger of an event.
 *
 *	[!]COMMAND[:COUNT] [if FILTER]
 *	[!]enable_event:SYSTEM:EVENT[:COUNT] [if FILTER]
 *
 * A write is one command, whatever its lines. As on Linux, a blank may stand
 * for the first colon, and nothing for the count; '!' removes the trigger of
 * the same type, and that there is none is no error. A file opened with '>'
 * removes the event's histograms.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/control/trigger_nodes.h"
#include "trace/event/event_filter.h"
#include "trace/event/event_trigger.h"
#include "trace/trace.h"
#include "trace/trace_snapshot.h"

#define BLANKS " \t\n"

DEFINE_TABLE(struct trigger_grammar, trigger_grammars);

int trigger_refuse(struct trigger_write *w, const char *at, const char *why)
{
	w->file->error_at = at ? at - w->text : 0;
	w->file->error_text = why;
	return -EINVAL;
}

/* Return: the grammar of a kind; all its functions may be NULL. */
static const struct trigger_grammar *grammar_of(enum event_trigger_kind kind)
{
	static const struct trigger_grammar usual = { 0 };
	const struct trigger_grammar *const *at;

	for_each_entry(at, trigger_grammars)
	{
		if ((*at)->kind == kind)
			return *at;
	}
	return &usual;
}

/* The next part up to a colon; *@rest behind it, or NULL. */
static char *take_part(char **rest)
{
	return strsep(rest, ":");
}

/*
 * The word "if" and a filter end *@rest: cut them off. In a command without a
 * grammar of its own a count, which begins with a digit, may stand in front of
 * them. Return: 0; -EINVAL another word follows.
 */
static int split_filter(struct trigger_write *w, char **rest)
{
	bool counts = !grammar_of(w->spec.kind)->parse;
	char *word = *rest;

	if (counts && word && !isdigit(*word))
		*rest = NULL;
	else if (word)
		strsep(&word, BLANKS);
	word = word ? skip_spaces(word) : "";
	if (!*word || (w->remove && w->spec.kind != TRIGGER_HIST))
		return 0;
	if (strncmp(word, "if", 2) || (word[2] && !isspace(word[2])))
		return trigger_refuse(w, word,
				      word == w->behind_colon ?
					      "the count is no number" :
					      "the word if is needed");
	w->filter = skip_spaces(word + 2);
	if (!*w->filter)
		return trigger_refuse(w, word, "the word if is needed");
	return 0;
}

static int parse_count(struct trigger_write *w, char *rest)
{
	char *count = take_part(&rest);
	int err;

	if (w->remove || !count)
		return 0;
	err = rest ? -EINVAL : kstrtoull(count, 0, &w->spec.count);
	if (!err && w->spec.count != EVENT_TRIGGER_UNLIMITED)
		return 0;
	trigger_refuse(w, count, "the count is no number");
	return err ?: -EINVAL;
}

/* SYSTEM:EVENT[:COUNT] */
static int parse_target(struct trigger_write *w, struct trace_event_file *of,
			char *rest)
{
	char *system = take_part(&rest), *name = take_part(&rest);
	const struct trace_event *event;

	if (!system || !name)
		return trigger_refuse(w, system ?: w->text,
				      "SYSTEM:EVENT is needed");
	event = trace_event_by_name(system, name);
	if (event)
		w->spec.target = trace_event_file_find(of->tr, event);
	if (!w->spec.target)
		return trigger_refuse(w, system, "no such event");
	return parse_count(w, rest);
}

#define TARGET_GRAMMAR(name, kind_)                                           \
	static const struct trigger_grammar name = { .kind = (kind_),         \
						     .parse = parse_target }; \
	TABLE_ENTRY(trigger_grammars, 10, name)
TARGET_GRAMMAR(enable_event, TRIGGER_ENABLE_EVENT);
TARGET_GRAMMAR(disable_event, TRIGGER_DISABLE_EVENT);
TARGET_GRAMMAR(enable_hist, TRIGGER_ENABLE_HIST);
TARGET_GRAMMAR(disable_hist, TRIGGER_DISABLE_HIST);

/* Memory for snapshots is got before the session, which takes the lock. */
static int prepare_snapshot(struct trigger_write *w, const char *rest)
{
	return w->remove ? 0 : tracing_alloc_snapshot(file_trace(w->file));
}

static const struct trigger_grammar snapshot = { .kind = TRIGGER_SNAPSHOT,
						 .prepare = prepare_snapshot };
TABLE_ENTRY(trigger_grammars, 10, snapshot);

/*
 * Cut the command's name off, at a colon or a blank, and find it. *@rest: what
 * is behind, or NULL.
 */
static int parse_name(struct trigger_write *w, char *name, char **rest)
{
	char *end = name + strcspn(name, BLANKS ":");
	bool colon = *end == ':';

	*rest = *end ? skip_spaces(end + 1) : end;
	w->behind_colon = colon ? *rest : NULL;
	*end = '\0';
	if (!**rest)
		*rest = NULL;
	w->spec.kind = event_trigger_find(name);
	w->spec.count = EVENT_TRIGGER_UNLIMITED;
	return w->spec.kind == TRIGGER_KINDS ?
		       trigger_refuse(w, name, "no such trigger") :
		       0;
}

/* The filter of the event that the trigger belongs to. [session] */
static int make_filter(struct trigger_write *w,
		       const struct trace_event_file *event)
{
	struct filter_error error;
	struct event_filter *filter;

	if (!w->filter)
		return 0;
	filter = event_filter_create(event->event, w->filter, &error);
	if (!IS_ERR(filter)) {
		w->spec.filter = filter;
		return 0;
	}
	if (PTR_ERR(filter) == -EINVAL) {
		w->file->error_where = "event filter parse error";
		trigger_refuse(w, w->filter + error.at,
			       filter_error_text(error.id));
	}
	return PTR_ERR(filter);
}

/* [session] */
static int add(struct trigger_write *w, struct trace_event_file *event)
{
	const struct trigger_grammar *grammar = grammar_of(w->spec.kind);
	int err;

	if (grammar->add)
		return grammar->add(w, event);
	err = event_trigger_add(event, &w->spec);
	if (err)
		event_trigger_spec_drop(&w->spec);
	if (err == -EEXIST)
		w->file->error_text = "the event has such a trigger";
	return err;
}

/* The file of the event above; NULL: it has gone. [session] */
static struct trace_event_file *event_above(const struct tracefs_file *file)
{
	const struct trace_event *event = node_event(file);

	return event ? trace_event_file_find_any(file_trace(file), event) :
		       NULL;
}

/* [session] */
static int carry_out(struct trigger_write *w, char *rest)
{
	const struct trigger_grammar *grammar = grammar_of(w->spec.kind);
	struct trace_event_file *event = event_above(w->file);
	int err;

	if (!event)
		return -ENODEV;
	err = grammar->parse ? grammar->parse(w, event, rest) :
			       parse_count(w, rest);
	if (!err && (w->spec.hist || !w->remove))
		err = make_filter(w, event);
	if (!err && !w->remove)
		return add(w, event);
	if (!err)
		event_trigger_remove(event, &w->spec);
	event_trigger_spec_drop(&w->spec);
	return err;
}

/* @command: without the '!' */
static int run(struct trigger_write *w, char *command)
{
	const struct trigger_grammar *grammar;
	char *rest;
	int err;

	err = parse_name(w, command, &rest) ?: split_filter(w, &rest);
	if (err)
		return err;
	grammar = grammar_of(w->spec.kind);
	if (grammar->prepare)
		err = grammar->prepare(w, rest);
	if (err)
		return err;
	event_session_begin();
	err = carry_out(w, rest);
	event_session_end();
	return err;
}

static ssize_t trigger_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	struct trigger_write w = { .file = file };
	char *command;
	int err;

	if (!len)
		return 0;
	file->error_text = "a trigger is shorter than a page";
	if (len > FILTER_TEXT_MAX)
		return -EINVAL;
	file->error_text = NULL;
	w.text = kmalloc(len + 1);
	if (!w.text)
		return -ENOMEM;
	memcpy(w.text, buf, len);
	w.text[len] = '\0';
	command = strim(w.text);
	w.remove = *command == '!';
	err = run(&w, command + w.remove);
	kfree(w.text);
	return err ?: (ssize_t)len;
}

/* As on Linux, O_TRUNC removes histograms and no other trigger. */
static int trigger_open(struct tracefs_file *file)
{
	struct trace_event_file *event;

	if (!(file->flags & TRACEFS_WRITE) || !(file->flags & TRACEFS_TRUNC))
		return 0;
	event_session_begin();
	event = event_above(file);
	if (event)
		event_triggers_remove_hists(event);
	event_session_end();
	return 0;
}

static int trigger_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct trace_event_file *event;

	event_session_begin();
	event = event_above(file);
	if (event)
		event_triggers_show(event, seq);
	event_session_end();
	return event ? 0 : -ENODEV;
}

static const struct tracefs_node trigger_nodes[] = {
	{ .name = "trigger",
	  .mode = 0640,
	  .open = trigger_open,
	  .show = trigger_show,
	  .write = trigger_write },
};
TRACEFS_FILES(65, event_trigger_dir, trigger_nodes);
