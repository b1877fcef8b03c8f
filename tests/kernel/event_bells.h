/* SPDX-License-Identifier: MIT */
/*
 * Three events of the tests' own, belfry:bell, belfry:horn and tower:clock,
 * with a probe that does what the probe of any event does.
 */
#pragma once

#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

struct bell_entry {
	struct trace_entry ent;
	u32 number;
	char tone[8]; /* of the horn only */
};

extern struct trace_event bell, horn, tower_clock;
extern int horn_answer; /* what its reg returns */

/* Register the events, on a trace of the top's. Return: false: it failed. */
bool bells_begin(void);
void bells_end(void);

/* The event happens, in every trace where it is attached. */
void bell_ring(u32 number);

/* Read the top trace, or another, empty. Return: how many events it had. */
unsigned int bells_recorded(void);
unsigned int bells_recorded_in(struct trace_array *tr);

/* Open with these flags, write, close. Return: bytes, or an error. */
ssize_t bells_write(const char *path, const char *text, unsigned int flags);

/* The same without O_TRUNC. */
ssize_t bells_put(const char *path, const char *text);

/* The same; anything but success is a failure of the test. */
void bells_accept(const char *path, const char *text);

/*
 * The same; the @nth allocation of the write fails. @failed: the write had as
 * many. Return: what the write returned.
 */
ssize_t bells_fail_write(const char *path, const char *text, unsigned int nth,
			 bool *failed);

/* Does error_log end in this text? */
bool bells_logged(const char *text);
