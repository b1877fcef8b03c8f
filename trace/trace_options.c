// SPDX-License-Identifier: MIT
/*
 * trace_options.c - the options of a trace, by name.
 *
 * Owns the names and defaults of those that a trace has whatever its tracer is;
 * the tracers add theirs (tracers/tracer_options.h). Most options are read only
 * when text is printed. This file or the tracer handles the other effects of a
 * change.
 *
 * Context: task, may sleep. Locks: trace_lock.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/trace_internal.h"
#include "trace/trace_options.h"

static const struct trace_option_row rows[] = {
#define OPTION_ROW(id, name, on) { name, on },
	TRACE_OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

static const struct trace_option_group core_options = {
	.nr = ARRAY_SIZE(rows),
	.row = rows,
};
TABLE_ENTRY(trace_option_groups, 10, core_options);
DEFINE_TABLE(struct trace_option_group, trace_option_groups);

static const struct trace_option_row *option_row(unsigned int option)
{
	const struct trace_option_group *const *at;

	for_each_entry(at, trace_option_groups) if (option - (*at)->first <
						    (*at)->nr) return &(*at)
		->row[option - (*at)->first];
	return NULL;
}

void trace_options_init(struct trace_array *tr)
{
	const struct trace_option_row *row;
	unsigned int i;

	tr->options = 0;
	for (i = 0; (row = option_row(i)); i++)
		tr->options |= row->on ? BIT(i) : 0;
}

const char *trace_option_name(unsigned int option)
{
	const struct trace_option_row *row = option_row(option);

	return row ? row->name : NULL;
}

bool trace_has_option(const struct trace_array *tr, unsigned int option)
{
	return option_row(option) &&
	       (option != TRACE_OPT_record_cmd || tr == trace_top());
}

void trace_options_inherit(struct trace_array *tr)
{
	tr->options =
		trace_top()->options &
		~(BIT(TRACE_OPT_event_fork) | BIT(TRACE_OPT_function_fork) |
		  BIT(TRACE_OPT_trace_printk_dest));
}

/* The option function-fork */
static void fork_changed(struct trace_array *tr, unsigned int option, bool on)
{
	if (option == TRACE_OPT_function_fork)
		WRITE_ONCE(tr->pids.fork, on);
}

static const struct trace_option_hook fork_option = { fork_changed };
TABLE_ENTRY(trace_option_hooks, 40, fork_option);

DEFINE_TABLE(struct trace_option_hook, trace_option_hooks);

static void tell_hooks(struct trace_array *tr, unsigned int option, bool on)
{
	const struct trace_option_hook *const *at;

	for_each_entry(at, trace_option_hooks)(*at)->changed(tr, option, on);
}

static int ask_hooks(struct trace_array *tr, unsigned int option, bool on)
{
	const struct trace_option_hook *const *at;
	int err = 0;

	for_each_entry(at, trace_option_hooks)
	{
		if (!err && (*at)->allow)
			err = (*at)->allow(tr, option, on);
	}
	return err;
}

static void set_overwrite(struct trace_array *tr, bool on)
{
	ring_buffer_set_overwrite(&tr->buffer, on);
	ring_buffer_set_overwrite(&tr->snapshot, on);
}

int trace_set_option_locked(struct trace_array *tr, unsigned int option,
			    bool on)
{
	const struct tracer *tracer;
	int err = 0;

	if (!trace_has_option(tr, option))
		return -EINVAL;
	assert_held(&trace_lock);
	tracer = tr->tracer;
	if (trace_option(tr, option) != on) {
		err = ask_hooks(tr, option, on);
		if (!err && tracer->options & BIT(option) && tracer->set_option)
			err = tracer->set_option(tr, option, on);
		if (!err)
			WRITE_ONCE(tr->options, tr->options ^ BIT(option));
		if (!err && option == TRACE_OPT_overwrite)
			set_overwrite(tr, on);
		if (!err)
			tell_hooks(tr, option, on);
	}
	return err;
}

int trace_set_option(struct trace_array *tr, unsigned int option, bool on)
{
	int err;

	mutex_lock(&trace_lock);
	err = trace_set_option_locked(tr, option, on);
	mutex_unlock(&trace_lock);
	return err;
}

int trace_set_option_text(struct trace_array *tr, const char *text)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = trace_option_name(i)); i++) {
		if (!strcmp(text, name))
			return trace_set_option(tr, i, true);
		if (!strncmp(text, "no", 2) && !strcmp(text + 2, name))
			return trace_set_option(tr, i, false);
	}
	return -EINVAL;
}

void trace_options_show(struct trace_array *tr, struct trace_seq *s)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = trace_option_name(i)); i++)
		if (trace_has_option(tr, i))
			trace_seq_printf(s, "%s%s\n",
					 trace_option(tr, i) ? "" : "no", name);
}
