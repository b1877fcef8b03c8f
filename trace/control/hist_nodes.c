// SPDX-License-Identifier: MIT
/*
 * hist_nodes.c - histograms: the command hist of the file trigger, and the file
 * hist of an event.
 *
 *	[!]hist:keys=...[:vals=...][:sort=...][:size=N][:name=NAME]
 *		[:pause|:cont|:clear] [if FILTER]
 *
 * trace/event/hist_parse.h has the grammar. The same histogram written again
 * is paused, continued or cleared, or else refused.
 *
 * Owns the readers of open files hist. Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/trigger_nodes.h"
#include "trace/event/event_hist.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_internal.h"

/* ---- the command --------------------------------------------------------- */

/* The place that error_log names: hist:SYSTEM:EVENT. */
static void set_where(struct tracefs_file *file)
{
	const struct trace_event *event = node_event(file);

	if (!event)
		return;
	snprintf(file->error_place, sizeof(file->error_place), "hist:%s:%s",
		 event->system, event->name);
	file->error_where = file->error_place;
}

static int hist_refuse(struct trigger_write *w, const char *at,
		       enum hist_error_id id, int err)
{
	set_where(w->file);
	trigger_refuse(w, at, hist_error_text(id));
	return err;
}

static int parse_text(struct trigger_write *w, const struct trace_event *event,
		      const char *rest, struct hist_spec *spec)
{
	struct hist_error error;
	int err;

	if (!rest)
		return hist_refuse(w, NULL, HIST_ERROR_NO_KEYS, -EINVAL);
	err = hist_parse(event, rest, spec, &error);
	if (!err)
		return 0;
	/* What is missing is at the start of the command. */
	return hist_refuse(w,
			   error.id == HIST_ERROR_NO_KEYS || err == -ENOENT ?
				   NULL :
				   rest + error.at,
			   error.id, err);
}

static int hist_trigger_parse(struct trigger_write *w,
			      struct trace_event_file *event, char *rest)
{
	struct hist_spec spec;
	int err = parse_text(w, event->event, rest, &spec);

	if (err)
		return err;
	if (spec.has_time && !w->remove && !trace_clock_find(spec.clock.is))
		return hist_refuse(w,
				   spec.clock.at ? rest + spec.clock.at : NULL,
				   HIST_ERROR_SET_CLOCK_FAIL, -EINVAL);
	w->spec.hist = event_hist_create(event, &spec);
	if (!w->spec.hist)
		return -ENOMEM;
	if (!w->remove && !event_hist_fits_name(w->spec.hist))
		return hist_refuse(w, rest + spec.name_at,
				   HIST_ERROR_NAMED_MISMATCH, -EINVAL);
	return 0;
}

static int clear(struct event_hist *hist)
{
	int err = event_hist_clear(hist);

	if (!err)
		event_session_wait(); /* EH2 */
	return err;
}

/* The event has this histogram already. */
static int again(struct trigger_write *w, struct event_hist *hist,
		 const struct hist_spec *spec)
{
	if (spec->pause)
		event_hist_pause(hist, true);
	else if (spec->cont)
		event_hist_pause(hist, false);
	else if (spec->clear)
		return clear(hist);
	else
		return hist_refuse(w, NULL, HIST_ERROR_TRIGGER_EEXIST, -EEXIST);
	return 0;
}

/* common_timestamp: the trace gets the clock, which empties its buffers. */
static void use_clock(struct trace_array *tr, const struct hist_spec *spec)
{
	const struct trace_clock *clock = trace_clock_find(spec->clock.is);

	if (spec->has_time && clock != tr->clock)
		trace_use_clock(tr, clock);
}

static int add_new(struct trigger_write *w, struct trace_event_file *event,
		   const struct hist_spec *spec)
{
	int err;

	if (spec->cont || spec->clear)
		return hist_refuse(w, NULL, HIST_ERROR_TRIGGER_ENOENT_CLEAR,
				   -ENOENT);
	err = event_hist_start(w->spec.hist);
	if (err)
		return err;
	event_hist_pause(w->spec.hist, true); /* no time of the old clock */
	err = event_trigger_add(event, &w->spec);
	if (err)
		return err;
	use_clock(event->tr, spec);
	event_hist_pause(w->spec.hist, spec->pause);
	return 0;
}

static int hist_add(struct trigger_write *w, struct trace_event_file *event)
{
	struct event_hist *hist = event_trigger_hist(event, &w->spec);
	const struct hist_spec *spec = event_hist_spec(w->spec.hist);
	int err;

	err = hist ? again(w, hist, spec) : add_new(w, event, spec);
	if (hist || err)
		event_trigger_spec_drop(&w->spec);
	return err;
}

static const struct trigger_grammar hist_grammar = {
	.kind = TRIGGER_HIST,
	.parse = hist_trigger_parse,
	.add = hist_add,
};
TABLE_ENTRY(trigger_grammars, 20, hist_grammar);

/* ---- the file ------------------------------------------------------------ */

/*
 * The position is the number of a histogram of the event, and of the part of
 * its text that comes next: 0 the head, then a row each, then the totals. The
 * rows are those of the moment when the head was read.
 */
#define PART_BITS 32

static int hist_open(struct tracefs_file *file)
{
	file->private = NULL;
	return 0;
}

static int hist_release(struct tracefs_file *file)
{
	event_session_begin();
	hist_view_close(file->private);
	event_session_end();
	file->private = NULL;
	return 0;
}

/* [session] Return: 1; 0 there is no such histogram; -ENODEV; -ENOMEM. */
static int show_head(struct tracefs_file *file, u32 n, struct trace_seq *seq)
{
	const struct trace_event *event = node_event(file);
	const struct event_trigger_spec *trigger;
	struct trace_event_file *of;
	struct hist_view *view;

	if (!event)
		return -ENODEV;
	of = trace_event_file_find_any(file_trace(file), event);
	trigger = of ? event_trigger_nth_hist(of, n) : NULL;
	if (!trigger)
		return 0;
	view = hist_view_open(trigger->hist);
	if (IS_ERR(view))
		return PTR_ERR(view);
	hist_view_close(file->private);
	file->private = view;
	if (n)
		trace_seq_puts(seq, "\n\n");
	trace_seq_puts(seq, "# event histogram\n#\n# trigger info: ");
	event_trigger_show(trigger, seq);
	trace_seq_puts(seq, "#\n\n");
	return 1;
}

static int hist_show(struct tracefs_file *file, struct trace_seq *seq)
{
	u32 n = file->pos >> PART_BITS, part = file->pos;
	int ret;

	if (part) {
		if (part <= hist_view_rows(file->private)) {
			hist_view_show(file->private, part - 1, seq);
			file->pos++;
		} else {
			hist_view_show_totals(file->private, seq);
			file->pos = (u64)(n + 1) << PART_BITS;
		}
		return 1;
	}
	event_session_begin();
	ret = show_head(file, n, seq);
	event_session_end();
	file->pos += ret > 0;
	return ret;
}

static const struct tracefs_node hist_nodes[] = {
	{ .name = "hist",
	  .mode = 0440,
	  .open = hist_open,
	  .show = hist_show,
	  .release = hist_release },
};
TRACEFS_FILES(66, event_dir, hist_nodes);
