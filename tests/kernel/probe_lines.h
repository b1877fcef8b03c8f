/* SPDX-License-Identifier: MIT */
/*
 * What the suites of probe events share: write definitions, and read what was
 * recorded.
 */
#pragma once

#include "tests/kernel/event_bells.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/probes/probe_event.h"

/* What is probed: arguments in registers and on the stack. Returns a + 1. */
u64 probe_victim(u64 a, const void *b, const void *c, u64 d, u64 e, u64 f,
		 u64 g, u64 h);

/* So many calls; a is n - 1 in the first one and 0 in the last. */
void probe_victim_calls(unsigned int n);

/* Append one line, no newline, to the file. Return: bytes, or an error. */
ssize_t probe_add(const char *file, const char *line);

/* Open with O_TRUNC, and write nothing. Return: 0, or an error. */
ssize_t probe_clear(const char *file);

/* On a trace of the top's with this tracer, no probe event is defined. */
bool probes_begin(const char *tracer);
/* Disable all events, and remove those made of probes. */
void probes_end(void);

/*
 * The first record of an event in the top trace, from its name on, without the
 * newline; the trace is empty afterwards. Return: false: there is none.
 */
bool probe_record(const char *event, char *text, size_t size);

/* How many lines of the top trace have this text. */
unsigned int probe_records(const char *text);

/* Are they, from the name of the event on, these? Patterns. */
bool probe_recorded(const char *event, const char *pattern);
