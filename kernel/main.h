/* SPDX-License-Identifier: MIT */
/*
 * What the composition root offers to those it starts.
 */
#pragma once

#include "kernel/lib/types.h"

/* One row of the boot table, as it went. */
struct boot_result {
	const char *name;
	u64 ns;		 /* how long it took */
	char detail[80]; /* what it found, in a few words */
};

/* The steps taken so far, in order. Immutable once the mode runs. */
unsigned int boot_results(const struct boot_result **results);

/* For a step: what to write behind its name. Context: boot. */
__printf(1, 2) void boot_say(const char *fmt, ...);
