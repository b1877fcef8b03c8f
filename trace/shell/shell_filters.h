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
