/* SPDX-License-Identifier: MIT */
/*
 * The functions that the composition root offers to the parts it starts.
 */
#pragma once

#include "kernel/lib/types.h"

/* The result of one row of the boot table. */
struct boot_result {
	const char *name;
	u64 ns;		 /* its duration */
	char detail[80]; /* its result in a few words */
};

/* The steps taken so far, in order. Immutable once the mode runs. */
unsigned int boot_results(const struct boot_result **results);

/* A step sets the text that is written after its name. Context: boot. */
__printf(1, 2) void boot_say(const char *fmt, ...);
