// SPDX-License-Identifier: MIT
/*
 * event_filter_nodes.c - the files filter of an event and of a system.
 *
 * As on Linux, a text that is refused removes the filter of its event, and the
 * file shows what is wrong until the next write. A filter of a system is set
 * for the events that have its fields; the others keep theirs.
 *
 * Owns nothing. Context: task. Locks: the session of trace_event_file.h. A
 * filter is freed after the session, when no probe uses it (EF2).
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/event_nodes.h"
#include "trace/event/event_filter.h"
#include "trace/trace.h"

/* ---- texts --------------------------------------------------------------- */

/*
 * A copy of what was written, without white space at its end.
 * Return: ERR_PTR(-EINVAL) it is too long; ERR_PTR(-ENOMEM).
 */
static char *copy_text(struct tracefs_file *file, const char *buf, size_t len)
{
	char *text;

	file->error_text = "a filter is shorter than a page";
	if (len > FILTER_TEXT_MAX)
		return ERR_PTR(-EINVAL);
	file->error_text = NULL;
	text = kmalloc(len + 1);
	if (!text)
		return ERR_PTR(-ENOMEM);
	memcpy(text, buf, len);
	while (len && isspace(text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static bool removes(const char *text)
{
	return !strcmp(skip_spaces(text), "0");
}

/* What error_log says of a refused text: Linux's words. */
static void log_error(struct tracefs_file *file,
		      const struct filter_error *error)
{
	file->error_where = "event filter parse error";
	file->error_text = filter_error_text(error->id);
	file->error_at = error->at;
}

static void free_old(struct event_filter *old)
{
	if (old)
		old->free(old);
}

/* ---- events/SYSTEM/NAME/filter ------------------------------------------- */

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
		trace_seq_puts(seq, event->filter ?
					    event_filter_text(event->filter) :
					    "none");
		trace_seq_putc(seq, '\n');
		err = 0;
	}
	event_session_end();
	return err;
}

/* Return: 0 and the event's old filter in *@old; or an errno. [session] */
static int set_one(struct tracefs_file *file, const char *text,
		   struct event_filter **old)
{
	struct event_filter *filter = NULL;
	struct trace_event_file *event = above(file);
	struct filter_error error;
	int err = 0;

	if (!event)
		return -ENODEV;
	if (!removes(text))
		filter = event_filter_create(event->event, text, &error);
	if (IS_ERR(filter)) {
		err = PTR_ERR(filter);
		if (err == -ENOMEM)
			return err;
		log_error(file, &error);
		filter = event_filter_refused(text, &error);
	}
	*old = trace_event_set_filter(event, filter);
	return err;
}

static ssize_t single_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	char *text = copy_text(file, buf, len);
	struct event_filter *old = NULL;
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	event_session_begin();
	err = set_one(file, text, &old);
	event_session_end();
	free_old(old);
	kfree(text);
	return err ?: (ssize_t)len;
}

static const struct tracefs_node filter_of_one[] = {
	{ .name = "filter",
	  .mode = 0640,
	  .show = single_show,
	  .write = single_write },
};
TRACEFS_FILES(63, event_switch_dir, filter_of_one);

/* ---- events/SYSTEM/filter ------------------------------------------------ */

static const char system_help[] =
	"### global filter ###\n"
	"# Use this to set filters for multiple events.\n"
	"# Only events with the given fields will be affected.\n"
	"# If no events are modified, an error message will be displayed here";

/* The place of the system's refusal in the trace's list. [session] */
static struct event_refusal **find_refusal(const struct tracefs_file *file)
{
	struct event_refusal **at = &file_trace(file)->event_refusals;

	while (*at && (*at)->system != node_system(file))
		at = &(*at)->next;
	return at;
}

/* [session] */
static void drop_refusal(const struct tracefs_file *file)
{
	struct event_refusal **at = find_refusal(file);
	struct event_refusal *old = *at;

	if (!old)
		return;
	*at = old->next;
	free_old(old->text);
	kfree(old);
}

