/* SPDX-License-Identifier: MIT */
/*
 * event_filter.h - the filter of one event in one trace: its text, as the file
 * filter shows it, and its program.
 *
 * Context: task, may sleep; the match of a struct event_filter: probe.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/event/filter.h"
#include "trace/event/trace_event_file.h"

struct trace_seq;

/*
 * event_filter_create() - compile @text
 * Return: the filter; ERR_PTR(-EINVAL), and *@error is filled in;
 * ERR_PTR(-ENOMEM). No other code is returned.
 */
struct event_filter *event_filter_create(const struct trace_event *event,
					 const char *text,
					 struct filter_error *error);

/*
 * event_filter_refused() - what stands in the place of a filter whose text was
 * refused: it keeps every record, and its text says what is wrong
 * Return: NULL without memory.
 */
struct event_filter *event_filter_refused(const char *text,
					  const struct filter_error *error);

/* The text of any of both. */
const char *event_filter_text(const struct event_filter *filter);
