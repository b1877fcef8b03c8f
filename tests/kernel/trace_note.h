/* SPDX-License-Identifier: MIT */
/*
 * An event for tests of the registry, with a field of each kind that a record
 * of fixed size and a string behind it can have.
 */
#pragma once

#include "trace/event/trace_event.h"

/* testing:note, to be copied and registered. */
extern const struct trace_event tt_note;

/* change=-3 kind=200 owner=me text=@text, of at most 11 characters. */
void tt_write_note(const struct trace_event *event, const char *text);

/* A record of any type with @len bytes of @data behind its trace_entry. */
void tt_write_record(u16 type, const void *data, size_t len);
