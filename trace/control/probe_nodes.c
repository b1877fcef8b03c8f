// SPDX-License-Identifier: MIT
/*
 * probe_nodes.c - kprobe_events, dynamic_events and kprobe_profile.
 *
 * A write is any number of lines, each carried out by itself: the first one
 * that is refused ends the write, and those before it stay, as on Linux. What
 * follows a '#' is a comment. A truncating open removes all events first.
 *
 * Owns a struct probe_line for each handle that writes: error_log quotes it.
 * Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/control/nodes.h"
#include "trace/probes/probe_event.h"

static int open_lines(struct tracefs_file *file, unsigned int families)
{
	int err = 0;

	if (!(file->flags & TRACEFS_WRITE))
		return 0;
	file->private = kmalloc(sizeof(struct probe_line));
	if (!file->private)
		return -ENOMEM;
	if (file->flags & TRACEFS_TRUNC)
		err = probe_event_clear(families);
	if (err) {
		kfree(file->private);
		file->private = NULL;
	}
	return err;
}

static int release_lines(struct tracefs_file *file)
{
	kfree(file->private);
	return 0;
}

/* What error_log is to show: the line with single blanks, as on Linux. */
static void log_error(struct tracefs_file *file, struct probe_line *line)
{
	char first = line->n ? line->word[0][0] : '\0';

	file->error_command = line->text;
	file->error_at = line->error_at;
	if (line->error == PROBE_ERROR_NONE)
		return;
	file->error_text = probe_error_text(line->error);
	file->error_where = first == 'f' || first == 't' ? "trace_fprobe" :
							   "trace_kprobe";
}

static int carry_out(struct tracefs_file *file, const char *text, size_t len,
		     unsigned int families)
{
	struct probe_line *line = file->private;
	int err = probe_line_cut(line, text, len);

	if (err == -EINVAL) {
		file->error_text = "Line is too long";
		return err;
	}
	if (!err)
		err = probe_event_line(line, families);
	if (err)
		log_error(file, line);
	return err;
}

static ssize_t write_lines(struct tracefs_file *file, const char *buf,
			   size_t len, unsigned int families)
{
	size_t at = 0, end;
	int err;

	while (at < len) {
		for (end = at; end < len && buf[end] != '\n'; end++)
			;
		file->error_at = (unsigned int)at;
		err = carry_out(file, buf + at, end - at, families);
		if (err)
			return err;
		at = end + 1;
	}
	return (ssize_t)len;
}

/* ---- kprobe_events ------------------------------------------------------- */

static int kprobe_open(struct tracefs_file *file)
{
	return open_lines(file, PROBE_FAMILY_KPROBE);
}

static int kprobe_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return probe_event_show(&file->pos, seq, PROBE_FAMILY_KPROBE);
}

static ssize_t kprobe_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	return write_lines(file, buf, len, PROBE_FAMILY_KPROBE);
}

static int profile_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return probe_event_show_profile(&file->pos, seq);
}

/* ---- dynamic_events ------------------------------------------------------ */

static int dynamic_open(struct tracefs_file *file)
{
	return open_lines(file, PROBE_FAMILY_ANY);
}

static int dynamic_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return probe_event_show(&file->pos, seq, PROBE_FAMILY_ANY);
}

static ssize_t dynamic_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	return write_lines(file, buf, len, PROBE_FAMILY_ANY);
}

static const struct tracefs_node probe_nodes[] = {
	{ .name = "dynamic_events",
	  .mode = 0640,
	  .open = dynamic_open,
	  .show = dynamic_show,
	  .write = dynamic_write,
	  .release = release_lines },
	{ .name = "kprobe_events",
	  .mode = 0640,
	  .open = kprobe_open,
	  .show = kprobe_show,
	  .write = kprobe_write,
	  .release = release_lines },
	{ .name = "kprobe_profile", .mode = 0440, .show = profile_show },
};
TRACEFS_FILES(66, root_dir, probe_nodes);
