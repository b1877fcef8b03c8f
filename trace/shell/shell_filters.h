/* SPDX-License-Identifier: MIT */
/*
 * shell_filters.h - what the commands that filter text have in common.
 */
#pragma once

#include "trace/shell/shell.h"

/*
 * Read the files after the options. A file that cannot be read is reported and
 * skipped. Return: 0, the errno of a skipped file, -EINVAL no file, or a write
 * error.
 */
int filter_run(struct stage *stage);

/* -n N of head and tail: stage->limit, 10 if it is not set. */
int filter_limit(struct stage *stage);

/*
 * shell_hint_empty() - why a file that was shown has no event
 * @typed: its path as the user typed it
 * Return: a sentence with the files that keep events out, valid until the next
 * call; NULL: it is no trace, its tracer is off, it has events, or no file
 * keeps any out.
 */
const char *shell_hint_empty(const char *typed);
