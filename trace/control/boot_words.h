/* SPDX-License-Identifier: MIT */
/*
 * boot_words.h - trace from boot on, as the command line asks.
 */
#pragma once

/*
 * trace_boot_words() - write the values of the words ftrace=, trace_event= and
 * so on to their files of the control tree
 * A value that its file refuses is one line in the log; the boot goes on.
 * Context: boot, in a task; trace_init() has succeeded.
 */
void trace_boot_words(void);
