// SPDX-License-Identifier: MIT
/*
 * event_enable_nodes.c - switch events on and off: enable in the directories of
 * events, set_event, and available_events.
 *
 * A write changes all events that it means in one session, so the cost does not
 * depend on their number. If one of them cannot be enabled, those before it are
 * as they were.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/event_nodes.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

/* Which events a write means; NULL and 0: all of them. */
struct choice {
	const struct tracefs_file *file; /* those in its directory */
	const char *system, *event;	 /* names */
	const char *either;		 /* one of the two is this */
};

static bool chosen(const struct choice *choice, const struct trace_event *event)
{
	if (choice->file && !node_has_event(choice->file, event))
		return false;
	if (choice->either && strcmp(choice->either, event->system) &&
	    strcmp(choice->either, event->name))
		return false;
	return (!choice->system || !strcmp(choice->system, event->system)) &&
	       (!choice->event || !strcmp(choice->event, event->name));
}

/* The next chosen one. [session] */
static struct trace_event_file *
next_chosen(struct trace_array *tr, const struct choice *choice, u32 *slot)
{
	struct trace_event_file *file;

	do
		file = trace_event_file_next(tr, slot);
	while (file && !chosen(choice, file->event));
	return file;
}

/* Events that a session has enabled, by slot. */
struct enabled {
	u64 bits[TRACE_EVENT_SLOTS / 64];
};

static void undo(struct trace_array *tr, const struct enabled *enabled)
{
	struct trace_event_file *file;
	u32 slot = 0;

	while ((file = trace_event_file_next(tr, &slot)))
		if (enabled->bits[(slot - 1) / 64] >> (slot - 1) % 64 & 1)
			trace_event_enable_disable(file, false);
}

/*
 * Return: 0; -EINVAL no event is chosen; -ENOMEM, and nothing has changed.
 */
static int enable(struct trace_array *tr, const struct choice *choice, bool on)
{
	struct enabled enabled = { 0 };
	struct trace_event_file *file;
	int err = 0, found = -EINVAL;
	u32 slot = 0;

	event_session_begin();
	while (!err && (file = next_chosen(tr, choice, &slot))) {
		bool before = trace_event_enabled(file);

		found = 0;
		err = trace_event_enable_disable(file, on);
		if (!err && on && !before)
			enabled.bits[(slot - 1) / 64] |= 1ULL
							 << (slot - 1) % 64;
	}
	if (err)
		undo(tr, &enabled);
	event_session_end();
	return err ?: found;
}

/* ---- events/enable, events/SYSTEM/enable --------------------------------- */

static int write_switch(struct tracefs_file *file, const char *buf, size_t len,
			bool *on)
{
	u64 n;
	int err = node_number(file, buf, len, &n);

	if (err)
		return err;
	*on = n;
	if (n <= 1)
		return 0;
	file->error_text = "0 or 1 is needed";
	return -EINVAL;
}

/* A soft user's event counts as enabled here, as on Linux. */
static int many_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct choice choice = { .file = file };
	struct trace_event_file *event;
	bool has[2] = { false, false };
	u32 slot = 0;

	event_session_begin();
	while ((event = next_chosen(file_trace(file), &choice, &slot)))
		has[!!(READ_ONCE(event->flags) & EVENT_FILE_ENABLED)] = true;
	event_session_end();
	trace_seq_puts(seq, has[0] && has[1] ? "X\n" :
			    has[1]	     ? "1\n" :
			    has[0]	     ? "0\n" :
					       "?\n");
	return 0;
}

static ssize_t many_write(struct tracefs_file *file, const char *buf,
			  size_t len)
{
	struct choice choice = { .file = file };
	bool on;
	int err = write_switch(file, buf, len, &on);

	if (err)
		return err;
	err = enable(file_trace(file), &choice, on);
	if (err == -EINVAL) /* no event: the system has gone */
		err = node_system(file) ? -ENODEV : 0;
	return err ?: (ssize_t)len;
}

static const struct tracefs_node all_nodes[] = {
	{ .name = "enable",
	  .mode = 0640,
	  .show = many_show,
	  .write = many_write },
};
TRACEFS_FILES(62, events_dir, all_nodes);

static const struct tracefs_node system_nodes[] = {
	{ .name = "enable",
	  .mode = 0640,
	  .show = many_show,
	  .write = many_write },
};
TRACEFS_FILES(62, system_switch_dir, system_nodes);