/* Without memory the file does not say what error_log does. [session] */
static void add_refusal(const struct tracefs_file *file, const char *text,
			const struct filter_error *error)
{
	struct event_refusal *refusal = kzalloc(sizeof(*refusal));

	drop_refusal(file);
	if (!refusal)
		return;
	refusal->system = node_system(file);
	refusal->text = event_filter_refused(text, error);
	if (!refusal->text) {
		kfree(refusal);
		return;
	}
	refusal->next = file_trace(file)->event_refusals;
	file_trace(file)->event_refusals = refusal;
}

static int system_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct event_refusal *refusal;

	event_session_begin();
	refusal = *find_refusal(file);
	trace_seq_puts(seq, refusal ? event_filter_text(refusal->text) :
				      system_help);
	trace_seq_putc(seq, '\n');
	event_session_end();
	return 0;
}

/* The filters of a system's events, by slot; NULL: the event has none. */
struct batch {
	struct event_filter *filter[TRACE_EVENT_SLOTS];
	bool set[TRACE_EVENT_SLOTS];
	bool any;
};

static struct trace_event_file *next_in(struct tracefs_file *file, u32 *slot)
{
	struct trace_event_file *event;

	do
		event = trace_event_file_next(file_trace(file), slot);
	while (event && !node_has_event(file, event->event));
	return event;
}

/* Return: 0; -ENOMEM. [session] */
static int compile_batch(struct tracefs_file *file, const char *text,
			 struct batch *batch)
{
	struct trace_event_file *event;
	struct event_filter *filter;
	struct filter_error error;
	u32 slot = 0;

	while ((event = next_in(file, &slot))) {
		filter = removes(text) ? NULL :
					 event_filter_create(event->event, text,
							     &error);
		if (PTR_ERR(filter) == -ENOMEM)
			return -ENOMEM;
		if (IS_ERR(filter))
			continue;
		batch->filter[slot - 1] = filter;
		batch->set[slot - 1] = true;
		batch->any = true;
	}
	return 0;
}

/* Exchange the filters: the batch has the old ones then. [session] */
static void set_batch(struct tracefs_file *file, struct batch *batch)
{
	struct trace_event_file *event;
	u32 slot = 0;

	while ((event = next_in(file, &slot)))
		if (batch->set[slot - 1])
			batch->filter[slot - 1] = trace_event_set_filter(
				event, batch->filter[slot - 1]);
}

/* [session] Return: 0; -EINVAL no event accepts the text; -ENOMEM. */
static int set_system(struct tracefs_file *file, const char *text,
		      struct batch *batch)
{
	const struct filter_error error = {
		.id = FILTER_ERROR_BAD_SUBSYS_FILTER
	};
	int err = compile_batch(file, text, batch);

	if (err)
		return err;
	if (batch->any || removes(text)) {
		set_batch(file, batch);
		drop_refusal(file);
		return 0;
	}
	log_error(file, &error);
	add_refusal(file, text, &error);
	return -EINVAL;
}

static ssize_t system_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	struct batch *batch;
	char *text = copy_text(file, buf, len);
	int err = -ENOMEM;
	u32 i;

	if (IS_ERR(text))
		return PTR_ERR(text);
	batch = kzalloc(sizeof(*batch));
	if (batch) {
		event_session_begin();
		err = set_system(file, text, batch);
		event_session_end();
		for (i = 0; i < TRACE_EVENT_SLOTS; i++)
			free_old(batch->filter[i]);
	}
	kfree(batch);
	kfree(text);
	return err ?: (ssize_t)len;
}

static const struct tracefs_node filter_of_system[] = {
	{ .name = "filter",
	  .mode = 0640,
	  .show = system_show,
	  .write = system_write },
};
TRACEFS_FILES(63, system_switch_dir, filter_of_system);
