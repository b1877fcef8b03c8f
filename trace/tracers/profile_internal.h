/* SPDX-License-Identifier: MIT */
/*
 * profile_internal.h - shared by the profiler's two files: profile.c counts,
 * profile_stat.c prints.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/local.h>

/* What one CPU knows of one site. [C] each changed by one instruction. */
struct profile_row {
	u64 calls;
	u64 time;		   /* nanoseconds, of the calls that returned */
	struct local_wide squares; /* of these times */
};

/* Return: the rows of a CPU, in the order of the records, or NULL. */
const struct profile_row *profile_rows_of(unsigned int cpu);

/* Have times been taken since the last start? [trace_lock held] */
bool profile_timed(void);