/* ---- events/SYSTEM/NAME/enable ------------------------------------------- */

/* The file of the event above; NULL: it has gone. [session] */
static struct trace_event_file *above(const struct tracefs_file *file)
{
	const struct trace_event *event = node_event(file);

	return event ? trace_event_file_find(file_trace(file), event) : NULL;
}

static int single_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct trace_event_file *event;
	int err = -ENODEV;

	event_session_begin();
	event = above(file);
	if (event) {
		trace_seq_putc(seq, trace_event_enabled(event) ? '1' : '0');
		if (event->flags & EVENT_FILE_SOFT_MODE)
			trace_seq_putc(seq, '*');
		trace_seq_putc(seq, '\n');
		err = 0;
	}
	event_session_end();
	return err;
}

static ssize_t single_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	struct trace_event_file *event;
	bool on;
	int err = write_switch(file, buf, len, &on);

	if (err)
		return err;
	event_session_begin();
	event = above(file);
	err = event ? trace_event_enable_disable(event, on) : -ENODEV;
	event_session_end();
	return err ?: (ssize_t)len;
}

static const struct tracefs_node one_nodes[] = {
	{ .name = "enable",
	  .mode = 0640,
	  .show = single_show,
	  .write = single_write },
};
TRACEFS_FILES(62, event_switch_dir, one_nodes);

/* ---- set_event, available_events ----------------------------------------- */

#define EVENT_WORD (2 * TRACE_EVENT_NAME + 2)

static int show_events(struct tracefs_file *file, struct trace_seq *seq,
		       bool all)
{
	struct trace_event_file *event;
	u32 slot = 0;

	event_session_begin();
	while ((event = trace_event_file_next(file_trace(file), &slot)))
		if (all || trace_event_enabled(event))
			trace_seq_printf(seq, "%s:%s\n", event->event->system,
					 event->event->name);
	event_session_end();
	return 0;
}

static int available_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return show_events(file, seq, true);
}

static int set_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return show_events(file, seq, false);
}

/* Linux disables all events when the file is opened with O_TRUNC. */
static int set_open(struct tracefs_file *file)
{
	struct choice all = { 0 };

	if (file->flags & TRACEFS_WRITE && file->flags & TRACEFS_TRUNC)
		enable(file_trace(file), &all, false);
	return 0;
}

/* NULL: any name. */
static const char *any_if_empty(const char *name)
{
	return *name && strcmp(name, "*") ? name : NULL;
}

/* [!]SYSTEM:EVENT, or [!]NAME of a system or an event; exact, as on Linux. */
static int set_word(struct tracefs_file *file, char *word)
{
	struct choice choice = { 0 };
	bool on = *word != '!';
	char *colon;
	int err;

	word += !on;
	colon = strchr(word, ':');
	file->error_text = "no such event";
	if (!*word)
		return -EINVAL;
	if (!colon) {
		choice.either = word;
	} else {
		if (str_has_prefix(colon, ":mod:") ||
		    strstr(colon + 1, ":mod:")) {
			file->error_text = "this kernel has no modules";
			return -EINVAL;
		}
		*colon = '\0';
		choice.system = any_if_empty(word);
		choice.event = any_if_empty(colon + 1);
	}
	err = enable(file_trace(file), &choice, on);
	if (err != -EINVAL)
		file->error_text = NULL;
	return err;
}

/* Words before the wrong one stay in force, as on Linux. */
static ssize_t set_write(struct tracefs_file *file, const char *buf, size_t len)
{
	char word[EVENT_WORD];
	size_t at = 0, n;
	int err;

	for (;;) {
		while (at < len && isspace(buf[at]))
			at++;
		if (at == len)
			return len;
		for (n = 0; at + n < len && !isspace(buf[at + n]); n++)
			;
		file->error_at = at;
		file->error_text = "no such event";
		if (n >= sizeof(word))
			return -EINVAL;
		memcpy(word, buf + at, n);
		word[n] = '\0';
		err = set_word(file, word);
		if (err)
			return err;
		at += n;
	}
}

static const struct tracefs_node set_nodes[] = {
	{ .name = "set_event",
	  .mode = 0640,
	  .open = set_open,
	  .show = set_show,
	  .write = set_write },
};
TRACEFS_FILES(62, trace_dir, set_nodes);

static const struct tracefs_node available_nodes[] = {
	{ .name = "available_events", .mode = 0440, .show = available_show },
};
TRACEFS_FILES(62, root_dir, available_nodes);
