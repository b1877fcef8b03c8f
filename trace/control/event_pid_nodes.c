// SPDX-License-Identifier: MIT
/*
 * event_pid_nodes.c - set_event_pid and set_event_notrace_pid.
 *
 * A write takes effect at once and as a whole: a word that is no pid changes
 * nothing. Opening with truncation empties the list, as on Linux.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/event/event_pids.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

static enum event_pids_kind kind_of(const struct tracefs_file *file)
{
	return strcmp(file->node->name, "set_event_pid") ? EVENT_PIDS_NEVER :
							   EVENT_PIDS_ONLY;
}

static int pid_open(struct tracefs_file *file)
{
	if (!(file->flags & TRACEFS_WRITE) || !(file->flags & TRACEFS_TRUNC))
		return 0;
	event_session_begin();
	event_pids_set(file_trace(file), kind_of(file), NULL);
	event_session_end();
	return 0;
}

/* A line for each pid; the position is the lowest that may come. */
static int pid_show(struct tracefs_file *file, struct trace_seq *seq)
{
	int pid;

	event_session_begin();
	pid = event_pids_next(file_trace(file), kind_of(file), file->pos);
	event_session_end();
	if (pid < 0)
		return 0;
	trace_seq_printf(seq, "%d\n", pid);
	file->pos = pid + 1;
	return 1;
}

/* The pid at offset *@at. Return: it, *@at behind it; or -EINVAL. */
static int take_pid(struct tracefs_file *file, const char *buf, size_t len,
		    size_t *at)
{
	int pid = 0;

	file->error_at = *at;
	file->error_text = "no pid";
	for (; *at < len && !isspace(buf[*at]); ++*at) {
		if (!isdigit(buf[*at]) || pid >= EVENT_PID_END / 10)
			return -EINVAL;
		pid = pid * 10 + (buf[*at] - '0');
	}
	return pid;
}

static int take_pids(struct tracefs_file *file, const char *buf, size_t len,
		     struct event_pid_set *set)
{
	size_t at = 0;
	int pid, err;

	for (;;) {
		while (at < len && isspace(buf[at]))
			at++;
		if (at == len)
			return 0;
		pid = take_pid(file, buf, len, &at);
		if (pid < 0)
			return pid;
		err = event_pids_add(set, pid);
		file->error_text = "too many pids";
		if (err)
			return err;
	}
}

static ssize_t pid_write(struct tracefs_file *file, const char *buf, size_t len)
{
	struct trace_array *tr = file_trace(file);
	struct event_pid_set *set;
	int err = -ENOMEM;

	event_session_begin();
	set = event_pids_create(tr, kind_of(file));
	if (set)
		err = take_pids(file, buf, len, set);
	if (!err)
		event_pids_set(tr, kind_of(file), set);
	else
		event_pids_free(set);
	event_session_end();
	if (err == -ENOMEM)
		file->error_text = NULL;
	return err ?: (ssize_t)len;
}

static const struct tracefs_node event_pid_nodes[] = {
	{ .name = "set_event_pid",
	  .mode = 0640,
	  .open = pid_open,
	  .show = pid_show,
	  .write = pid_write },
	{ .name = "set_event_notrace_pid",
	  .mode = 0640,
	  .open = pid_open,
	  .show = pid_show,
	  .write = pid_write },
};
TRACEFS_FILES(64, trace_dir, event_pid_nodes);
