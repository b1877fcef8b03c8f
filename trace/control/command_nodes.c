// SPDX-License-Identifier: MIT
/*
 * command_nodes.c - function commands, as words of set_ftrace_filter.
 *
 *	[!]FUNCTION:COMMAND[:COUNT]
 *	[!]FUNCTION:enable_event:SYSTEM:EVENT[:COUNT]
 *	[!]FUNCTION:dump, [!]FUNCTION:cpudump
 *
 * The words are carried out at once. FUNCTION may be a glob. '!' removes; what
 * stands in the place of the count then only says that the command with a count
 * is meant, so a listed line can be given back. The grammar is Linux's.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/control/hash_edit.h"
#include "trace/control/nodes.h"
#include "trace/event/func_command.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

/* A word, cut up. The parts are in the copy of its text. */
struct request {
	struct tracefs_file *file;
	char *text; /* a copy, cut up */
	char *functions;
	bool remove;
	struct func_command_spec spec;
};

static int refuse(struct request *r, const char *at, const char *why)
{
	r->file->error_at = at - r->text;
	r->file->error_text = why;
	return -EINVAL;
}

/* [session] */
static int parse_target(struct request *r, const char *command, char **rest)
{
	char *system = strsep(rest, ":"), *name = strsep(rest, ":");
	const struct trace_event *event;

	if (!system || !name)
		return refuse(r, system ?: command, "SYSTEM:EVENT is needed");
	event = trace_event_by_name(system, name);
	if (event)
		r->spec.target =
			trace_event_file_find(file_trace(r->file), event);
	return r->spec.target ? 0 : refuse(r, system, "no such event");
}

/* As on Linux, an empty count is none, but the command has one. */
static int parse_count(struct request *r, const char *count)
{
	int err;

	r->spec.count = EVENT_TRIGGER_UNLIMITED;
	if (!*count && !r->spec.target)
		return 0;
	err = kstrtoull(count, 0, &r->spec.count);
	if (err)
		refuse(r, count, "the count is no number");
	return err;
}

/* [session] */
static int parse_command(struct request *r, char *rest)
{
	char *command = strsep(&rest, ":");
	int err = 0;

	r->spec.kind = func_command_find(command);
	if (r->spec.kind == COMMAND_KINDS)
		return refuse(r, command, "no such command");
	if (r->spec.kind == TRIGGER_ENABLE_EVENT ||
	    r->spec.kind == TRIGGER_DISABLE_EVENT)
		err = parse_target(r, command, &rest);
	/* As on Linux, whatever stands behind them. */
	if (r->spec.kind == COMMAND_DUMP || r->spec.kind == COMMAND_CPUDUMP)
		rest = NULL;
	r->spec.counted = rest || r->spec.kind == COMMAND_DUMP;
	r->spec.count = 1;
	if (err || !rest || r->remove)
		return err;
	return parse_count(r, rest);
}

/* [session] */
static int find_functions(struct request *r, struct ftrace_hash **hash)
{
	int err;

	*hash = ftrace_hash_begin(NULL);
	if (!*hash)
		return -ENOMEM;
	err = ftrace_hash_edit(hash, r->functions, strlen(r->functions));
	if (!err && !ftrace_hash_count(*hash))
		err = -EINVAL;
	if (err == -EINVAL)
		refuse(r, r->functions, "no function fits this");
	return err;
}

/* [session] */
static int add(struct request *r)
{
	struct ftrace_hash *hash;
	int err = find_functions(r, &hash);

	if (!err) {
		err = func_command_add(file_trace(r->file), &r->spec, hash);
		if (err == -EINVAL)
			refuse(r, r->functions, "they have this command");
	}
	ftrace_hash_free(hash);
	return err;
}

/* [session] */
static int remove(struct request *r)
{
	struct trace_array *tr = file_trace(r->file);
	struct ftrace_hash *hash = NULL;
	bool all = !*r->functions || !strcmp(r->functions, "*");
	int err = 0;

	r->file->error_text = "no function has this command";
	if (!func_command_exists(tr, &r->spec))
		return -ENODEV;
	if (!all)
		err = find_functions(r, &hash);
	if (!err) {
		err = func_command_remove(tr, &r->spec, hash);
		if (err != -EINVAL)
			r->file->error_text = NULL;
	}
	ftrace_hash_free(hash);
	return err;
}

static int command_take(struct tracefs_file *file, const char *word, size_t len)
{
	struct request r = { .file = file, .text = kmalloc(len + 1) };
	char *rest = r.text;
	int err;

	if (!r.text)
		return -ENOMEM;
	memcpy(r.text, word, len);
	r.text[len] = '\0';
	r.remove = *rest == '!';
	rest += r.remove;
	r.functions = strsep(&rest, ":");
	event_session_begin();
	err = parse_command(&r, rest);
	if (!err)
		err = r.remove ? remove(&r) : add(&r);
	event_session_end();
	kfree(r.text);
	return err;
}

static bool command_show(struct tracefs_file *file, struct trace_seq *seq,
			 u64 n)
{
	bool shown;

	event_session_begin();
	shown = func_command_show(file_trace(file), n, seq);
	event_session_end();
	return shown;
}

static const struct hash_command_set func_commands = {
	.take = command_take,
	.show = command_show,
};
TABLE_ENTRY(hash_commands, 50, func_commands);
