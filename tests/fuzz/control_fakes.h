/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the files of the control tree in its fuzz targets: a ring
 * of no pages, no snapshots, no tracepoints and one clock. Traces are neither
 * read nor written there: the suites in tests/kernel/ do that on the real ring.
 */
#pragma once

#include "kernel/base/clock.h"
#include "kernel/base/panic.h"
#include "trace/trace_internal.h"

#define NOTHING(name, ...)     \
	void name(__VA_ARGS__) \
	{                      \
	}

#define SUCCESS(name, ...)    \
	int name(__VA_ARGS__) \
	{                     \
		return 0;     \
	}

#define NEVER(type, name, ...)           \
	type name(__VA_ARGS__)           \
	{                                \
		panic("%s()", __func__); \
	}

u64 ktime_ns(void)
{
	return 12345678901;
}

bool tracepoint_session_end(void)
{
	return false;
}

/* A buffer of no pages has any size. */
SUCCESS(ring_buffer_add_cpu, struct ring_buffer *buffer, unsigned int cpu,
	size_t pages)
SUCCESS(function_profile_follow, void)
SUCCESS(trace_snapshot_add_cpu, struct trace_array *tr, unsigned int cpu,
	size_t pages)
SUCCESS(trace_snapshot_resize, struct trace_array *tr, const u32 pages[NR_CPUS])

NOTHING(ring_buffer_record, struct ring_buffer *b, unsigned int cpu, bool on)
NOTHING(ring_buffer_reset, struct ring_buffer *b, unsigned int cpu)
NOTHING(ring_buffer_set_clock, struct ring_buffer *b,
	const struct trace_clock *clock)
NOTHING(ring_buffer_set_overwrite, struct ring_buffer *b, bool on)
NOTHING(ring_buffer_set_owner, struct ring_buffer *b, void *owner)
NOTHING(trace_snapshot_destroy, struct trace_array *tr)
NOTHING(synchronize_cpus, void)
NOTHING(tracepoint_session_begin, void)

NEVER(int, ring_buffer_init, struct ring_buffer *b, u64 cpus, size_t pages,
      const struct trace_clock *clock)
NEVER(void, ring_buffer_destroy, struct ring_buffer *b)
NEVER(void, ring_buffer_stats, struct ring_buffer_per_cpu *rb,
      struct ring_buffer_stats *stats)
NEVER(u64, ring_buffer_time, const struct ring_buffer_per_cpu *rb)
