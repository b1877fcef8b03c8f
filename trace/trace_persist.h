/* SPDX-License-Identifier: MIT */
/*
 * trace_persist.h - a trace whose rings are in memory that survives a reset.
 *
 * After a boot it is off and has the events of the boot before, until it is
 * used: until a tracer or a clock is set, tracing_on becomes 1, or the buffer
 * is emptied. Its clock is that of the boot before.
 */
#pragma once

#include "trace/ring/ring_buffer_persist.h"
#include "trace/trace_area.h"

/*
 * trace_persist_create() - make the trace of a region of memory
 * @base: of whole pages, @size bytes; stays in use for ever
 * Return: as trace_array_create_in().
 */
struct trace_array *trace_persist_create(const char *name, void *base,
					 u64 size);

/* The files last_boot_info and per_cpu/cpuN/buffer_meta of such a trace. */
void trace_last_boot_show(const struct trace_array *tr, struct trace_seq *s);
void trace_buffer_meta_show(struct trace_array *tr, unsigned int cpu,
			    struct trace_seq *s);
