/* SPDX-License-Identifier: MIT */
/*
 * trace_area.h - what a trace asks the owner of its memory, if its rings do not
 * lie in the heap.
 *
 * trace_persist.c registers such an owner; the core of a trace knows only this
 * header. Rings in an area have a fixed size (-EBUSY), are never freed, so the
 * trace is never removed (-EBUSY), and have no snapshot (-EBUSY).
 */
#pragma once

#include "trace/trace.h"

struct trace_area {
	/* Make the rings. Return: 0; -ENOSPC the area is too small; -ENOMEM.
	 * [trace_lock held] */
	int (*rings)(struct trace_array *tr, u64 cpus);
	/* The size of each ring in KiB. [trace_lock held] */
	size_t (*kb)(const struct trace_array *tr);
	/* Remove the events of the last boot. [trace_lock held] */
	void (*use)(struct trace_array *tr);
	/* The trace's clock has changed. [trace_lock held] */
	void (*clock)(struct trace_array *tr);
	bool last_boot; /* [A] the events are of the last boot */
};

/* Are the trace's events those of the last boot? Context: any. */
static inline bool trace_last_boot(const struct trace_array *tr)
{
	return tr->area && READ_ONCE(tr->area->last_boot);
}

/* Call it before the trace may get an event of this boot. [trace_lock held] */
static inline void trace_area_use(struct trace_array *tr)
{
	if (trace_last_boot(tr))
		tr->area->use(tr);
}

/*
 * trace_array_create_in() - as trace_array_create(), with the rings in @area
 * (NULL: in the heap). @area is never freed afterwards.
 * Return: as there; or the error of ->rings.
 */
struct trace_array *trace_array_create_in(const char *name,
					  struct trace_area *area);
